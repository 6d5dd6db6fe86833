"""Markets of known truth: prices that follow one walk by error correction, and what their shares then are.

    dx_t = alpha z_{t-1} + e_t,  e_t normal of covariance Omega, z = (x_1 - x_2, ..., x_1 - x_m) - basis

the model of Hasbrouck 1995 without lags, whose shares are functions of alpha and Omega alone (Baillie, Booth, Tse &
Zabotina 2002, "Price discovery and common factor models", Journal of Financial Markets 5). And the structural model in
which a walk is heard late and through noise,

    m_t = m_{t-1} + u_t,    x_j,t = m_{t - delay_j} + s_j,t,      s normal, without memory

as in Putnins 2013, where who is first is known and no share of the error-correction model is exact, because noise
without memory has no finite lags. Real news comes in bursts and with fat tails; nothing here does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.microstructure.discovery.grid import Grid

Floats = npt.NDArray[np.float64]


def correcting_markets(
    alpha: Sequence[Sequence[float]],
    omega: Sequence[Sequence[float]],
    *,
    rows: int,
    seed: int,
    basis: Sequence[float] | None = None,
    names: Sequence[str] = (),
) -> Grid:
    """Markets that answer to their differences.

    Parameters
    ----------
    alpha
        (m, m - 1): part of each basis that each market makes good in a step.
    omega
        (m, m): covariance of the news, squared log price.
    rows
        Of the grid; 200 more are made before it and dropped.
    basis
        (m - 1,): mean of each x_1 - x_j.

    Raises
    ------
    BadParameter
        When shapes do not fit or the bases do not come back.
    """
    a, covariance = np.asarray(alpha, np.float64), np.asarray(omega, np.float64)
    m = len(covariance)
    if a.shape != (m, m - 1) or covariance.shape != (m, m):
        raise BadParameter(
            f"alpha of shape {a.shape} and omega of {covariance.shape} do not fit; give (m, m-1), (m, m)"
        )
    differences = np.column_stack((np.ones(m - 1), -np.eye(m - 1)))
    back = np.abs(np.linalg.eigvals(np.eye(m - 1) + differences @ a)).max()
    if back >= 1:
        raise BadParameter(f"bases of this alpha do not come back (root {back:.3g}); take it below 1")
    news = np.random.default_rng(seed).multivariate_normal(np.zeros(m), covariance, rows + _BEFORE)
    z, steps = np.zeros(m - 1), np.empty_like(news)
    for row, e in enumerate(news):
        steps[row] = a @ z + e
        z = z + differences @ steps[row]
    x = np.cumsum(steps, axis=0)[_BEFORE:]
    x[:, 1:] -= 0.0 if basis is None else np.asarray(basis)
    return Grid.of_rows(x, names=names)


def delayed_markets(
    *, delays: Sequence[int], noise_sd: Sequence[float], walk_sd: float, rows: int, seed: int, names: Sequence[str] = ()
) -> Grid:
    """Markets that hear one walk so many steps late and tell it with noise, in log price.

    Raises
    ------
    BadParameter
        When a delay is negative or the numbers of delays and noises differ.
    """
    if len(delays) != len(noise_sd) or min(delays) < 0:
        raise BadParameter(f"delays {list(delays)} and noises {list(noise_sd)} must be one each a market, 0 or more")
    draw = np.random.default_rng(seed)
    most = max(delays)
    walk = np.cumsum(draw.normal(0.0, walk_sd, rows + most))
    heard = [walk[most - delay : most - delay + rows] for delay in delays]
    prices = [told + draw.normal(0.0, sd, rows) for told, sd in zip(heard, noise_sd, strict=True)]
    return Grid.of_rows(np.column_stack(prices), names=names)


_BEFORE = 200  # Steps after which the basis has forgotten where it began.
