"""The battery every streaming measure passes: add a case to TAPE or SERIES and it is held to it."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.unit.microstructure import efficiency_cases, flow_cases, informed_cases, regime_cases

from nowake.domain.errors import BadData
from nowake.domain.market import Quotes, Trades, select
from nowake.microstructure.classify import RULES, SideGauge, classify, time_bars, volume_bars
from nowake.microstructure.contract import SeriesGauge, TapeGauge, play
from nowake.microstructure.hawkes import Hawkes, HawkesGauge, hawkes_state_of_trades
from nowake.microstructure.spreads.effective import print_spreads
from nowake.microstructure.spreads.kyle_live import KyleGauge, kyle_by_bars
from nowake.microstructure.spreads.live import SpreadGauge
from nowake.microstructure.toxicity import (
    AlarmGauge,
    AlarmRule,
    BulkVpinGauge,
    FlowAlarmGauge,
    Vpin,
    VpinGauge,
    run_alarm,
    vpin,
    vpin_of_bars,
)
from nowake.microstructure.toxicity.markout_gauge import MarkoutGauge
from nowake.microstructure.toxicity.markouts import traded_prints
from nowake.statistics.measurement import Measurement

Floats = np.ndarray[Any, np.dtype[np.float64]]
_HORIZONS_NS = (1_000_000, 20_000_000)


class Tape(NamedTuple):
    """A gauge of quotes and prints, and the function over a history that it must agree with.

    `batch` takes quotes and the prints so far and gives the value after the last print, NaN where not known yet.
    """

    name: str
    make: Callable[[], TapeGauge]
    batch: Callable[[Quotes, Trades], float]


class Series(NamedTuple):
    """A gauge of numbers, the function over all of them so far, and what numbers to try (of a generator)."""

    name: str
    make: Callable[[], SeriesGauge]
    batch: Callable[[Floats], float]
    numbers: Callable[[np.random.Generator], Floats]


def _vpin(make: Callable[[], Vpin]) -> float:
    try:
        return float(make().value[-1])
    except BadData:
        return math.nan


def _prints(read: Callable[[], Any], values: Callable[[Any], Floats], lots: bool) -> float:
    """Mean over the prints whose last horizon is known, by size or each once."""
    try:
        found = read()
    except BadData:
        return math.nan
    last = values(found)[:, -1]
    known = np.isfinite(last)
    return float(np.average(last[known], weights=found.lots[known] if lots else None)) if known.any() else math.nan


QUIET = AlarmRule(reference=0.3, threshold=0.8, span=6, false_alarms=Measurement.given(0.1), spans=9, memory=math.nan)


def _alarm_of_buckets(trades: Trades) -> float:
    try:
        found = vpin(trades, bucket_lots=400, window=1)
    except BadData:  # No full bucket yet: the sum is 0.
        return 0.0
    return float(run_alarm(QUIET, found.imbalance).value[-1])


def _kyle(quotes: Quotes, trades: Trades) -> float:
    try:
        return kyle_by_bars(quotes, trades, bar_ns=10_000_000, least=5).slope.value
    except BadData:
        return math.nan


def _side_gauge(rule: str, lag_ns: int = 0) -> Tape:
    return Tape(
        f"side by {rule}, lag {lag_ns}",
        lambda: SideGauge(rule, lag_ns=lag_ns, keep_true=rule == "true"),
        lambda quotes, trades: float(
            classify(trades, quotes, rule=rule, lag_ns=lag_ns, keep_true=rule == "true").side[-1]
        ),
    )


def _hawkes() -> Hawkes:
    return Hawkes(
        baseline=np.array([[3.0, 5.0], [4.0, 2.0]]),
        alpha=np.array([[[0.3, 0.1], [0.2, 0.0]], [[0.1, 0.1], [0.3, 0.2]]]),
        decay=np.array([[[2.0, 90.0], [3.0, 90.0]], [[2.0, 400.0], [1.0, 90.0]]]),
        edges_s=np.array([0.15]),
    )


def _hawkes_now(trades: Trades) -> float:
    state = hawkes_state_of_trades(_hawkes(), trades, start_ns=0)
    return math.nan if state is None else float(state.intensity.sum())


TAPE: list[Tape] = [
    *(Tape(*case) for case in flow_cases.TAPE),
    *(Tape(*case) for case in informed_cases.TAPE),
    *(Tape(*case) for case in regime_cases.TAPE),
    *(_side_gauge(rule) for rule in RULES if not RULES[rule].looks_ahead),
    _side_gauge("lee-ready", 5_000_000),
    Tape(
        "vpin of true sides",
        lambda: VpinGauge(bucket_lots=700, window=4),
        lambda _, trades: _vpin(lambda: vpin(trades, bucket_lots=700, window=4)),
    ),
    Tape(
        "vpin by clnv, small buckets",
        lambda: VpinGauge(bucket_lots=90, window=7, rule="clnv", lag_ns=2_000_000),
        lambda quotes, trades: _vpin(
            lambda: vpin(trades, classify(trades, quotes, rule="clnv", lag_ns=2_000_000).side, bucket_lots=90, window=7)
        ),
    ),
    Tape(
        "vpin of time bars",
        lambda: BulkVpinGauge(bucket_lots=500, window=3, bar_ns=9_000_000),
        lambda _, trades: _vpin(
            lambda: vpin_of_bars(time_bars(trades, width_ns=9_000_000), bucket_lots=500, window=3, sigma="running")
        ),
    ),
    Tape(
        "vpin of volume bars, Student",
        lambda: BulkVpinGauge(bucket_lots=500, window=3, bar_lots=130, sigma=1.7, dof=0.25),
        lambda _, trades: _vpin(
            lambda: vpin_of_bars(volume_bars(trades, bar_lots=130), bucket_lots=500, window=3, sigma=1.7, dof=0.25)
        ),
    ),
    *(
        Tape(
            f"mark-outs from the {anchor}, view of the {view}",
            lambda anchor=anchor, view=view: MarkoutGauge(_HORIZONS_NS, anchor=anchor, view=view),
            lambda quotes, trades, anchor=anchor, view=view: _prints(
                lambda: traded_prints(quotes, trades, horizons_ns=_HORIZONS_NS, view=view, side=trades.aggressor),
                lambda found: found.bps(anchor),
                lots=True,
            ),
        )
        for anchor, view in (("price", "taker"), ("mid", "maker"))
    ),
    Tape(
        "lambda over bars of 10 ms",
        lambda: KyleGauge(10_000_000, least=5),
        _kyle,
    ),
    Tape(
        "realised spread, stale quotes left out",
        lambda: SpreadGauge(7_000_000, weighted_by_size=False, stale_ns=3_000_000),
        lambda quotes, trades: _prints(
            lambda: print_spreads(quotes, trades, horizons_ns=(7_000_000,), side=trades.aggressor, stale_ns=3_000_000),
            lambda found: found.in_bps(found.realised_ticks),
            lots=False,
        ),
    ),
    Tape(
        "Hawkes intensity",
        lambda: HawkesGauge(_hawkes(), start_ns=0),
        lambda _, trades: _hawkes_now(trades),
    ),
    Tape(
        "alarm of buckets",
        lambda: FlowAlarmGauge(QUIET, bucket_lots=400),
        lambda _, trades: _alarm_of_buckets(trades),
    ),
]
SERIES: list[Series] = [
    Series(
        "alarm",
        lambda: AlarmGauge(QUIET),
        lambda numbers: float(run_alarm(QUIET, numbers).value[-1]),
        lambda rng: np.where(rng.random(60) < 0.1, math.nan, rng.random(60)),
    ),
    *(Series(*case) for case in efficiency_cases.SERIES),
    *(Series(*case) for case in regime_cases.SERIES),
]


def market(seed: int, prints: int = 120) -> tuple[Quotes, Trades]:
    """A small wild market: ties in time, locked, crossed and one-sided quotes, unknown sides, prints off the touch."""
    rng = np.random.default_rng(seed)
    count = 2 * prints
    quote_ns = np.cumsum(rng.integers(0, 4, count)) * 1_000_000
    bid = 10_000 + np.cumsum(rng.integers(-1, 2, count))
    spread = rng.choice([-1, 0, 1, 1, 1, 2, 3], count)
    lots = rng.integers(1, 500, (2, count)) * (rng.random((2, count)) > 0.03)
    quotes = Quotes(quote_ns, bid, lots[0], bid + spread, lots[1])
    at = np.sort(rng.integers(0, int(quote_ns[-1]), prints)) // 1_000_000 * 1_000_000
    row = np.maximum(np.searchsorted(quote_ns, at) - 1, 0)
    price = bid[row] + rng.integers(-1, 4, prints)
    side = rng.choice([-1, 1, 1, 0], prints).astype(np.int8)
    flags = np.zeros(prints, np.bool_)
    return quotes, Trades(at, price, rng.integers(1, 900, prints), side, flags, flags)


def first(quotes: Quotes, trades: Trades, prints: int) -> tuple[Quotes, Trades]:
    """What was known just after a number of prints: quotes of the last one's stamp come after it."""
    heard = quotes.time_ns < trades.time_ns[prints - 1]
    return select(quotes, heard), select(trades, slice(prints))


@pytest.mark.parametrize("case", TAPE, ids=lambda case: case.name)
@pytest.mark.parametrize("seed", range(3))
def test_a_tape_gauge_says_what_the_history_says(case: Tape, seed: int) -> None:
    quotes, trades = market(seed)
    gauge = case.make()
    assert isinstance(gauge, TapeGauge)
    values = play(gauge, quotes, trades)
    wanted = [case.batch(*first(quotes, trades, prints)) for prints in range(1, len(trades) + 1)]
    np.testing.assert_allclose(values, wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", TAPE, ids=lambda case: case.name)
def test_a_tape_gauge_killed_and_continued_ends_the_same(case: Tape) -> None:
    quotes, trades = market(7)
    whole, broken = case.make(), case.make()
    values = play(whole, quotes, trades)
    middle = int(trades.time_ns[60])
    early, late = quotes.time_ns < middle, trades.time_ns < middle
    play(broken, select(quotes, early), select(trades, late))
    for continued in (pickle.loads(pickle.dumps(broken)), copy.deepcopy(broken)):
        rest = play(continued, select(quotes, ~early), select(trades, ~late))
        np.testing.assert_array_equal(rest, values[late.sum() :])


@pytest.mark.parametrize("case", TAPE, ids=lambda case: case.name)
def test_a_tape_gauge_told_elements_of_tables_says_what_plain_numbers_say(case: Tape) -> None:
    """An element of a column of int8 is no whole number of Python's: its sums wrap."""
    quotes, trades = market(5)
    plain, told = case.make(), case.make()
    values = play(plain, quotes, trades)
    at = 0
    for row in range(len(trades)):
        while at < len(quotes) and quotes.time_ns[at] < trades.time_ns[row]:
            columns = (quotes.time_ns, quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)
            told.on_quote(*(column[at] for column in columns))
            at += 1
        told.on_trade(trades.time_ns[row], trades.price_ticks[row], trades.lots[row], trades.aggressor[row])
        np.testing.assert_array_equal(told.value, values[row])


@pytest.mark.parametrize("case", TAPE, ids=lambda case: case.name)
def test_a_tape_gauge_refuses_to_go_back_in_time(case: Tape) -> None:
    gauge = case.make()
    gauge.on_quote(5_000, 99, 10, 101, 10)
    gauge.on_trade(6_000, 100, 5, 1)
    before = pickle.dumps(gauge)
    with pytest.raises(BadData):
        gauge.on_trade(5_999, 100, 5, 1)
    assert pickle.dumps(gauge) == before


@pytest.mark.parametrize("case", SERIES, ids=lambda case: case.name)
@pytest.mark.parametrize("seed", range(3))
def test_a_series_gauge_says_what_the_history_says(case: Series, seed: int) -> None:
    numbers = case.numbers(np.random.default_rng(seed))
    gauge = case.make()
    assert isinstance(gauge, SeriesGauge)
    for count, number in enumerate(numbers.tolist(), 1):
        gauge.update(number)
        np.testing.assert_allclose(gauge.value, case.batch(numbers[:count]), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", SERIES, ids=lambda case: case.name)
def test_a_series_gauge_killed_and_continued_ends_the_same(case: Series) -> None:
    numbers = case.numbers(np.random.default_rng(11))
    gauge = case.make()
    for number in numbers[: len(numbers) // 2].tolist():
        gauge.update(number)
    for other in (pickle.loads(pickle.dumps(gauge)), copy.deepcopy(gauge)):
        whole = case.make()
        for number in numbers.tolist():
            whole.update(number)
        for number in numbers[len(numbers) // 2 :].tolist():
            other.update(number)
        np.testing.assert_array_equal(other.value, whole.value)
