"""Which sources are one asset, by what their prices did, and where its price was made: whole, and day by day.

Sources are one asset where they overlap in time, never lay more than a few per cent apart and moved together. Names
say nothing here, but that one symbol at one venue is one market however many files tell of it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import nowake as nw
import pictures
from jobs import Answer, Job, days_of, numbers, shown
from nowake.data.day import Day
from nowake.data.readers.contract import Recording
from nowake.domain.errors import NotFound
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND
from nowake.microstructure.discovery import MarketShares
from nowake.microstructure.market_orders import two_sided_touch
from nowake.microstructure.reading.discovery import STEPS_NS
from nowake.verbs.discover import Discovered

MOST_MARKETS, MOST_DAYS = 4, 31
DAILY_LAGS = 5  # The same on every day, so that days compare; short ones could not choose.
_STEPS_NS = (*STEPS_NS, *(minutes * NS_PER_MINUTE for minutes in (2, 5, 10, 30)))
_SLOT_NS = 10 * NS_PER_SECOND  # Prices are compared at round instants so far apart,
_MOST_SLOTS, _COARSE = 12_000, 180  # of a long recording at every half hour.
_FAR = 0.05  # Apart, as a share of the price: more is another asset, or another currency.
_TOGETHER, _LEAST_COMMON = 0.8, 20  # Least correlation of their moves, and how many prices it must be of.


class Group(NamedTuple):
    """A job on several sources; as `jobs.Job`, and each of them as a job of its own."""

    kind: str
    spec: str
    symbol: str
    recordings: tuple[Recording, ...]
    members: tuple[Job, ...]


def prices(job: Job, root: Path) -> list[Answer]:
    """What a source said the price was, at round instants: what groups are found by."""
    at, price, updates, venue = [np.zeros(0, np.int64)], [np.zeros(0)], 0, ""
    for day in days_of(job, root):
        slot, told = _at_slots(day)
        at.append(slot)
        price.append(told)
        updates += len(_prices_of(day)[0])
        venue = day.instrument.venue
    slots, told = np.concatenate(at), np.concatenate(price)
    if len(slots) > _MOST_SLOTS:
        slots = -(-slots // _COARSE) * _COARSE
        last = _lasts(slots)
        slots, told = slots[last], told[last]
    answer = {"kind": "prices", "source": shown(job.spec, root), "symbol": job.symbol, "venue": venue}
    return [answer | {"updates": updates, "slots": slots.tolist(), "prices": told.tolist()}]


def _at_slots(day: Day) -> tuple[np.ndarray, np.ndarray]:
    """Round instants before which something was told, and the last of it."""
    time_ns, told = _prices_of(day)
    slots = -(-time_ns // _SLOT_NS)
    last = _lasts(slots)
    return slots[last], told[last]


def _lasts(slots: np.ndarray) -> np.ndarray:
    """Rows that are the last of their slot."""
    return np.flatnonzero(np.diff(slots, append=np.iinfo(np.int64).max) > 0)


def _prices_of(day: Day) -> tuple[np.ndarray, np.ndarray]:
    """Times and prices in currency: mids where there are any, else prints, else closes."""
    tick = day.instrument.price(1.0)
    touch = two_sided_touch(day.quotes)
    if len(touch.time_ns):
        return touch.time_ns, touch.mid_ticks * tick
    if len(day.trades):
        return day.trades.time_ns, day.trades.price_ticks * tick
    if day.bars is None:
        return np.zeros(0, np.int64), np.zeros(0)
    return day.bars.end_ns, day.bars.close


def groups(found: Sequence[Job], answers: Sequence[Answer], root: Path) -> list[Group]:
    """The jobs on sources of one asset, from what `prices` told; the fullest four of each."""
    jobs_by_name = {shown(job.spec, root): job for job in found if job.kind == "prices"}
    told = sorted((each for each in answers if each["kind"] == "prices"), key=lambda each: -each["updates"])
    one: list[list[Answer]] = []
    for each in told:
        home = next((group for group in one if any(_one_asset(each, other) for other in group)), None)
        if home is None:
            one.append([each])
        elif not any(_one_market(each, other) for other in home):
            home.append(each)
    return [
        Group(
            "discover",
            " and ".join(each["source"] for each in chosen),
            "",
            tuple(itertools.chain.from_iterable(jobs_by_name[each["source"]].recordings for each in chosen)),
            tuple(jobs_by_name[each["source"]] for each in chosen),
        )
        for group in one
        if len(chosen := group[:MOST_MARKETS]) > 1
    ]


def _one_market(one: Answer, other: Answer) -> bool:
    return bool((one["symbol"], one["venue"]) == (other["symbol"], other["venue"]))


def _one_asset(one: Answer, other: Answer) -> bool:
    """Whether two sources were never far apart and moved together at the instants both tell."""
    _, here, there = np.intersect1d(one["slots"], other["slots"], return_indices=True)
    if len(here) < _LEAST_COMMON:
        return False
    logs = [np.log(np.array(each["prices"])[rows]) for each, rows in ((one, here), (other, there))]
    if np.quantile(np.abs(logs[0] - logs[1]), 0.99) > _FAR:
        return False
    moves = [np.diff(each) for each in logs]
    return all(np.ptp(each) > 0 for each in moves) and bool(np.corrcoef(*moves)[0, 1] >= _TOGETHER)


def discover(job: Group, root: Path) -> list[Answer]:
    """One answer a group: all the days that all have, and day by day every pair that has it."""
    by_date = [{day.instrument.session.date: day for day in days_of(member, root)} for member in job.members]
    common = sorted(set.intersection(*(set(each) for each in by_date)))[-MOST_DAYS:]
    source = ", ".join(shown(each.spec, root) for each in job.members)
    answer: Answer = {"kind": "discover", "source": source, "dates": [str(date) for date in common]}
    try:
        if not common:
            raise NotFound(f"{source} have no date in common")
        found = nw.discover(*([each[date] for date in common] for each in by_date), steps_ns=_STEPS_NS)
        answer |= _whole(found)
    except nw.NowakeError as error:
        answer |= {"refused": [str(error)], "pictures": {}}
    return [answer | {"daily": _daily(by_date)}]


def _whole(found: Discovered) -> Answer:
    made = found.shares
    return {
        "names": list(found.names),
        "clock": found.clock,
        "every_ns": found.every_ns,
        "shares": None if made is None else _shares(made.markets),
        "rows": None if made is None else made.rows,
        "notes": [] if made is None else list(made.notes),
        "sweep": [
            [point.every_ns, None if point.discovery is None else _shares(point.discovery.markets), point.refused]
            for point in found.sweep
        ],
        "skews": [
            [point.skew_ns, None if point.discovery is None else _shares(point.discovery.markets), point.refused]
            for point in found.skews
        ],
        "leads": [
            [each.first, each.second, numbers(each.lead_ns), numbers(each.peak), numbers(each.ratio)]
            for each in found.leads
        ],
        "refused": list(found.refusals),
        "pictures": {name: pictures.words(drawn) for name, drawn in found.pictures().items()},
    }


def _shares(markets: Iterable[MarketShares]) -> list[Answer]:
    return [
        {
            "market": each.market,
            "information": numbers(each.information_mid),
            "bounds": [each.information_low.value, each.information_high.value],
            "component": numbers(each.component),
            "leadership": None if each.leadership is None else numbers(each.leadership),
        }
        for each in markets
    ]


def _daily(markets: Sequence[dict[dt.date, Day]]) -> Answer | None:
    """The shares of every pair on every day, or why they were refused; None where no two days could be compared."""
    pairs = list(itertools.combinations(markets, 2))
    dates = sorted({date for one, other in pairs for date in set(one) & set(other)})[-MOST_DAYS:]
    if len(dates) < 2:
        return None
    rows = [
        [
            f"{date}",
            [_of_day(one[date], other[date]) if date in one and date in other else None for one, other in pairs],
        ]
        for date in dates
    ]
    first = [next(iter(each.values())) for each in markets]
    return {"markets": [[day.instrument.symbol, day.instrument.venue] for day in first], "rows": rows}


def _of_day(one: Day, other: Day) -> Answer:
    """The first market's share on one day, how far apart the two were, or a refusal."""
    apart = _apart_bps(one, other)
    try:
        found = nw.discover(one, other, steps_ns=(), lags=DAILY_LAGS)
    except nw.NowakeError as error:
        return {"share": None, "why": str(error), "apart": apart}
    if found.shares is None:
        return {"share": None, "why": next(iter(found.refusals), ""), "apart": apart}
    return {"share": _shares(found.shares.markets[:1])[0], "why": "", "apart": apart}


def _apart_bps(one: Day, other: Day) -> list[float] | None:
    """Median and range of the first's price above the second's, basis points, at round instants both had just told."""
    told = [_at_slots(each) for each in (one, other)]
    _, here, there = np.intersect1d(told[0][0], told[1][0], return_indices=True)
    if not len(here):
        return None
    gap = 1e4 * (np.log(told[0][1][here]) - np.log(told[1][1][there]))
    return [float(np.median(gap)), float(gap.min()), float(gap.max())]
