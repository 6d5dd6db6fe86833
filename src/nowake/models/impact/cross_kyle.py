"""Cross-impact from two covariances: of the assets' price changes and of their signed order flows.

    Kyle              Lambda = y L^-T (L' Sigma L)^(1/2) L^-1,  Omega = L L'
    eigen-liquidity   Lambda = y S [sum_a sqrt(l_a / (u_a' S Omega S u_a)) u_a u_a'] S

Sigma is the covariance of price changes (currency^2), Omega that of signed volumes (shares^2), both over the same
period. Kyle's matrix is the only symmetric positive semi-definite one with Lambda Omega Lambda = Sigma: flow explains
all of the covariance (Caballe & Krishnan 1994, "Imperfect competition in a multi-security market with risk
neutrality", Econometrica 62; Garcia del Molino, Mastromatteo, Benzaquen & Bouchaud 2020, "The multivariate Kyle
model: more is different", SIAM J. Financial Math. 11). In the eigen-liquidity model (Mastromatteo, Benzaquen, Eisler &
Bouchaud 2017, "Trading lightly: cross-impact and optimal portfolio execution", Risk) a flow in one eigenvector u_a of
the correlations moves only that portfolio; S holds the volatilities, l_a the eigenvalues, and here each portfolio is as
liquid as its own flow explains its own variance. Correlations, not Sigma, are taken apart, so that a split of one stock
changes nothing. The two agree where flows are uncorrelated portfolio by portfolio.

`y` is the share of volatility that flow explains; at 1 a cost is an upper bound. Decided on purpose: an asset whose
price does not move has no impact and suffers none; an asset that moves without any flow, or flows so collinear that
impact would be infinite, are refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.impact.cross import CrossImpact
from nowake.models.impact.kernel import Kernel
from nowake.models.terms import Floats

Flags = npt.NDArray[np.bool_]

SMALLEST = 1e-10  # Of the largest eigenvalue of the flow's correlations: below it a basket is not traded at all.


def kyle_matrix(
    assets: tuple[str, ...],
    prices: Floats,
    price_covariance: Floats,
    flow_covariance: Floats,
    *,
    y: float = 1.0,
    kernel: Kernel | None = None,
) -> CrossImpact:
    """Kyle's cross-impact: the symmetric matrix with which flow explains the covariance of prices.

    Parameters
    ----------
    assets
        N names.
    prices
        (N,) currency per share.
    price_covariance
        (N, N) of price changes over some period, currency squared; may be singular.
    flow_covariance
        (N, N) of signed volumes over the same period, shares squared.
    y
        Share of volatility that flow explains, 0 or more.
    kernel
        How impact decays; None where it stays.

    Raises
    ------
    BadParameter
        When a covariance is none, an asset moves without flow, or some basket of moving assets has no flow.
    """
    sigma, omega, moving = _usable(assets, price_covariance, flow_covariance, y)
    # Scaled so that flows have unit variance; the equation keeps its form under M' . M.
    scale = np.sqrt(np.diagonal(omega))
    root, inverse = _roots(omega / np.outer(scale, scale), tuple(np.array(assets)[moving]))
    inner = _root(root @ (sigma * np.outer(scale, scale)) @ root)
    found = (inverse @ inner @ inverse) / np.outer(scale, scale)
    return CrossImpact(
        assets=assets,
        slopes=_spread_out(y * found, moving),
        prices=prices,
        kernel=kernel,
        method=f"Kyle, y = {y:.3g}",
    )


def eigen_liquidity(
    assets: tuple[str, ...],
    prices: Floats,
    price_covariance: Floats,
    flow_covariance: Floats,
    *,
    y: float = 1.0,
    kernel: Kernel | None = None,
) -> CrossImpact:
    """Cross-impact by eigenvectors of the correlations: each portfolio's flow moves that portfolio alone.

    Parameters and errors as for `kyle_matrix`.
    """
    sigma, omega, moving = _usable(assets, price_covariance, flow_covariance, y)
    volatility = np.sqrt(np.diagonal(sigma))
    values, vectors = np.linalg.eigh(sigma / np.outer(volatility, volatility))
    risk_flow = omega * np.outer(volatility, volatility)
    flows = np.einsum("ia,ij,ja->a", vectors, risk_flow, vectors)
    still = flows <= SMALLEST * flows.max(initial=0.0)
    moved = values > SMALLEST * values.max(initial=0.0)
    if (still & moved).any():
        _refuse_basket(vectors[:, int(np.flatnonzero(still & moved)[0])], tuple(np.array(assets)[moving]))
    depth = np.sqrt(np.where(moved, values, 0.0) / np.where(still, 1.0, flows))
    found = np.outer(volatility, volatility) * ((vectors * depth) @ vectors.T)
    return CrossImpact(
        assets=assets,
        slopes=_spread_out(y * found, moving),
        prices=prices,
        kernel=kernel,
        method=f"eigen-liquidity, y = {y:.3g}",
    )


def _usable(
    assets: tuple[str, ...], price_covariance: Floats, flow_covariance: Floats, y: float
) -> tuple[Floats, Floats, Flags]:
    """Covariances of the assets that move, and which those are."""
    if not 0 <= y < np.inf:
        raise BadParameter(f"y {y} must be 0 or more and finite: the share of volatility that flow explains")
    sigma = _covariance("price_covariance", price_covariance, len(assets))
    omega = _covariance("flow_covariance", flow_covariance, len(assets))
    moving = np.diagonal(sigma) > 0
    silent = moving & (np.diagonal(omega) <= 0)
    if silent.any():
        name = assets[int(np.flatnonzero(silent)[0])]
        raise BadParameter(
            f"{name} moves without any order flow: no finite impact explains it; leave it out, or give its flow"
        )
    return sigma[np.ix_(moving, moving)], omega[np.ix_(moving, moving)], moving


def _covariance(name: str, matrix: Floats, count: int) -> Floats:
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (count, count) or not np.isfinite(matrix).all():
        raise BadParameter(f"{name} must be finite and {count} x {count}, not of shape {matrix.shape}")
    scale = np.sqrt(np.abs(np.diagonal(matrix)))
    unit = matrix / np.outer(np.where(scale > 0, scale, 1.0), np.where(scale > 0, scale, 1.0))
    if not np.allclose(unit, unit.T, atol=1e-8):
        raise BadParameter(f"{name} must be symmetric")
    if len(unit) and np.linalg.eigvalsh((unit + unit.T) / 2)[0] < -1e-8 * count:
        raise BadParameter(f"{name} must be positive semi-definite; estimate it from the same periods for all assets")
    return (matrix + matrix.T) / 2


def _roots(correlation: Floats, assets: tuple[str, ...]) -> tuple[Floats, Floats]:
    """The symmetric root of flows' correlations and its inverse."""
    values, vectors = np.linalg.eigh(correlation)
    if len(values) and values[0] <= SMALLEST * values[-1]:
        _refuse_basket(vectors[:, 0], assets)
    root = np.sqrt(values)
    return (vectors * root) @ vectors.T, (vectors / root) @ vectors.T


def _root(matrix: Floats) -> Floats:
    """The symmetric positive semi-definite root; eigenvalues below 0 by rounding are 0."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _refuse_basket(basket: Floats, assets: tuple[str, ...]) -> None:
    largest = np.argsort(-np.abs(basket))[:4]
    words = ", ".join(f"{basket[place]:+.2g} {assets[int(place)]}" for place in largest)
    raise BadParameter(
        f"no flow is seen in the basket {words} (in standard deviations of each), so its impact cannot be told; "
        "give more periods than assets, or leave one of them out"
    )


def _spread_out(found: Floats, moving: Flags) -> Floats:
    """A matrix of the assets that move as one of all, 0 for the others, symmetric to the last bit."""
    whole = np.zeros((len(moving), len(moving)))
    whole[np.ix_(moving, moving)] = (found + found.T) / 2
    return whole
