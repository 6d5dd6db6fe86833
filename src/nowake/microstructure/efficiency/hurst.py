"""How the range of a price grows with time: H is 1/2 of a random walk, more where moves go on, less where they return.

`hurst_whittle`: local Whittle (Robinson 1995, Annals of Statistics 23) on the lowest m = n^0.65 frequencies,
H = d + 1/2; error 1 / (2 sqrt(sum (log j - mean)^2)), whatever the quick part of the series does. The one to use.

`hurst_rescaled_range`: Hurst 1951 / Mandelbrot & Wallis 1969, R/S over blocks of s returns against s; what a random
walk gives at each s (Anis & Lloyd 1976, "The expected value of the adjusted rescaled Hurst range of independent normal
summands", Biometrika 63) is divided out, so that

    H = 1/2 + slope of log (mean R/S / E_s) on log s,   E_s = Gamma((s-1)/2) / (sqrt(pi) Gamma(s/2)) sum sqrt((s-i)/i)

Without it a random walk of 1,000 looks like H = 0.57; with it the slope still leans to 1/2 where H is not 1/2.

`hurst_dfa`: detrended fluctuations (Peng et al. 1994, Physical Review E 49): root mean square about a line fitted in
each block of s of the summed series, slope of its logarithm on log s.

The latter two have no error of a closed form. Fractional Gaussian noise (exact: Davies & Harte 1987, Biometrika 74) is
drawn, the same numbers of each H tried, until noise of some H gives on average the slope seen (indirect inference,
Gourieroux, Monfort & Renault 1993, Journal of Applied Econometrics 8): that H has no lean, and the spread over the
draws is its error. It holds for Gaussian noise; heavy tails widen it.

Wrong: a trend of volatility or level in the sample, or the bounce of trade prices, is read as memory; below about 500
returns the interval tells little."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.efficiency.sampling import Floats, evened, usable
from nowake.statistics.measurement import Measurement, z_of

LEAST = 128
_SHORTEST_BLOCK = 8
_GOLDEN = (math.sqrt(5) - 1) / 2
_D = (-0.495, 0.995)  # Where local Whittle's d is looked for.
_H = (0.02, 0.98)  # What fractional noise is drawn of.
_ASIDE = 0.02  # How far to either side of an H the slope is taken.
_AT_ONCE = 1 << 21  # Numbers drawn at a time.

Estimate = Callable[[Floats], Floats]


def hurst_whittle(returns: Floats, *, bandwidth: float = 0.65, level: float = 0.95) -> Measurement:
    """H of a column of returns by local Whittle.

    Parameters
    ----------
    returns
        (n,) at even steps, in time order.
    bandwidth
        Power of n that is how many frequencies are used, in (0, 0.8]; less sees less of the short run, and less surely.

    Raises
    ------
    BadParameter
        When the bandwidth is out of its range.
    BadData
        When returns are not finite, all the same or fewer than 128, or H is at the end of what can be seen (0 or 1.5).
    """
    if not 0 < bandwidth <= 0.8:
        raise BadParameter(f"bandwidth {bandwidth} must be in (0, 0.8], for example 0.65")
    column, _ = evened(usable(returns, least=LEAST))
    count = len(column)
    frequencies = max(8, int(count**bandwidth))
    power = np.abs(np.fft.rfft(column - column.mean())[1 : frequencies + 1]) ** 2
    logs = np.log(np.arange(1, len(power) + 1))
    d = _least(lambda d: math.log(float(np.exp(2 * d * (logs - logs.mean())) @ power)), *_D)
    if min(d - _D[0], _D[1] - d) < 1e-3:
        raise BadData(f"H is at {d + 0.5:.2f}, where sight ends; give returns, not prices, of one regime")
    half = z_of(level) / (2 * math.sqrt(float(np.sum((logs - logs.mean()) ** 2))))
    how = f"local Whittle, lowest {len(power)} frequencies"
    return Measurement(value=d + 0.5, low=d + 0.5 - half, high=d + 0.5 + half, level=level, n=count, method=how)


def hurst_rescaled_range(returns: Floats, *, level: float = 0.95, repeats: int = 200, seed: int = 0) -> Measurement:
    """H of a column of returns by rescaled ranges, Anis & Lloyd's expectation divided out.

    Parameters
    ----------
    repeats, seed
        Series drawn for the interval, 20 or more, and the seed they are drawn of.

    Raises
    ------
    BadParameter
        When repeats are fewer than 20.
    BadData
        When returns are not finite, all the same or fewer than 128.
    """
    column, _ = evened(usable(returns, least=LEAST))
    blocks = _block_lengths(len(column), least=_SHORTEST_BLOCK)
    expected = np.log([expected_rescaled_range(size) for size in blocks])
    slope = _slopes(blocks)

    def estimate(rows: Floats) -> Floats:
        logs = np.log(np.column_stack([_rescaled_range(rows, size) for size in blocks]))
        return np.asarray(0.5 + (logs - expected) @ slope)

    return _matched(column, estimate, level=level, repeats=repeats, seed=seed, method="R/S, Anis-Lloyd")


def hurst_dfa(returns: Floats, *, level: float = 0.95, repeats: int = 200, seed: int = 0) -> Measurement:
    """H of a column of returns by detrended fluctuations.

    Raises
    ------
    BadParameter
        When repeats are fewer than 20.
    BadData
        When returns are not finite, all the same or fewer than 128.
    """
    column, _ = evened(usable(returns, least=LEAST))
    blocks = _block_lengths(len(column), least=_SHORTEST_BLOCK)
    slope = _slopes(blocks)

    def estimate(rows: Floats) -> Floats:
        paths = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)
        return np.asarray(np.log(np.column_stack([_fluctuation(paths, size) for size in blocks])) @ slope)

    return _matched(column, estimate, level=level, repeats=repeats, seed=seed, method="detrended fluctuations")


def expected_rescaled_range(size: int) -> float:
    """Anis & Lloyd's mean R/S of `size` independent normal numbers, their standard deviation with divisor `size`.

    Raises
    ------
    BadParameter
        When the size is below 2.
    """
    if size < 2:
        raise BadParameter(f"a range of {size} numbers is nought; give 2 or more")
    i = np.arange(1, size)
    gammas = math.exp(math.lgamma((size - 1) / 2) - math.lgamma(size / 2))
    return gammas / math.sqrt(math.pi) * float(np.sum(np.sqrt((size - i) / i)))


def fractional_noise(count: int, hurst: float, *, seed: int, series: int = 1) -> Floats:
    """Fractional Gaussian noise of variance 1, exactly, (series, count).

    Raises
    ------
    BadParameter
        When H is not in (0, 1), or a count below 1.
    """
    if not 0 < hurst < 1:
        raise BadParameter(f"hurst {hurst} must be in (0, 1)")
    if count < 1 or series < 1:
        raise BadParameter(f"{series} series of {count} numbers are none; give 1 or more")
    lag = np.arange(count + 1.0)
    covariance = 0.5 * (np.abs(lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + np.abs(lag - 1) ** (2 * hurst))
    roots = np.sqrt(np.maximum(np.fft.fft(np.concatenate((covariance, covariance[-2:0:-1]))).real, 0.0))
    size = len(roots)
    normal = np.random.default_rng(seed).standard_normal((2, (series + 1) // 2, size))
    both = np.fft.fft(roots * (normal[0] + 1j * normal[1])) / math.sqrt(size)
    return np.asarray(np.concatenate((both.real, both.imag))[:series, :count])


def _least(misfit: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one valley is least, by golden section; the local Whittle misfit is convex in d."""
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = misfit(a), misfit(b)
    while high - low > 1e-10:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = misfit(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = misfit(b)
    return (low + high) / 2


def _block_lengths(count: int, *, least: int) -> list[int]:
    """About twelve lengths from `least` to a quarter of the sample, evenly apart in logarithm."""
    return sorted({round(size) for size in np.geomspace(least, count // 4, 12).tolist()})


def _slopes(blocks: Sequence[int]) -> Floats:
    """What least squares on log size makes of the logs of a statistic."""
    logs = np.log(blocks)
    away = logs - logs.mean()
    return np.asarray(away / (away @ away))


def _blocks(rows: Floats, size: int) -> Floats:
    """Rows (b, n) cut into whole blocks, (b, n // size, size); what is left at the end is left out."""
    whole = rows.shape[1] // size
    return rows[:, : whole * size].reshape(len(rows), whole, size)


def _rescaled_range(rows: Floats, size: int) -> Floats:
    cut = _blocks(rows, size)
    away = cut - cut.mean(axis=2, keepdims=True)
    path = np.cumsum(away, axis=2)
    # The path starts at 0 and, its mean taken off, ends there.
    ranges = np.maximum(path.max(axis=2), 0) - np.minimum(path.min(axis=2), 0)
    spread = np.sqrt(np.mean(away**2, axis=2))
    varies = spread > 0
    ratio = np.divide(ranges, spread, out=np.zeros_like(ranges), where=varies)
    return np.asarray(ratio.sum(axis=1) / np.maximum(varies.sum(axis=1), 1))


def _fluctuation(paths: Floats, size: int) -> Floats:
    cut = _blocks(paths, size)
    step = np.arange(size) - (size - 1) / 2
    away = cut - cut.mean(axis=2, keepdims=True)
    trend = (away @ step) / (step @ step)
    squares = np.sum(away**2, axis=2) - trend**2 * (step @ step)
    return np.asarray(np.sqrt(np.maximum(squares, 0).sum(axis=1) / (size * cut.shape[1])))


def _inside(hurst: float) -> float:
    return min(max(hurst, _H[0] + _ASIDE), _H[1] - _ASIDE)


def _matched(column: Floats, estimate: Estimate, *, level: float, repeats: int, seed: int, method: str) -> Measurement:
    """The H of which noise gives the estimate that the column gives, with the spread of what such noise gives."""
    if repeats < 20:
        raise BadParameter(f"repeats {repeats} must be 20 or more, for example 200")
    count = len(column)
    raw = float(estimate((column - column.mean())[None, :])[0])
    if not math.isfinite(raw):
        raise BadData(f"prices stand still for whole blocks of {count} returns; take longer steps")

    def drawn(hurst: float) -> Floats:
        at_once = max(2, _AT_ONCE // (2 * count))
        parts = range(0, repeats, at_once)
        return np.concatenate([
            estimate(fractional_noise(count, hurst, seed=seed + part, series=min(at_once, repeats - start)))
            for part, start in enumerate(parts)
        ])  # fmt: skip

    hurst, slope = _inside(raw), 1.0
    for _ in range(2):
        below, above = float(drawn(hurst - _ASIDE).mean()), float(drawn(hurst + _ASIDE).mean())
        slope = (above - below) / (2 * _ASIDE)
        hurst = _inside(hurst + (raw - (below + above) / 2) / slope)
    found = drawn(hurst)
    value = hurst + (raw - float(found.mean())) / slope
    half = z_of(level) * float(found.std(ddof=1)) / slope * math.sqrt(1 + 1 / repeats)
    how = f"{method}; slope {raw:.3f} matched by noise of that H"
    return Measurement(value=value, low=value - half, high=value + half, level=level, n=count, method=how)
