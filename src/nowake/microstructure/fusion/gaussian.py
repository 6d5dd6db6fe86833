"""Several normal opinions into one: weights by precision, or by the whole covariance where errors go together.

Independent errors: w_i = (1 / s_i^2) / sum (1 / s_j^2). Correlated ones: the best linear unbiased mix (Aitken 1936;
for forecasts Bates & Granger 1969, "The combination of forecasts", Operational Research Quarterly 20),

    w = C^-1 1 / (1' C^-1 1),    variance = 1 / (1' C^-1 1),    chi-square = (x - p 1)' C^-1 (x - p 1) of n - 1

whose weights sum to 1 and may be negative: a source that shares its error with a better one is used against it.
Unknown correlation: covariance intersection (Julier & Uhlmann 1997, "A non-divergent estimation algorithm in the
presence of unknown correlations", American Control Conference). For one number it keeps the surest source alone, for
no mix of others is surely better.

A report that is `age` old is of a price that has moved since: with a random walk of variance q an interval of time, two
reports share the move since the younger, so that C_ij gains q min(age_i, age_j).

Wrong where a source is biased (the filter of `kalman` learns that), where errors are not near normal (one wild source
moves all: `consensus`), and where the correlations are guessed: negative weights then magnify the guess."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.fusion.report import (
    SECOND_NS,
    Belief,
    Floats,
    LeftOut,
    Report,
    chi_square_of,
    normal_price,
    spoken,
)

_FLAT = 1e-10  # An eigenvalue of the correlations below this part of the largest is taken as nought.
DISAGREE = 0.01  # The p-value below which a belief says that its sources disagree.


def precision_weighted(
    reports: Sequence[Report], *, level: float = 0.95, at_ns: int | None = None, drift_sd: float = 0.0
) -> Belief:
    """The price of sources whose errors have nothing to do with each other.

    Parameters
    ----------
    reports
        One of each source, each with an sd.
    at_ns
        Of when the belief is; by default that of the latest report.
    drift_sd
        How far the price moves in a second, standard deviation: old reports count less. 0 where they do not age.

    Raises
    ------
    BadData
        When no source says a number, one speaks twice or gives no sd, or a report is of after `at_ns`.
    """
    return best_linear(reports, correlation=None, level=level, at_ns=at_ns, drift_sd=drift_sd)


def best_linear(
    reports: Sequence[Report],
    *,
    correlation: Floats | None,
    level: float = 0.95,
    at_ns: int | None = None,
    drift_sd: float = 0.0,
) -> Belief:
    """The price of sources whose errors are correlated.

    Parameters
    ----------
    correlation
        float64[n, n] of the reports in their order; None where there is none. It may be singular where sources are
        copies of each other: the weights are then those of least norm.
    at_ns, drift_sd
        As in `precision_weighted`.

    Raises
    ------
    BadParameter
        When it is no correlation matrix.
    Unidentified
        When it says that a mix of sources has no error at all.
    BadData
        When copies contradict each other, and as in `precision_weighted`.
    """
    said, silent = spoken(reports)
    kept = [place for place, report in enumerate(reports) if math.isfinite(report.value)]
    among = np.eye(len(said)) if correlation is None else _correlation(correlation, len(reports))[np.ix_(kept, kept)]
    sds = _stated_sds(said)
    covariance = among * np.outer(sds, sds) + _drifted(said, at_ns, drift_sd)
    values = np.array([report.value for report in said])
    weights, inverse, degrees, notes = _weights(covariance, values, [report.source for report in said])
    centre = float(values[0])  # Prices are large beside their differences.
    price = centre + float(weights @ (values - centre))
    variance = float(weights @ covariance @ weights)
    apart = values - price
    agreement = chi_square_of(float(apart @ inverse @ apart), degrees)
    if agreement is not None and agreement.p_value < DISAGREE:
        notes.append(
            f"the sources disagree (p = {agreement.p_value:.2g}): "
            f"their errors are about {agreement.inflation:.2g} times what they say, or one of them is off"
        )
    how = "precision weights" if correlation is None else "best linear mix of correlated sources"
    return Belief(
        price=normal_price(price, math.sqrt(variance), level=level, n=len(said), method=how),
        sd=math.sqrt(variance),
        sd_if_common=float(np.abs(weights) @ np.sqrt(np.diag(covariance))),
        weights=_named(said, weights),
        consistency=agreement,
        left_out=tuple(silent),
        notes=tuple(notes),
    )


def covariance_intersection(
    reports: Sequence[Report], *, level: float = 0.95, at_ns: int | None = None, drift_sd: float = 0.0
) -> Belief:
    """The price of sources whose errors may be correlated in any way: that of the surest one, and its error.

    Whatever the correlations, the variance told is not too small. Of equally sure sources the mean is taken, which
    keeps that promise.

    Raises
    ------
    BadData
        As in `precision_weighted`.
    """
    said, silent = spoken(reports)
    variances = _stated_sds(said) ** 2 + np.diag(_drifted(said, at_ns, drift_sd))
    surest = variances <= variances.min() * (1 + 1e-12)
    weights = surest / surest.sum()
    values = np.array([report.value for report in said])
    sd = math.sqrt(float(variances.min()))
    others = tuple(
        LeftOut(source=report.source, reason="less sure, and its correlation with the surest is not known")
        for report, kept in zip(said, surest.tolist(), strict=True)
        if not kept
    )
    return Belief(
        price=normal_price(float(weights @ values), sd, level=level, n=len(said), method="covariance intersection"),
        sd=sd,
        sd_if_common=sd,
        weights=_named(said, weights),
        left_out=(*silent, *others),
    )


def _stated_sds(reports: Sequence[Report]) -> Floats:
    unsure = next((report.source for report in reports if not math.isfinite(report.sd)), None)
    if unsure is not None:
        raise BadData(f"{unsure} gives no sd; learn it (fusion.learn_prices), or take the consensus of values alone")
    return np.array([report.sd for report in reports])


def _drifted(reports: Sequence[Report], at_ns: int | None, drift_sd: float) -> Floats:
    """What the price moved since each report: variance on the diagonal, what two share beside it."""
    if not drift_sd >= 0:
        raise BadParameter(f"drift_sd {drift_sd} must be 0 or more: how far the price moves in a second")
    times = [report.time_ns for report in reports]
    now = max(times) if at_ns is None else at_ns
    late = next((report for report in reports if report.time_ns > now), None)
    if late is not None:
        raise BadData(
            f"{late.source} speaks of {late.time_ns}, after {now}; a belief knows no future, or clocks disagree"
        )
    ages_s = np.array([(now - time) / SECOND_NS for time in times])
    return np.asarray(drift_sd**2 * np.minimum.outer(ages_s, ages_s))


def _correlation(matrix: Floats, count: int) -> Floats:
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (count, count):
        raise BadParameter(f"correlations of shape {matrix.shape} do not fit {count} reports; give ({count}, {count})")
    good = np.isfinite(matrix).all() and np.allclose(matrix, matrix.T, atol=1e-9)
    if not good or not np.allclose(np.diag(matrix), 1):
        raise BadParameter("correlations must be finite, symmetric and 1 on the diagonal; look at the matrix")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -_FLAT * count:
        raise BadParameter(
            f"correlations with an eigenvalue of {least:.3g} are of no errors at all; estimate them at once"
        )
    return matrix


def _weights(covariance: Floats, values: Floats, names: Sequence[str]) -> tuple[Floats, Floats, int, list[str]]:
    """Weights, the inverse (of what is not singular), degrees of freedom and notes, in units of each error."""
    scale = np.sqrt(np.diag(covariance))
    roots, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    flat = roots <= _FLAT * roots[-1]
    directions = vectors / scale[:, None]  # Columns: mixes of the sources, each with the variance of its root.
    notes = []
    if flat.any():
        _check_copies(directions[:, flat], values, scale)
        notes.append("the covariance is singular: some sources say the same thing; weights are those of least norm")
    inverse = (directions[:, ~flat] / roots[~flat]) @ directions[:, ~flat].T
    loads = inverse.sum(axis=1)
    weights = loads / loads.sum()
    if weights.min() < -1e-12:
        against = ", ".join(name for name, weight in zip(names, weights.tolist(), strict=True) if weight < -1e-12)
        notes.append(
            f"weight below 0 for {against}: its error goes with that of a better source and is used against it"
        )
    return weights, inverse, int((~flat).sum()) - 1, notes


def _check_copies(mixes: Floats, values: Floats, scale: Floats) -> None:
    """A mix without error must say nothing of the price, and nothing else than nought."""
    for mix in mixes.T:
        share = abs(float(mix.sum())) / float(np.abs(mix).sum())
        if share > math.sqrt(_FLAT):
            raise Unidentified(
                "the covariance says that a mix of sources has no error; give correlations within (-1, 1)"
            )
        apart = abs(float(mix @ (values - values[0])))
        if apart > math.sqrt(_FLAT) * (float(np.abs(mix) @ scale) + float(np.abs(mix) @ np.abs(values - values[0]))):
            raise BadData("sources of one and the same error say different numbers; their correlation is below 1")


def _named(reports: Sequence[Report], weights: Floats) -> dict[str, float]:
    return {report.source: float(weight) for report, weight in zip(reports, weights.tolist(), strict=True)}
