"""Parameters that differ from group to group: their mean, how much they differ, and each group's own.

    phi_s = mu + u_s,   u_s ~ N(0, Omega);      what the data of group s say of it: information P_s, P_s phi_s + noise

mu by generalised least squares, Omega by restricted maximum likelihood (Patterson & Thompson 1971), kept off the edge
where all groups are alike by the penalty |Omega|^(1/2) (Chung, Gelman, Rabe-Hesketh, Liu & Dorie 2015, "Weakly
informative prior for point estimation of covariance matrices in hierarchical models", Journal of Educational and
Behavioral Statistics 40); with many groups it counts for nothing. A group's own parameters are Henderson's best linear
predictions, with the error that the mean's doubt adds (Prasad & Rao 1990, equation 3.4, first two terms).

Everything is in information form, so that a group with fewer orders than parameters still says what it can. Intervals
take Student's quantile of one degree less than groups, in place of Prasad and Rao's third term."""

from __future__ import annotations

import dataclasses

import numpy as np

from nowake.models.terms import Floats

_SMALLEST = 1e-3  # Of a standard deviation between groups, in units of one that a group alone is known to.
_STARTS = (-2.0, -0.5, 0.5, 1.5, 3.0, 5.0)  # Logs of the same.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What each group says: information (S, p, p), and information times estimate (S, p)."""

    information: Floats
    pull: Floats


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Between:
    """The distribution of parameters over groups: mean (p,), its covariance (p, p), and Omega = root root' (p, k)."""

    mean: Floats
    mean_covariance: Floats
    root: Floats

    @property
    def covariance(self) -> Floats:
        """Omega: of a group's parameters around the mean."""
        return np.asarray(self.root @ self.root.T)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Own:
    """Each group's parameters (S, p), covariances of their errors (S, p, p), and the mean's share in them (S, p)."""

    values: Floats
    covariance: Floats
    pool_share: Floats


def fit_between(evidence: Evidence, varying: tuple[int, ...], *, correlated: bool) -> Between:
    """The distribution of parameters over groups.

    Parameters
    ----------
    evidence
        Of three groups or more, that together tell every parameter.
    varying
        Places of the parameters that differ; the others are one for all groups.
    correlated
        Whether differences in one parameter may go with those in another.
    """
    from scipy.optimize import minimize  # noqa: PLC0415

    p, k = evidence.pull.shape[1], len(varying)
    scale = _scale(evidence)
    scaled = Evidence(evidence.information * np.outer(scale, scale), evidence.pull * scale)
    lower = np.tril_indices(k) if correlated else (np.arange(k), np.arange(k))
    diagonal = np.flatnonzero(lower[0] == lower[1])

    def root_of(free: Floats) -> Floats:
        small = np.zeros((k, k))
        entries = free.copy()
        entries[diagonal] = np.exp(free[diagonal])
        small[lower] = entries
        root = np.zeros((p, k))
        root[list(varying)] = small
        return root

    def badness(free: Floats) -> float:
        return _minus_two_log(scaled, root_of(free)) - 2 * float(free[diagonal].sum())

    starts = [np.where(lower[0] == lower[1], level, 0.0) for level in _STARTS]
    starts.sort(key=badness)
    bounds = [(np.log(_SMALLEST), 12.0) if place in diagonal else (-1e4, 1e4) for place in range(len(starts[0]))]
    # A search that begins far off may leap to where nothing is known; of two, the better is taken.
    tries = [minimize(badness, start, method="L-BFGS-B", bounds=bounds) for start in starts[:2]]
    root = root_of(min(tries, key=lambda found: float(found.fun)).x)
    mean, precision, _ = _mean(scaled, root)
    return Between(
        mean=mean * scale,
        mean_covariance=np.linalg.inv(precision) * np.outer(scale, scale),
        root=root * scale[:, None],
    )


def own_values(evidence: Evidence, between: Between) -> Own:
    """What is known of each group, from its own data and from the others."""
    P, L = evidence.information, between.root
    inner = np.linalg.inv(np.eye(L.shape[1]) + L.T @ P @ L)
    taken = L @ inner @ L.T
    off = evidence.pull - P @ between.mean
    keep = np.eye(len(between.mean)) - taken @ P
    return Own(
        values=between.mean + np.einsum("sij,sj->si", taken, off),
        covariance=taken + keep @ between.mean_covariance @ np.swapaxes(keep, 1, 2),
        pool_share=np.einsum("sii->si", keep),
    )


def between_interval(values: Floats, variances: Floats, level: float) -> tuple[float, float]:
    """The interval of the standard deviation of one parameter over groups, by the Q-profile.

    Q(tau²) = sum (value - weighted mean)² / (variance + tau²) is chi-square with S - 1 degrees of freedom at the true
    tau² (Viechtbauer 2007, "Confidence intervals for the amount of heterogeneity in meta-analysis", Statistics in
    Medicine 26).

    Parameters
    ----------
    values, variances
        (S,) each group's own estimate and the square of its standard error.
    """
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.stats import chi2  # noqa: PLC0415

    def q(squared: float) -> float:
        weights = 1 / (variances + squared)
        mean = weights @ values / weights.sum()
        return float(weights @ (values - mean) ** 2)

    most = float(1e3 * (np.ptp(values) ** 2 + variances.min()))
    ends = []
    for share in ((1 + level) / 2, (1 - level) / 2):
        target = float(chi2.ppf(share, len(values) - 1))
        ends.append(0.0 if q(0.0) <= target else float(brentq(lambda squared, at=target: q(squared) - at, 0.0, most)))
    return float(np.sqrt(ends[0])), float(np.sqrt(ends[1]))


def _mean(evidence: Evidence, root: Floats) -> tuple[Floats, Floats, Floats]:
    """The mean by generalised least squares, its precision, and (S, k, k) the inner matrices I + L'P L."""
    P, L = evidence.information, root
    inner = np.eye(L.shape[1]) + L.T @ P @ L
    cross = P @ L
    shrunk = cross @ np.linalg.solve(inner, np.swapaxes(cross, 1, 2))
    precision = (P - shrunk).sum(axis=0)
    precision = (precision + precision.T) / 2  # Rounding alone makes it otherwise.
    pulled = evidence.pull - (cross @ np.linalg.solve(inner, (evidence.pull @ L)[:, :, None]))[:, :, 0]
    return np.linalg.solve(precision, pulled.sum(axis=0)), precision, inner


def _minus_two_log(evidence: Evidence, root: Floats) -> float:
    """Minus twice the restricted log likelihood, less what does not depend on the root."""
    mean, precision, inner = _mean(evidence, root)
    off = evidence.pull - evidence.information @ mean
    quad = float(mean @ evidence.information.sum(axis=0) @ mean - 2 * mean @ evidence.pull.sum(axis=0))
    pulled = off @ root
    quad -= float((pulled * np.linalg.solve(inner, pulled[:, :, None])[:, :, 0]).sum())
    return float(np.linalg.slogdet(inner)[1].sum() + np.linalg.slogdet(precision)[1]) + quad


def _scale(evidence: Evidence) -> Floats:
    """(p,) what a typical group alone knows each parameter to, so that a search has one unit for all."""
    information = np.einsum("sii->si", evidence.information)
    return np.asarray(1 / np.sqrt(np.maximum(information.mean(axis=0), np.finfo(float).tiny)))
