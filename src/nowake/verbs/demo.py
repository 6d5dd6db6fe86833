"""The main job from end to end: one order estimated, planned, executed by five algorithms, and its cost explained."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from nowake.algos import Algorithm, Iceberg, Participate, Shortfall, Twap, Vwap
from nowake.data.day import Day
from nowake.data.load import default_day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND
from nowake.models.estimate import CostEstimate
from nowake.models.estimate import estimate as estimate_cost
from nowake.models.impact.linear import Linear
from nowake.models.impact.square_root import SquareRoot
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.reports import html
from nowake.reports.execution import build_page
from nowake.reports.summary import Tape
from nowake.schedules import AlmgrenChriss, FrontierPoint, Schedule, cost_of, frontier, twap, vwap
from nowake.tca.benchmarks import tape_volume
from nowake.verbs.simulate import Run, simulate

QUANTITY, START, END = 20_000, "10:00", "15:30"  # Of a whole day of a large share.
LARGEST_SHARE = 0.25  # Of the window's volume that this quantity may be.
SHARE = 0.02  # Of the window's volume, on any other day.
RATE = 0.05
LOOK_AHEAD = (
    "The volume curve VWAP follows and the urgency of the shortfall order were measured on this same day: "
    "they knew what was to come, as no desk does."
)
_TEMPERS = {"patient": 5, "neutral": 7, "urgent": 10}  # Points of a 20-point frontier: kappa T of about 1, 3 and 10.


class Expected(NamedTuple):
    """What was known before trading: the market, the estimates, the plans, and the frontier they lie on."""

    market: MarketState
    curve: VolumeCurve
    estimates: tuple[CostEstimate, ...]
    schedules: tuple[Schedule, ...]
    frontier: tuple[FrontierPoint, ...]


class Demo(NamedTuple):
    """Everything the demo made, and where it left it."""

    day: Day
    order: ParentOrder
    expected: Expected
    runs: tuple[Run, ...]
    report: Path


def order_of(day: Day) -> ParentOrder:
    """Buy 20,000 from 10:00 to 15:30 where the day has these hours and the volume for it; else 2 % of the volume of
    the middle half of its trading.

    Raises
    ------
    BadParameter
        When the day cannot be replayed, or hardly trades.
    """
    if not day.can_replay:
        raise BadParameter(f"{day.cannot_replay_because}; `nowake data info` lists what there is")
    instrument, session = day.instrument, day.instrument.session
    inside = (day.trades.time_ns >= session.open_ns) & (day.trades.time_ns <= session.close_ns) & ~day.trades.auction
    times = day.trades.time_ns[inside]
    if len(times) < 2 or times[-1] - times[0] < 4 * NS_PER_MINUTE:
        raise BadParameter(
            f"{day.source} {session.date} has {len(times):,} trades over less than four minutes, too few to show "
            "anything; `nowake data info` lists what else there is"
        )
    start_ns, end_ns, lots = session.at(START), session.until(END), QUANTITY
    room = LARGEST_SHARE * tape_volume(day.trades, start_ns, end_ns).lots
    if not (times[0] <= start_ns < end_ns <= times[-1] and lots <= room):
        quarter_ns = int(times[-1] - times[0]) // 4
        start_ns, end_ns = (
            int(each) // NS_PER_SECOND * NS_PER_SECOND for each in (times[0] + quarter_ns, times[-1] - quarter_ns)
        )
        volume = tape_volume(day.trades, start_ns, end_ns).lots
        lots = max(1, int(float(f"{SHARE * volume:.1e}")))
    return ParentOrder(instrument=instrument, side=Side.BUY, lots=lots, start_ns=start_ns, end_ns=end_ns)


def expect(order: ParentOrder, day: Day) -> Expected:
    """Measure the day, estimate the order by two models, and plan it five ways."""
    session = day.instrument.session
    curve = VolumeCurve.from_trades(day.trades, session)
    market = MarketState.measure(order, day.quotes, day.trades, curve=curve)
    linear = Linear.from_market(market)
    points = frontier(order, market, linear, n=20)
    optimal = [
        msgspec.structs.replace(
            AlmgrenChriss(linear, points[index].risk_aversion).plan(order, market), name=f"Almgren-Chriss, {temper}"
        )
        for temper, index in _TEMPERS.items()
    ]
    plain = [
        msgspec.structs.replace(schedule, **cost_of(schedule, market, linear)._asdict())
        for schedule in (twap(order), vwap(order, curve))
    ]
    return Expected(
        market=market,
        curve=curve,
        estimates=(estimate_cost(order, market, SquareRoot()), estimate_cost(order, market, linear)),
        schedules=(*plain, *optimal),
        frontier=points,
    )


def algorithms(order: ParentOrder, expected: Expected) -> tuple[Algorithm, ...]:
    """The five algorithms, the shortfall one with the urgency of the neutral plan."""
    session = order.instrument.session
    session_s = (session.close_ns - session.open_ns) / NS_PER_SECOND
    kappa = expected.schedules[3].inputs["kappa"] / session_s
    return (
        Twap(order),
        Vwap(order, expected.curve),
        Participate(order, rate=RATE),
        Shortfall(order, kappa=kappa),
        Iceberg(order),
    )


def demo(
    *,
    day: Day | None = None,
    out: str | os.PathLike[str] = "runs",
    seed: int = 7,
    progress: Callable[[str], None] | None = None,
) -> Demo:
    """Do the main job once: load, measure, estimate, plan, execute five ways, report.

    Parameters
    ----------
    day
        Market data; the default day when None. `order_of` says what is bought.
    out
        Folder under which a new one is made for the report and the journals.
    seed
        Of every run.
    progress
        Called with what is being done, in a few words.

    Raises
    ------
    BadParameter
        As `order_of`.
    """
    say = progress or (lambda _: None)
    if day is None:
        say("loading the day")
        day = default_day()
    order = order_of(day)
    say("measuring, estimating, planning")
    expected = expect(order, day)
    folder = _new_folder(Path(out))
    runs = []
    for algorithm in algorithms(order, expected):
        name = type(algorithm).__name__.lower()
        say(f"executing by {name}")
        runs.append(simulate(algorithm, day, seed=seed, journal=folder / f"{name}.journal", notes=(LOOK_AHEAD,)))
    say("writing the report")
    tape = Tape(description=_describe(day), quotes=day.quotes, trades=day.trades, fingerprint=day.fingerprint)
    page = build_page(
        order,
        tape,
        runs=[run.reported() for run in runs],
        estimates=expected.estimates,
        schedules=expected.schedules,
        frontier=expected.frontier,
        curve=expected.curve,
        command=f"nowake demo {day.source} --date {day.instrument.session.date} --seed {seed}",
    )
    return Demo(day, order, expected, tuple(runs), html.write(folder / "report.html", page))


def _describe(day: Day) -> str:
    is_generated = day.source.partition(":")[0] == "generated"
    return f"{day.source}, {'a generated day' if is_generated else f'recorded at {day.instrument.venue}'}"


def _new_folder(root: Path) -> Path:
    """The first `demo-N` under a folder that is not there yet: no run overwrites another."""
    for number in range(1, 100_000):
        folder = root / f"demo-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("a hundred thousand demos in one folder")
