"""What a day told of order flow, for the page: `nw.flow` with earlier days as history, and every rule held to truth.

Answers are plain numbers, sentences and pictures, as those of `jobs`."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

import nowake as nw
import pictures
from jobs import MOST_DAYS, Answer, Job, days_of, numbers, shown
from nowake.data.day import Day
from nowake.domain.market import Trades, select
from nowake.microstructure.classify import (
    RULES,
    Place,
    Share,
    accuracy,
    bulk_accuracy,
    bulk_bought,
    classify,
    time_bars,
)
from nowake.microstructure.spreads.effective import EffectiveSpreads
from nowake.microstructure.toxicity import SensitivityRow
from nowake.microstructure.toxicity.markouts import MarkOuts
from nowake.statistics.measurement import Measurement

HIDDEN = "hidden"
_SHORT_NS, _LONG_NS = 10**9, 60 * 10**9  # The mark-outs of the table of venues.


def flow(job: Job, root: Path) -> list[Answer]:
    """One answer a day that has prints, each with the days before it as its history."""
    name = shown(job.spec, root)
    traded = list(itertools.islice((day for day in days_of(job, root) if len(day.trades)), MOST_DAYS))
    return [_day(day, traded[:place], name) for place, day in enumerate(traded)]


def _day(day: Day, history: list[Day], name: str) -> Answer:
    answer: Answer = {"kind": "flow", "source": name, "date": str(day.instrument.session.date)}
    try:
        found = nw.flow(day, history=history)
    except nw.NowakeError as error:
        return answer | {"prints": 0, "refused": [str(error)]}
    response, micro, slope = found.flow.response, found.flow.micro, found.flow.slope
    return answer | {
        "prints": found.prints,
        "span_s": (found.end_ns - found.start_ns) / 1e9,
        "history": len(history),
        "truth": _truth(day, found.start_ns, found.end_ns) if len(day.quotes) else {},
        "bulk": _bulk(day) if day.trades.aggressor.any() else None,
        "parts": {
            part.name: {"found": {each.name: numbers(each.measured) for each in part.findings}, "notes": part.notes}
            for part in found.parts
        },
        "r2": None if slope is None else [slope.r2, slope.trade_r2, slope.bar_s],
        "next_move": None if response is None else numbers(response.right),
        "micro": None if micro is None else [_known(micro.saved_of_mid), _known(micro.saved_of_weighted)],
        "ways": {} if found.vpin is None else _ways(found.sensitivity, found.vpin.bucket_lots),
        "venues": [] if found.spreads_by_venue is None else _venues(found.spreads_by_venue, found.markouts_by_venue),
        "markouts": None if found.markouts is None else _horizons(found.markouts, ()),
        "regimes": None if found.strip is None or not found.strip.known.any() else found.strip.shares,
        "alarm": None if found.alarm is None else [numbers(found.alarm.rule.false_alarms), len(found.alarm.raised_ns)],
        "refused": list(found.refusals),
        "pictures": {each: pictures.words(drawn) for each, drawn in found.pictures().items()},
    }


def _ways(rows: tuple[SensitivityRow, ...], bucket_lots: int) -> Answer:
    """Way of signing -> VPIN; of ways that signed nothing, or not half of the volume, there is none."""
    return {
        row.sides: numbers(row.mean)
        for row in rows
        if row.bucket_lots == bucket_lots and row.mean is not None and row.undecided < 0.5 and row.mean.value > 0
    }


def _truth(day: Day, start_ns: int, end_ns: int) -> Answer:
    """Rule -> where in the spread -> how often right; empty where the feed tells no sides."""
    inside = (day.trades.time_ns >= start_ns) & (day.trades.time_ns <= end_ns) & ~day.trades.auction
    prints = select(day.trades, inside)
    if not prints.aggressor.any():
        return {}
    return {name: _rule(day, prints, name) for name, rule in RULES.items() if not rule.looks_ahead and name != "true"}


def _rule(day: Day, prints: Trades, name: str) -> Answer:
    """One rule, overall, at every place of prints that were displayed, and of hidden ones."""
    side = classify(prints, day.quotes, rule=name, keep_true=False).side
    # Places are those of the quotes, for rules too that do not ask them.
    place = classify(prints, day.quotes, rule="quote", keep_true=False).place
    seen, truth = ~prints.hidden, prints.aggressor
    found = {"all": accuracy(side, truth, prints.lots).overall}
    if (truth[seen] != 0).any():
        by_place = accuracy(side[seen], truth[seen], prints.lots[seen], place=place[seen]).by_place
        found |= {each.words: share for each, share in by_place.items() if each != Place.NO_QUOTE}
    if (truth[~seen] != 0).any():
        found[HIDDEN] = accuracy(side[~seen], truth[~seen], prints.lots[~seen]).overall
    return {where: _share(share) for where, share in found.items()}


def _bulk(day: Day) -> Answer | None:
    """Volume that bulk classification of minutes puts on its true side, beside a split in half."""
    bars = time_bars(select(day.trades, ~day.trades.auction))
    try:
        told = bulk_accuracy(bars, bulk_bought(bars))
        return {"bulk": numbers(told), "half": numbers(bulk_accuracy(bars, np.full(len(bars), 0.5)))}
    except nw.NowakeError:
        return None


def _share(share: Share) -> Answer:
    return {
        "right": _known(share.by_prints),
        "volume": _known(share.by_volume),
        "prints": share.prints,
        "undecided": share.undecided,
    }


def _venues(spreads: EffectiveSpreads, markouts: MarkOuts | None) -> list[Answer]:
    """Spreads and mark-outs of each venue, the largest first."""
    return [
        {
            "venue": group.labels[0],
            "prints": group.prints,
            "lots": group.lots,
            "effective": _known(group.effective_bps),
            "at": {
                f"{at.horizon_ns}": [_known(at.realised_bps), _known(at.impact_bps)]
                for at in group.at
                if at.horizon_ns in (_SHORT_NS, _LONG_NS)
            },
            "markouts": {} if markouts is None else _horizons(markouts, group.labels),
        }
        for group in sorted(spreads.groups, key=lambda each: -each.lots)
    ]


def _horizons(markouts: MarkOuts, labels: tuple[str, ...]) -> Answer:
    """Horizon -> mean mark-out of those who took, of one group."""
    curve = next((each for each in markouts.curves if each.labels == labels), None)
    if curve is None:
        return {}
    return {
        f"{horizon}": numbers(mean)
        for horizon, mean in zip(markouts.horizons_ns, curve.mean_bps, strict=True)
        if mean is not None
    }


def _known(measured: Measurement | None) -> list[float] | None:
    return None if measured is None else numbers(measured)
