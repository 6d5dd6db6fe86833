"""Was this day's flow unlike that of quiet days before it? An alarm that says how often it rings for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nowake.microstructure.reading.heard import Floats, Heard, Ints, Part
from nowake.microstructure.reading.toxicity import vpin_of
from nowake.microstructure.toxicity.alarm import AlarmRule, calibrate_alarm, run_alarm

_FALSE = 0.05


class Rung(NamedTuple):
    """The rule that so many earlier days gave, and when it rang on the scores of this one."""

    rule: AlarmRule
    raised_ns: tuple[int, ...]
    days: int
    scores: int


def listened(heard: Heard, history: Sequence[Heard]) -> Rung:
    """The alarm on one-sidedness of buckets, learned on earlier days alone.

    Raises
    ------
    BadData
        When the earlier days fill too few buckets for the rate of false alarms.
    """
    span = max(5, heard.options.window // 5)
    rule = calibrate_alarm([_scores(past)[0] for past in history], span=span, false_alarms=_FALSE)
    scores, end_ns = _scores(heard)
    raised = run_alarm(rule, scores).raised
    return Rung(rule, tuple(int(end_ns[row]) for row in raised), len(history), len(scores))


def _scores(heard: Heard) -> tuple[Floats, Ints]:
    """How one-sided each bucket was, and when it was full."""
    found = vpin_of(heard, window=1)
    return np.abs(found.signed) / found.bucket_lots, found.end_ns


def alarm(rung: Rung | None, heard: Heard) -> Part:
    """The part."""
    if rung is None:
        return Part("Alarm")
    clock = heard.instrument.session.clock
    times = ", ".join(clock(at) for at in rung.raised_ns[:8]) + (" ..." if len(rung.raised_ns) > 8 else "")
    a_day = rung.rule.false_alarms.value * rung.scores / rung.rule.span
    said = f"Rang at {times}." if rung.raised_ns else "It did not ring."
    return Part(
        "Alarm",
        notes=(
            f"{said} Learned on {rung.days} earlier days: {rung.rule}",
            f"A quiet day of as many buckets rings {a_day:.2g} times for nothing, on average.",
        ),
    )
