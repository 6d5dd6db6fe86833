"""How far a source can be trusted, learned from what it said before and what then was.

Errors: z = (outcome - value) / sd. Were the source right about itself, z^2 would be 1 on average. With precision of z
Gamma(a, b) before (Normal-Gamma conjugate, Gelman et al. 2013, "Bayesian Data Analysis", section 2.6), after n outcomes

    a = a0 + 1/2 sum w,   b = b0 + 1/2 sum w z^2,   variance factor = b / a

and its sd is to be multiplied by the root of the factor. Direction: hits Beta(a0 + sum w hit, b0 + sum w miss). Score:
mean of the log of the normal density it gave to the outcome, a proper score (Gneiting & Raftery 2007, "Strictly proper
scoring rules", JASA 102): no source gains by saying more or less than it believes. Weights of several sources grow with
the exponential of the sum of scores (Bayesian model averaging; with forgetting, Raftery, Karny & Ettler 2010).

Weights w halve after `halflife` outcomes, so that a source that turned bad is found out. With forgetting the intervals
are wider than need be while nothing changes (by about 1.4), which pays for when it does. Wrong where outcomes overlap
(forecasts of one hour made each minute share their errors): let outcomes be apart."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.fusion.report import Floats, Report
from nowake.statistics.measurement import Measurement

_PRIOR = 1.0  # Shape and scale: as good as two outcomes that were as the source said.
_LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


class VarianceFactor:
    """By how much a source's variance has to be multiplied, from its errors in units of its sd.

    Parameters
    ----------
    halflife
        Outcomes after which one counts half; infinite where nothing is forgotten.

    Raises
    ------
    BadParameter
        When the half-life is 0 or less.
    """

    def __init__(self, halflife: float = math.inf) -> None:
        self._fade = _fade(halflife)
        self._weight = 0.0
        self._squares = 0.0
        self.heard = 0
        self.passed_over = 0

    def update(self, number: float) -> None:
        """The next error in units of sd; one that is not finite is passed over and counted."""
        if not math.isfinite(number):
            self.passed_over += 1
            return
        self._weight = self._fade * self._weight + 1
        self._squares = self._fade * self._squares + number * number
        self.heard += 1

    @property
    def value(self) -> float:
        """The factor; 1 before anything is known."""
        return (_PRIOR + 0.5 * self._squares) / (_PRIOR + 0.5 * self._weight)

    def measured(self, level: float = 0.95) -> Measurement:
        """The factor and its credible interval."""
        from scipy.special import gammaincinv  # noqa: PLC0415  Scipy takes long to load.

        shape, scale = _PRIOR + 0.5 * self._weight, _PRIOR + 0.5 * self._squares
        low, high = (scale / float(gammaincinv(shape, chance)) for chance in ((1 + level) / 2, (1 - level) / 2))
        return Measurement(value=self.value, low=low, high=high, level=level, n=self.heard, method="Gamma conjugate")


class HitRate:
    """How often a source is right, from hits (1) and misses (0); a half is neither.

    Parameters
    ----------
    halflife
        As of VarianceFactor.

    Raises
    ------
    BadParameter
        When the half-life is 0 or less.
    """

    def __init__(self, halflife: float = math.inf) -> None:
        self._fade = _fade(halflife)
        self._hits = 0.0
        self._misses = 0.0
        self.heard = 0
        self.passed_over = 0

    def update(self, number: float) -> None:
        """The next outcome, in [0, 1]; one that is not finite is passed over and counted.

        Raises
        ------
        BadData
            When it is outside [0, 1].
        """
        if not math.isfinite(number):
            self.passed_over += 1
            return
        if not 0 <= number <= 1:
            raise BadData(f"outcome {number} must be 1 for a hit, 0 for a miss or between")
        self._hits = self._fade * self._hits + number
        self._misses = self._fade * self._misses + (1 - number)
        self.heard += 1

    @property
    def value(self) -> float:
        """Mean chance of a hit; a half before anything is known."""
        return (_PRIOR + self._hits) / (2 * _PRIOR + self._hits + self._misses)

    def measured(self, level: float = 0.95) -> Measurement:
        """The chance of a hit and its credible interval."""
        from scipy.special import betaincinv  # noqa: PLC0415  Scipy takes long to load.

        a, b = _PRIOR + self._hits, _PRIOR + self._misses
        low, high = (float(betaincinv(a, b, chance)) for chance in ((1 - level) / 2, (1 + level) / 2))
        value = min(max(self.value, low), high)
        return Measurement(value=value, low=low, high=high, level=level, n=self.heard, method="Beta conjugate")

    @property
    def reliability(self) -> float:
        """What to discount evidence by: 0 of a source no better than a coin, 1 of one that is never wrong."""
        return max(0.0, 2 * self.value - 1)


class TrackRecord:
    """What one source said and what then was: its variance factor, its hits and its score.

    Parameters
    ----------
    halflife
        Outcomes after which one counts half; infinite where nothing is forgotten.

    Raises
    ------
    BadParameter
        When the half-life is 0 or less.
    """

    def __init__(self, halflife: float = math.inf) -> None:
        self.fade = _fade(halflife)
        self.factor = VarianceFactor(halflife)
        self.hits = HitRate(halflife)
        self._score = 0.0
        self._scored = 0.0
        self.outcomes = 0
        self.scored_of = 0

    def on_outcome(self, report: Report, outcome: float, *, price: float = math.nan) -> None:
        """What a report spoke of turned out to be `outcome`; `price` is where the price was when it spoke.

        Where report or outcome stand where the price was, that is half a hit.

        Raises
        ------
        BadData
            When the report states no sd.
        """
        if not math.isfinite(report.sd):
            raise BadData(f"{report.source} gives no sd; its errors cannot be judged, count hits alone (HitRate)")
        error = (outcome - report.value) / report.sd
        self.factor.update(error)
        if math.isfinite(error):
            self._score = self.fade * self._score - 0.5 * error * error - math.log(report.sd) - _LOG_ROOT_2PI
            self._scored = self.fade * self._scored + 1
            self.outcomes += 1
            self.scored_of = hash((self.scored_of, float(outcome)))  # Equal where all outcomes are.
        said, came = report.value - price, outcome - price
        if math.isfinite(said) and math.isfinite(came):
            self.hits.update(0.5 if said == 0 or came == 0 else float((said > 0) == (came > 0)))

    @property
    def score(self) -> float:
        """Mean log density given to outcomes, higher is better; NaN before there is one."""
        return self._score / self._scored if self._scored else math.nan

    @property
    def total_score(self) -> float:
        """The sum, faded."""
        return self._score

    def calibrated(self, report: Report) -> Report:
        """The same report with the sd its source has earned."""
        return msgspec.structs.replace(report, sd=report.sd * math.sqrt(self.factor.value))


def score_weights(records: dict[str, TrackRecord]) -> dict[str, float]:
    """Weights of sources by what density they gave to what came, in all 1.

    Records must be of the same outcomes: a density is in a unit of the price, and one factor more or less would decide.

    Raises
    ------
    BadData
        When there are no records, they are of different numbers of outcomes, or fade differently.
    """
    if not records:
        raise BadData("no track records; a weight needs at least one source")
    if len({(record.fade, record.scored_of) for record in records.values()}) > 1:
        heard = ", ".join(f"{name} {record.outcomes}" for name, record in records.items())
        raise BadData(f"records are of different outcomes ({heard} scored) or half-lives; weigh on those all spoke of")
    scores = np.array([record.total_score for record in records.values()])
    shares = np.exp(scores - scores.max())
    return dict(zip(records, (shares / shares.sum()).tolist(), strict=True))


def variance_factor(errors: Floats, *, halflife: float = math.inf, level: float = 0.95) -> Measurement:
    """The variance factor over a history of errors in units of sd; those not finite are left out.

    Raises
    ------
    BadParameter
        When the half-life is 0 or less.
    """
    weights, kept = _weighted(errors, halflife)
    gauge = VarianceFactor(halflife)
    gauge._weight, gauge._squares, gauge.heard = float(weights.sum()), float(weights @ kept**2), len(kept)
    return gauge.measured(level)


def hit_rate(hits: Floats, *, halflife: float = math.inf, level: float = 0.95) -> Measurement:
    """The chance of a hit over a history of hits and misses; those not finite are left out.

    Raises
    ------
    BadParameter
        When the half-life is 0 or less.
    BadData
        When an outcome is outside [0, 1].
    """
    weights, kept = _weighted(hits, halflife)
    if ((kept < 0) | (kept > 1)).any():
        raise BadData(f"outcomes of {kept.min():g} to {kept.max():g} must be 1 for a hit, 0 for a miss or between")
    gauge = HitRate(halflife)
    gauge._hits, gauge._misses, gauge.heard = float(weights @ kept), float(weights @ (1 - kept)), len(kept)
    return gauge.measured(level)


def _weighted(numbers: Floats, halflife: float) -> tuple[Floats, Floats]:
    column = np.asarray(numbers, dtype=np.float64)
    kept = column[np.isfinite(column)]
    return _fade(halflife) ** np.arange(len(kept) - 1, -1, -1.0), kept


def _fade(halflife: float) -> float:
    """What is left of a weight after one outcome."""
    if not halflife > 0:
        raise BadParameter(f"halflife {halflife} must be above 0 outcomes, for example 200")
    return math.exp2(-1.0 / halflife)
