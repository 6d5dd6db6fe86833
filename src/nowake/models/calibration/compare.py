"""Which of several models explains a desk's costs best, and whether the data can tell.

All models are fitted to the same rows by maximum likelihood with Student's noise, so that likelihoods are proper and
outliers do not decide. Then, pair by pair:

* not nested, or not known to be: Vuong 1989, "Likelihood ratio tests for model selection and non-nested hypotheses",
  Econometrica 57. First whether the two differ at all in what they say (his theorem 4.1: n omega² is a weighted sum
  of chi-squares, here matched by Satterthwaite); if so, whether one is better (his theorem 5.1). Variances are
  clustered, and each model pays Takeuchi's penalty tr(H^-1 J) (1976), which is AIC's where the model is right;
* nested: the larger one's extra parameters held against the smaller one's values by a Wald test with the clustered
  covariance (`nested_test`);
* out of sample: Diebold & Mariano 1995, "Comparing predictive accuracy", Journal of Business & Economic Statistics
  13, on weighted squared errors of cross-validation in time, clustered by day.

p-values of all pairs are Holm's (1979), for the best is picked by the same data. "Cannot be told apart" is an answer,
and the usual one for laws that differ only in their exponent on a few hundred orders."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.cluster import Doubt, cluster_sums, doubt_of
from nowake.models.calibration.crossval import CrossValidation, cross_validate, ratio_of_sums
from nowake.models.calibration.loss import Loss, Student
from nowake.models.calibration.problem import Clusters, Ints, Problem, Spread
from nowake.models.calibration.solve import Solution, solve
from nowake.models.impact import Impact, PowerLaw, SquareRoot
from nowake.models.terms import Floats
from nowake.statistics.measurement import check_level

if TYPE_CHECKING:
    import polars as pl

_FEWEST_MODELS = 2
_NESTED: tuple[tuple[type[Impact], type[Impact], dict[str, float]], ...] = ((SquareRoot, PowerLaw, {"exponent": 0.5}),)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How well one model explains the orders.

    Parameters
    ----------
    model
        Fitted, with its clustered covariance.
    fitted
        Coefficients of the expected cost that were fitted.
    loglik
        Log likelihood, and `penalty` what fitting is expected to add to it by luck, tr(H^-1 J).
    aic, bic
        Of the likelihood and all that was fitted, the noise's parameters too; BIC counts clusters as observations.
    forecast
        Cross-validation in time; None where there are too few days.
    """

    model: Impact
    fitted: int
    loglik: float
    penalty: float
    aic: float
    bic: float
    forecast: CrossValidation | None

    @property
    def name(self) -> str:
        """Of the model."""
        return self.model.name


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """One model against another.

    Parameters
    ----------
    better, worse
        Names; which is better by penalised likelihood.
    test
        "Vuong" or "Wald" (nested).
    p
        Probability of a difference as large between equally good models; 1 where the two say the same.
    adjusted_p
        The same by Holm, for all pairs at once.
    forecast_p
        Diebold and Mariano's, out of sample; NaN without cross-validation.
    forecasts_agree
        Whether the better one also forecast better; None without cross-validation.
    told_apart
        Whether `adjusted_p` is below 1 less the level.
    """

    better: str
    worse: str
    test: str
    p: float
    adjusted_p: float
    forecast_p: float
    forecasts_agree: bool | None
    told_apart: bool


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Models, best first, and what may be said of each pair.

    Parameters
    ----------
    scores
        Best first by penalised likelihood.
    verdicts
        Every pair.
    level
        Confidence of the statements.
    orders, clusters
        Rows all models were fitted to, and clusters among them.
    notes
        What to know to trust it.
    """

    scores: tuple[Score, ...]
    verdicts: tuple[Verdict, ...]
    level: float
    orders: int
    clusters: int
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> tuple[str, ...]:
        """The best model, and those that cannot be told from it."""
        first = self.scores[0].name
        beaten = {each.worse for each in self.verdicts if each.better == first and each.told_apart}
        return tuple(score.name for score in self.scores if score.name not in beaten)

    @property
    def statement(self) -> str:
        """What may be said, in one sentence."""
        best, at = self.best, f"at {1 - self.level:.2g}"
        rest = [score.name for score in self.scores if score.name not in best]
        worse = f"; worse: {', '.join(rest)}" if rest else ""
        if len(best) == 1:
            return f"{best[0]} explains the costs better than every other ({at})"
        return f"{', '.join(best[:-1])} and {best[-1]} cannot be told apart {at}{worse}"

    def to_frame(self) -> pl.DataFrame:
        """One row a model, best first: loglik, penalty, AIC, BIC, forecast R², and p against the best."""
        import polars as pl  # noqa: PLC0415

        against = {each.worse: each for each in self.verdicts if each.better == self.scores[0].name}
        rows = [
            {
                "model": score.name,
                "fitted": score.fitted,
                "loglik": score.loglik,
                "penalty": score.penalty,
                "aic": score.aic,
                "bic": score.bic,
                "forecast_r2": None if score.forecast is None else score.forecast.r2.value,
                "p": None if score.name not in against else against[score.name].adjusted_p,
                "forecast_p": None if score.name not in against else against[score.name].forecast_p,
            }
            for score in self.scores
        ]
        return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("forecast_r2", "p", "forecast_p"), pl.Float64))

    def __str__(self) -> str:
        rows = [f"{'':<36}{'log lik. behind':>16}{'R² on later days':>18}{'p':>10}"]
        first = self.scores[0]
        p = {each.worse: f"{each.adjusted_p:.3g}" for each in self.verdicts if each.better == first.name}
        for score in self.scores:
            behind = (first.loglik - first.penalty) - (score.loglik - score.penalty)
            later = "-" if score.forecast is None else f"{score.forecast.r2.value:.3f}"
            rows.append(f"{score.name:<36}{behind:>16.4g}{later:>18}{p.get(score.name, '-'):>10}")
        return "\n".join([*rows, self.statement, *(f"- {note}" for note in self.notes)])


@dataclasses.dataclass(frozen=True, slots=True)
class NestedTest:
    """A Wald test of parameters against values: statistic F with `degrees` and `rest` degrees of freedom, and p."""

    statistic: float
    degrees: int
    rest: float
    p: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    problem: Problem
    solution: Solution
    doubt: Doubt
    rows: Floats  # (n,) log likelihood of each.
    score: Score


def compare(
    models: Sequence[type[Impact] | Impact],
    orders: Metaorders,
    *,
    level: float = 0.95,
    spread: Spread | None = None,
    cluster: Clusters = "day-symbol",
    blocks: int = 5,
) -> Comparison:
    """Hold models against each other on the same orders.

    Parameters
    ----------
    models
        Two or more, of different names.
    orders
        Executed parents; rows that one of the models cannot use are left out for all.
    level
        Confidence of the statements.
    spread, cluster
        As for `fit`; "two-way" is not offered.
    blocks
        Of the cross-validation; 0 leaves it out.

    Raises
    ------
    BadParameter
        With fewer than two models, two of one name, or clusters of two ways.
    Unidentified
        When fewer than two of the models can be fitted; others are left out with a note.
    """
    check_level(level)
    names = [model.name for model in models]
    if len(names) < 2 or len(set(names)) < len(names):
        raise BadParameter(f"models to compare must be two or more of different names, not {names or 'none'}")
    if cluster == "two-way":
        raise BadParameter("models are compared by clusters of one kind; give day-symbol, day or symbol")
    fitted, common, notes = _fitted_all(models, orders, spread, cluster, blocks)
    fitted.sort(key=lambda each: each.score.penalty - each.score.loglik)
    pairs = list(itertools.combinations(fitted, 2))
    raw = [_p_of(one, other, cluster, 1 - level) for one, other in pairs]
    adjusted = holm([p for _, p in raw])
    if left_out := len(orders) - len(common):
        notes.append(f"{left_out:,} orders that not every model can use are left out")
    return Comparison(
        scores=tuple(each.score for each in fitted),
        verdicts=tuple(
            _verdict(one, other, test, p=p, adjusted_p=adjusted_p, level=level)
            for (one, other), (test, p), adjusted_p in zip(pairs, raw, adjusted, strict=True)
        ),
        level=level,
        orders=len(common),
        clusters=fitted[0].doubt.clusters,
        notes=tuple(notes),
    )


def nested_test(solution: Solution, doubt: Doubt, **null: float) -> NestedTest:
    """Whether parameters may have these values: Wald with the clustered covariance.

    The statistic is compared with Hotelling's T² on the smallest of the parameters' degrees of freedom (Pustejovsky &
    Tipton 2018, equation 11), which for one parameter is Student's t.

    Raises
    ------
    BadParameter
        When a name was not fitted.
    """
    if unknown := [name for name in null if name not in solution.names]:
        raise BadParameter(f"{unknown[0]!r} was not fitted; test one of {', '.join(solution.names)}")
    from scipy.stats import f as fisher  # noqa: PLC0415

    places = [solution.names.index(name) for name in null]
    off = solution.values[places] - np.array(list(null.values()))
    q, eta = len(places), float(doubt.degrees[places].min())
    square = float(off @ np.linalg.solve(doubt.covariance[np.ix_(places, places)], off))
    rest = max(eta - q + 1, 1.0)
    statistic = square * rest / (eta * q) if q > 1 else square
    return NestedTest(statistic=statistic, degrees=q, rest=rest, p=float(fisher.sf(statistic, q, rest)))


def vuong(one: Solution, other: Solution, rows: Floats, codes: Ints, *, advantage: float) -> tuple[float, float]:
    """Vuong's two tests: p that the two say the same, and p that they are equally good.

    Parameters
    ----------
    one, other
        Two fits to the same rows.
    rows
        (n,) log likelihood of `one` less that of `other`, row by row.
    codes
        (n,) clusters, from 0.
    advantage
        Penalty of `one` less that of `other`, taken off the sum.
    """
    from scipy.stats import chi2  # noqa: PLC0415
    from scipy.stats import t as student  # noqa: PLC0415

    sums = np.bincount(codes, rows)
    groups = len(sums)
    first, second = cluster_sums(one, codes), cluster_sums(other, codes)
    scores = np.concatenate((first.scores, -second.scores), axis=1)
    p = first.scores.shape[1]
    inverse = np.zeros((scores.shape[1],) * 2)
    inverse[:p, :p], inverse[p:, p:] = np.linalg.pinv(first.curvature), -np.linalg.pinv(second.curvature)
    weights = np.real(np.linalg.eigvals(scores.T @ scores @ inverse)) ** 2
    scale, degrees = float((weights**2).sum() / weights.sum()), float(weights.sum() ** 2 / (weights**2).sum())
    same = float(chi2.sf(float(sums @ sums) / scale, degrees))
    spread = math.sqrt(groups / (groups - 1) * float(((sums - sums.mean()) ** 2).sum()))
    statistic = (float(sums.sum()) - advantage) / spread if spread > 0 else 0.0
    return same, float(2 * student.sf(abs(statistic), groups - 1))


def holm(p: Sequence[float]) -> list[float]:
    """p-values for all hypotheses at once (Holm 1979, "A simple sequentially rejective multiple test procedure")."""
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda each: p[each])):
        largest = max(largest, min(1.0, p[place] * (len(p) - rank)))
        adjusted[place] = largest
    return adjusted


def log_likelihood(solution: Solution) -> Floats:
    """(n,) log density of each cost under a fit with Student's noise or, by least squares, normal noise."""
    loss = solution.loss
    constant = loss.log_constant() if isinstance(loss, Student) else -math.log(2 * math.pi) / 2
    return np.asarray(constant - np.log(solution.scale_bps) - loss.rho(solution.z[: len(solution.residuals)]))


def _fitted_all(
    models: Sequence[type[Impact] | Impact], orders: Metaorders, spread: Spread | None, cluster: Clusters, blocks: int
) -> tuple[list[_Fitted], Ints, list[str]]:
    """Fits to the rows all models can use, those rows, and why a model is not among them."""
    problems, refused = [], []
    for model in models:
        try:
            problems.append(Problem.of(model, orders, spread=spread, later=False))
        except Unidentified as error:
            refused.append(f"{model.name} is left out: {error}")
    common = _common([problem.rows for problem in problems]) if problems else np.arange(0)
    fitted = []
    for problem in problems:
        try:
            fitted.append(_fitted(problem.take(np.isin(problem.rows, common)), cluster, blocks))
        except Unidentified as error:
            refused.append(f"{problem.prototype.name} is left out: {error}")
    if len(fitted) < _FEWEST_MODELS:
        raise Unidentified(f"fewer than {_FEWEST_MODELS} models can be fitted to compare; {'; '.join(refused)}")
    return fitted, common, refused


def _fitted(problem: Problem, cluster: Clusters, blocks: int) -> _Fitted:
    loss = Student()
    solution = solve(problem, loss=loss)
    doubt = doubt_of(problem, solution, cluster)
    rows = log_likelihood(solution)
    sums = cluster_sums(solution, problem.clusters(cluster))
    loglik, count = float(rows.sum()), len(solution.names) + 3  # The noise's slope, floor and degrees.
    score = Score(
        model=problem.model_at(solution.values, doubt.covariance),
        fitted=len(solution.names),
        loglik=loglik,
        penalty=float(np.trace(np.linalg.pinv(sums.curvature) @ sums.scores.T @ sums.scores)),
        aic=2 * (count - loglik),
        bic=count * math.log(doubt.clusters) - 2 * loglik,
        forecast=_forecast(problem, blocks, loss),
    )
    return _Fitted(problem, solution, doubt, rows, score)


def _forecast(problem: Problem, blocks: int, loss: Loss) -> CrossValidation | None:
    if blocks < 1:
        return None
    try:
        return cross_validate(problem, blocks=blocks, loss=loss)
    except Unidentified:
        return None


def _p_of(one: _Fitted, other: _Fitted, cluster: Clusters, alpha: float) -> tuple[str, float]:
    """The test that fits a pair, and its p."""
    for small, large, null in _NESTED:
        for inner, outer in ((one, other), (other, one)):
            if type(inner.score.model) is small and type(outer.score.model) is large:
                return "Wald", nested_test(outer.solution, outer.doubt, **null).p
    same, equal = vuong(
        one.solution,
        other.solution,
        one.rows - other.rows,
        one.problem.clusters(cluster),
        advantage=one.score.penalty - other.score.penalty,
    )
    return "Vuong", 1.0 if same > alpha else max(same, equal)


def _verdict(one: _Fitted, other: _Fitted, test: str, *, p: float, adjusted_p: float, level: float) -> Verdict:
    forecast_p, agree = _diebold_mariano(one.score.forecast, other.score.forecast)
    return Verdict(
        better=one.score.name,
        worse=other.score.name,
        test=test,
        p=p,
        adjusted_p=adjusted_p,
        forecast_p=forecast_p,
        forecasts_agree=agree,
        told_apart=adjusted_p < 1 - level,
    )


def _diebold_mariano(one: CrossValidation | None, other: CrossValidation | None) -> tuple[float, bool | None]:
    """p of equal weighted squared errors on the same rows, and whether the first's are smaller."""
    if one is None or other is None:
        return math.nan, None
    from scipy.stats import t as student  # noqa: PLC0415

    weight = 2 / (one.variance + other.variance)
    gain, se, days = ratio_of_sums(weight * (other.error**2 - one.error**2), np.ones(len(weight)), one.day)
    if se == 0:
        return 1.0, None
    return float(2 * student.sf(abs(gain) / se, days - 1)), gain > 0


def _common(rows: Sequence[Ints]) -> Ints:
    found = rows[0]
    for each in rows[1:]:
        found = np.intersect1d(found, each, assume_unique=True)
    if not len(found):
        raise Unidentified("no order can be used by all of the models; give the columns they need")
    return found
