"""What the page of measured days asks of one source: pure work on one recording, answered in plain numbers.

A job is a recording and a symbol in it; an answer holds numbers, sentences and pictures (SVG), so that it can be kept
as JSON and made again byte for byte. What cannot be measured is an answer too: the reason."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nowake as nw
import pictures
from nowake.data import assemble
from nowake.data.catalogue import fullest
from nowake.data.day import Day
from nowake.data.folder import look
from nowake.data.load import Entry, entries
from nowake.data.readers.contract import Recording, Wanted
from nowake.data.readers.registry import pieces
from nowake.models.fills.curves import FillRate
from nowake.models.volatility.quotes import realised_volatility, two_sided
from nowake.models.volatility.realised import Ticks, jumps, noise_bps, realised_kernel, ticks_of
from nowake.models.volume.special import Kind
from nowake.reports.fills import calibration_table
from nowake.statistics.measurement import Measurement
from nowake.verbs.tape import TapeCalibration, tape

Answer = dict[str, Any]
MOST_DAYS = 3  # Of one source on the page; more would say the same again.
LEAST_DATES = 10  # From the first to the last, for curves: fewer cannot tell a usual day.
LARGEST_BYTES = 300_000_000  # Of a recording; larger ones would hold the page up.
UNNAMED = "UNNAMED"  # A symbol for files that do not say theirs.


class Job(NamedTuple):
    """What to measure (a kind of `work.KINDS`) of a symbol in recordings that share a name, and the name they have."""

    kind: str
    spec: str
    symbol: str
    recordings: tuple[Recording, ...]


def find_jobs(root: Path) -> tuple[list[Job], list[str]]:
    """Everything under a data folder that the page asks about, in a fixed order, and what it leaves out."""
    here = look(root)
    named: dict[str, list[tuple[Entry, Recording]]] = {}
    for recording in fullest(here.recordings):
        for entry in entries(here, [recording]):
            named.setdefault(entry.spec.replace("...", UNNAMED), []).append((entry, recording))
    found, left_out = [], []
    for spec, pairs in named.items():
        entry, recordings = pairs[0][0], tuple(recording for _, recording in pairs)
        size = max(recording.size_bytes for recording in recordings)
        if size > LARGEST_BYTES or entry.symbol.endswith("symbols"):
            left_out.append(f"{shown(spec, root)}: a recording of {size / 1e6:,.0f} MB, too much for this page")
            continue
        symbol = UNNAMED if entry.symbol == "?" else entry.symbol
        if entry.gives != "bars" and entry.format != "trades":
            found += [Job("days", spec, symbol, recordings), Job("flow", spec, symbol, recordings)]
        dates = [date for each, _ in pairs for date in (each.first, each.last) if date is not None]
        if dates and (max(dates) - min(dates)).days >= LEAST_DATES:
            found += [Job("curves", spec, symbol, recordings), Job("history", spec, symbol, recordings)]
        found.append(Job("prices", spec, symbol, recordings))
    return found, left_out


def shown(spec: str, root: Path) -> str:
    """The name of a source without the place of the data folder, which is nobody's business."""
    return spec.replace(f"{root}/", "").replace(f"{root}:", "")


def curves(job: Job, root: Path) -> list[Answer]:
    """The answer to what many days tell."""
    return [_curves(job.spec, root) | {"source": shown(job.spec, root)}]


def days(job: Job, root: Path) -> list[Answer]:
    """The answers to what single days tell, one each."""
    # Impact asks for the price and the trade.
    both = (day for day in days_of(job, root) if len(day.quotes) and len(day.trades))
    return [_day(day, shown(job.spec, root)) for day in itertools.islice(both, MOST_DAYS)]


def days_of(job: Job, root: Path) -> Iterator[Day]:
    """Every day of a job, one at a time, in the order of time within each recording."""
    name = shown(job.spec, root)
    wanted = Wanted(symbols=frozenset({job.symbol}))
    for recording in job.recordings:
        yield from assemble.days(pieces(recording, wanted), source=lambda _: name)


def _day(day: Day, spec: str) -> Answer:
    """Impact, fills and volatility of one day."""
    parts: Answer = {"kind": "day", "source": spec, "date": str(day.instrument.session.date), "refused": []}
    for name, make in (("tape", _tape), ("fills", _fills), ("volatility", _volatility)):
        parts[name] = _or_reason(parts["refused"], name, day, make)
    return parts


def _or_reason(refused: list[list[str]], name: str, day: Day, make: Callable[[Day], Answer]) -> Answer | None:
    try:
        return make(day)
    except nw.NowakeError as error:
        refused.append([name, str(error)])
        return None


def _tape(day: Day) -> Answer:
    found = tape(day, seed=0)
    return {
        "orders": found.orders,
        "findings": {each.name: [*numbers(each.measured), each.unit] for each in found.findings()},
        "minute": _minute(found),
        "r2": None if found.orderflow is None else [found.orderflow.r2, found.orderflow.trade_r2],
        "refusals": list(found.refusals),
        "pictures": {name: pictures.words(each) for name, each in found.pictures().items()},
    }


def _minute(found: TapeCalibration) -> list[float] | None:
    """Lambda of one minute in basis points for 1 % of a day's volume."""
    minute = next((each for each in found.kyle if each.bar == "60 s" and not each.root), None)
    return None if minute is None or minute.bps_per_percent is None else numbers(minute.bps_per_percent)


def _fills(day: Day) -> Answer:
    found = nw.fills(day, horizons_s=(1, 5, 10, 30, 60, 300))
    touch = [rate for rate in found.curves.rates if rate.distance_ticks == (0, 0)]
    fullest_cell = max(touch, key=lambda rate: rate.orders).queue_lots if touch else None
    shown = {rate.horizon_s: rate for rate in touch if rate.queue_lots == fullest_cell}
    judged = found.calibration
    return {
        "observed": found.observed,
        "orders": found.curves.orders,
        "queue": fullest_cell,
        "touch": {f"{horizon:g}": _rate(rate) for horizon, rate in shown.items()},
        "decay": [None if side is None else numbers(side.decay) for side in (found.bids, found.asks)],
        "judged": None if judged is None else calibration_table(judged).notes[0],
        "refusals": list(found.refusals),
        "pictures": {"fills": pictures.words(found.plot())},
    }


def _rate(rate: FillRate) -> Answer:
    return {"standing": numbers(rate.standing), "posted": numbers(rate.posted)}


def _volatility(day: Day) -> Answer:
    session, refused = day.instrument.session, []
    mids = ticks_of(*two_sided(day.quotes), session)
    plain = ~day.trades.auction
    prints: Ticks | None = None
    try:
        prints = ticks_of(day.trades.time_ns[plain], day.trades.price_ticks[plain].astype(np.float64), session)
    except nw.NowakeError as error:
        refused.append(str(error))
    asked: dict[str, Callable[[], Measurement]] = {
        "5 min": lambda: realised_volatility(day.quotes, session),
        "kernel": lambda: realised_kernel(mids),
    }
    if prints is not None:
        asked |= {"kernel of prints": lambda: realised_kernel(prints), "noise": lambda: noise_bps(prints)}
    values: dict[str, list[float]] = {}
    for name, make in asked.items():
        try:
            values[name] = numbers(make())
        except nw.NowakeError as error:
            refused.append(f"{name}: {error}")
    try:
        jumped = jumps(mids)
        values["jumps"] = [jumped.share, jumped.p_value]
    except nw.NowakeError as error:
        refused.append(f"jumps: {error}")
    drawn = {} if prints is None else {"signature": pictures.words(pictures.signatures(prints, mids))}
    return {"values": values, "refusals": refused, "pictures": drawn}


def _curves(spec: str, root: Path) -> Answer:
    """The usual day, its forecast while it happens, and the days not believed."""
    answer: Answer = {"kind": "curves", "refused": []}
    try:
        found = nw.curves(spec, root=root)
    except nw.NowakeError as error:
        return answer | {"refused": [["curves", str(error)]]}
    volume = found.volume
    return answer | {
        "days": found.days,
        "normal": volume.curves[Kind.NORMAL].days,
        "left_out": [[str(each.date), each.reason, str(each.kind)] for each in volume.left_out],
        "apart": list(volume.notes),
        "close": None if volume.closing_auction is None else numbers(volume.closing_auction),
        "contest": [
            [each.name, each.static, each.dynamic, *numbers(each.gain), each.p_value, each.verdict]
            for each in (found.contest.comparisons if found.contest else ())
        ],
        "held_out": len(found.contest.dates) if found.contest else 0,
        "nights": None if found.whole_day is None else numbers(found.whole_day.overnight),
        "next": None if found.volatility is None else numbers(found.volatility.next),
        "notes": list(found.notes),
        "pictures": {"curves": pictures.words(dataclasses.replace(found, source=shown(spec, root)).plot())},
    }


def numbers(measured: Measurement) -> list[float]:
    """Value, ends of the interval, observations: what JSON can keep."""
    return [float(measured.value), float(measured.low), float(measured.high), int(measured.n)]
