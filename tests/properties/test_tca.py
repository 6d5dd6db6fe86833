"""Facts of cost analysis that hold for any order, fills and market."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.models.makers import SECOND, fill, order, quotes, trades

from nowake.domain.side import Side
from nowake.tca.analysis import analyse
from nowake.tca.benchmarks import market_volume, twap_mid
from nowake.tca.shortfall import shortfall

Own = tuple[int, int, int, bool]
Row = tuple[int, int, int]

SIDES = st.sampled_from(Side)
HALF_TICKS = st.integers(2, 2 * 10**7).map(lambda halves: halves / 2)
FILLS = st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**7)), max_size=20)
SECONDS = st.integers(0, 3_600)
QUOTE_ROWS = st.lists(
    st.tuples(SECONDS, st.integers(9_000, 9_999), st.integers(10_000, 11_000)), min_size=1, max_size=30
).map(lambda rows: [(0, 9_500, 10_500), *sorted(rows, key=lambda row: row[0])])
TRADE_ROWS = st.lists(st.tuples(SECONDS, st.integers(9_000, 11_000), st.integers(1, 10**6)), max_size=30).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)
OWN = st.lists(
    st.tuples(st.integers(1, 3_600), st.integers(9_000, 11_000), st.integers(1, 1_000), st.booleans()), max_size=15
)


@given(SIDES, FILLS, st.integers(0, 10**9), st.tuples(HALF_TICKS, HALF_TICKS, HALF_TICKS))
def test_perold_equals_wagner_to_the_last_digit(
    side: Side, fills: list[tuple[int, int]], left: int, prices: tuple[float, float, float]
) -> None:
    decision, arrival, end = prices
    lots = sum(size for size, _ in fills) + left
    parts = shortfall(side, lots, fills, decision_ticks=decision, arrival_ticks=arrival, end_ticks=end)
    wagner = parts.delay + parts.trading + parts.opportunity
    assert wagner == pytest.approx(parts.total, rel=1e-12, abs=1e-12 * max(map(abs, parts)))
    assert parts.execution + parts.perold_opportunity == pytest.approx(parts.total, rel=1e-12, abs=1e-3)


@given(SIDES, OWN, QUOTE_ROWS, TRADE_ROWS, st.tuples(st.integers(0, 500), st.floats(-100, 100)))
def test_every_report_adds_up(
    side: Side,
    own: list[Own],
    rows: list[Row],
    tape: list[Row],
    left_and_fees: tuple[int, float],
) -> None:
    left, fees = left_and_fees
    fills = [fill(s, price, lots, maker=maker) for s, price, lots, maker in own]
    total = sum(each.lots for each in fills) + left
    parent = order(max(total, 1), side=side, end_s=3_600)
    report = analyse(parent, fills, quotes(rows), trades(tape), decision_ns=0, fees=fees)
    close = {"rel": 1e-9, "abs": 1e-6}
    assert sum(report.wagner.values()) == pytest.approx(report.shortfall, **close)
    assert sum(report.perold.values()) == pytest.approx(report.shortfall, **close)
    assert sum(report.trading.values()) == pytest.approx(report.wagner["trading"], **close)
    assert report.executed_lots + report.residual_lots == parent.lots
    assert set(report.cost_bps) == set(report.benchmarks)
    for name, cost in report.cost_bps.items():
        known = bool(fills) and math.isfinite(report.benchmarks[name])
        assert math.isfinite(cost) == known


@given(SIDES, OWN, QUOTE_ROWS, TRADE_ROWS)
def test_turning_the_side_turns_the_sign(
    side: Side,
    own: list[Own],
    rows: list[Row],
    tape: list[Row],
) -> None:
    fills = [fill(s, price, lots, maker=maker) for s, price, lots, maker in own]
    lots = sum(each.lots for each in fills) + 1
    one, other = (
        analyse(order(lots, side=each, end_s=3_600), fills, quotes(rows), trades(tape)) for each in (side, Side(-side))
    )
    assert one.shortfall == -other.shortfall
    assert one.benchmarks == pytest.approx(other.benchmarks, nan_ok=True)


@given(OWN, TRADE_ROWS)
def test_volume_with_us_less_volume_without_us_is_ours(own: list[Own], tape: list[Row]) -> None:
    shown = [(fill(s, price, lots, tape_ticks=price + 7 if on else None), on) for s, price, lots, on in own]
    with_own, without = market_volume(trades(tape), [each for each, _ in shown], 0, 3_600 * SECOND)
    assert with_own.lots - without.lots == sum(each.lots for each, _ in shown)
    assert with_own.ticks_lots - without.ticks_lots == sum(
        each.lots * (each.price_ticks + 7 * on) for each, on in shown
    )


@given(QUOTE_ROWS, SECONDS, st.integers(1, 3_600))
def test_twap_agrees_with_looking_every_second(rows: list[Row], start: int, length: int) -> None:
    def mid_at(second: int) -> float:
        _, bid, ask = [row for row in rows if row[0] <= second][-1]
        return (bid + ask) / 2

    slow = sum(mid_at(second) for second in range(start, start + length)) / length
    found, covered = twap_mid(quotes(rows), start * SECOND, (start + length) * SECOND)
    assert found == pytest.approx(slow, rel=1e-12)
    assert covered == pytest.approx(1)
