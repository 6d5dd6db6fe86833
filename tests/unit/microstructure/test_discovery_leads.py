"""Leads and clocks: what a shift does to a curve, what is refused, and how far two clocks can be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Receipts
from nowake.microstructure.discovery import Market, clock_skew, hayashi_yoshida, lead_lag, on_recorder_clock

MS = 1_000_000
SHIFTS = [k * 50 * MS for k in range(1, 11)]


def pair(seed: int, *, late_ms: int = 100, rho: float = 1.0, count: int = 6_000) -> list[Market]:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 1e-5, (2, 600_000))
    walks = np.cumsum([steps[0], rho * steps[0] + np.sqrt(1 - rho**2) * steps[1]], axis=1)
    found = []
    for name, walk, late in (("first", walks[0], 0), ("second", walks[1], late_ms)):
        at = np.unique(rng.integers(1_000, walk.size, count))
        found.append(Market(name, at * MS, walk[at - late]))
    return found


def test_a_constant_skew_moves_the_whole_curve_and_nothing_else_can_tell() -> None:
    """The second market's stamps 200 ms early: the lead of 100 ms becomes a lag of 100 ms, as surely."""
    first, second = pair(1)
    true, skewed = (
        lead_lag(first, second, shifts_ns=SHIFTS),
        lead_lag(first, second.shifted(-200 * MS), shifts_ns=SHIFTS),
    )
    assert 100 * MS == true.lead_ns.value == -skewed.lead_ns.value
    assert skewed.peak.value == pytest.approx(true.peak.value, rel=0.02)


def test_markets_the_other_way_round_mirror_the_curve() -> None:
    first, second = pair(1)
    one, other = lead_lag(first, second, shifts_ns=SHIFTS), lead_lag(second, first, shifts_ns=SHIFTS)
    assert one.lead_ns.value == -other.lead_ns.value
    forward, back = ([c.value for c in found.correlation] for found in (one, other))
    np.testing.assert_allclose(forward, back[::-1], rtol=0.02, atol=0.01)
    assert one.ratio.value == pytest.approx(1 / other.ratio.value, rel=0.05)


def test_units_change_nothing_and_an_inverse_price_only_the_sign() -> None:
    first, second = pair(1)
    scaled = Market("second", second.time_ns, 3.0 + second.log_price)
    inverse = Market("second", second.time_ns, -second.log_price)
    here = lead_lag(first, second, shifts_ns=SHIFTS)
    np.testing.assert_allclose(lead_lag(first, scaled, shifts_ns=SHIFTS).peak.value, here.peak.value, rtol=1e-9)
    upside = lead_lag(first, inverse, shifts_ns=SHIFTS)
    assert upside.lead_ns.value == here.lead_ns.value
    assert upside.peak.value == pytest.approx(-here.peak.value, rel=1e-9)


def test_updates_that_repeat_a_price_count_or_the_slower_market_would_seem_to_lead() -> None:
    """Both hear a price that jumps at once, one tells it in coarser ticks: between changes alone that smears."""
    rng = np.random.default_rng(5)
    jumps = np.cumsum(rng.integers(40, 400, 4_000)) * MS
    price = np.cumsum(rng.choice([-1e-4, 1e-4], 4_000))
    coarse = np.floor(price / 3e-4) * 3e-4
    fine, rough = Market("fine", jumps, price), Market("rough", jumps, coarse)
    kept = np.append(True, np.diff(coarse) != 0)
    changes = Market("rough", jumps[kept], coarse[kept])
    shifts = [k * 100 * MS for k in range(1, 21)]
    every = lead_lag(rough, fine, shifts_ns=shifts)
    assert abs(every.lead_ns.value) <= 100 * MS
    smeared = lead_lag(changes, fine, shifts_ns=shifts)
    assert smeared.ratio.value > 1.5 > every.ratio.value


def test_a_mesh_keeps_the_last_update_of_each() -> None:
    first, second = pair(1)
    thin = lead_lag(first, second, shifts_ns=SHIFTS, mesh_ns=200 * MS)
    assert thin.updates[0] < 3_001
    assert thin.lead_ns.value == pytest.approx(100 * MS, abs=100 * MS)
    with pytest.raises(BadParameter, match="mesh_ns -1"):
        hayashi_yoshida(first, second, mesh_ns=-1)


def test_markets_that_do_not_know_each_other_have_no_lead_nearly_always() -> None:
    leads = 0
    for seed in range(30):
        try:
            lead_lag(*pair(seed, rho=0.0, count=1_500), shifts_ns=SHIFTS, repeats=100)
        except Unidentified:
            continue
        leads += 1
    assert leads <= 6  # 30 draws at 0.05: 1.5, and 3.8 deviations of 1.2.


def test_too_few_updates_and_prices_that_stand_still_are_refused() -> None:
    first, second = pair(1)
    with pytest.raises(BadData, match="99 updates while both first and second are there are fewer than 100"):
        lead_lag(Market("first", first.time_ns[:100], first.log_price[:100]), second.shifted(-5_000 * MS))
    with pytest.raises(BadData, match="second has no price at all"):
        hayashi_yoshida(first, Market("second", np.zeros(0, np.int64), np.zeros(0)))
    with pytest.raises(BadData, match="0 updates"):
        hayashi_yoshida(first, second.shifted(10**13))
    with pytest.raises(BadData, match="second never moves"):
        hayashi_yoshida(first, Market("second", second.time_ns, np.ones(len(second))))


@pytest.mark.parametrize("shifts", [[], [0, 5], [5, 5], [-5, 5]])
def test_shifts_must_increase_above_nothing(shifts: list[int]) -> None:
    with pytest.raises(BadParameter, match="above 0 and increasing"):
        lead_lag(*pair(1), shifts_ns=shifts)


def stamped(*, offset_ns: int, drift_ppm: float, seed: int = 1) -> Receipts:
    rng = np.random.default_rng(seed)
    venue = np.sort(rng.integers(0, 600_000_000_000, 20_000)) + 1_700_000_000_000_000_000
    latency = rng.exponential(3e6, len(venue)).astype(np.int64)
    drift = (drift_ppm * 1e-6 * (venue - venue[0])).astype(np.int64)
    return Receipts(venue, venue + offset_ns + drift + latency)


@pytest.mark.parametrize(("offset_ns", "drift_ppm"), [(-1_270_000_000, 0.0), (2_000_000, 30.0), (0, -12.5)])
def test_offset_and_drift_of_two_clocks_are_the_line_below_all_messages(offset_ns: int, drift_ppm: float) -> None:
    receipts = stamped(offset_ns=offset_ns, drift_ppm=drift_ppm)
    skew = clock_skew(receipts)
    wanted = offset_ns + drift_ppm * 1e-6 * (skew.middle_ns - int(receipts.venue_ns[0]))
    assert skew.offset_ns == pytest.approx(wanted, abs=20_000)
    assert skew.drift_ppm == pytest.approx(drift_ppm, abs=0.1)
    assert skew.median_above_ns == pytest.approx(3e6 * np.log(2), rel=0.05)
    assert (receipts.local_ns - receipts.venue_ns - skew.at(receipts.venue_ns)).min() >= -1


def test_no_line_below_all_messages_is_nearer_to_them() -> None:
    """Against scipy's linear programme, which is how Moon, Skelly & Towsley put it."""
    from scipy.optimize import linprog  # noqa: PLC0415

    receipts = stamped(offset_ns=5_000_000, drift_ppm=20.0)
    since_ms = (receipts.venue_ns - receipts.venue_ns[0]) // MS
    bend = since_ms**2 // 1_000  # So that the hull has many corners.
    rows = slice(0, None, 50)
    few = Receipts(receipts.venue_ns[rows], (receipts.local_ns + bend)[rows])
    skew = clock_skew(few)
    x, y = (few.venue_ns - skew.middle_ns) / 1e9, (few.local_ns - few.venue_ns) / 1e6
    best = linprog(
        [-x.sum(), -float(len(x))], A_ub=np.column_stack((x, np.ones(len(x)))), b_ub=y, bounds=[(None, None)] * 2
    )
    np.testing.assert_allclose([skew.drift_ppm / 1e3, skew.offset_ns / 1e6], best.x, rtol=1e-5)


def test_too_few_messages_are_refused() -> None:
    with pytest.raises(BadData, match="3 messages with two stamps are fewer than 100"):
        clock_skew(Receipts(np.arange(3), np.arange(3)))


def test_prices_move_to_when_the_recorder_had_them() -> None:
    """Of two messages with one stamp the last to come tells, or the price would be known before it was heard; a stamp
    without a message stays; order is kept."""
    market = Market("m", np.array([10, 20, 30, 40]), np.array([1.0, 2.0, 3.0, 4.0]))
    receipts = Receipts(np.array([10, 20, 20, 40]), np.array([15, 60, 27, 41]))
    moved = on_recorder_clock(market, receipts, skew_ns=100)
    np.testing.assert_array_equal([115, 160], moved.time_ns)
    np.testing.assert_array_equal([1.0, 4.0], moved.log_price)
    receipts = Receipts(np.array([10, 20, 20, 40]), np.array([15, 29, 27, 41]))
    moved = on_recorder_clock(market, receipts)
    np.testing.assert_array_equal([15, 29, 30, 41], moved.time_ns)
    np.testing.assert_array_equal(market.log_price, moved.log_price)
    late = on_recorder_clock(market, Receipts(np.array([10]), np.array([35])))
    np.testing.assert_array_equal([35, 40], late.time_ns)
    np.testing.assert_array_equal([3.0, 4.0], late.log_price)
    with pytest.raises(BadData, match="no message has two stamps"):
        on_recorder_clock(market, Receipts(np.zeros(0, np.int64), np.zeros(0, np.int64)))


def over_nights(gap: float) -> tuple[list[Market], list[tuple[int, int]]]:
    """Three days of ten minutes, the second market 100 ms late, and a jump of both over each night."""
    day_ns, length = 86_400 * 1_000 * MS, 600_000 * MS
    parts = [pair(seed, count=2_000) for seed in (1, 2, 3)]
    markets = [
        Market(
            parts[0][k].name,
            np.concatenate([each[k].time_ns + at * day_ns for at, each in enumerate(parts)]),
            np.concatenate([each[k].log_price - each[0].log_price[0] + at * gap for at, each in enumerate(parts)]),
        )
        for k in (0, 1)
    ]
    return markets, [(at * day_ns, at * day_ns + length) for at in range(3)]


def test_a_night_is_no_return_where_sessions_are_told() -> None:
    """The sums of days apart are the sums of the days: the jump between them meets every shift and is left out."""
    (first, second), sessions = over_nights(0.05)
    found = lead_lag(first, second, shifts_ns=SHIFTS, sessions=sessions)
    without = lead_lag(*over_nights(0.0)[0], shifts_ns=SHIFTS, sessions=sessions)
    np.testing.assert_allclose([c.value for c in found.correlation], [c.value for c in without.correlation], rtol=1e-9)
    assert found.lead_ns.value == 100 * MS
    assert found.lead_ns.low > 0
    blind = lead_lag(first, second, shifts_ns=SHIFTS)
    assert min(c.value for c in found.correlation) < 0.5
    assert min(c.value for c in blind.correlation) > 0.9
    days = [
        hayashi_yoshida(
            *(Market(m.name, m.time_ns[k], m.log_price[k]) for m, k in zip((first, second), keep, strict=True))
        )
        for a, b in sessions
        for keep in [[(m.time_ns >= a) & (m.time_ns <= b) for m in (first, second)]]
    ]
    apart = hayashi_yoshida(first, second, sessions=sessions)
    assert sum(day.covariance.value for day in days) == pytest.approx(apart.covariance.value, rel=1e-9)
    assert tuple(np.sum([day.updates for day in days], axis=0)) == apart.updates


def test_sessions_in_which_either_is_silent_teach_nothing() -> None:
    (first, second), sessions = over_nights(0.0)
    late = Market(
        second.name, *(column[second.time_ns > sessions[1][1]] for column in (second.time_ns, second.log_price))
    )
    assert lead_lag(first, late, shifts_ns=SHIFTS, sessions=sessions).lead_ns.value == 100 * MS
    with pytest.raises(BadData, match="0 updates while both"):
        hayashi_yoshida(first, late, sessions=sessions[:2])
    with pytest.raises(BadParameter, match="time order"):
        hayashi_yoshida(first, second, sessions=sessions[::-1])
