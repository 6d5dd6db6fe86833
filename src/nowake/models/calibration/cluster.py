"""How sure estimates are when orders of one day and symbol share their luck.

Everything is made of two sums a cluster: its score (pull on the parameters) and its curvature. The headline is the
cluster jackknife,

    V = (G - 1) / G  sum over g of (theta_g - theta)(theta_g - theta)',    theta_g: the estimate without cluster g,

each theta_g one Newton step away (MacKinnon, Nielsen & Webb 2023, "Cluster-robust inference: a guide to empirical
practice", Journal of Econometrics 232, who name it CV3 and find it the safest with few or unequal clusters; its
shape for least squares is CR3 of Bell & McCaffrey 2002). The usual sandwich (CR1: G / (G - 1) (N - 1) / (N - p)) is
beside it. Quantiles are Student's, with the degrees of freedom Satterthwaite's matching gives when noise is
independent (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, Journal of Business & Economic Statistics 36).

Wrong where clusters are not independent: a shock to the whole market that day is shared by all its symbols (cluster
by day then), and few clusters that hold most of the information make any interval a guess (`effective`)."""

from __future__ import annotations

import dataclasses

import numpy as np

from nowake.domain.errors import Unidentified
from nowake.models.calibration.problem import Clusters, Ints, Problem
from nowake.models.calibration.solve import Solution
from nowake.models.terms import Floats

_ALONE = 1e-8  # Share of a parameter's information left without a cluster, below which it stands on that one alone.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ClusterSums:
    """Scores (G, p) and curvatures (G, p, p) of clusters, and the rows they hold in all."""

    scores: Floats
    curvatures: Floats
    rows: int

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def curvature(self) -> Floats:
        """(p, p) of all clusters together."""
        return np.asarray(self.curvatures.sum(axis=0))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """Covariance of the estimates, and for each the degrees of freedom of its Student quantile.

    Parameters
    ----------
    covariance
        (p, p).
    degrees
        (p,) at most the number of clusters less 1.
    clusters
        Their number; of two ways the smaller.
    """

    covariance: Floats
    degrees: Floats
    clusters: int

    @property
    def se(self) -> Floats:
        """(p,) standard errors."""
        return np.sqrt(np.diag(self.covariance))


def cluster_sums(solution: Solution, codes: Ints) -> ClusterSums:
    """Scores and curvatures by cluster; `codes` (n,) from 0 without a gap."""
    groups = int(codes.max()) + 1
    rows = len(codes)
    if len(solution.z) == 2 * rows:
        codes = np.tile(codes, 2)
    p = len(solution.names)
    scores, curvatures = np.empty((groups, p)), np.empty((groups, p, p))
    pull, bend = solution.scores, solution.curvature
    for i in range(p):
        scores[:, i] = np.bincount(codes, pull[:, i], groups)
        bent = solution.slopes[:, i] * bend
        for j in range(i + 1):
            curvatures[:, i, j] = curvatures[:, j, i] = np.bincount(codes, bent * solution.slopes[:, j], groups)
    return ClusterSums(scores, curvatures, rows)


def doubt_of(problem: Problem, solution: Solution, by: Clusters = "day-symbol") -> Doubt:
    """How sure a solution is, by the cluster jackknife.

    "two-way" adds what days share to what symbols share and takes off what both count (Cameron, Gelbach & Miller
    2011, Journal of Business & Economic Statistics 29, equation 2.13).

    Raises
    ------
    Unidentified
        With fewer than two clusters, or when a parameter stands on one of them alone.
    """
    if by != "two-way":
        return jackknife(cluster_sums(solution, problem.clusters(by)))
    days, symbols, cells = (
        jackknife(cluster_sums(solution, problem.clusters(each))) for each in ("day", "symbol", "day-symbol")
    )
    total = days.covariance + symbols.covariance - cells.covariance
    return Doubt(
        covariance=_at_least(total, cells.covariance),
        degrees=np.minimum(days.degrees, symbols.degrees),
        clusters=min(days.clusters, symbols.clusters),
    )


def jackknife(sums: ClusterSums) -> Doubt:
    """Covariance from leaving out each cluster in turn, and its degrees of freedom."""
    groups = len(sums)
    _check_groups(groups)
    whole = sums.curvature
    scale = np.sqrt(np.diag(whole))
    unit = np.outer(scale, scale)
    rest = (whole - sums.curvatures) / unit
    if np.linalg.eigvalsh(rest).min() < _ALONE:
        raise Unidentified(
            f"one of the {groups} clusters alone tells a parameter from the others; "
            "give more days or symbols, or cluster by something finer"
        )
    inverse = np.linalg.inv(rest) / unit
    moved = np.einsum("gij,gj->gi", inverse, sums.scores)
    covariance = (groups - 1) / groups * moved.T @ moved
    return Doubt(covariance=covariance, degrees=_degrees(sums, inverse), clusters=groups)


def sandwich(sums: ClusterSums) -> Doubt:
    """The usual clustered covariance, CR1, with one degree of freedom less than clusters."""
    groups, p = sums.scores.shape
    _check_groups(groups)
    bread = np.linalg.inv(sums.curvature)
    factor = groups / (groups - 1) * (sums.rows - 1) / (sums.rows - p)
    return Doubt(
        covariance=factor * bread @ (sums.scores.T @ sums.scores) @ bread,
        degrees=np.full(p, groups - 1.0),
        clusters=groups,
    )


def _degrees(sums: ClusterSums, inverse: Floats) -> Floats:
    """(p,) Satterthwaite: twice the squared mean over the variance of the jackknife's variance.

    With independent noise the moves d_g = c'(H - H_g)^-1 S_g have covariance C = diag(D) - B M B', where M = H^-1,
    w_g = (H - H_g)^-1 c, B_g = H_g w_g and D_g = w_g'B_g; the degrees are (tr C)² / tr C².
    """
    bread = np.linalg.inv(sums.curvature)
    out = np.empty(len(bread))
    for k in range(len(bread)):
        w = inverse[:, k, :]
        B = np.einsum("gij,gj->gi", sums.curvatures, w)
        D = np.einsum("gi,gi->g", w, B)
        cross = bread @ (B.T @ B)
        trace = D.sum() - np.trace(cross)
        square = (D * D).sum() - 2 * float(D @ np.einsum("gi,ij,gj->g", B, bread, B)) + float((cross * cross.T).sum())
        out[k] = trace**2 / square
    return np.asarray(np.clip(out, 1.0, len(sums) - 1))


def _at_least(total: Floats, least: Floats) -> Floats:
    """A difference of covariances may lose its meaning: no direction is surer than the cells alone say."""
    scale = np.sqrt(np.diag(least))
    values, vectors = np.linalg.eigh((total - least) / np.outer(scale, scale))
    more = vectors @ np.diag(np.maximum(values, 0.0)) @ vectors.T
    return np.asarray(least + more * np.outer(scale, scale))


def _check_groups(groups: int) -> None:
    if groups < 2:
        raise Unidentified("all orders are of one cluster; errors by cluster need two or more")
