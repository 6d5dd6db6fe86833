"""An alarm for toxic flow whose rate of false alarms is stated, and kept whatever the flow's memory.

    S_t = max(0, S_{t-1} + x_t - centre - drift . sd),    S = 0 where a span begins;    alarm when S_t > h

Page's (1954, "Continuous inspection schemes", Biometrika 41) one-sided cumulative sum of any score that is large when
flow is toxic (a bucket's |bought - sold| / V, a fill's mark-out against us), begun anew every `span` scores. Textbook
thresholds hold for independent scores of a known law, and order flow is neither. So h comes from a quiet history, split
in spans: the first quarter of them gives centre and sd, each of the K others the highest S it reached, and h is the
j-th highest of these. If spans are exchangeable when nothing happens (for example, independent of each other, with any
memory within), a new quiet span exceeds h with probability

    j / (K + 1)  exactly, less with ties          (split conformal prediction: Vovk, Gammerman & Shafer 2005)

with no other assumption. That is the mean over histories; the rate of the very h found is Beta(j, K + 1 - j), whose
interval is stated too: few spans promise little about one history.

Wrong where spans remember each other (`memory` shows it; take longer spans), where the quiet history was not quiet, or
where the day has its own shape of toxicity: take a span of one session then. An alarm says that flow is unlike the
history's; why is for somebody to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.statistics.measurement import Measurement, check_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_TRAINED = 4  # One span of so many gives centre and sd.


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True):
    """When to raise an alarm, and how often that will be for nothing.

    Parameters
    ----------
    reference
        What a score must exceed to add to the sum: centre + drift sd, in the score's unit.
    threshold
        h, in the score's unit.
    span
        Scores after which the sum begins anew.
    false_alarms
        Probability that a quiet span raises one; its interval is of the threshold that this history gave.
    spans
        K, spans the threshold is from.
    memory
        Correlation of how high neighbouring spans of the history reached; NaN where it cannot be told.
    """

    reference: float
    threshold: float
    span: int
    false_alarms: Measurement
    spans: int
    memory: float

    @property
    def is_doubtful(self) -> bool:
        """Whether spans remember each other by more than two standard errors, so that the rate is not to be trusted."""
        return self.memory > 2 / math.sqrt(self.spans)

    @property
    def scores_between_false_alarms(self) -> float:
        """How many quiet scores pass between two false alarms, on average over histories."""
        return self.span / self.false_alarms.value

    def __str__(self) -> str:
        doubt = " Spans remember each other: take longer ones." if self.is_doubtful else ""
        return (
            f"alarm above {self.threshold:.4g} of what exceeds {self.reference:.4g}, anew every {self.span:,} scores; "
            f"false in {self.false_alarms.value:.1%} of quiet spans "
            f"[{self.false_alarms.low:.1%}, {self.false_alarms.high:.1%}], from {self.spans} spans.{doubt}"
        )


def calibrate_alarm(
    quiet: Floats | Sequence[Floats],
    *,
    span: int,
    false_alarms: float = 0.05,
    drift: float = 0.5,
    level: float = 0.95,
) -> AlarmRule:
    """The rule whose quiet spans raise an alarm at most so often.

    Parameters
    ----------
    quiet
        Scores in time order, of one history or of several (days), which no span straddles; NaN are passed over.
    span
        Scores a span; longer than what flow remembers. Scores that fill no span are left out.
    false_alarms
        Probability that a quiet span raises an alarm, between 0 and 1.
    drift
        Standard deviations above the mean that are not toxic yet: half the shift that should be found soonest.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    BadData
        When there are too few spans for so low a rate, or a score is infinite.
    Unidentified
        When scores never change.
    """
    check_level(level)
    _check(span, false_alarms, drift)
    spans = _spans_of([quiet] if isinstance(quiet, np.ndarray) else quiet, span)
    trained = max(1, len(spans) // _TRAINED)
    training, calibrating = spans[:trained], spans[trained:]
    count = len(calibrating)
    exceeding = math.floor(false_alarms * (count + 1) + 1e-9)
    if not exceeding:
        raise BadData(_too_few(count, span, false_alarms))
    if np.ptp(training) == 0:
        raise Unidentified(
            f"scores are {training[0, 0]:g} in all of {training.size:,} of the quiet history; give ones that vary"
        )
    reference = float(training.mean() + drift * training.std())
    highest = _sums(calibrating, reference).max(axis=1)
    return AlarmRule(
        reference=reference,
        threshold=float(np.sort(highest)[count - exceeding]),
        span=span,
        false_alarms=_rate(exceeding, count, level),
        spans=count,
        memory=_memory(highest),
    )


class Alarms(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule said of a history.

    Parameters
    ----------
    value
        float64[n]: the cumulative sum after each score.
    raised
        int64[k]: rows at which an alarm was raised, at most one a span.
    """

    value: Floats
    raised: Ints


def run_alarm(rule: AlarmRule, scores: Floats) -> Alarms:
    """A history told to a rule: the sum after each score, and where alarms were raised.

    The last span may be a part of one. NaN are passed over: the sum stays and the span does not advance.

    Raises
    ------
    BadData
        When a score is infinite.
    """
    _check_scores(scores)
    known = np.flatnonzero(~np.isnan(scores))
    spans = -(-len(known) // rule.span)
    padded = np.full(spans * rule.span, -np.inf)
    padded[: len(known)] = scores[known]
    sums = _sums(padded.reshape(spans, rule.span), rule.reference)
    above = sums > rule.threshold
    first = above & (np.cumsum(above, axis=1) == 1)
    heard = np.cumsum(~np.isnan(scores)) - 1
    value = np.where(heard < 0, 0.0, sums.ravel()[np.maximum(heard, 0)]) if spans else np.zeros(len(scores))
    return Alarms(value=value, raised=known[np.flatnonzero(first.ravel())])


class AlarmGauge:
    """An alarm beside a live market: the twin of `run_alarm`, a score at a time.

    Parameters
    ----------
    rule
        From `calibrate_alarm`.
    """

    def __init__(self, rule: AlarmRule) -> None:
        self.rule = rule
        self.is_raised = False
        self.raised = 0
        self.passed_over = 0
        self._sum = 0.0
        self._heard = 0

    def update(self, number: float) -> None:
        """The next score.

        Raises
        ------
        BadData
            When it is infinite.
        """
        if math.isinf(number):
            raise BadData(f"a score of {number}; scores are finite, or NaN to be passed over")
        if math.isnan(number):
            self.passed_over += 1
            return
        if self._heard % self.rule.span == 0:
            self._sum, self.is_raised = 0.0, False
        self._heard += 1
        self._sum = max(0.0, self._sum + (number - self.rule.reference))
        if self._sum > self.rule.threshold and not self.is_raised:
            self.is_raised = True
            self.raised += 1

    @property
    def value(self) -> float:
        """The cumulative sum; an alarm stands, `is_raised`, from where it exceeded the threshold to the span's end."""
        return self._sum


def _check(span: int, false_alarms: float, drift: float) -> None:
    if span < 1:
        raise BadParameter(f"span {span} must be 1 score or more; take longer than what flow remembers")
    if not 0 < false_alarms < 1:
        raise BadParameter(f"false_alarms {false_alarms} must be between 0 and 1, for example 0.05 of quiet spans")
    if not (math.isfinite(drift) and drift >= 0):
        raise BadParameter(f"drift {drift} must be 0 or more standard deviations; 0.5 is usual")


def _check_scores(scores: Floats) -> None:
    wrong = np.flatnonzero(np.isinf(scores))
    if len(wrong):
        raise BadData(f"score {wrong[0]} is {scores[wrong[0]]}; scores are finite, or NaN to be passed over")


def _spans_of(histories: Sequence[Floats], span: int) -> Floats:
    """float64[spans, span]: whole spans, of one history each."""
    pieces = []
    for scores in histories:
        _check_scores(scores)
        known = scores[~np.isnan(scores)]
        pieces.append(known[: len(known) // span * span].reshape(-1, span))
    return np.concatenate(pieces) if pieces else np.zeros((0, span))


def _sums(spans: Floats, reference: float) -> Floats:
    """The cumulative sum of each span, (spans, span)."""
    sums = np.empty(spans.shape)
    last = np.zeros(len(spans))
    for step in range(spans.shape[1]):
        last = np.maximum(0.0, last + (spans[:, step] - reference))
        sums[:, step] = last
    return sums


def _rate(exceeding: int, spans: int, level: float) -> Measurement:
    """Mean and quantiles of Beta(j, K + 1 - j)."""
    from scipy.special import betaincinv  # noqa: PLC0415  # Calibration alone needs it.

    low, high = betaincinv(exceeding, spans + 1 - exceeding, [(1 - level) / 2, (1 + level) / 2])
    value = exceeding / (spans + 1)
    # The mean of a very skewed Beta may lie outside a narrow interval of its quantiles.
    low, high = min(float(low), value), max(float(high), value)
    return Measurement(value=value, low=low, high=high, level=level, n=spans, method="split conformal over quiet spans")


def _memory(highest: Floats) -> float:
    here, there = highest[:-1], highest[1:]
    if len(here) < 3 or here.std() == 0 or there.std() == 0:
        return math.nan
    return float(np.corrcoef(here, there)[0, 1])


def _too_few(count: int, span: int, false_alarms: float) -> str:
    needed = math.ceil(1 / false_alarms - 1e-9) - 1
    rate = f"a rate of {1 / (count + 1):.3g} or more" if count else "shorter spans"
    return (
        f"{count} spans of {span:,} scores, after a quarter for the mean, are fewer than the {needed} that a rate of "
        f"{false_alarms:g} needs; give a longer history, shorter spans, or {rate}"
    )
