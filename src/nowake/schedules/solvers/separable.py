"""The linear step of every structured method: time and assets taken apart, each in its own basis.

With x_t what is left after bucket t (t = 1..T-1), v = v0 - D x the trades and S the covariance, all methods here
solve

    [ E (x) D' G D  +  2 (F F' + diag(d) + A' diag(s) A) (x) R ] x = right side      E = diag(e) or any N x N matrix

with G = diag(g) the profile of trading costs through time and R = diag(r) that of risk. Both time matrices become
diagonal in one basis W (W' D'G D W = 1, W' R W = diag(nu)): the discrete sine transform where both profiles are even,
the eigenvectors of one symmetric tridiagonal matrix where not. Each mode is then diagonal plus low rank in assets,
solved by Woodbury's formula (1950) in the K factors and M bands; or, where there are as many factors as assets or
costs cross assets, in the basis of assets that makes E and S diagonal together. Nothing of size N T is ever
factorised.

Almgren & Chriss (2000, appendix A) diagonalise assets; the sine transform is Buzbee, Golub & Nielson's (1970) for
Poisson's equation. Wrong where the profile through time differs by asset: then these are only a preconditioner."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np

from nowake.models.terms import Floats

TINY_SHARE = 1e-9
"""Of the largest risk weight; below it the tridiagonal form would divide by nothing."""


class TimeModes(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A basis of time in which both profiles are diagonal.

    Parameters
    ----------
    holdings
        (T-1, T-1) W: a mode's holdings after each bucket.
    trades
        (T, T-1) D W: their fall in each bucket, with the sign of D x.
    weighted
        (T-1, T) the transpose of G D W: what turns prices g_t y_t of trades into modes.
    risk
        (T-1,) nu: what a mode holds of risk where its trades cost 1.
    kind
        "sine transform" or "eigenvectors".
    """

    holdings: Floats
    trades: Floats
    weighted: Floats
    risk: Floats
    kind: str


class Step(Protocol):
    """A factorised linear step: modes of the right side in, modes of the solution out, both (T-1, N)."""

    def solve(self, modes: Floats) -> Floats:
        """The solution in modes of time."""
        ...


def time_modes(trading: Floats, risk: Floats) -> TimeModes:
    """The basis for profiles `trading` (T,) above 0 and `risk` (T-1,) 0 or more."""
    if len(risk) and np.ptp(trading) == 0 and np.ptp(risk) == 0:
        holdings, nu = _sines(len(risk), float(trading[0]), float(risk[0]))
        kind = "sine transform"
    else:
        holdings, nu = _eigenvectors(trading, risk)
        kind = "eigenvectors"
    trades = np.diff(holdings, axis=0, prepend=0.0, append=0.0)
    return TimeModes(
        holdings=holdings,
        trades=trades,
        weighted=np.ascontiguousarray((trading[:, None] * trades).T),
        risk=nu,
        kind=kind,
    )


def _sines(n: int, trading: float, risk: float) -> tuple[Floats, Floats]:
    """The DST-I as a matrix: up to some 400 buckets its product beats the fast transform."""
    j = np.arange(1, n + 1)
    # The argument is reduced by whole turns in integers, so that large products of j keep their digits.
    angles = (np.pi / (n + 1)) * (np.outer(j, j) % (2 * (n + 1)))
    mu = trading * 4 * np.sin(np.pi * j / (2 * (n + 1))) ** 2
    return np.sin(angles) * np.sqrt(2 / (n + 1) / mu), risk / mu


def _eigenvectors(trading: Floats, risk: Floats) -> tuple[Floats, Floats]:
    import scipy.linalg as sl  # noqa: PLC0415

    n = len(risk)
    if n == 0:
        return np.zeros((0, 0)), np.zeros(0)
    diagonal, beside = trading[:-1] + trading[1:], -trading[1:-1]
    if risk.min() > TINY_SHARE * risk.max():
        root = 1 / np.sqrt(risk)
        mu, Q = sl.eigh_tridiagonal(diagonal * root * root, beside * root[:-1] * root[1:])
        # Of a positive definite matrix; rounding must not make the slowest mode free.
        mu = np.maximum(mu, np.finfo(float).eps * mu[-1] / n)
        return root[:, None] * Q / np.sqrt(mu), 1 / mu
    M = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    nu, W = sl.eigh(np.diag(risk), M)
    return W, np.maximum(nu, 0.0)


class FactorStep:
    """Diagonal costs: Woodbury's formula in the columns of B, one small system a mode.

    Parameters
    ----------
    modes
        The basis of time.
    costs
        (N,) e above 0.
    specific
        (N,) d.
    columns
        (N, K) B with F F' + A' diag(s) A = B B'.
    """

    def __init__(self, modes: TimeModes, costs: Floats, specific: Floats, columns: Floats) -> None:
        nu = modes.risk[:, None]
        self._inverse = 1 / (costs + 2 * nu * specific)
        self._columns = columns
        self._rows = np.ascontiguousarray(columns.T)
        count = columns.shape[1]
        if count:
            i, j = np.nonzero(np.tri(count, dtype=bool))
            products = self._inverse @ (columns[:, i] * columns[:, j])
            small = np.empty((len(nu), count, count))
            small[:, i, j] = small[:, j, i] = products * (2 * nu)
            small[:, np.arange(count), np.arange(count)] += 1
            self._small, self._twice = small, 2 * nu
            self._inverted: Floats | None = None
            self._is_used = False

    def solve(self, modes: Floats) -> Floats:
        """See `Step`; overwrites its argument."""
        modes *= self._inverse
        if self._columns.shape[1]:
            fall = self._held((modes @ self._columns) * self._twice) @ self._rows
            fall *= self._inverse
            modes -= fall
        return modes

    def _held(self, exposures: Floats) -> Floats:
        """The small systems solved; inverted when they are used again, for that takes twice as long as one solution."""
        if not self._is_used:
            self._is_used = True
            return np.asarray(np.linalg.solve(self._small, exposures[:, :, None])[:, :, 0])
        if self._inverted is None:
            self._inverted = np.asarray(np.linalg.inv(self._small), dtype=float)
        return np.asarray(np.matmul(self._inverted, exposures[:, :, None])[:, :, 0])


class JointStep:
    """Any costs: the basis U of assets with U' E U = 1 and U' S U = diag(k).

    Parameters
    ----------
    modes
        The basis of time.
    costs
        (N, N) E, positive definite.
    covariance
        (N, N) F F' + diag(d) + A' diag(s) A.
    """

    def __init__(self, modes: TimeModes, costs: Floats, covariance: Floats) -> None:
        import scipy.linalg as sl  # noqa: PLC0415

        # Unit diagonal first: shares and prices of any size stay of one size inside.
        scale = 1 / np.sqrt(np.diag(costs))
        outer = np.outer(scale, scale)
        k, U = sl.eigh(2 * covariance * outer, costs * outer, check_finite=False)
        self._assets = scale[:, None] * U
        self._inverse = 1 / (1 + modes.risk[:, None] * np.maximum(k, 0.0))

    def solve(self, modes: Floats) -> Floats:
        """See `Step`."""
        joint = modes @ self._assets
        joint *= self._inverse
        return np.asarray(joint @ self._assets.T)
