"""What the four spreads from bars share: gauge and window say what the history says, intervals hold the truth."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from tests.unit.microstructure.bar_worlds import simulated_bars

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.spreads.abdi_ranaldo import AbdiRanaldoGauge, abdi_ranaldo, abdi_ranaldo_rolling
from nowake.microstructure.spreads.bar_spreads import BarSpread
from nowake.microstructure.spreads.corwin_schultz import CorwinSchultzGauge, corwin_schultz, corwin_schultz_rolling
from nowake.microstructure.spreads.edge import EdgeGauge, edge, edge_rolling
from nowake.microstructure.spreads.roll import RollGauge, roll, roll_rolling

WHOLE = {
    "roll": (lambda b, **o: roll(b[:, 3], **o), lambda b, **o: roll_rolling(b[:, 3], **o), RollGauge),
    "corwin-schultz": (
        lambda b, **o: corwin_schultz(*b[:, 1:].T, **o),
        lambda b, **o: corwin_schultz_rolling(*b[:, 1:].T, **o),
        CorwinSchultzGauge,
    ),
    "corwin-schultz, kept": (
        lambda b, **o: corwin_schultz(*b[:, 1:].T, negative="keep", overnight=False, **o),
        lambda b, **o: corwin_schultz_rolling(*b[:, 1:].T, negative="keep", overnight=False, **o),
        lambda **o: CorwinSchultzGauge(negative="keep", overnight=False, **o),
    ),
    "abdi-ranaldo": (
        lambda b, **o: abdi_ranaldo(*b[:, 1:].T, **o),
        lambda b, **o: abdi_ranaldo_rolling(*b[:, 1:].T, **o),
        AbdiRanaldoGauge,
    ),
    "abdi-ranaldo, two-day": (
        lambda b, **o: abdi_ranaldo(*b[:, 1:].T, two_day=True, **o),
        lambda b, **o: abdi_ranaldo_rolling(*b[:, 1:].T, two_day=True, **o),
        lambda **o: AbdiRanaldoGauge(two_day=True, **o),
    ),
    "edge": (lambda b, **o: edge(*b.T, **o), lambda b, **o: edge_rolling(*b.T, **o), EdgeGauge),
}
EACH = pytest.mark.parametrize("name", WHOLE)
BREAKS = np.isin(np.arange(120), (0, 40, 41, 90))


def with_holes(seed: int, bars: int = 120) -> np.ndarray:
    rows = simulated_bars(seed, bars, seen=0.02)
    rows[np.random.default_rng(seed).random(rows.shape) < 0.08] = np.nan
    return rows


def told(gauge, rows, breaks=None):
    values = []
    for k, row in enumerate(rows.tolist()):
        gauge.on_bar(*row, fresh=breaks is not None and bool(breaks[k]))
        values.append(gauge.value)
    return np.array(values)


@EACH
@pytest.mark.parametrize("breaks", [None, BREAKS], ids=["one run", "sessions"])
def test_the_gauge_says_what_the_history_says(name, breaks):
    whole, rolled, make = WHOLE[name]
    rows = with_holes(3)
    values = told(make(), rows, breaks)
    for count in (60, 95, 120):
        wanted = whole(rows[:count], breaks=None if breaks is None else breaks[:count]).signed_bps.value
        np.testing.assert_allclose(values[count - 1], wanted, rtol=1e-12)
    np.testing.assert_allclose(
        told(make(window=30), rows, breaks), rolled(rows, window=30, breaks=breaks), rtol=1e-12, atol=1e-12
    )


@EACH
def test_a_window_is_the_history_of_its_bars_and_knows_nothing_later(name):
    whole, rolled, _ = WHOLE[name]
    rows = simulated_bars(9, 80)
    values = rolled(rows, window=30)
    assert np.isnan(values[:29]).all()
    assert values[49] == pytest.approx(whole(rows[20:50]).signed_bps.value, rel=1e-10)
    np.testing.assert_array_equal(values[:60], rolled(rows[:60], window=30))


@EACH
def test_a_gauge_continued_ends_the_same(name):
    make = WHOLE[name][2]
    rows = with_holes(4)
    whole, broken = make(window=25), make(window=25)
    told(whole, rows)
    told(broken, rows[:70])
    continued = pickle.loads(pickle.dumps(broken))
    told(continued, rows[70:])
    np.testing.assert_array_equal(whole.value, continued.value)


@EACH
def test_a_gauge_refuses_a_bar_that_is_none_and_is_as_before(name):
    gauge = WHOLE[name][2]()
    told(gauge, simulated_bars(1, 40))
    before = pickle.dumps(gauge)
    for bar in ((10, 9, 11, 10), (10, 11, 9, -1), (10, np.inf, 9, 10)):
        with pytest.raises(BadData):
            gauge.on_bar(*bar)
    assert before == pickle.dumps(gauge)


@EACH
def test_the_unit_of_the_price_does_not_matter(name):
    whole = WHOLE[name][0]
    rows = simulated_bars(2, 100)
    assert whole(rows).signed_bps.value == pytest.approx(whole(1000 * rows).signed_bps.value, rel=1e-9)


def coverage(name, *, repeats, bars, seen, spread=0.01) -> float:
    whole = WHOLE[name][0]
    held = 0
    for seed in range(repeats):
        found = whole(simulated_bars(seed, bars, trades=390 if seen < 1 else 60, seen=seen, spread=spread), repeats=200)
        held += found.signed_bps.low <= 1e4 * spread <= found.signed_bps.high
    return held / repeats


def test_intervals_of_edge_hold_the_spread_of_a_market_with_few_trades():
    assert 0.82 <= coverage("edge", repeats=50, bars=150, seen=0.02)


@pytest.mark.study
@pytest.mark.parametrize(
    ("name", "bars", "seen"), [("edge", 250, 0.02), ("edge", 60, 0.05), ("edge", 250, 1.0), ("roll", 500, 1.0)]
)
def test_intervals_hold_the_spread_as_often_as_they_say(name, bars, seen):
    share = coverage(name, repeats=500, bars=bars, seen=seen)
    print(f"{name}, {bars} bars, {seen} seen: {share:.3f}")
    assert 0.91 <= share <= 0.985


@EACH
def test_prices_that_stand_still_or_are_too_few_tell_nothing(name):
    whole = WHOLE[name][0]
    if not name.startswith("corwin"):
        with pytest.raises(Unidentified, match="no spread can be told"):
            whole(np.full((50, 4), 10.0))
    with pytest.raises(Unidentified, match="fewer than 12"):
        whole(simulated_bars(1, 8))
    with pytest.raises(Unidentified, match="fewer than 12"):
        whole(np.full((50, 4), np.nan))
    with pytest.raises(Unidentified, match="fewer than 12"):
        whole(np.zeros((0, 4)))


def test_missing_bars_are_counted_and_leave_their_neighbours_in():
    rows = simulated_bars(5, 100)
    rows[10, 3] = np.nan
    found = abdi_ranaldo(*rows[:, 1:].T)
    assert isinstance(found, BarSpread)
    assert (100, 98, 1) == (found.bars, found.terms, found.missing)


def test_bad_bars_are_refused_with_the_row():
    rows = simulated_bars(5, 50)
    rows[7, 1], rows[7, 2] = rows[7, 2] * 0.9, rows[7, 1]
    with pytest.raises(BadData, match="bar 7"):
        edge(*rows.T)
    with pytest.raises(BadData, match="bar 3"):
        roll(np.array([1.0, 1.0, 1.0, 0.0]))
    with pytest.raises(BadData, match="one length"):
        abdi_ranaldo(np.ones(3), np.ones(2), np.ones(3))
    with pytest.raises(BadData, match="breaks"):
        roll(np.linspace(1, 2, 50), breaks=np.zeros(3, np.bool_))


def test_parameters_out_of_range_are_refused():
    rows = simulated_bars(5, 50)
    with pytest.raises(BadParameter, match="window"):
        edge_rolling(*rows.T, window=2)
    with pytest.raises(BadParameter, match="window"):
        RollGauge(window=3)
    with pytest.raises(BadParameter, match="repeats"):
        edge(*rows.T, repeats=3)
