"""One run in one row: what was asked, what was done, what it cost, what is left and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.fill import Fill
from nowake.domain.market import Quotes, Trades
from nowake.engine.run import RunRecord
from nowake.schedules.schedule import Schedule
from nowake.tca.result import CostReport


class Deviation(NamedTuple):
    """How far execution was from its plan, and when: positive is ahead, negative is behind."""

    lots: float
    fraction: float
    time_ns: int


class ReportedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run with its cost and, where it followed one, its schedule. `name` tells it apart from the others."""

    name: str
    record: RunRecord
    cost: CostReport
    schedule: Schedule | None = None


class Tape(msgspec.Struct, frozen=True, kw_only=True):
    """The day's market data, in words and as columns.

    `fingerprint` is the hash of the data, empty where there is none.
    """

    description: str
    quotes: Quotes
    trades: Trades
    fingerprint: str = ""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The row of one run in a comparison. Prices in currency, costs in basis points, positive when bad.

    `worst_deviation` is a fraction of the order, None where there was no plan; `cost_*_bps` and
    `average_price` are NaN where they cannot be computed. `participation` is our share of all volume of the window,
    `active_participation` of the volume until our last fill, which was at `last_fill_ns` (None without one).
    A run that is not `complete` was cut short: it says nothing of the time after.
    """

    name: str
    algorithm: str
    filled: float
    executed_lots: int
    average_price: float
    cost_arrival_bps: float
    cost_vwap_bps: float
    cost_twap_bps: float
    shortfall_bps: float
    participation: float
    active_participation: float
    passive_share: float
    children: int
    worst_deviation: float | None
    worst_deviation_ns: int | None
    residual_lots: int
    residual_reason: str | None
    last_fill_ns: int | None
    complete: bool
    journal_hash: str


def summarise(run: ReportedRun) -> RunSummary:
    """The comparison row of one run."""
    record, cost = run.record, run.cost
    worst = None if run.schedule is None else worst_deviation(run.schedule, record.fills)
    return RunSummary(
        name=run.name,
        algorithm=record.algorithm,
        filled=record.executed_lots / record.order.lots,
        executed_lots=record.executed_lots,
        average_price=cost.average_price,
        cost_arrival_bps=cost.cost_bps.get("arrival", float("nan")),
        cost_vwap_bps=cost.cost_bps.get("interval_vwap", float("nan")),
        cost_twap_bps=cost.cost_bps.get("interval_twap", float("nan")),
        shortfall_bps=cost.shortfall_bps,
        participation=cost.participation,
        active_participation=cost.active_participation,
        passive_share=cost.passive_share,
        children=len(record.children),
        worst_deviation=None if worst is None else worst.fraction,
        worst_deviation_ns=None if worst is None else worst.time_ns,
        residual_lots=record.residual_lots,
        residual_reason=None if record.residual_reason is None else record.residual_reason.value,
        last_fill_ns=cost.last_fill_ns,
        complete=record.complete,
        journal_hash=record.journal_hash,
    )


def worst_deviation(schedule: Schedule, fills: Sequence[Fill]) -> Deviation:
    """The largest distance between executed lots and the plan, over the plan's window and any fill after it.

    The plan is a straight line inside a bucket and the executed count a step, so the distance is largest just
    before a fill, at a fill, or at a bucket's edge: those instants are all looked at. Of equal distances
    the earliest counts. Times are the venue's, when the lots traded.

    Parameters
    ----------
    schedule
        The plan, in lots of the same order as the fills.
    fills
        In any order.

    Returns
    -------
    Deviation
        Signed lots (positive ahead), the same as a fraction of the order, and the instant.
    """
    edges_ns = np.array(schedule.times_ns, dtype=np.int64)
    planned = np.concatenate(([0], np.cumsum(np.array(schedule.lots, dtype=np.int64))))
    filled = sorted((fill.venue_ns, fill.lots) for fill in fills)
    filled_ns = np.array([time_ns for time_ns, _ in filled], dtype=np.int64)
    executed = np.concatenate(([0], np.cumsum(np.array([lots for _, lots in filled], dtype=np.int64))))

    times_ns = np.unique(np.concatenate((edges_ns, filled_ns)))
    target = np.interp(times_ns - edges_ns[0], edges_ns - edges_ns[0], planned)
    before = executed[np.searchsorted(filled_ns, times_ns, side="left")] - target
    after = executed[np.searchsorted(filled_ns, times_ns, side="right")] - target
    distances = np.stack((before, after), axis=1).ravel()
    worst = int(np.argmax(np.abs(distances)))
    lots = float(distances[worst])
    return Deviation(lots, lots / schedule.order.lots, int(times_ns[worst // 2]))


def cost_parts(cost: CostReport) -> tuple[tuple[str, str, float, float], ...]:
    """Part, meaning, currency and basis points of paper value; the last two sum to the shortfall."""
    amounts = (
        ("delay", "arrival against decision", cost.wagner["delay"]),
        ("spread", "fills against the mid at each fill", cost.trading["spread"]),
        ("drift", "mid at each fill against arrival", cost.trading["drift"]),
        ("opportunity", "what was left over, against arrival", cost.wagner["opportunity"]),
        ("fees", "commissions and venue fees", cost.wagner["fees"]),
    )
    return tuple((part, meaning, amount, cost.parts_bps[part]) for part, meaning, amount in amounts)
