"""How much of what the market says a price learns only later.

Hou & Moskowitz 2005, "Market frictions, price delay, and the cross-section of expected returns", Review of Financial
Studies 18, with returns R of a market (or of another venue) beside those of the price:

    r_t = a + b R_t + sum_{k=1..K} d_k R_{t-k} + e
    D1 = 1 - R2(all d_k = 0) / R2      share of what the market explains that comes late, in [0, 1]
    D2 = sum k d_k / (b + sum d_k)                     how late, in steps, on average

Where nothing is late D1 still comes out at about K (1 - R2) / (n R2), told as `by_chance`; what resampling shows of
that lean is taken off (see `lean`). A Wald test with Newey-West errors says whether the d_k are nought together. D2 is
the mean lag of what is learned in the end, and means nothing where b + sum d_k is near 0. Intervals resample blocks.

Wrong where the two clocks disagree or the price trades rarely: a stale print is late by itself. Use mids at even
steps. The market has to move in the sample: where it explains nothing, D1 is 0/0 and is refused."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.efficiency.lean import solved, without_lean
from nowake.microstructure.efficiency.sampling import Floats, evened, usable
from nowake.statistics.blocks import block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement
from nowake.statistics.regression import default_lags, long_run

_LEAST_A_COEFFICIENT = 20
_EXPLAINS = 0.01  # The p-value above which the market is said to explain nothing.


class PriceDelay(msgspec.Struct, frozen=True, kw_only=True):
    """What comes late.

    Parameters
    ----------
    share
        D1, its lean taken off.
    steps
        D2, in steps of the returns.
    p_value
        Chance of lagged coefficients as large where nothing is late.
    by_chance
        What D1 is on average where nothing is late.
    r2, r2_at_once
        Share of variance explained by the market with its past, and by its present alone.
    coefficients
        b and d_1 ... d_K.
    n
        Rows.
    """

    share: Measurement
    steps: Measurement
    p_value: float
    by_chance: float
    r2: float
    r2_at_once: float
    coefficients: tuple[float, ...]
    n: int

    def __str__(self) -> str:
        return (
            f"price delay D1 {self.share}\n  D2 {self.steps} steps\n"
            f"  p = {self.p_value:.3g}, D1 by chance {self.by_chance:.2g}, R2 {self.r2_at_once:.3g} of {self.r2:.3g}"
        )


def price_delay(
    returns: Floats, market: Floats, *, lags: int = 5, level: float = 0.95, repeats: int = 400, seed: int = 0
) -> PriceDelay:
    """How late returns follow those of a market.

    Parameters
    ----------
    returns, market
        (n,) of the same even steps, in time order.
    lags
        K, 1 or more.
    repeats, seed
        Resamples for the intervals, 20 or more, and the seed they are drawn of.

    Raises
    ------
    BadParameter
        When lags or repeats are out of their range.
    BadData
        When columns are not finite, of different lengths, too short for their coefficients, or never vary.
    Unidentified
        When the market explains nothing of the returns.
    """
    if repeats < 20:
        raise BadParameter(f"repeats {repeats} must be 20 or more, for example 400")
    table = _table(returns, market, lags)
    rows = len(table)
    edges = block_edges(rows, 5 * lags)
    products = np.stack([table[a:b].T @ table[a:b] for a, b in itertools.pairwise(edges)])
    whole = products.sum(axis=0)
    r2_at_once, r2, coefficients = (each[0] for each in _explained(whole[None]))
    _check_explains(r2, rows, lags)
    blocks = len(products)
    drawn = np.einsum("rb,bij->rij", resampled(blocks, repeats, seed), products)
    at_once_drawn, r2_drawn, coefficients_drawn = _explained(drawn)
    how = f"{lags} lags, {blocks} blocks resampled"
    tells = r2_drawn > 0
    if tells.sum() < repeats // 2:
        raise Unidentified(f"in {repeats - tells.sum()} of {repeats} resamples nothing moves; take longer steps")
    raw, drawn_shares = float(1 - r2_at_once / r2), 1 - at_once_drawn[tells] / r2_drawn[tells]
    share = without_lean(raw, drawn_shares, level=level, blocks=blocks, n=rows, method=how, most=1.0)
    late, drawn_late = float(_late(coefficients[None])[0]), _late(coefficients_drawn[tells])
    steps = with_interval(late, drawn_late, level=level, blocks=blocks, n=rows, method=how)
    return PriceDelay(
        share=share,
        steps=steps,
        p_value=_nothing_late(table, coefficients, lags),
        by_chance=lags * (1 - r2) / (rows * r2),
        r2=float(r2),
        r2_at_once=float(r2_at_once),
        coefficients=tuple((coefficients * (evened(returns)[1] / evened(market)[1])).tolist()),
        n=rows,
    )


def delay_share(returns: Floats, market: Floats, *, lags: int = 5) -> float:
    """D1 alone, lean and all: what the gauge shows.

    Raises
    ------
    BadParameter, BadData, Unidentified
        As in `price_delay`.
    """
    table = _table(returns, market, lags)
    r2_at_once, r2, _ = (each[0] for each in _explained((table.T @ table)[None]))
    _check_explains(r2, len(table), lags)
    return float(1 - r2_at_once / r2)


def _table(returns: Floats, market: Floats, lags: int) -> Floats:
    """Rows of 1, the market now and before, and the price, less their means."""
    if lags < 1:
        raise BadParameter(f"lags {lags} must be 1 or more, for example 5")
    least = lags + _LEAST_A_COEFFICIENT * (2 + lags)
    own, _ = evened(usable(returns, least=least))
    others, _ = evened(usable(market, least=least, what="returns of the market"))
    if len(own) != len(others):
        raise BadData(f"{len(own)} returns and {len(others)} of the market; give one for each step")
    before = [others[lags - lag : len(others) - lag] for lag in range(lags + 1)]
    table = np.column_stack([*before, own[lags:]])
    table = table - table.mean(axis=0)
    if (table.std(axis=0) == 0).any():
        raise BadData("returns never vary once the first are left for the lags; look at a longer time")
    return np.column_stack([np.ones(len(table)), table])


def _explained(products: Floats) -> tuple[Floats, Floats, Floats]:
    """R2 of the market's present, R2 with its past, and the coefficients, of each of b sums of products."""
    total = products[:, -1, -1] - products[:, 0, -1] ** 2 / products[:, 0, 0]
    r2s = []
    for width in (2, products.shape[1] - 1):
        inner, outer = products[:, :width, :width], products[:, :width, -1:]
        coefficients = solved(inner, outer)[:, :, 0]
        left = products[:, -1, -1] - np.einsum("rw,rw->r", coefficients, outer[:, :, 0])
        r2s.append(1 - left / np.where(total > 0, total, np.inf) - (total <= 0))
    return r2s[0], r2s[1], np.asarray(coefficients[:, 1:])


def _late(coefficients: Floats) -> Floats:
    return np.asarray(coefficients @ np.arange(coefficients.shape[1]) / coefficients.sum(axis=1))


def _check_explains(r2: float, rows: int, lags: int) -> None:
    from scipy.special import fdtrc  # noqa: PLC0415  Scipy takes long to load.

    degrees = rows - lags - 2
    p_value = float(fdtrc(lags + 1, degrees, max(r2, 0.0) / (lags + 1) / max(1 - r2, 1e-300) * degrees))
    if p_value > _EXPLAINS:
        raise Unidentified(
            f"the market explains nothing of {rows} returns (R2 = {r2:.2g}, p = {p_value:.2g}), so none of it can be "
            "late; take longer steps or a market that moves this price"
        )


def _nothing_late(table: Floats, coefficients: Floats, lags: int) -> float:
    """p-value of Wald's test that all lagged coefficients are nought, with Newey-West errors."""
    from scipy.special import chdtrc  # noqa: PLC0415  Scipy takes long to load.

    design = table[:, 1:-1]
    residuals = table[:, -1] - design @ coefficients
    bread = np.linalg.inv(design.T @ design)
    covariance = bread @ long_run(design * residuals[:, None], default_lags(len(table))) @ bread
    late = coefficients[1:]
    return float(chdtrc(lags, float(late @ np.linalg.solve(covariance[1:, 1:], late))))
