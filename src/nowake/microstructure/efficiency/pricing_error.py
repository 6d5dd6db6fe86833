"""How far the price strays from the efficient one, at least: the standard deviation of the pricing error.

Hasbrouck 1993, "Assessing the quality of a security market: a new approach to transaction-cost measurement", Review of
Financial Studies 6: p_t = m_t + s_t, m a random walk, s what passes. Returns, alone or with signed trades x, follow a
vector autoregression; its moving-average form r_t = sum a_k v1_{t-k} + b_k v2_{t-k} gives

    alpha_j = - sum_{k>j} a_k,   beta_j likewise
    sigma_s^2 = sum_j (alpha_j, beta_j) Cov(v) (alpha_j, beta_j)'
    sigma_w^2 = (sum a, sum b) Cov(v) (sum a, sum b)'

with no part of s apart from the innovations (Beveridge & Nelson), which makes sigma_s the least that fits: a lower
bound. The sums over all j are taken in closed form from the autoregression (a Lyapunov equation), none is cut off. In
Roll's model (half-spread c, trades of either side by coin) signed trades find c itself, returns alone less: theta c^2.

Intervals resample blocks of the sums of squares and products. The variance itself leans up by noise in the
autoregression, most where sigma_s is near 0; what resampling shows of that lean is taken off (see `lean`).

Wrong where returns are of unequal steps, where the autoregression is too short for the passing part (raise `lags`), and
as a cost: it is a spread of the error, not its mean."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.efficiency.lean import root, solved, without_lean
from nowake.microstructure.efficiency.sampling import Floats, evened, usable
from nowake.statistics.blocks import block_edges, resampled
from nowake.statistics.measurement import Measurement

_LEAST_A_COEFFICIENT = 20  # Rows a coefficient: fewer and the lean is as large as what is measured.
_UNIT_ROOT = 14.0  # Fewer parts of n below 1 and a root is not told from 1: Dickey & Fuller's 5 % point, with a mean.
_EXPLODES = 0.9999  # The same of a resample, which is taken as it comes.


class PricingError(msgspec.Struct, frozen=True, kw_only=True):
    """How far price and efficient price are apart.

    Parameters
    ----------
    sd
        Standard deviation of the pricing error, in the unit of the returns; a lower bound.
    random_walk_sd
        Standard deviation of the efficient price's step.
    share
        Variance of the pricing error over that of one step of the efficient price.
    lags, n
        Of the autoregression, and its rows.
    """

    sd: Measurement
    random_walk_sd: Measurement
    share: Measurement
    lags: int
    n: int

    def __str__(self) -> str:
        return f"pricing error {self.sd}\n  of a step {self.random_walk_sd}\n  variance share {self.share}"


def pricing_error(
    returns: Floats,
    signed: Floats | None = None,
    *,
    lags: int = 5,
    level: float = 0.95,
    repeats: int = 400,
    seed: int = 0,
) -> PricingError:
    """The pricing error of a column of returns.

    Parameters
    ----------
    returns
        (n,) of the price (in trade time for prints), in time order.
    signed
        (n,) or (n, m): signed trades of the same steps (+1/-1, signed lots, ...); None for returns alone.
    lags
        Of the autoregression, 1 or more.
    repeats, seed
        Resamples for the intervals, 20 or more, and the seed they are drawn of.

    Raises
    ------
    BadParameter
        When lags or repeats are out of their range.
    BadData
        When columns are not finite, of different lengths, too short for their coefficients, or never vary.
    Unidentified
        When shocks do not die out: the columns are prices, not returns, or hold one another exactly.
    """
    if repeats < 20:
        raise BadParameter(f"repeats {repeats} must be 20 or more, for example 400")
    columns, unit = _columns(returns, signed, lags)
    products, rows = _products(columns, lags)
    blocks = len(products)
    point = _point(products, columns.shape[1], lags)
    draws = _decomposed(np.einsum("rb,bij->rij", resampled(blocks, repeats, seed), products), columns.shape[1], lags)
    draws = draws[np.isfinite(draws).all(axis=1)]
    if len(draws) < repeats // 2:
        raise Unidentified(f"in {repeats - len(draws)} of {repeats} resamples shocks do not die out; take fewer lags")
    how = f"VAR of {lags} lags, {columns.shape[1]} columns, {blocks} blocks resampled"
    found = [
        without_lean(float(value), each, level=level, blocks=blocks, n=rows, method=how)
        for value, each in zip(point, draws.T, strict=True)
    ]
    sd, walk = (_in_unit(root(each), unit) for each in found[:2])
    return PricingError(sd=sd, random_walk_sd=walk, share=found[2], lags=lags, n=rows)


def pricing_error_sd(returns: Floats, *, lags: int = 5) -> float:
    """The point estimate alone, of returns alone, lean and all: what the gauge shows.

    Raises
    ------
    BadParameter, BadData, Unidentified
        As in `pricing_error`.
    """
    columns, unit = _columns(returns, None, lags)
    products, _ = _products(columns, lags)
    return unit * math.sqrt(float(_point(products, 1, lags)[0]))


def _in_unit(found: Measurement, unit: float) -> Measurement:
    return msgspec.structs.replace(found, value=found.value * unit, low=found.low * unit, high=found.high * unit)


def _columns(returns: Floats, signed: Floats | None, lags: int) -> tuple[Floats, float]:
    """Returns and signed trades, each in a unit of its own size, and the returns' unit."""
    if lags < 1:
        raise BadParameter(f"lags {lags} must be 1 or more, for example 5")
    count = 1 if signed is None else 1 + np.atleast_2d(np.asarray(signed).T).shape[0]
    least = lags + _LEAST_A_COEFFICIENT * (1 + lags * count)
    prices, unit = evened(usable(returns, least=least))
    if signed is None:
        return prices[:, None], unit
    flows = [evened(usable(column, least=1, what="signed trades"))[0] for column in np.atleast_2d(np.asarray(signed).T)]
    if len(flows[0]) != len(prices):
        raise BadData(f"{len(prices)} returns and {len(flows[0])} signed trades; give one for each step")
    return np.column_stack([prices, *flows]), unit


def _products(columns: Floats, lags: int) -> tuple[Floats, int]:
    """Sums of products of (1, lagged columns, columns) over blocks of rows, (blocks, w, w), and how many rows."""
    scale = columns.std(axis=0)  # Columns of one size, so that the sums can be solved; returns are put back after.
    scale[0] = 1.0 if len(scale) == 1 else scale[0]
    even = columns / np.where(np.arange(len(scale)) == 0, 1.0, scale)
    rows = len(even) - lags
    lagged = [even[lags - lag : len(even) - lag] for lag in range(1, lags + 1)]
    table = np.column_stack([np.ones(rows), *lagged, even[lags:]])
    edges = block_edges(rows, 5 * lags)
    return np.stack([table[a:b].T @ table[a:b] for a, b in itertools.pairwise(edges)]), rows


def _decomposed(products: Floats, count: int, lags: int, *, explodes: float = _EXPLODES) -> Floats:
    """Variance of the pricing error, of a step of the walk, and their ratio, (b, 3); NaN where shocks last."""
    width = 1 + lags * count
    inner, outer = products[:, :width, :width], products[:, :width, width:]
    coefficients = solved(inner, outer)
    innovations = products[:, width:, width:] - np.swapaxes(outer, 1, 2) @ coefficients
    innovations /= (products[:, 0, 0] - width)[:, None, None]
    size = lags * count
    companion = np.zeros((len(products), size, size))
    companion[:, :count, :] = np.swapaxes(coefficients[:, 1:, :], 1, 2)
    companion[:, count:, : size - count] = np.eye(size - count)
    dies = np.abs(np.linalg.eigvals(companion)).max(axis=1) < explodes
    companion[~dies] = 0.0
    enter = np.linalg.inv(np.eye(size) - companion)[:, :, :count]
    shocks = enter @ innovations @ np.swapaxes(enter, 1, 2)
    walk = shocks[:, 0, 0]
    passing = (companion @ _summed(companion, shocks) @ np.swapaxes(companion, 1, 2))[:, 0, 0]
    found = np.maximum(np.column_stack([passing, walk, passing / np.maximum(walk, 1e-300)]), 0.0)
    found[~dies] = np.nan
    return np.asarray(found)


def _summed(companion: Floats, shocks: Floats) -> Floats:
    """sum_j F^j M F'^j, by doubling: each step sums twice as many terms."""
    total, power = shocks, companion
    for _ in range(40):
        total = total + power @ total @ np.swapaxes(power, 1, 2)
        power = power @ power
        if float(np.abs(power).max(initial=0.0)) < 1e-18:
            break
    return total


def _point(products: Floats, count: int, lags: int) -> Floats:
    whole = products.sum(axis=0)[None]
    point = _decomposed(whole, count, lags, explodes=1 - _UNIT_ROOT / float(whole[0, 0, 0]))[0]
    if not np.isfinite(point).all():
        raise Unidentified(f"with {lags} lags shocks do not die out in the sample; give returns, not prices")
    return np.asarray(point)
