"""Who moves the common price: four splits of it over markets, from its weights and the covariance of the news.

A vector error correction model (see `vecm`) says how much each market's news moves the one random walk that all of
them share: psi, one weight a market, and Omega, the covariance of the news. From these alone:

    information share   IS_j = (psi F)_j^2 / (psi Omega psi'),   F F' = Omega, lower triangular (Hasbrouck 1995, "One
                        security, many markets", Journal of Finance 50)
    component share     CS_j = psi_j / sum(psi)                  (Gonzalo & Granger 1995, "Estimation of common
                        long-memory components", Journal of Business & Economic Statistics 13)
    modified share      MIS_j = (psi F*)_j^2 / (psi Omega psi'), F* = V G L^(1/2) G', V the standard deviations, G L G'
                        the correlation (Lien & Shrestha 2009, "A new information share measure", J. Futures Markets 29)
    leadership share    ILS_1 = IL_1 / (IL_1 + IL_2), IL_1 = |IS_1 CS_2 / (IS_2 CS_1)| = 1 / IL_2
                        (Putnins 2013, "What do price discovery metrics really measure?", J. Empirical Finance 23)

F depends on the order of the markets when news is correlated, so IS is told by its least and most over ALL orders: a
market's share depends only on which others come before it, so m 2^(m-1) subsets say what m! orders would. Shares
add up to 1 within one order, and so does their mean over all orders, but neither bounds nor midpoints do.

Wrong: IS and CS both favour the less noisy market, CS may be negative (news of one market moves the price the other
way), IS has wide bounds where the interval is so long that all markets hear the news within it, and the leadership
share is 0/0 where a market has none. All take leading axes, so that bootstrap repeats are done at once."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter

Floats = npt.NDArray[np.float64]

MOST_MARKETS = 10


class InformationShares(NamedTuple):
    """Hasbrouck's shares, each (..., m): least and most over all orders of the markets, half-way, and their mean."""

    low: Floats
    high: Floats
    mid: Floats
    mean: Floats


def information_shares(psi: Floats, omega: Floats) -> InformationShares:
    """Hasbrouck's information shares over all orders of the markets.

    Parameters
    ----------
    psi
        (..., m): weight of each market's news in the common price; only proportions count.
    omega
        (..., m, m): covariance of the news.

    Returns
    -------
    InformationShares
        Shares of the variance of the common price, in [0, 1].

    Raises
    ------
    BadParameter
        When there are fewer than 2 or more than 10 markets, or shapes do not fit.
    BadData
        When the covariance is not positive definite: the markets cannot be told apart.
    """
    psi, omega = _checked(psi, omega)
    m = psi.shape[-1]
    total = walk_variance(psi, omega)[..., None]
    low, high, mean = np.full(psi.shape, np.inf), np.zeros(psi.shape), np.zeros(psi.shape)
    for before, left in _after_each(omega):
        weight = factorial(len(before)) * factorial(m - 1 - len(before)) / factorial(m)
        last = [j for j in range(m) if j not in before]
        variance = np.einsum("...jj->...j", left)[..., last]
        moved = np.einsum("...i,...ij->...j", psi, left)[..., last]
        share = moved**2 / (variance * total)
        low[..., last] = np.minimum(low[..., last], share)
        high[..., last] = np.maximum(high[..., last], share)
        mean[..., last] += weight * share
    return InformationShares(low, high, (low + high) / 2, mean)


def shares_in_order(psi: Floats, omega: Floats) -> Floats:
    """Hasbrouck's shares (..., m) with the markets in the order they are given; they add up to 1."""
    psi, omega = _checked(psi, omega)
    moved = np.einsum("...i,...ij->...j", psi, np.linalg.cholesky(omega))
    return np.asarray(moved**2 / walk_variance(psi, omega)[..., None])


def component_shares(psi: Floats) -> Floats:
    """Gonzalo & Granger's weights (..., m) of the common price, adding up to 1; they may be negative."""
    return np.asarray(psi / psi.sum(axis=-1, keepdims=True))


def modified_shares(psi: Floats, omega: Floats) -> Floats:
    """Lien & Shrestha's shares (..., m), one number a market whatever the order; they add up to 1."""
    psi, omega = _checked(psi, omega)
    sd = np.sqrt(np.einsum("...jj->...j", omega))
    values, vectors = np.linalg.eigh(omega / (sd[..., :, None] * sd[..., None, :]))
    root = np.einsum("...ik,...k,...jk->...ij", vectors, np.sqrt(np.maximum(values, 0.0)), vectors)
    moved = np.einsum("...i,...ij->...j", psi * sd, root)
    return np.asarray(moved**2 / walk_variance(psi, omega)[..., None])


def leadership_shares(information: Floats, component: Floats) -> Floats:
    """Putnins's shares (..., 2) of two markets from midpoints of IS and from CS; NaN where it is 0/0.

    Raises
    ------
    BadParameter
        When there are not exactly two markets: the measure is not defined for more.
    """
    if information.shape[-1] != 2 or information.shape != component.shape:
        raise BadParameter(f"{information.shape[-1]} markets: the leadership share is of exactly 2; take them in pairs")
    crossed = (information * component[..., ::-1]) ** 2
    total = crossed.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(crossed, total, out=np.full(crossed.shape, np.nan), where=total > 0))


def walk_variance(psi: Floats, omega: Floats) -> Floats:
    """Variance psi Omega psi' (...) of one step of the common price, in squared log price where psi is not scaled."""
    return np.asarray(np.einsum("...i,...ij,...j->...", psi, omega, psi))


def _after_each(omega: Floats) -> list[tuple[tuple[int, ...], Floats]]:
    """For each subset that leaves a market out: it, and the covariance of what is left once its news is known."""
    m = omega.shape[-1]
    found: dict[tuple[int, ...], Floats] = {(): omega}
    for size in range(1, m):
        for before in combinations(range(m), size):
            rest, last = found[before[:-1]], before[-1]
            column = rest[..., :, last]
            variance = rest[..., last, last][..., None, None]
            found[before] = rest - column[..., :, None] * column[..., None, :] / variance
    return list(found.items())


def _checked(psi: Floats, omega: Floats) -> tuple[Floats, Floats]:
    psi, omega = np.asarray(psi, np.float64), np.asarray(omega, np.float64)
    m = psi.shape[-1]
    if not 2 <= m <= MOST_MARKETS:
        raise BadParameter(f"{m} markets must be 2 to {MOST_MARKETS}; leave some out")
    if omega.shape != (*psi.shape, m):
        raise BadParameter(f"omega of shape {omega.shape} does not fit psi of {psi.shape}; give {(*psi.shape, m)}")
    sd = np.sqrt(np.abs(np.einsum("...jj->...j", omega)))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = omega / (sd[..., :, None] * sd[..., None, :])
    least = np.linalg.eigvalsh(correlation).min() if np.isfinite(correlation).all() else -1.0
    if not least > _SINGULAR:
        raise BadData(
            f"the news of the {m} markets cannot be told apart (least eigenvalue of their correlation {least:.2g}); "
            "leave out one of two that are the same, or one that never moves"
        )
    return psi, omega


_SINGULAR = 1e-9  # Of a correlation matrix: below, shares would be made of rounding.
