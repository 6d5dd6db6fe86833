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
changes nothing. The two agree where flows are uncorrelated portfolio by portfolio. Where eigenvalues are equal (assets
that are uncorrelated, or all correlated alike) no portfolio is singled out: such a space is one block, with Kyle's
matrix inside it. Near such a point the eigenvectors, and so the model, turn with any small change of the correlations:
estimated correlations that are nearly alike want Kyle's matrix.

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

SAME = 1e-8  # Of the largest eigenvalue of prices' correlations: within it two are one.
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
    scale = np.sqrt(np.diagonal(omega))
    values, vectors = np.linalg.eigh(omega / np.outer(scale, scale))
    if len(values) and values[0] <= SMALLEST * values[-1]:
        _refuse_basket(vectors[:, 0], tuple(np.array(assets)[moving]))
    found = _kyle(sigma, omega) if len(values) else omega
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
    flow = vectors.T @ (omega * np.outer(volatility, volatility)) @ vectors
    found, largest = np.zeros_like(sigma), np.diagonal(flow).max(initial=0.0)
    for block in _eigenspaces(values):
        if values[block[-1]] <= SMALLEST * values[-1]:
            continue
        least, basket = np.linalg.eigh(flow[np.ix_(block, block)])
        if least[0] <= SMALLEST * largest:
            _refuse_basket(vectors[:, block] @ basket[:, 0], tuple(np.array(assets)[moving]))
        depth = _kyle(np.diag(values[block]), flow[np.ix_(block, block)])
        found += vectors[:, block] @ depth @ vectors[:, block].T
    found *= np.outer(volatility, volatility)
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


def _kyle(sigma: Floats, omega: Floats) -> Floats:
    """The symmetric positive semi-definite solution of L Omega L = Sigma, exact to rounding element by element.

    With s and w the deviations of prices and flows, M = diag(s)^-1 L diag(w) is O(1), takes the flow's correlations
    A A' to those of prices B B', and so is B Q A^-1 with Q orthogonal; that L be symmetric makes Q the polar factor of
    A' diag(s w) B. Assets are sorted by s w: then M is nearly triangular, and its lower half has all the digits.
    """
    s, w = np.sqrt(np.diagonal(sigma)), np.sqrt(np.diagonal(omega))
    order = np.argsort(-s * w, kind="stable")
    s, w = s[order], w[order]
    a = _lower_root(omega[np.ix_(order, order)] / np.outer(w, w))
    b = _lower_root(sigma[np.ix_(order, order)] / np.outer(s, s))
    left, _, right = np.linalg.svd((a.T * (s * w / (s[0] * w[0]))) @ b)
    # B Q A^-1, Q = right' left'.
    found = s[:, None] * (b @ right.T @ np.linalg.solve(a.T, left).T) / w
    whole: Floats = np.empty_like(found)
    whole[np.ix_(order, order)] = np.tril(found) + np.tril(found, -1).T
    return whole


def _lower_root(correlation: Floats) -> Floats:
    """A lower triangle T with T T' the matrix, which may be singular."""
    values, vectors = np.linalg.eigh(correlation)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return np.asarray(np.linalg.qr(root)[1].T)


def _eigenspaces(values: Floats) -> list[npt.NDArray[np.intp]]:
    """Places of eigenvalues, ascending, that are equal within `SAME`, together."""
    if not len(values):
        return []
    return np.split(np.arange(len(values)), np.flatnonzero(np.diff(values) > SAME * values[-1]) + 1)


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
