"""Verb 3: what would have happened?"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nowake.algos import Algorithm
from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.domain.order import ParentOrder
from nowake.engine.gate import Limits
from nowake.engine.journal import Journal
from nowake.engine.loop import run
from nowake.engine.reconcile import Patience
from nowake.engine.run import RunRecord
from nowake.schedules.schedule import Schedule
from nowake.sim.latency import Latency
from nowake.sim.queue_models import QueueModel, model_of
from nowake.sim.replay import ReplayWorld
from nowake.tca.analysis import analyse
from nowake.tca.result import CostReport
from nowake.verbs.checks import check_order
from nowake.verbs.intended import intended
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture
    from nowake.reports.summary import ReportedRun

LEVELS = 5  # Of each side, that an algorithm is shown where the data have them.


class Run(RunRecord, frozen=True, dict=True):
    """What one algorithm did with one order, and the market it did it in. Prints as a table."""

    decider: Algorithm
    quotes: Quotes
    trades: Trades

    @functools.cached_property
    def cost(self) -> CostReport:
        """What it cost and why."""
        return analyse(self.order, self.fills, self.quotes, self.trades)

    @functools.cached_property
    def schedule(self) -> Schedule | None:
        """What the algorithm meant to do when, or None where it has no plan of times."""
        return intended(self.decider, self.fills, self.trades)

    def reported(self, name: str | None = None) -> ReportedRun:
        """The run as reports take it."""
        from nowake.reports.summary import ReportedRun  # noqa: PLC0415

        return ReportedRun(name=name or self.algorithm, record=self, cost=self.cost, schedule=self.schedule)

    def to_frame(self) -> pl.DataFrame:
        """One row a fill, with the price in currency and the reason its child existed."""
        import polars as pl  # noqa: PLC0415

        instrument = self.order.instrument
        return pl.DataFrame(
            {
                "time_ns": [fill.time_ns for fill in self.fills],
                "venue_ns": [fill.venue_ns for fill in self.fills],
                "child_id": [fill.child_id for fill in self.fills],
                "lots": [fill.lots for fill in self.fills],
                "price": [instrument.price(fill.price_ticks) for fill in self.fills],
                "liquidity": [fill.liquidity.value for fill in self.fills],
                "reason": [fill.reason.value for fill in self.fills],
            },
            schema_overrides={"price": pl.Float64},
        )

    def plot(self) -> Picture:
        """The price while we traded, with our fills on it."""
        from nowake.reports.pictures.price_path import price_path  # noqa: PLC0415

        arrival = self.cost.benchmarks["arrival"]
        return price_path(self.algorithm, self.order, self.quotes, self.fills, arrival_price=arrival)

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415

        return tables.render(tables.run_table(self, self.schedule))

    __repr__ = __str__


def simulate(
    algorithm: Algorithm,
    day: Day,
    *,
    seed: int = 0,
    latency: Latency | str | None = None,
    queue_model: QueueModel | str | None = None,
    limits: Limits | None = None,
    patience: Patience | None = None,
    journal: str | os.PathLike[str] | None = None,
    notes: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Work an order by an algorithm in a replayed day: history does not react, but size and queues are honest.

    Parameters
    ----------
    algorithm
        With its order, which must be of the day's instrument.
    day
        Market data: of orders, or of levels and trades.
    seed
        Of every random draw: the same seed gives the same journal, byte for byte.
    latency
        How long messages take: a `nowake.sim.latency.Latency`, or a text as "200us" or "feed=1ms,send=300us".
    queue_model
        How a queue moves where the day tells levels only: one of `nowake.sim.queue_models`, or as `model_of` there.
    limits, patience
        Of the gate and of the reconciliation. Without limits those of `Limits`, and for an instrument without a
        multiplier no bound on the value of a child, which is then said among the assumptions.
    journal
        A file to record the run in, or a folder (a name is made); none keeps only the hash.
    notes
        What else was assumed, a sentence each: recorded and shown with the world's own assumptions.
    progress
        Called now and then with the time reached, in nanoseconds.

    Raises
    ------
    BadParameter
        When the day cannot be replayed, its data hold nothing of the window, the order is of another instrument or
        day, a text cannot be read, a queue model is given for a day that says who queues, or a value is limited that
        cannot be computed.
    """
    _check(algorithm, day, seed)
    limits = Limits.for_instrument(day.instrument, limits)
    world = ReplayWorld(
        day.events,
        day.instrument,
        name=f"replay of {day.source} {day.instrument.session.date}",
        latency=Latency.of(latency),
        queue_model=model_of(queue_model) if isinstance(queue_model, str) else queue_model,
        depth=min(LEVELS, day.depth or LEVELS),
        reach=day.depth,
        notes=(*notes, *day.warnings, *_unlimited(day, limits)),
        start_ns=algorithm.order.start_ns,
    )
    with Journal(_file(journal, algorithm, seed)) as book:
        record = run(
            algorithm,
            world,
            seed=seed,
            journal=book,
            limits=limits,
            patience=patience,
            data_source=day.source,
            data_fingerprint=day.fingerprint,
            progress=progress,
        )
    return promote(record, Run, decider=algorithm, quotes=day.quotes, trades=day.trades)


def _unlimited(day: Day, limits: Limits) -> tuple[str, ...]:
    """That nothing bounds the value of a child, where it cannot be computed."""
    if limits.max_value is not None or day.instrument.multiplier is not None:
        return ()
    return ("No limit on the value of a child was held, for its value is not known.",)


def _check(algorithm: Algorithm, day: Day, seed: int) -> None:
    """Refuse what cannot be simulated, naming the likeliest mistake."""
    if not isinstance(algorithm, Algorithm):
        way_out = "follow it with algos.Follow(plan)" if isinstance(algorithm, Schedule) else "try algos.Twap(order)"
        raise BadParameter(f"{type(algorithm).__name__} is not an algorithm; {way_out}")
    if not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise BadParameter(f"seed {seed!r} must be a whole number from 0 to 2**63 - 1")
    check_order(algorithm.order, day)
    if not day.can_replay:
        raise BadParameter(day.cannot_replay_because)
    _check_window(algorithm.order, day)


def _check_window(order: ParentOrder, day: Day) -> None:
    """Refuse a window in which there is nothing to replay; one that is partly so is told among the assumptions."""
    first_ns, last_ns = int(day.events["time_ns"][0]), int(day.events["time_ns"][-1])
    if order.start_ns < last_ns and order.end_ns > first_ns:
        return
    window, data = (
        f"{day.instrument.session.moment(start_ns)} to {day.instrument.session.moment(end_ns)}"
        for start_ns, end_ns in ((order.start_ns, order.end_ns), (first_ns, last_ns))
    )
    raise BadParameter(f"nothing of the window {window} is in the data, which go from {data}; choose times inside")


def _file(journal: str | os.PathLike[str] | None, algorithm: Algorithm, seed: int) -> Path | None:
    """The journal's file: as given, or the first free name in a folder."""
    if journal is None:
        return None
    path = Path(journal)
    if not (path.is_dir() or str(journal).endswith(os.sep)):
        return path
    order = algorithm.order
    symbol = re.sub(r"[^\w.-]", "_", order.instrument.symbol).lstrip(".")
    stem = f"{symbol}-{order.instrument.session.date}-{type(algorithm).__name__.lower()}-{seed}"
    names = (path / (f"{stem}.journal" if n == 0 else f"{stem}-{n}.journal") for n in range(10_000))
    return next(name for name in names if not name.exists())
