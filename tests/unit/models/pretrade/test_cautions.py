"""What is said against leaning on an estimate: a still market, a large order, a limit, a spread of one tick."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.cautions import limit_cautions, market_cautions, rule_of_thumb_cautions, spread_cautions
from nowake.models.pretrade.order_list import ListedOrder

MARKET = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0)
ORDER = order(20_000, end_s=DAY_SECONDS // 2)
STILL = MarketState.given(price=50.0, daily_volatility=0.0, daily_volume=1e6, spread_bps=4.0)


def test_a_market_that_never_moves_is_told_and_refused_in_a_list() -> None:
    (said,) = market_cautions(STILL, 1_000, 0.5)
    assert "every cost certain" in said
    with pytest.raises(BadParameter, match="volatility 0 must be above 0"):
        ListedOrder.of(1, ORDER, STILL)


@pytest.mark.parametrize(
    ("quantity", "words"),
    [(140_000, ""), (160_000, "32% of the volume of its window"), (960_000, "192% of the volume")],
)
def test_an_order_that_is_much_of_its_window_is_told(quantity: float, words: str) -> None:
    said = " ".join(market_cautions(MARKET, quantity, 0.5))
    assert words in said
    assert bool(said) == bool(words)
    assert ("more than the market trades" in said) == (quantity > 500_000)


def test_the_volume_of_the_window_counts_where_it_is_known() -> None:
    busy = msgspec.structs.replace(MARKET, window_volume=1e6)
    assert market_cautions(busy, 160_000, 0.5) == ()


def test_a_limit_says_what_it_means() -> None:
    def said(limit: float, side: int) -> str:
        limited = msgspec.structs.replace(ORDER, limit_ticks=ORDER.instrument.ticks(limit), side=type(ORDER.side)(side))
        return " ".join(limit_cautions(limited, MARKET))

    assert limit_cautions(ORDER, MARKET) == ()
    assert "1,000 bps away from the market: nothing fills" in said(45.0, 1)
    assert "1,000 bps beyond the market, more than three" in said(45.0, -1)
    assert "1,000 bps beyond the market, more than three" in said(55.0, 1)
    assert "20 bps beyond the market: where it binds" in said(50.1, 1)
    assert "Estimates ignore limits" in said(50.1, 1)


def test_the_rule_of_thumb_is_not_to_be_leaned_on_where_the_spread_is_one_tick() -> None:
    tick_bps = float(ORDER.instrument.tick_size) / 50 * 1e4
    thick = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=tick_bps * 1.01)
    (said,) = rule_of_thumb_cautions(Linear.from_market(thick), ORDER, thick)
    assert "The spread is one tick" in said
    liquid = MarketState.given(price=6e4, daily_volatility=0.03, daily_volume=1e6, spread_bps=0.006)
    (said,) = rule_of_thumb_cautions(Linear.from_market(liquid), ORDER, liquid)
    assert "The spread is next to nothing, 0.006 bps" in said
    assert rule_of_thumb_cautions(SquareRoot(), ORDER, thick) == ()
    assert rule_of_thumb_cautions(Linear(gamma=1e-8, eta=1e-7, epsilon=0.01), ORDER, thick) == ()
    assert rule_of_thumb_cautions(Linear.from_market(MARKET), ORDER, MARKET) == ()


@pytest.mark.parametrize(("share", "words"), [(-0.4, "earn the spread"), (4.1, "more than the whole")])
def test_a_share_of_the_spread_that_no_order_pays_is_told(share: float, words: str) -> None:
    assert any(words in said for said in spread_cautions(SquareRoot(spread_share=share)))


def test_half_a_spread_and_a_model_with_a_spread_of_its_own_need_no_word() -> None:
    assert spread_cautions(SquareRoot()) == spread_cautions(Linear(gamma=0.0, eta=1e-6, epsilon=0.01)) == ()
