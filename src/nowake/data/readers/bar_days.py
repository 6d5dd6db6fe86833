"""Bars cut into the sessions they belong to, each with what is wrong in it.

A bar whose high is below its low, whose open or close lies outside them, or whose volume is negative is left out. A
volume of zero in a bar whose price moved cannot be true: where two bars of a session are so, and at least 0.5 % of
them, the volume of the whole day is called corrupt, for such feeds put what they lost into other bars (a running total
that jumped back). The test knows no name and no date, and a bar that merely did not trade does not trip it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.findings import EXAMPLES, Findings
from nowake.data.readers.hours import Seen, assigned
from nowake.domain.instrument import Session
from nowake.domain.market import Bars
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CORRUPT_BARS, CORRUPT_SHARE = 2, 0.005
UNUSUAL_VOLUME = 5.0  # Times the median day of the file; earnings and index days reach four.
_ROUNDING = 1e-9
_LONG_NS = 20 * 60 * NS_PER_MINUTE  # Bars from here on are days, stamped at some midnight.


class DayOfBars(NamedTuple):
    """The bars of one session, and what was noticed in it."""

    session: Session
    bars: Bars
    findings: Findings


def days_of(frame: pl.DataFrame, seen: Seen, *, length_ns: int, keep_outside: bool = False) -> Iterator[DayOfBars]:
    """The sessions that have bars, or rows that would be bars if they could be used, in order.

    Parameters
    ----------
    frame
        As `nowake.data.readers.bar_columns.read_bars` gives it, in any order of rows.
    seen
        Its sessions, and its times as instants, row by row.
    length_ns
        How long a bar lasts.
    keep_outside
        Whether bars before the open and after the close are handed out; they are counted either way.
    """
    frame = frame.with_columns(pl.Series("time_ns", seen.time_ns))
    times = frame["time_ns"].to_numpy()
    back = np.zeros(len(times), np.bool_)
    back[1:] = np.diff(times) < 0
    order = np.argsort(times, kind="stable")
    frame, back = frame[order], back[order]
    times = frame["time_ns"].to_numpy()
    index, inside = assigned(seen.sessions, times, times + length_ns)
    if length_ns >= _LONG_NS:
        inside[:] = True
    found: list[DayOfBars] = []
    for number in np.unique(index).tolist():
        rows = index == number
        day = _day_of(frame.filter(rows), seen.sessions[number], length_ns, (inside[rows], back[rows]), keep_outside)
        if len(day.bars) or day.findings.faults:
            found.append(day)
    yield from _beside_each_other(found)


def _day_of(
    frame: pl.DataFrame, session: Session, length_ns: int, marks: tuple[Mask, Mask], keep_outside: bool
) -> DayOfBars:
    inside, back = marks
    same_time = np.zeros(frame.height, np.bool_)
    same_time[1:] = np.diff(frame["time_ns"].to_numpy()) == 0
    told_twice = same_time & _equal_to_previous(frame)
    blank = _is_blank(frame)
    why = _why_impossible(frame, same_time & ~told_twice, blank)
    unusable = np.array([bool(each) for each in why])
    usable = ~unusable & ~told_twice & ~blank
    outside = usable & ~inside
    keep = usable & (inside | keep_outside)
    counts = {
        "clock_reversals": int(back.sum()),
        "duplicates": int((told_twice & ~blank).sum()),
        "unreadable": int(unusable.sum()),
        "left_out": int(blank.sum()) + (0 if keep_outside else int(outside.sum())),
    }
    examples = {"unreadable": tuple(f"row {row}: {each}" for row, each in zip(frame["row"], why, strict=True) if each)}
    bars = _bars(frame.filter(keep), session, length_ns)
    noticed = noticed_in(bars, session)
    out = frame.filter(outside)
    measures = dict(noticed.measures)
    if out.height:
        measures |= {"outside_session_bars": float(out.height), "outside_session_volume": float(out["volume"].sum())}
    return DayOfBars(
        session,
        bars,
        Findings(
            counts={name: count for name, count in (counts | noticed.counts).items() if count},
            examples={name: texts[:EXAMPLES] for name, texts in (examples | noticed.examples).items() if texts},
            measures=measures,
            notes=noticed.notes,
        ),
    )


def _bars(frame: pl.DataFrame, session: Session, length_ns: int) -> Bars:
    columns = {name: frame[name].to_numpy().copy() for name in frame.columns if name != "row"}
    end_ns = columns["time_ns"] + length_ns
    if length_ns >= _LONG_NS and frame.height == 1:
        columns["time_ns"], end_ns = np.array([session.open_ns]), np.array([session.close_ns])
    return Bars(end_ns=end_ns, **columns)


def _equal_to_previous(frame: pl.DataFrame) -> Mask:
    equal = np.zeros(frame.height, np.bool_)
    columns = [frame[name].to_numpy() for name in frame.columns if name not in {"row", "time_ns"}]
    same = [(one[1:] == one[:-1]) | ((one[1:] != one[1:]) & (one[:-1] != one[:-1])) for one in columns]
    equal[1:] = np.logical_and.reduce(same)
    return equal


def _is_blank(frame: pl.DataFrame) -> Mask:
    """Bars that say that nothing traded: no price at all, and no volume."""
    opens, high, low, close, volume = (frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume"))
    blank: Mask = np.isnan(opens) & np.isnan(high) & np.isnan(low) & np.isnan(close) & (np.nan_to_num(volume) == 0)
    return blank


def _why_impossible(frame: pl.DataFrame, told_differently: Mask, blank: Mask) -> list[str]:
    """What is wrong with each bar, empty where nothing is; prices adjusted in floats may be off by a rounding."""
    names = ("open", "high", "low", "close", "volume")
    opens, high, low, close, volume = (frame[name].to_numpy() for name in names)
    slack = _ROUNDING * np.abs(high)
    reasons = [""] * frame.height
    bad = {
        "told before with other values": told_differently & ~blank,
        "a price or the volume is missing": np.isnan(opens + high + low + close + volume) & ~blank,
        "high {1:g} is below low {2:g}": high < low - slack,
        "open {0:g} or close {3:g} is outside {2:g} to {1:g}": (np.maximum(opens, close) > high + slack)
        | (np.minimum(opens, close) < low - slack),
        "volume {4:g} is below 0": volume < 0,
    }
    for text, where in bad.items():
        for row in np.flatnonzero(where).tolist():
            reasons[row] = reasons[row] or text.format(opens[row], high[row], low[row], close[row], volume[row])
    return reasons


def noticed_in(bars: Bars, session: Session) -> Findings:
    """What the bars inside a session say of their own volume, average price and silences.

    Counts of what there is none of are left away. The bars may reach beyond the session.
    """
    inside = (bars.time_ns < session.close_ns) & (bars.end_ns > session.open_ns)
    time_ns = bars.time_ns[inside]
    high, low, vwap = (each[inside] for each in (bars.high, bars.low, bars.vwap))
    moved = (high > low) | (bars.open[inside] != bars.close[inside])
    without = moved & (bars.volume[inside] == 0)
    count, all_bars = int(without.sum()), int(inside.sum())
    is_corrupt = count >= CORRUPT_BARS and count >= CORRUPT_SHARE * all_bars
    astray = (vwap > high) | (vwap < low)
    notes = []
    if is_corrupt:
        notes.append(
            f"The volume of this day is corrupt: {count} of {all_bars:,} bars have none although their price moved; "
            "fit no volume curve on it"
        )
    elif count:
        bars_have = "bar has" if count == 1 else "bars have"
        notes.append(f"{count} {bars_have} no volume although the price moved")
    counts = {"corrupt_volume": count if is_corrupt else 0, "vwap_outside_range": int(astray.sum())}
    at = [session.clock(int(each)) for each in time_ns[without][:EXAMPLES]]
    wide = [
        f"{session.clock(int(each))}: {value:g}"
        for each, value in zip(time_ns[astray][:EXAMPLES], vwap[astray], strict=False)
    ]
    examples = {"corrupt_volume": tuple(at) if is_corrupt else (), "vwap_outside_range": tuple(wide)}
    length_ns = int(bars.end_ns[0] - bars.time_ns[0]) if len(bars) else 0
    return Findings(
        counts={name: number for name, number in counts.items() if number},
        examples={name: texts for name, texts in examples.items() if texts},
        measures=_silences(time_ns, session, length_ns) | {"volume": float(bars.volume.sum())},
        notes=tuple(notes),
    )


def _silences(time_ns: Ints, session: Session, length_ns: int) -> dict[str, float]:
    """Bars a session has room for and does not have: without trades there is no bar, so it is no fault."""
    if not len(time_ns) or not length_ns or length_ns >= _LONG_NS:
        return {}
    room = -(-(session.close_ns - session.open_ns) // length_ns)
    edges = np.concatenate([[session.open_ns - length_ns], time_ns, [session.close_ns]])
    gaps = np.maximum(np.diff(edges) - length_ns, 0)
    return {
        "missing_bars": float(max(room - len(np.unique(time_ns)), 0)),
        "longest_silence_s": float(gaps.max()) / NS_PER_SECOND,
    }


def _beside_each_other(days: list[DayOfBars]) -> Iterator[DayOfBars]:
    """The days again, each with its volume beside that of the others that have bars."""
    volumes = [float(np.nansum(day.bars.volume)) for day in days]
    of_bars = [volume for day, volume in zip(days, volumes, strict=True) if len(day.bars)]
    median = float(np.median(of_bars)) if len(of_bars) >= 5 else 0.0
    for day, volume in zip(days, volumes, strict=True):
        findings = day.findings
        if median > 0:
            ratio = volume / median
            notes = findings.notes
            if ratio > UNUSUAL_VOLUME:
                notes = (*notes, f"The volume of this day is {ratio:.1f} times that of the median day in the file")
            measures = {**findings.measures, "volume_in_median_days": ratio}
            findings = Findings(counts=findings.counts, examples=findings.examples, measures=measures, notes=notes)
        yield day._replace(findings=findings)
