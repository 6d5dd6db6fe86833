"""Coefficients that solve as many moment conditions as there are of them, and figures made of these, with their errors.

    V = G^-1 S G^-1',   S = sum of the products of a row's moments with those of up to K rows before (Newey & West 1987)

Hansen 1982 ("Large sample properties of generalized method of moments estimators", Econometrica 50); where all systems
are least squares, as here, moments are regressors times residuals and G is the regressors' Gram matrix, system by
system. Figures follow by the delta method. Wrong for a ratio whose denominator may be 0: check that first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import Unidentified
from nowake.statistics.measurement import Measurement, t_of
from nowake.statistics.regression import default_lags, long_run

Floats = npt.NDArray[np.float64]


class Stacked:
    """The joint covariance of the coefficients of several least-squares systems over the same rows.

    Parameters
    ----------
    systems
        Pairs of regressors (n, k) and residuals (n,).
    level
        Confidence of the intervals of its figures.
    lags
        Rows that noise may remember; by default the rule of thumb.
    """

    def __init__(self, systems: Sequence[tuple[Floats, Floats]], *, level: float, lags: int | None = None) -> None:
        self.rows = len(systems[0][1])
        self.lags = default_lags(self.rows) if lags is None else lags
        self.level = level
        squares: list[Floats] = [np.einsum("ij,ij->j", design, design) for design, _ in systems]
        sizes = np.sqrt(np.concatenate(squares) / self.rows)
        scores = np.concatenate([design * residual[:, None] for design, residual in systems], axis=1) / sizes
        gram = np.zeros((len(sizes), len(sizes)))
        at = 0
        for design, _ in systems:
            here = slice(at, at + int(design.shape[1]))
            unit = design / sizes[here]
            gram[here, here] = unit.T @ unit
            at += int(design.shape[1])
        bread = np.linalg.inv(gram)
        self.covariance = bread @ long_run(scores, self.lags) @ bread / np.outer(sizes, sizes)

    def figure(self, value: float, gradient: npt.ArrayLike) -> Measurement:
        """A figure of the coefficients with the interval the delta method gives."""
        slope = np.asarray(gradient, np.float64)
        sd = float(np.sqrt(max(slope @ self.covariance @ slope, 0.0)))
        half = t_of(self.level, max(self.rows - len(slope), 1)) * sd
        return Measurement(
            value=float(value),
            low=float(value) - half,
            high=float(value) + half,
            level=self.level,
            n=self.rows,
            method=f"method of moments, Newey-West errors of {self.lags} lags",
        )


def ratio(part: float, whole: float, of_part: npt.ArrayLike, of_whole: npt.ArrayLike) -> tuple[float, Floats]:
    """part / whole and its gradient."""
    share = part / whole
    return share, np.asarray((np.asarray(of_part, np.float64) - share * np.asarray(of_whole, np.float64)) / whole)


def check_half_spread(half: Measurement) -> None:
    """Refuse shares of a half-spread that may be 0 or less.

    Raises
    ------
    Unidentified
        When its interval is not above 0.
    """
    if half.low <= 0:
        raise Unidentified(
            f"the half-spread, {half.value:.4g} ticks [{half.low:.4g}, {half.high:.4g}], is not surely above 0, so "
            "that shares of it mean nothing; are the sides right?"
        )
