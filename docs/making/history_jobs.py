"""VPIN, its alarm and regimes through many days: learned on the first half of them, told for the second.

What the second half says was not looked at before: a rate of false alarms that is stated can be held against how often
the alarm rang, and a regime is told by a model that had not seen the day."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import nowake as nw
import pictures
from jobs import Answer, Job, days_of, numbers, shown
from nowake.data.day import Day
from nowake.microstructure.reading.heard import Heard, Options, hear
from nowake.microstructure.reading.regimes import features_of
from nowake.microstructure.reading.toxicity import vpin_of
from nowake.microstructure.regimes import Features, fit_regimes
from nowake.microstructure.toxicity import daily_bucket_lots
from nowake.microstructure.toxicity.alarm import calibrate_alarm, run_alarm

MOST_DAYS, LEAST_DAYS = 60, 8
WINDOW, SPAN, FALSE_ALARMS = 50, 10, 0.05  # As `nw.flow` takes them.
_OPTIONS = Options("lee-ready", False, None, WINDOW, 60 * 10**9, 200, 0, 0.95)


def history(job: Job, root: Path) -> list[Answer]:
    """One answer a source; none where there are too few days with a price."""
    days = [day for day in days_of(job, root) if len(day.trades) or len(day.bars or ())][-MOST_DAYS:]
    if len(days) < LEAST_DAYS:
        return []
    half = len(days) // 2
    dates = [str(day.instrument.session.date) for day in days[half:]]
    answer: Answer = {"kind": "history", "source": shown(job.spec, root), "learned": half, "dates": dates}
    refused: list[list[str]] = []
    found: Answer = {}
    for name, make in (("toxicity", _toxicity), ("regimes", _regimes)):
        try:
            found[name] = make(days[:half], days[half:])
        except nw.NowakeError as error:
            refused.append([name, str(error)])
    drawn = _drawn(answer, found)
    return [answer | found | {"refused": refused, "pictures": drawn}]


def _heard(day: Day, lots: int | None = None) -> Heard:
    options = _OPTIONS._replace(bucket_lots=lots)
    return hear(day.quotes, day.trades, day.instrument, options, bars=day.bars)


def _toxicity(learned: Sequence[Day], read: Sequence[Day]) -> Answer:
    """VPIN of each day that was read, and how often the alarm of the days before rang on them."""
    lots = daily_bucket_lots(sum(_lots(day) for day in learned) / len(learned), buckets=2 * WINDOW)
    means, rang, spans, few = [], 0, 0, 0
    rule = calibrate_alarm([_scores(day, lots) for day in learned], span=SPAN, false_alarms=FALSE_ALARMS)
    for day in read:
        scores = _scores(day, lots)
        whole = scores[: len(scores) // SPAN * SPAN]  # Part of a span rings less, for being shorter.
        spans += len(whole) // SPAN
        rang += len(run_alarm(rule, whole).raised)
        few += len(scores) < WINDOW
        means.append(float(np.mean(scores)) if len(scores) >= WINDOW else None)
    return {
        "bucket": lots,
        "vpin": means,
        "few": few,
        "rang": rang,
        "spans": spans,
        "stated": numbers(rule.false_alarms),
        "doubtful": bool(rule.is_doubtful),
    }


def _lots(day: Day) -> int:
    heard = _heard(day)
    if len(heard.trades):
        return int(heard.trades.lots.sum())
    bars = heard.bars
    return 0 if bars is None else int(np.rint(bars.volume / heard.instrument.quantity(1.0)).sum())


def _scores(day: Day, lots: int) -> np.ndarray:
    """How one-sided each bucket of a day was; empty where none could be told."""
    try:
        heard = _heard(day, lots)
        found = vpin_of(dataclasses.replace(heard, options=heard.options._replace(window=1)))
    except nw.NowakeError:
        return np.zeros(0)
    return np.abs(found.signed) / found.bucket_lots


def _regimes(learned: Sequence[Day], read: Sequence[Day]) -> Answer:
    """Shares of the five regimes on each day that was read; None where a day has nothing to tell them from."""
    model = fit_regimes(Features.of_days([features_of(_heard(day)) for day in learned]), seed=0)
    shares: list[list[float] | None] = []
    names: tuple[str, ...] = ()
    for day in read:
        try:
            strip = model.read(features_of(_heard(day)))
        except nw.NowakeError:
            shares.append(None)
            continue
        names = strip.names
        shares.append(list(strip.shares.values()) if strip.known.any() else None)
    return {"names": list(names), "shares": shares, "states": [state.name for state in model.describe()]}


def _drawn(answer: Answer, found: Answer) -> Answer:
    """VPIN and regimes by day, of what could be told."""
    vpin, regimes = found.get("toxicity"), found.get("regimes")
    if vpin is None or regimes is None or sum(each is not None for each in vpin["vpin"]) < 2:
        return {}
    drawn = pictures.through_days(answer["dates"], vpin["vpin"], regimes["names"], regimes["shares"])
    return {"history": pictures.words(drawn)}
