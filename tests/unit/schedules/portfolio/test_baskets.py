import datetime as dt
import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, instrument, order, session
from tests.unit.schedules.portfolio.desk import line, two_sided

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.models.covariance import Covariance
from nowake.models.market import MarketState
from nowake.schedules.portfolio import Auction, Band, Basket, Limits, OptimalBasket

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)


def parent(symbol: str, lots: int, *, start_s: int = 0, end_s: int = 3600, side: Side = Side.BUY) -> ParentOrder:
    return order(lots, side=side, start_s=start_s, end_s=end_s, of=msgspec.structs.replace(instrument(), symbol=symbol))


def test_orders_of_one_session_become_lines_in_sessions_from_the_first_start() -> None:
    half = DAY_SECONDS // 2
    basket = Basket.of(
        [
            parent("A", 300, start_s=half // 2, end_s=half),
            parent("B", 200, side=Side.SELL, start_s=half, end_s=2 * half),
        ],
        {"A": MARKET, "B": MARKET},
        covariance=Covariance.alike([0.02, 0.02], 0.5),
        sectors={"B": "Banks"},
        betas={"A": 1.3},
    )
    assert [(each.symbol, each.start_days, each.end_days) for each in basket.lines] == [
        ("A", 0.0, 0.25),
        ("B", 0.25, 0.75),
    ]
    assert basket.offset_days == 0.25
    assert [(each.sector, each.beta) for each in basket.lines] == [("", 1.3), ("Banks", 1.0)]
    np.testing.assert_allclose(basket.quantities, [300, -200])
    assert (basket.gross, basket.net, basket.is_two_sided) == (50_000, 10_000, True)
    assert basket.start_ns == half // 2 * 10**9


def test_a_covariance_with_symbols_is_put_in_the_order_of_the_lines() -> None:
    named = Covariance.uncorrelated([0.01, 0.03], symbols=("B", "A"))
    basket = Basket(lines=(line("A"), line("B")), covariance=named)
    np.testing.assert_allclose(basket.covariance.volatilities, [0.03, 0.01])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lots": 0}, "lots 0 of ABC must be a whole number above 0"),
        ({"lots": -5}, "lots -5 of ABC"),
        ({"lots": 2.5}, "lots 2.5 of ABC"),
        ({"lot_size": math.nan}, "lot_size nan of ABC"),
        ({"multiplier": 0.0}, "multiplier 0.0 of ABC"),
        ({"beta": math.nan}, "beta nan of ABC"),
        ({"start_days": 1.0}, "start after 1.0 sessions and be done after 1.0"),
        ({"end_days": math.nan}, "be done after nan"),
        ({"daily_volatility": 0.0}, "volatility 0.0 of ABC must be above 0"),
        ({"daily_volume": -1.0}, "daily_volume -1.0"),
        ({"price": math.nan}, "price nan"),
    ],
)
def test_a_line_that_is_none_is_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        line(**changes)


def test_a_basket_that_is_none_is_refused_naming_what_is_wrong() -> None:
    two = Covariance.uncorrelated([0.02, 0.02])
    with pytest.raises(BadParameter, match="one line or more"):
        Basket(lines=(), covariance=two)
    with pytest.raises(BadParameter, match="ABC stand"):
        Basket(lines=(line(), line()), covariance=two)
    with pytest.raises(BadParameter, match=r"one currency, this one 2 \(USD: A; EUR: B\)"):
        Basket(lines=(line("A"), line("B", currency="EUR")), covariance=two)
    with pytest.raises(BadParameter, match="covariance of as many assets, not 2"):
        Basket(lines=(line("A"),), covariance=two)
    with pytest.raises(BadParameter, match="has no B"):
        Basket(lines=(line("A"), line("B")), covariance=Covariance.uncorrelated([0.02, 0.02], symbols=("A", "C")))
    with pytest.raises(BadParameter, match=r"has A move 0.317 a session, its market 0.02.*annual one divided by 252"):
        Basket(lines=(line("A"),), covariance=Covariance.uncorrelated([0.02 * math.sqrt(252)]))


def test_orders_of_two_sessions_or_without_a_value_are_refused() -> None:
    one = order(100)
    other = order(100, of=instrument(day=session(date=dt.date(2026, 3, 3), close_s=DAY_SECONDS - 60)))
    none = order(100, of=msgspec.structs.replace(instrument(), symbol="INV", multiplier=None))
    future = order(3, of=msgspec.structs.replace(instrument(), symbol="ES", multiplier=Decimal(50)))
    two = Covariance.uncorrelated([0.02, 0.02])
    with pytest.raises(BadParameter, match=r"share one session; these do not: ABC 2026-03-02.*ABC 2026-03-03"):
        Basket.of([one, other], [MARKET, MARKET], covariance=two)
    with pytest.raises(BadParameter, match="INV has no multiplier"):
        Basket.of([one, none], [MARKET, MARKET], covariance=two)
    with pytest.raises(BadParameter, match=r"no market is given for ES \(1 missing"):
        Basket.of([one, future], {"ABC": MARKET}, covariance=two)
    assert Basket.of([one, future], [MARKET, MARKET], covariance=two).worths.tolist() == [100, 5_000]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_participation": 0.0}, "max_participation 0.0"),
        ({"max_participation": math.nan}, "max_participation nan"),
        ({"min_child_value": -1.0}, "min_child_value -1.0"),
        (
            {"min_child_value": 2e4, "max_child_value": 1e4},
            "min_child_value 20,000.0 is above max_child_value 10,000.0",
        ),
        ({"dollar_band": -0.1}, "width -0.1 of a band"),
        ({"beta_band": math.nan}, "width nan of a band"),
    ],
)
def test_limits_out_of_range_are_refused(limits: dict[str, float], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        Limits(**limits)


def test_a_number_for_a_band_is_a_fraction_of_gross_around_the_even_path_and_cash_around_zero() -> None:
    limits = Limits(dollar_band=0.05, cash_band=0.1)
    assert limits.dollar_band == Band(width=0.05, unit="gross", around="path")
    assert limits.cash_band == Band(width=0.1, unit="gross", around="zero")
    assert Band(width=5e4, unit="currency").in_currency(1e6) == 5e4


def test_a_band_of_another_unit_is_refused() -> None:
    with pytest.raises(BadParameter, match="not 'percent' around 'path'"):
        Band(width=5.0, unit="percent")


def test_sectors_are_asked_for_where_they_are_to_be_banded() -> None:
    with pytest.raises(BadParameter, match="sector_band needs lines with a sector"):
        OptimalBasket(risk_aversion=0, limits=Limits(sector_band=0.1)).plan(
            Basket(lines=(line(),), covariance=Covariance.uncorrelated([0.02]))
        )


# The buckets.


def timeline(*auctions: Auction, buckets: int = 4, end_days: float = 1.0, offset: float = 0.0) -> list[tuple]:
    basket = Basket(lines=(line(end_days=end_days),), covariance=Covariance.uncorrelated([0.02]), offset_days=offset)
    found = OptimalBasket(risk_aversion=0, buckets=buckets, auctions=auctions).costing(basket).timeline
    return [
        (round(a, 9), round(b, 9), name)
        for a, b, name in zip(found.starts_days, found.ends_days, found.names, strict=True)
    ]


OPEN, CLOSE = Auction(name="open", at=0, volume_share=0.02), Auction(name="close", at=1, volume_share=0.1)
NOON = Auction(name="noon", at=0.4, volume_share=0.05)


def test_auctions_stand_where_they_are_held() -> None:
    assert timeline(OPEN, NOON, CLOSE, buckets=2) == [
        (0, 0, "open"),
        (0, 0.4, ""),
        (0.4, 0.4, "noon"),
        (0.4, 0.5, ""),
        (0.5, 1, ""),
        (1, 1, "close"),
    ]


def test_at_the_turn_of_a_session_the_close_comes_before_the_next_open() -> None:
    assert timeline(OPEN, CLOSE, buckets=2, end_days=2.0) == [
        (0, 0, "open"),
        (0, 1, ""),
        (1, 1, "close"),
        (1, 1, "open"),
        (1, 2, ""),
        (2, 2, "close"),
    ]


def test_a_basket_that_starts_inside_the_session_has_only_the_auctions_still_to_come() -> None:
    assert timeline(OPEN, CLOSE, buckets=1, end_days=0.5, offset=0.5) == [(0, 0.5, ""), (0.5, 0.5, "close")]
    assert timeline(OPEN, CLOSE, buckets=1, end_days=0.25, offset=0.5) == [(0, 0.25, "")]


def test_a_line_takes_part_in_the_auctions_of_its_own_days() -> None:
    lines = (line("A", end_days=1.0), line("B", start_days=1.0, end_days=2.0))
    basket = Basket(lines=lines, covariance=Covariance.uncorrelated([0.02, 0.02]))
    costs = OptimalBasket(risk_aversion=0, buckets=2, auctions=(OPEN, CLOSE)).costing(basket)
    assert costs.timeline.names == ("open", "", "close", "open", "", "close")
    assert costs.tradable.T.astype(int).tolist() == [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]


def test_the_night_is_between_the_close_and_the_next_open() -> None:
    basket = Basket(lines=(line(end_days=2.0),), covariance=Covariance.uncorrelated([0.02]))
    costs = OptimalBasket(risk_aversion=0, buckets=2, auctions=(OPEN, CLOSE), overnight=0.3).costing(basket)
    np.testing.assert_allclose(costs.risk_days, [0, 1, 0, 0, 1, 0])
    np.testing.assert_allclose(costs.night_days, [0, 0, 0.3, 0, 0, 0])
    across = OptimalBasket(risk_aversion=0, buckets=3, overnight=0.3).costing(basket)
    np.testing.assert_allclose(across.risk_days, [2 / 3, 2 / 3 + 0.3, 2 / 3])
    assert not across.night_days.any()


def test_known_volume_of_a_window_is_used_for_the_caps() -> None:
    market = MarketState.given(price=50, daily_volatility=0.02, daily_volume=1e6, spread_bps=5, window_volume=3e5)
    known = msgspec.structs.replace(line(end_days=0.5), market=market)
    costs = OptimalBasket(risk_aversion=0, buckets=2).costing(
        Basket(lines=(known,), covariance=Covariance.uncorrelated([0.02]))
    )
    np.testing.assert_allclose(costs.volume[:, 0], 1.5e5)


def test_too_many_buckets_and_auctions_of_one_name_are_refused() -> None:
    with pytest.raises(BadParameter, match="20001 buckets"):
        timeline(buckets=20_001)
    with pytest.raises(BadParameter, match="two auctions share a name"):
        timeline(OPEN, OPEN)
    with pytest.raises(BadParameter, match=r"auction noon at 1.4 must be between 0 \(open\) and 1"):
        Auction(name="noon", at=1.4, volume_share=0.1)
    with pytest.raises(BadParameter, match="volume_share 0 of auction close"):
        Auction(name="close", at=1.0, volume_share=0)


def test_a_basket_says_what_it_is() -> None:
    assert "6 lines" in str(two_sided())
    assert "to sell, within 1 session" in str(two_sided())
