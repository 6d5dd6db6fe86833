"""Hawkes processes: events that make others likelier for a while (Hawkes 1971, "Spectra of some self-exciting and
mutually exciting point processes", Biometrika 58).

Dimension i happens at the rate, given all that happened before t,

    lambda_i(t) = mu_i(t) + sum_j sum_k sum_{t_j < t} alpha_ijk beta_ijk exp(-beta_ijk (t - t_j)),

so that alpha_ijk is how many events of i one event of j begets directly through term k. A, the sum of alpha over k, is
the branching matrix; its spectral radius, the branching ratio, is the share of events that others begat, in the long
run, and must be below 1 for the process to settle. mu is constant or constant in pieces.

Wrong where events prevent each other (alpha is 0 or above), where the kernel has a delay, and where the day's pattern
or a jump of activity is left out of mu: the branching ratio then swallows it (Filimonov & Sornette 2015, "Apparent
criticality and calibration issues in the Hawkes self-excited point process model", Quantitative Finance 15)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Cells(NamedTuple):
    """What of the past has to be remembered: one sum of exponentials for each source and each decay it acts with.

    `source`: int64[C]. `decay`: float64[C], per second. `weight`: float64[D, C], what one event adds to an intensity.
    """

    source: Ints
    decay: Floats
    weight: Floats


class PowerLaw(NamedTuple):
    """The shape of a kernel that falls like t^-(1 + exponent), as a sum of exponentials.

    Term k lives xi_k = shortest_s ratio^k seconds and holds a share of the kernel's integral in proportion to
    xi_k^-exponent (Hardiman, Bercot & Bouchaud 2013, "Critical reflexivity in financial markets: a Hawkes process
    analysis", European Physical Journal B 86; they take ratio 5 and 15 terms). They also subtract a term to have the
    kernel start from 0; here it starts flat at `shortest_s`, for a share may not be negative.
    """

    exponent: float
    shortest_s: float
    terms: int = 15
    ratio: float = 5.0

    @property
    def decays(self) -> Floats:
        """float64[terms]: per second, the fastest first."""
        self.check()
        return np.asarray(1.0 / (self.shortest_s * self.ratio ** np.arange(self.terms)))

    @property
    def shares(self) -> Floats:
        """float64[terms]: parts of the kernel's integral, of sum 1."""
        weights = self.decays**self.exponent
        return np.asarray(weights / weights.sum())

    def check(self) -> None:
        """Refuse a shape that is none.

        Raises
        ------
        BadParameter
            When a number is out of its range.
        """
        if not (self.exponent > 0 and self.shortest_s > 0 and self.terms >= 1 and self.ratio > 1):
            raise BadParameter(f"{self} needs exponent and shortest_s above 0, terms of 1 or more and a ratio above 1")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Hawkes:
    """A Hawkes process of D dimensions and K exponential terms.

    Parameters
    ----------
    baseline
        float64[D] or float64[D, pieces]: events a second, above 0.
    alpha
        float64[D, D, K] or [D, D] for one term: direct offspring in i of one event of j; 0 or above.
    decay
        Per second, above 0: a number, [K] where all pairs share them, or [D, D, K].
    edges_s
        Inner edges of the pieces of the baseline, in seconds from the begin of the window; pieces - 1 of them.

    Raises
    ------
    BadParameter
        When shapes do not fit or a number is out of its range.
    """

    baseline: Floats
    alpha: Floats
    decay: Floats
    edges_s: Floats = dataclasses.field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        baseline = np.atleast_1d(np.asarray(self.baseline, np.float64))
        baseline = baseline[:, None] if baseline.ndim == 1 else baseline
        alpha = np.asarray(self.alpha, np.float64)
        alpha = alpha.reshape(1, 1, -1) if alpha.ndim < 2 else alpha
        alpha = alpha[:, :, None] if alpha.ndim == 2 else alpha
        edges = np.asarray(self.edges_s, np.float64)
        if baseline.ndim != 2 or alpha.ndim != 3 or alpha.shape[:2] != (len(baseline),) * 2 or not alpha.size:
            raise BadParameter(
                f"baseline of shape {baseline.shape} and alpha of shape {alpha.shape} do not fit; "
                "give (D,) or (D, pieces), and (D, D) or (D, D, K)"
            )
        try:
            decay = np.broadcast_to(np.asarray(self.decay, np.float64), alpha.shape).copy()
        except ValueError as misfit:
            raise BadParameter(
                f"decay of shape {np.shape(self.decay)} does not fit alpha of {alpha.shape}; give (K,)"
            ) from misfit
        if len(edges) != baseline.shape[1] - 1 or not (np.diff(edges) > 0).all():
            raise BadParameter(
                f"edges_s {edges.tolist()} must be {baseline.shape[1] - 1} increasing numbers of seconds"
            )
        for name, numbers, good in (
            ("baseline", baseline, baseline > 0),
            ("alpha", alpha, alpha >= 0),
            ("decay", decay, decay > 0),
        ):
            if not (good & np.isfinite(numbers)).all():
                wrong = numbers[~(good & np.isfinite(numbers))][0]
                raise BadParameter(
                    f"{name} {wrong} must be finite and {'0 or above' if name == 'alpha' else 'above 0'}"
                )
        for name, numbers in (("baseline", baseline), ("alpha", alpha), ("decay", decay), ("edges_s", edges)):
            object.__setattr__(self, name, numbers)

    @property
    def dimensions(self) -> int:
        """How many kinds of events."""
        return len(self.baseline)

    @property
    def terms(self) -> int:
        """How many exponentials a kernel has."""
        return int(self.alpha.shape[2])

    @property
    def branching(self) -> Floats:
        """float64[D, D]: events of i that one event of j begets directly."""
        return np.asarray(self.alpha.sum(axis=2))

    @property
    def branching_ratio(self) -> float:
        """Spectral radius of the branching matrix."""
        return float(np.abs(np.linalg.eigvals(self.branching)).max())

    @property
    def cells(self) -> Cells:
        """The least that has to be remembered; cells of one decay stand side by side."""
        size = self.dimensions
        pairs = sorted({(decay, j) for j in range(size) for decay in self.decay[:, j].ravel().tolist()})
        decay = np.array([pair[0] for pair in pairs])
        source = np.array([pair[1] for pair in pairs], np.int64)
        weight = np.empty((size, len(pairs)))
        for c, (rate, j) in enumerate(pairs):
            weight[:, c] = rate * np.where(self.decay[:, j] == rate, self.alpha[:, j], 0.0).sum(axis=1)
        return Cells(source, decay, weight)

    def baseline_at(self, time_s: float) -> Floats:
        """float64[D]: the baseline at an instant, in seconds from the begin of the window."""
        return np.asarray(self.baseline[:, int(np.searchsorted(self.edges_s, time_s, side="right"))])

    def mean_baseline(self, end_s: float) -> Floats:
        """float64[D]: the baseline averaged over the window from 0 to `end_s`."""
        if not end_s > 0:
            raise BadParameter(f"end_s {end_s} must be above 0")
        edges = np.clip(np.concatenate(([0.0], self.edges_s, [end_s])), 0.0, end_s)
        return np.asarray(self.baseline @ np.diff(edges) / end_s)

    def rates(self, end_s: float = 1.0) -> Floats:
        """float64[D]: events a second in the long run, (I - A)^-1 mu (Hawkes 1971), mu averaged over the window.

        Raises
        ------
        BadParameter
            When the branching ratio is 1 or above: there is no long run.
        """
        return np.asarray(np.linalg.solve(self._damping(), self.mean_baseline(end_s)))

    def count_covariance(self) -> Floats:
        """float64[D, D]: covariance of counts over a long time, per second: (I - A)^-1 diag(rates) (I - A)^-T.

        Of a constant baseline (Bacry, Delattre, Hoffmann & Muzy 2013, "Some limit theorems for Hawkes processes and
        application to financial statistics", Stochastic Processes and their Applications 123, theorem 2).
        """
        if self.baseline.shape[1] > 1:
            raise BadParameter(f"a baseline of {self.baseline.shape[1]} pieces has no one covariance; give one piece")
        inverse = np.linalg.inv(self._damping())
        return np.asarray(inverse @ np.diag(self.rates()) @ inverse.T)

    def _damping(self) -> Floats:
        if self.branching_ratio >= 1:
            raise BadParameter(f"a branching ratio of {self.branching_ratio:.4g} is not below 1: there is no long run")
        return np.asarray(np.eye(self.dimensions) - self.branching)


def single(*, baseline: float, branching: float | Sequence[float], decay: float | Sequence[float]) -> Hawkes:
    """A process of one dimension: baseline a second, branching and decay of each term.

    Examples
    --------
    >>> single(baseline=0.5, branching=0.8, decay=2.0).rates().tolist()
    [2.5000000000000004]
    """
    alpha: Any = np.atleast_1d(np.asarray(branching, np.float64))
    return Hawkes(baseline=np.array([baseline]), alpha=alpha[None, None, :], decay=np.asarray(decay, np.float64))
