import math

import pytest

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.tca.shortfall import cost_bps, shortfall


def test_perold_and_wagner_of_a_worked_example() -> None:
    # 1,000 to buy, decided at 50.00, begun at 50.10, 800 done at 50.30, the end at 50.80; a tick is a cent.
    parts = shortfall(
        Side.BUY, 1_000, [(500, 5_020), (300, 5_045)], decision_ticks=5_000, arrival_ticks=5_010, end_ticks=5_080
    )
    assert parts.execution == 500 * 20 + 300 * 45
    assert parts.perold_opportunity == 200 * 80
    assert parts.delay == 1_000 * 10
    assert parts.trading == 500 * 10 + 300 * 35
    assert parts.opportunity == 200 * 70
    assert parts.total == 39_500


def test_sale_into_the_mirrored_market_costs_the_same() -> None:
    buy = shortfall(Side.BUY, 10, [(4, 103)], decision_ticks=100, arrival_ticks=101.5, end_ticks=104)
    sell = shortfall(Side.SELL, 10, [(4, 97)], decision_ticks=100, arrival_ticks=98.5, end_ticks=96)
    assert buy == sell


def test_price_that_runs_away_from_a_buyer_is_a_cost_and_towards_him_a_gain() -> None:
    away = shortfall(Side.BUY, 10, [], decision_ticks=100, arrival_ticks=100, end_ticks=110)
    towards = shortfall(Side.BUY, 10, [], decision_ticks=100, arrival_ticks=100, end_ticks=90)
    assert (away.opportunity, towards.opportunity) == (100, -100)
    assert (away.trading, away.execution) == (0, 0)


def test_mids_of_half_a_tick_are_exact() -> None:
    parts = shortfall(Side.SELL, 10**15, [(10**15 - 1, 7)], decision_ticks=100.5, arrival_ticks=99.5, end_ticks=98.5)
    assert parts.delay + parts.trading + parts.opportunity == parts.total


def test_done_order_needs_no_price_at_the_end() -> None:
    parts = shortfall(Side.BUY, 10, [(10, 103)], decision_ticks=100, arrival_ticks=101, end_ticks=math.nan)
    assert (parts.opportunity, parts.perold_opportunity, parts.total) == (0, 0, 30)


def test_unknown_price_makes_only_what_needs_it_unknown() -> None:
    parts = shortfall(Side.BUY, 10, [(4, 103)], decision_ticks=100, arrival_ticks=101, end_ticks=math.nan)
    assert (parts.execution, parts.delay, parts.trading) == (12, 10, 8)
    assert all(map(math.isnan, (parts.opportunity, parts.perold_opportunity, parts.total)))


def test_over_fill_is_refused() -> None:
    with pytest.raises(BadParameter, match="fills of 11 lots do not fit an order of 10"):
        shortfall(Side.BUY, 10, [(11, 100)], decision_ticks=100, arrival_ticks=100, end_ticks=100)


def test_price_between_half_ticks_is_refused() -> None:
    with pytest.raises(BadParameter, match="half-ticks"):
        shortfall(Side.BUY, 10, [], decision_ticks=100.25, arrival_ticks=100, end_ticks=100)


@pytest.mark.parametrize(
    ("side", "average", "benchmark", "expected"),
    [(Side.BUY, 101, 100, 100), (Side.SELL, 101, 100, -100), (Side.SELL, 99, 100, 100), (Side.BUY, 99, 100, -100)],
)
def test_cost_is_positive_when_bad(side: Side, average: float, benchmark: float, expected: float) -> None:
    assert cost_bps(side, average, benchmark) == pytest.approx(expected)


def test_cost_against_what_is_unknown_is_unknown() -> None:
    assert math.isnan(cost_bps(Side.BUY, math.nan, 100))
    assert math.isnan(cost_bps(Side.BUY, 100, math.nan))
    assert math.isnan(cost_bps(Side.BUY, 100, 0))
