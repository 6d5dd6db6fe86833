"""Facts that hold for any order, curve and parameters."""

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.models.impact import Linear
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import AlmgrenChriss, twap, vwap
from nowake.schedules.rounding import largest_remainder, round_cumulative

LOTS = st.integers(1, 10**12)
BUCKETS = st.integers(1, 60)
WEIGHTS = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50).map(sorted), st.integers(0, 10**15))
def test_cumulative_rounding_sums_and_stays_within_half_a_lot_of_the_path(done: list[float], lots: int) -> None:
    parts = round_cumulative(done, lots)
    assert sum(parts) == lots
    assert min(parts) >= 0
    total = 0
    for fraction, part in list(zip(done, parts, strict=True))[:-1]:
        total += part
        assert abs(total - fraction * lots) <= 0.5 + 1e-12 * lots


@given(WEIGHTS, st.integers(0, 10**12))
def test_largest_remainder_sums_and_keeps_each_within_one_lot_of_its_due(weights: list[float], lots: int) -> None:
    parts = largest_remainder(weights, lots)
    assert sum(parts) == lots
    for weight, part in zip(weights, parts, strict=True):
        assert abs(part - weight / sum(weights) * lots) < 1 + 1e-9 * lots


@given(LOTS, BUCKETS, st.integers(0, 10_000), st.integers(1, 10_000))
def test_twap_never_strays_a_lot_from_the_straight_line(lots: int, n: int, start_s: int, length_s: int) -> None:
    parent = order(lots, start_s=start_s, end_s=start_s + length_s)
    plan = twap(parent, n=n)
    assert sum(plan.lots) == lots
    for k, edge in enumerate(plan.times_ns):
        line = lots * (edge - parent.start_ns) / parent.duration_ns
        assert abs(sum(plan.lots[:k]) - line) <= 0.5 + 1e-12 * lots


@example(lots=1, n=9, weights=[1.0, 174584.0, 755687.0, 1000000.0, 2e-10, 0.0, 41.0])  # A digit falls at rest.
@given(lots=LOTS, n=BUCKETS, weights=WEIGHTS)
def test_vwap_never_strays_a_lot_from_the_curve(lots: int, n: int, weights: list[float]) -> None:
    m = len(weights)
    curve = VolumeCurve(
        edges_ns=tuple(DAY_SECONDS * SECOND * k // m for k in range(m + 1)),
        shares=tuple(weight / sum(weights) for weight in weights),
    )
    plan = vwap(order(lots, end_s=DAY_SECONDS), curve, n=n)
    assert sum(plan.lots) == lots
    for k, edge in enumerate(plan.times_ns[:-1]):
        assert abs(sum(plan.lots[:k]) - lots * curve.share_until(edge)) <= 0.5 + 1e-9 * lots


@given(WEIGHTS, st.floats(0, 1))
def test_inverse_of_a_curve_undoes_it(weights: list[float], share: float) -> None:
    m = len(weights)
    curve = VolumeCurve(
        edges_ns=tuple(DAY_SECONDS * SECOND * k // m for k in range(m + 1)),
        shares=tuple(weight / sum(weights) for weight in weights),
    )
    # Volume runs at most at 1 / (one bucket): a nanosecond is far less than 1e-9 of it.
    assert abs(curve.share_until(curve.inverse(share)) - share) < 1e-9


@given(LOTS, st.integers(2, 60), st.floats(-20, 3))
def test_almgren_chriss_sums_and_is_never_behind_twap(lots: int, n: int, log_aversion: float) -> None:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    parent = order(lots, end_s=DAY_SECONDS)
    plan = AlmgrenChriss(Linear.from_market(market), 10**log_aversion, n=n).plan(parent, market)
    assert sum(plan.lots) == lots
    even = twap(parent, n=n)
    for k in range(n):
        assert sum(plan.lots[:k]) >= sum(even.lots[:k]) - 1 - 1e-9 * lots
