"""Impact of many assets on each other: what trading one does to the price of another.

    D_t = slopes integral over s < t of G(t - s) dQ_s          currency per share, (N,)

Q_s are the signed shares traded until s, `slopes` the N x N matrix of currency per share, per share, and G the decay
all assets have in common (`kernel`), 1 where impact stays. The cost of trading is the sum over time of q' D, in
currency; positive when bad.

The matrix must be symmetric: where buying B lifts A more than buying A lifts B, buying A, then B, then selling A, then
B earns the difference (Huberman & Stanzl 2004, "Price manipulation and quasi-arbitrage", Econometrica 72; Schneider &
Lillo 2019, "Cross-impact and no-dynamic-arbitrage", Quantitative Finance 19). And it must be positive semi-definite, or
some basket costs less than nothing to trade. With a positive definite kernel no round trip then earns.

Wrong where the assets' impacts decay at different speeds, and for orders so large that impact is concave in size."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.admissible import check_admissible
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.shapes import Power
from nowake.models.terms import Floats

ROUNDING = 1e-9  # Of the two assets' own slopes.


class BasketCost(NamedTuple):
    """What a schedule of many assets costs.

    Parameters
    ----------
    by_asset
        (N,) currency, positive when bad; they sum to `total`.
    own
        Of the total, what each asset's own trades cost it; the rest is what assets do to each other.
    traded
        Currency bought and sold.
    """

    by_asset: Floats
    own: float
    traded: float

    @property
    def total(self) -> float:
        """Currency."""
        return float(self.by_asset.sum())

    @property
    def total_bps(self) -> float:
        """Average over all that was traded, in basis points of its value."""
        return self.total / self.traded * 1e4


class CrossImpact(msgspec.Struct, frozen=True, kw_only=True):
    """Linear impact between assets.

    Parameters
    ----------
    assets
        N names.
    slopes
        (N, N) currency per share that one share bought of the column's asset adds to the price of the row's.
    prices
        (N,) currency per share, above 0.
    kernel
        What is left of a displacement after a lag in sessions, the same for all; None where it stays.
    method
        How the matrix was made, in words.

    Raises
    ------
    BadParameter
        When shapes differ, the matrix is not symmetric or not positive semi-definite, or the kernel pays for a round
        trip.
    """

    assets: tuple[str, ...]
    slopes: Floats
    prices: Floats
    kernel: Kernel | None = None
    method: str = "given"

    def __post_init__(self) -> None:
        count = len(self.assets)
        if self.slopes.shape != (count, count) or self.prices.shape != (count,):
            raise BadParameter(
                f"{count} assets need {count} x {count} slopes and {count} prices, not {self.slopes.shape} and "
                f"{self.prices.shape}"
            )
        if not (np.isfinite(self.slopes).all() and np.isfinite(self.prices).all() and (self.prices > 0).all()):
            raise BadParameter("slopes must be finite and prices finite and above 0")
        _check_symmetric(self.slopes, self.assets)
        _check_no_gift(self.slopes, self.assets)
        if self.kernel is not None:
            check_admissible(self.kernel, Power(1.0, 1.0))

    def displacement(self, quantities: Floats) -> Floats:
        """(N,) currency per share that signed shares traded at once, or without decay, move the prices by."""
        return np.asarray(self.slopes @ np.asarray(quantities, dtype=np.float64))

    def displacement_bps(self, quantities: Floats) -> Floats:
        """(N,) the same in basis points of each price."""
        return self.displacement(quantities) / self.prices * 1e4

    def cost_of(self, trades: Floats, edges_days: Floats) -> BasketCost:
        """What a schedule of all assets costs.

        Parameters
        ----------
        trades
            (K, N) signed shares of each asset in each bucket, traded evenly inside it.
        edges_days
            (K+1,) increasing instants in trading sessions.

        Raises
        ------
        BadParameter
            When shapes do not fit, edges do not increase, or nothing is traded.
        """
        trades, edges = self._check(trades, edges_days)
        met = self._weights(edges) @ trades  # (K, N) shares of each asset that still push while a bucket trades.
        by_asset = (trades * (met @ self.slopes.T)).sum(axis=0)
        own = float((trades * met * np.diagonal(self.slopes)).sum())
        return BasketCost(by_asset, own, float((np.abs(trades) * self.prices).sum()))

    def path(self, trades: Floats, edges_days: Floats, at_days: Floats) -> Floats:
        """(M, N) displacement of each price at instants during and after a schedule, in currency per share."""
        trades, edges = self._check(trades, edges_days)
        at = np.asarray(at_days, dtype=np.float64)
        if self.kernel is None:
            done = np.clip((at[:, None] - edges[:-1]) / np.diff(edges), 0.0, 1.0)
        else:
            done = self.kernel.left_of(edges, at) / np.diff(edges)
        return np.asarray(done @ trades @ self.slopes.T)

    def _weights(self, edges: Floats) -> Floats:
        """(K, K) what is left, on average over bucket i, of a share traded in bucket j <= i; half of it for its own."""
        count = len(edges) - 1
        left = np.ones((count, count)) if self.kernel is None else self.kernel.matrix(edges)
        return np.tril(left, -1) + np.diag(np.diagonal(left)) / 2

    def _check(self, trades: Floats, edges_days: Floats) -> tuple[Floats, Floats]:
        trades, edges = np.asarray(trades, dtype=np.float64), np.asarray(edges_days, dtype=np.float64)
        if trades.ndim != 2 or trades.shape[1] != len(self.assets) or edges.shape != (len(trades) + 1,):
            raise BadParameter(
                f"trades {trades.shape} and edges {edges.shape} must be (K, {len(self.assets)}) and (K + 1,)"
            )
        if not (np.isfinite(trades).all() and (np.diff(edges) > 0).all() and np.abs(trades).sum() > 0):
            raise BadParameter("trades must be finite and not all 0, and edges must increase")
        return trades, edges

    def __str__(self) -> str:
        rows = [f"currency per share, per share ({self.method}); bought: {', '.join(self.assets)}"]
        rows += [
            f"{asset:<12}" + "".join(f"{slope:>12.4g}" for slope in line)
            for asset, line in zip(self.assets, self.slopes, strict=True)
        ]
        return "\n".join(rows)


def _check_symmetric(slopes: Floats, assets: tuple[str, ...]) -> None:
    gap = slopes - slopes.T
    relative = gap / _own_scale(slopes)
    if np.abs(relative).max(initial=0.0) <= ROUNDING:
        return
    a, b = (int(place) for place in np.unravel_index(int(np.argmax(relative)), gap.shape))
    raise BadParameter(
        f"slopes must be symmetric: buying {assets[b]} lifts {assets[a]} by {slopes[a, b]:.4g} a share, buying "
        f"{assets[a]} lifts {assets[b]} by {slopes[b, a]:.4g}; one share each of buy {assets[a]}, buy {assets[b]}, "
        f"sell {assets[a]}, sell {assets[b]} earns {gap[a, b]:.4g}. Take (slopes + slopes.T) / 2, or kyle_matrix"
    )


def _check_no_gift(slopes: Floats, assets: tuple[str, ...]) -> None:
    scale = _own_scale(slopes)
    values, vectors = np.linalg.eigh((slopes + slopes.T) / 2 / scale)
    if not len(values) or values[0] >= -ROUNDING:
        return
    basket = vectors[:, 0] / np.sqrt(np.diagonal(scale))
    basket /= np.abs(basket).max()
    words = ", ".join(f"{share:+.3g} {asset}" for share, asset in zip(basket, assets, strict=True))
    raise BadParameter(
        f"slopes must be positive semi-definite: trading {words} at once would earn {-basket @ slopes @ basket / 2:.4g}"
    )


def _own_scale(slopes: Floats) -> Floats:
    """(N, N) root of the product of two assets' own slopes, so that assets of different price hide nothing."""
    own = np.abs(np.diagonal(slopes))
    root = np.sqrt(np.where(own > 0, own, np.abs(slopes).max(initial=0.0) or 1.0))
    return np.outer(root, root)
