"""How slowly the signs of market orders forget: the exponent of C(l) ~ l^-gamma.

Lillo & Farmer 2004 ("The long memory of the efficient market", Studies in Nonlinear Dynamics & Econometrics 8) found
gamma about 1/2. Estimated by the local Whittle likelihood (Robinson 1995, "Gaussian semiparametric estimation of long
range dependence", Annals of Statistics 23), d minimising

    log(mean of lambda_j^(2d) I(lambda_j)) - 2 d mean of log(lambda_j)   over the lowest m frequencies,  gamma = 1 - 2 d

whose error is 1 / (2 sqrt(sum of (log j - mean log j)^2)), near 1 / (2 sqrt(m)), whatever else the series does. m is
the root of the orders, few enough for what is quick in the series to stay outside. Fitting a power to sample
autocorrelations is simpler, and its interval does not hold: all lags share the error of the mean, which dies as slowly
as the memory does.

Wrong where: the level of buying and selling shifts within the day, for that looks like memory."""

from __future__ import annotations

import math

import numpy as np

from nowake.domain.errors import BadData
from nowake.microstructure.market_orders import Floats
from nowake.statistics.measurement import Measurement, z_of

MIN_SIGNS = 100
SIGNS_BANDWIDTH = 0.5  # Signs are a hidden tendency plus coin tosses; more frequencies see more of the coins.
_STEPS = np.linspace(-0.49, 0.99, 1_481)


def memory_exponent(signs: Floats, *, level: float = 0.95) -> Measurement:
    """gamma of a series of signs.

    Raises
    ------
    BadData
        When there are fewer than 100 signs, long memory cannot be told from chance, or the series
        is no longer stationary (gamma 0 or less).
    """
    orders = len(signs)
    if orders < MIN_SIGNS:
        raise BadData(f"{orders} signs are fewer than {MIN_SIGNS}, memory cannot be told; look at a longer time")
    d, error, frequencies = local_whittle(signs, bandwidth=SIGNS_BANDWIDTH)
    half = z_of(level) * error
    if d - half <= 0:
        raise BadData(f"long memory of {orders:,} signs cannot be told from chance")
    if d >= 0.5:
        raise BadData(f"the signs do not settle about one level (d = {d:.2f}); buying or selling shifts within the day")
    how = f"local Whittle, lowest {frequencies} frequencies"
    return Measurement(
        value=1 - 2 * d, low=1 - 2 * (d + half), high=1 - 2 * (d - half), level=level, n=orders, method=how
    )


def local_whittle(series: Floats, *, bandwidth: float) -> tuple[float, float, int]:
    """d of a series from its n^bandwidth lowest frequencies, its standard error, and how many those are."""
    count = len(series)
    frequencies = int(count**bandwidth)
    power = np.abs(np.fft.rfft(series - series.mean())[1 : frequencies + 1]) ** 2
    log_frequency = np.log(2 * np.pi * np.arange(1, len(power) + 1) / count)
    misfit = np.log(np.exp(2 * np.outer(_STEPS, log_frequency)) @ power) - 2 * _STEPS * log_frequency.mean()
    error = 1 / (2 * math.sqrt(float(np.sum((log_frequency - log_frequency.mean()) ** 2))))
    return float(_STEPS[misfit.argmin()]), error, frequencies
