"""The linear half of the splitting method: risk, drift, cross-impact and bands exactly, for wishes of trades and bands.

    v = argmin  risk - drift + cross + rho/2 |v - trades wished|^2 + sigma/2 |Ax - bands wished|^2

rho is one number an asset times the profile of impact through time and sigma one number a band times that of risk, so
that `separable` applies. What has another profile, cross-impact or risk that is absent in some buckets where bands must
be held, is replaced by something above it that has the right one, and what was added is pulled back to where the last
round was (a proximal term: He & Yuan 2012): the fixed point stays as it is."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.solvers.coupling import SAFE, Parts
from nowake.schedules.solvers.programme import Programme
from nowake.schedules.solvers.separable import FactorStep, JointStep, Step, time_modes

LEAST_RISK = 0.1
"""Of the mean risk weight: what buckets without risk get where bands must be held in them."""
MANY_COLUMNS = 3
EVEN = 1e-12
STEEP = 1e4
"""Times above or below the median of its asset: further an impact is not followed by the profile."""


class LinearStep:
    """Factorised once, applied every round, factorised again when weights change.

    Attributes
    ----------
    weight
        (T, N) rho times the profile of impact.
    band_weight
        (T-1, M) sigma times the profile of risk.
    words
        What it is, for certificates.
    """

    def __init__(self, both: Parts) -> None:
        self._both, self._programme = both, both.programme
        each = self._programme
        self._rho, self._profile = curvatures(each)
        self._risk = each.risk_weights[:-1]
        has_risk = bool(self._risk.any())
        self._loadings = each.loadings if has_risk else each.loadings[:, :0]
        self._specific = each.specific if has_risk else np.zeros_like(each.specific)
        self._smoothed = _without_holes(self._risk) if len(each.bands) else self._risk
        self._modes = time_modes(self._profile, self._smoothed)
        self._sigma = self._band_weights()
        self._cross = _Cross.of(both, self._profile)
        self._start = np.zeros(each.shape)
        self._start[0] = each.quantities
        self._last = self._start
        self._drift = None if each.drift is None else self._modes.holdings.T @ each.drift[:-1]
        self._factorise()

    def rescale(self, change: Floats, band_change: float) -> None:
        """Multiply (N,) rho and sigma."""
        self._rho = self._rho * change
        self._sigma = self._sigma * band_change
        self._factorise()

    def trades(self, wished: Floats, bands_wished: Floats) -> tuple[Floats, Floats]:
        """(T, N) trades and their modes for wishes of trades (T, N) and bands (T-1, M)."""
        each, modes = self._programme, self._modes
        pull = np.subtract(self._start, wished)
        pull *= self._rho
        if self._cross is not None:
            pull += self._start @ self._cross.above - self._cross.added(self._last)
        right = modes.weighted @ pull
        if self._drift is not None:
            right += self._drift
        if len(each.bands):
            right += (modes.holdings.T @ (self.band_weight * bands_wished)) @ each.bands
        if self._smoothed is not self._risk and self._risk.any():
            last = np.cumsum(self._last[:0:-1], axis=0)[::-1]
            covered = (last @ self._loadings) @ self._loadings.T + last * self._specific
            right += modes.holdings.T @ (2 * (self._smoothed - self._risk)[:, None] * covered)
        solved = self._step.solve(right)
        trades = modes.trades @ solved
        self._last = np.subtract(self._start, trades, out=trades)
        return self._last, solved

    def holdings(self, modes: Floats) -> Floats:
        """What is left after each bucket but the last, (T-1, N) of all modes or of any columns of them."""
        return np.asarray(self._modes.holdings @ modes)

    def _factorise(self) -> None:
        each = self._programme
        self.weight = self._profile[:, None] * self._rho
        self.band_weight = self._smoothed[:, None] * self._sigma
        columns = self._loadings
        if len(each.bands):
            columns = np.hstack([columns, (np.sqrt(self._sigma / 2)[:, None] * each.bands).T])
        step: Step
        if self._cross is None and columns.shape[1] * MANY_COLUMNS < len(self._rho):
            step, words = FactorStep(self._modes, self._rho, self._specific, columns), "Woodbury in factors"
        else:
            costs = np.diag(self._rho) if self._cross is None else np.diag(self._rho) + self._cross.above
            step = JointStep(self._modes, costs, columns @ columns.T + np.diag(self._specific))
            words = "simultaneous diagonalisation of assets"
        self._step, self.words = step, f"{self._modes.kind} in time, {words}"

    def _band_weights(self) -> Floats:
        """(M,) sigma at which a band is as stiff as what it holds, 1 / (A E^-1 A'), between fast and slow modes."""
        bands, nu = self._programme.bands, self._modes.risk
        if not len(bands) or not len(nu):
            return np.zeros(len(bands))
        specific, columns = self._specific, self._loadings
        if columns.shape[1] * MANY_COLUMNS >= len(self._rho):
            specific, columns = specific + (columns**2).sum(axis=1), columns[:, :0]
        step = FactorStep(self._modes, self._rho, specific, columns)
        sigma = np.ones(len(bands))
        for m, row in enumerate(bands):
            give = nu * (step.solve(np.tile(row, (len(nu), 1))) @ row)
            give = give[give > 0]
            if len(give):
                sigma[m] = 1 / np.sqrt(give.min() * give.max())
        return sigma


def curvatures(programme: Programme) -> tuple[Floats, Floats]:
    """(N,) and (T,) whose product is near the second derivative of trading costs at typical trades."""
    impact = programme.impact
    profile = np.ones(len(impact))
    assets = impact[0]
    if not (impact == impact[0]).all():
        logs = np.log(impact)
        assets = np.median(logs, axis=0)
        profile = np.exp(np.clip(np.median(logs - assets, axis=1), -np.log(STEEP), np.log(STEEP)))
        assets = np.exp(assets)
    p = programme.exponent
    if p < 2:
        assets = assets * (p * (p - 1) / 2) * _typical(programme) ** (p - 2)
    return 2 * assets, profile


def _typical(programme: Programme) -> Floats:
    """(N,) shares a bucket: an even share of the order, or for an asset held only to hedge, one of like risk."""
    size = np.abs(programme.quantities) / len(programme.impact)
    deviation = np.sqrt(programme.specific + (programme.loadings**2).sum(axis=1))
    traded, risky = size > 0, deviation > 0
    if not traded.any():
        return np.ones(len(size))
    risk = np.median((size * deviation)[traded])
    hedge = np.where(risky, risk / np.where(risky, deviation, 1.0), 0.0)
    return np.where(traded, size, np.where(hedge > 0, hedge, np.median(size[traded])))


def _without_holes(risk: Floats) -> Floats:
    if not len(risk):
        return risk
    if not risk.any():
        return np.ones(len(risk))
    least = LEAST_RISK * risk.mean()
    return risk if risk.min() >= least else np.maximum(risk, least)


class _Cross(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The Hessian of cross-impact (and impact moved to it), per unit of the profile, from above.

    Parameters
    ----------
    above
        (N, N) E with E - H_t / g_t positive semi-definite in every bucket.
    matrix, weights
        (N, N) and (T, 1) with H_t / g_t = weights_t matrix + diag(own_t).
    own
        (T, N) moved impact per unit of the profile, twice.
    is_equal
        E is H_t / g_t in every bucket: nothing is added.
    """

    above: Floats
    matrix: Floats
    weights: Floats
    own: Floats
    is_equal: bool

    @classmethod
    def of(cls, both: Parts, profile: Floats) -> _Cross | None:
        each = both.programme
        if each.cross is None or each.cross_weights is None or not each.cross_weights.any():
            return None
        weights = 2 * (each.cross_weights / profile)[:, None]
        own = 2 * both.moved[:, None] * each.impact / profile[:, None]
        is_equal = bool(
            np.ptp(weights) <= EVEN * np.abs(weights).max() and (np.ptp(own, axis=0) <= EVEN * own[0]).all()
        )
        if is_equal:
            above = weights[0] * each.cross + np.diag(own[0])
        else:
            # Whatever the bucket, weight (C + diag(least)) is at most the largest weight times it.
            least = _least_diagonal(each.cross, each.impact.mean(axis=0))
            beside = (own - weights * least).max(axis=0)
            above = float(weights.max()) * (each.cross + np.diag(least)) + np.diag(beside)
        return cls(above=above, matrix=each.cross, weights=weights, own=own, is_equal=is_equal)

    def added(self, trades: Floats) -> Floats | float:
        """(T, N) the pull of what was added, at the last trades."""
        if self.is_equal:
            return 0.0
        return np.asarray(trades @ self.above - self.weights * (trades @ self.matrix) - self.own * trades)


def _least_diagonal(cross: Floats, like: Floats) -> Floats:
    """(N,) in proportion to `like`, that makes the matrix positive semi-definite when added to its diagonal."""
    root = np.sqrt(like)
    lowest = float(np.linalg.eigvalsh(cross / np.outer(root, root))[0])
    return like * max(0.0, -lowest / SAFE)
