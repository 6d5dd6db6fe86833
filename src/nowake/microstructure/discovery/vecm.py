"""Error correction between markets of one asset, from cross-products alone, so that a bootstrap repeat costs no pass.

    dx_t = alpha z_{t-1} + G_1 dx_{t-1} + ... + G_k dx_{t-k} + c + e_t,    z_t = (x_1 - x_2, ..., x_1 - x_m)_t

x are log prices on a grid: Engle & Granger 1987 ("Co-integration and error correction", Econometrica 55) with the
cointegrating vectors known, as one asset at two places can drift apart only so far (Hasbrouck 1995); a
constant basis goes into c. Given z the estimate is least squares, which is maximum likelihood for Gaussian news. What
a unit of each market's news leaves in the common price for good is the row psi of beta_perp psi, Johansen's 1991 C
matrix:

    psi = alpha_perp' / (alpha_perp' (I - G_1 - ... - G_k) 1)       solved from psi [alpha, (I - sum G) 1] = [0, 1]

All of it is a function of S = sum v_t v_t', v_t = (1, z_{t-1}, x_{1,t-1}, dx_{t-1}, ..., dx_{t-k}, dx_t). S is made
once for each block of rows; a resampled sample is a weighted sum of these. Prices count from the first row, for sums of
squares of large numbers lose digits. Wrong where the basis drifts (see `cointegration`), or where news moves markets
later than k steps."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Criterion = Literal["aic", "bic"]


class Vecm(NamedTuple):
    """Estimates, each with the leading axes of the cross-products they were made of.

    `alpha` (..., m, m-1): answer of each market's next step to each basis. `gamma` (..., k, m, m): to past steps.
    `constant` (..., m). `omega` (..., m, m): covariance of the news, residuals over rows. `psi` (..., m): what a unit
    of each market's news leaves in the common price."""

    alpha: Floats
    gamma: Floats
    constant: Floats
    omega: Floats
    psi: Floats


class Layout(NamedTuple):
    """Where what is in v_t."""

    markets: int
    lags: int

    @property
    def size(self) -> int:
        """Numbers in v_t."""
        return 1 + self.markets * (self.lags + 2)

    @property
    def bases(self) -> slice:
        """z_{t-1}."""
        return slice(1, self.markets)

    @property
    def levels(self) -> slice:
        """z_{t-1} and x_{1,t-1}."""
        return slice(1, 1 + self.markets)

    @property
    def now(self) -> slice:
        """dx_t."""
        return slice(self.size - self.markets, self.size)

    def steps(self, lags: int) -> Ints:
        """dx_{t-1} up to dx_{t-lags}."""
        return np.arange(1 + self.markets, 1 + self.markets * (lags + 1))

    def causes(self, lags: int) -> Ints:
        """What explains dx_t: 1, z_{t-1} and the past steps."""
        return np.concatenate(([0], np.arange(1, self.markets), self.steps(lags)))


def cross_products(prices: Floats, stretch: Ints, *, lags: int, blocks: Ints | None = None) -> tuple[Floats, Ints]:
    """S of each block of usable rows, and how many rows each has.

    Parameters
    ----------
    prices
        (n, m) log prices on an even grid.
    stretch
        (n,): rows of one stretch without a break carry one number. A row is usable when its lags are in its stretch.
    lags
        Past steps in v_t.
    blocks
        Edges of blocks among the usable rows; one block by default.

    Returns
    -------
    tuple
        (b, q, q) sums and (b,) rows.
    """
    pieces = usable(stretch, lags)
    count = sum(stop - start for start, stop in pieces)
    edges = np.array([0, count]) if blocks is None else blocks
    sums = np.zeros((len(edges) - 1, *(Layout(prices.shape[1], lags).size,) * 2))
    steps, levels = _steps_and_levels(prices - prices[0])
    done = 0
    for start, stop in pieces:
        block, at = int(np.searchsorted(edges, done, side="right")) - 1, start
        while at < stop:
            rows = min(stop - at, int(edges[block + 1]) - done)
            v = _vectors(steps, levels, start=at, stop=at + rows, lags=lags)
            sums[block] += v.T @ v
            at, done, block = at + rows, done + rows, block + 1
    return sums, np.diff(edges)


def usable(stretch: Ints, lags: int) -> list[tuple[int, int]]:
    """Ranges of rows that have `lags` + 1 rows of their own stretch before them."""
    cuts = np.flatnonzero(np.diff(stretch)) + 1
    starts, stops = np.concatenate(([0], cuts)), np.append(cuts, len(stretch))
    return [(int(a) + lags + 1, int(b)) for a, b in zip(starts, stops, strict=True) if b - a > lags + 1]


def estimate(sums: Floats, rows: Floats | Ints | float, *, markets: int, lags: int, most_lags: int) -> Vecm:
    """The model with `lags` past steps from cross-products made for `most_lags`, whatever their leading axes.

    Parameters
    ----------
    sums
        (..., q, q).
    rows
        (...): rows, or sum of weights, behind each.

    Raises
    ------
    Unidentified
        When what explains is collinear: two markets always the same, or one that never moves.
    """
    layout = Layout(markets, most_lags)
    causes = layout.causes(lags)
    sums, rows = np.asarray(sums), np.asarray(rows, np.float64)
    scale = np.sqrt(np.einsum("...ii->...i", sums))
    if not np.all(scale[..., np.append(causes, np.arange(layout.size)[layout.now])] > 0):
        raise Unidentified("a price never moves, or two are always the same; there is nothing to tell apart")
    within = sums / (scale[..., :, None] * scale[..., None, :])
    left = within[..., causes[:, None], causes]
    right = within[..., causes, layout.now]
    weights = _solved(left, right)
    news = within[..., layout.now, layout.now] - np.swapaxes(weights, -1, -2) @ right
    of_now = scale[..., layout.now]
    omega = news * of_now[..., :, None] * of_now[..., None, :] / rows[..., None, None]
    weights = weights * of_now[..., None, :] / scale[..., causes, None]
    gamma = weights[..., markets:, :].reshape(*weights.shape[:-2], lags, markets, markets)
    gamma = np.swapaxes(gamma, -1, -2)
    alpha = np.swapaxes(weights[..., 1:markets, :], -1, -2)
    psi = common_weights(alpha * scale[..., None, layout.bases], gamma)
    return Vecm(alpha, gamma, weights[..., 0, :], omega, psi)


def common_weights(alpha: Floats, gamma: Floats) -> Floats:
    """psi (..., m) of alpha (..., m, m-1), in any units, and gamma (..., k, m, m).

    Raises
    ------
    Unidentified
        When alpha leaves no common price, or more than one.
    """
    m = alpha.shape[-2]
    lasting = (np.eye(m) - gamma.sum(axis=-3)) @ np.ones(m)
    size = np.linalg.norm(alpha, axis=-2, keepdims=True)
    if not np.all(size > 0):
        raise Unidentified("no market answers to the basis; they share no common price")
    system = np.concatenate((alpha / size, lasting[..., None]), axis=-1)
    unit = np.zeros((*system.shape[:-1], 1))
    unit[..., -1, 0] = 1.0
    return np.asarray(_solved(np.swapaxes(system, -1, -2), unit)[..., 0])


def choose_lags(sums: Floats, rows: int, *, markets: int, most_lags: int, criterion: Criterion) -> int:
    """Lags, 0 to `most_lags`, with the least log det Omega + penalty on the same rows.

    The penalty is log(rows) / rows (BIC: Schwarz 1978) or 2 / rows (AIC: Akaike 1974) for each of the m^2 numbers a
    lag adds.
    """
    if criterion not in ("aic", "bic"):
        raise BadParameter(f"criterion {criterion!r} must be 'aic' or 'bic'")
    price = (math.log(rows) if criterion == "bic" else 2.0) / rows * markets**2
    scores = [
        float(np.linalg.slogdet(estimate(sums, rows, markets=markets, lags=lags, most_lags=most_lags).omega)[1])
        + price * lags
        for lags in range(most_lags + 1)
    ]
    return int(np.argmin(scores))


def vectors(from_first: Floats, *, lags: int, stretch: Ints | None = None) -> Floats:
    """v_t of every usable row (rows, q), of prices (n, m) that count from the first."""
    steps, levels = _steps_and_levels(from_first)
    pieces = usable(np.zeros(len(from_first), np.int64) if stretch is None else stretch, lags)
    parts = [_vectors(steps, levels, start=start, stop=stop, lags=lags) for start, stop in pieces]
    empty = np.zeros((0, Layout(from_first.shape[1], lags).size))
    return np.concatenate([empty, *parts])


def _steps_and_levels(from_first: Floats) -> tuple[Floats, Floats]:
    steps = np.diff(from_first, axis=0, prepend=from_first[:1])
    return steps, np.column_stack((from_first[:, :1] - from_first[:, 1:], from_first[:, :1]))


def _vectors(steps: Floats, levels: Floats, *, start: int, stop: int, lags: int) -> Floats:
    """v_t of the rows, (stop - start, q)."""
    m = steps.shape[1]
    v = np.empty((stop - start, 1 + m * (lags + 2)))
    v[:, 0] = 1.0
    v[:, 1 : 1 + m] = levels[start - 1 : stop - 1]
    for lag in range(1, lags + 1):
        v[:, 1 + m * lag : 1 + m * (lag + 1)] = steps[start - lag : stop - lag]
    v[:, 1 + m * (lags + 1) :] = steps[start:stop]
    return v


def _solved(left: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(left, right))
    except np.linalg.LinAlgError:
        raise Unidentified("prices are collinear, such as two that are always the same; leave one out") from None
