"""Realised volatility through microstructure noise: what the efficient price moved, not what the quotes flickered.

The realised kernel (Barndorff-Nielsen, Hansen, Lunde, Shephard 2008 and 2009, Parzen's weights, ends averaged over two
prices, bandwidth c* xi^(4/5) n^(3/5) with c* = 3.5134), its bias from noise taken off at its estimate. Bipower
variation leaves jumps out (Barndorff-Nielsen & Shephard 2004). The intervals are those of the central limit theorems,
on the logarithm, with the variance of the weighted autocovariances of returns and noise taken as it is for the number
of ticks at hand instead of in the limit (2008, section 3).

All take prices as they came and answer, as `realised_volatility` does, per sqrt(session) of continuous trading. The
noise of a tick may hang on the one before, not on those long past: ticks are left out until the returns look like that
(`thinned`). Two time scales (Zhang, Mykland, Ait-Sahalia 2005) are not here: they are worth a fifth of the kernel's
interval where noise is independent, and are off by twice their own where prices are rounded or noise lasts.
Wrong where the price follows the market over minutes: what comes after the bandwidth is not seen, so hold it against
`signature`. Wrong where a part of the day is scaled to the whole of it: `diurnal` says by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND
from nowake.statistics.measurement import Measurement, t_of, z_of

LEAST_TICKS = 100
SIGNATURE_NS = tuple(seconds * NS_PER_SECOND for seconds in (5, 15, 30, 60, 120, 300, 600))
_PILOT_RETURNS = 78
_C_STAR = 3.5134  # Of Parzen's kernel: (k''(0)^2 / k00)^(1/5) = (144 / 0.269)^(1/5).
_LEAST_BANDWIDTH = 1 / 130  # Of the ticks: three minutes of a session, for quotes and prints follow the market.
_ABOVE, _BEYOND = 2.326, 0.05  # The 99 % point of the normal, and how often independent noise is taken for another.
_MOST_NOISE = 0.2  # Of the variance of a return: bipower variation then says an eighth too much.
_BIPOWER = math.pi**2 / 4 + math.pi - 3  # 2.609: its variance against 2 of the realised variance.

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Pilot(NamedTuple):
    """First guesses over what is looked at: integrated variance and quarticity, the variance of the noise, and the
    degrees of freedom the quarticity is worth."""

    variance: float
    quarticity: float
    noise: float
    degrees: int


class Ticks(NamedTuple):
    """Log prices in order, one a time stamp, and the factor from their variance to that of a session."""

    log_price: Floats
    time_ns: Ints
    to_session: float

    @property
    def returns(self) -> Floats:
        """Differences of the log prices."""
        return np.diff(self.log_price)


def ticks_of(
    time_ns: Ints, price: Floats, session: Session, *, start_ns: int | None = None, end_ns: int | None = None
) -> Ticks:
    """Prices inside a span, by default the session; of several at one time the last.

    Raises
    ------
    BadData
        With fewer than 100 prices, one that is not above 0, or none that differs from the first.
    BadParameter
        When times and prices differ in number or the times go back.
    """
    start, end = (session.open_ns if start_ns is None else start_ns), (session.close_ns if end_ns is None else end_ns)
    if len(time_ns) != len(price) or np.any(np.diff(time_ns) < 0):
        raise BadParameter(f"{len(time_ns)} times and {len(price)} prices; give as many of each, in order of time")
    last = np.append(np.diff(time_ns) > 0, [True] * bool(len(time_ns)))
    keep = (time_ns >= start) & (time_ns <= end) & last
    times, prices = time_ns[keep], np.asarray(price, np.float64)[keep]
    if len(times) < LEAST_TICKS:
        raise BadData(
            f"{len(times)} prices between {session.clock(start)} and {session.clock(end)}; looking through "
            f"noise needs {LEAST_TICKS}, use realised_volatility or a longer time"
        )
    if not np.all(prices > 0):
        raise BadData(f"a price of {prices.min():g} has no log return; volatility needs prices above 0")
    if np.all(prices == prices[0]):
        raise BadData(f"the price never moved between {session.clock(start)} and {session.clock(end)}")
    length = int(times[-1] - times[0])
    return Ticks(np.log(prices), times, (session.close_ns - session.open_ns) / length)


def realised_kernel(ticks: Ticks, *, level: float = 0.95) -> Measurement:
    """Autocovariances of the returns under Parzen's weights, less what noise is left in them.

    Returns
    -------
    Measurement
        Fraction of the price per sqrt(session); `n` counts returns between ticks.

    Raises
    ------
    BadData
        When noise hides what the price moved.
    """
    ticks, every = thinned(ticks)
    pilot = pilot_of(ticks)
    x = ticks.log_price
    ends_averaged = np.concatenate(([x[:2].mean()], x[2:-2], [x[-2:].mean()]))
    r = np.diff(ends_averaged)
    n = len(r)
    xi = math.sqrt(pilot.noise / math.sqrt(pilot.quarticity))
    H = min(max(math.ceil(_C_STAR * xi**0.8 * n**0.6), math.ceil(_LEAST_BANDWIDTH * n)), n // 5)
    weights = parzen(np.arange(1, H + 1) / (H + 1))
    covariances = np.array([float(r[h:] @ r[:-h]) for h in range(1, H + 1)])
    left = 2 * n * pilot.noise * (1 - float(weights[0]))
    value = float(r @ r) + 2 * float(weights @ covariances) - left
    # The noise taken off is itself the first autocovariance, which so comes to weigh 1 like gamma_0.
    spread = _variance_of(pilot, n, np.append(1.0, weights[1:]))
    method = f"realised kernel, Parzen, bandwidth {H} over {_ticks_in_words(n, every)}"
    return _measured(ticks, value, spread, level, method, degrees=pilot.degrees)


def bipower(ticks: Ticks, *, step_ns: int = 5 * NS_PER_MINUTE, level: float = 0.95) -> Measurement:
    """Volatility without jumps: products of neighbouring absolute returns, averaged over five grids.

    Raises
    ------
    BadParameter
        When the step leaves fewer than 12 returns.
    BadData
        When noise is more than a fifth of the variance of a return.
    """
    grids = [_on_grid(ticks, step_ns, offset) for offset in range(5)]
    noise = noise_bps(ticks).value
    share = 2 * (noise * 1e-4) ** 2 / float(np.mean(np.concatenate(grids) ** 2))
    if share > _MOST_NOISE:
        raise BadData(
            f"noise of {noise:.3g} bps is {share:.0%} of the variance of {step_ns / NS_PER_SECOND:g}-second returns; "
            "give mids instead of prints or a longer step"
        )
    value = float(np.mean([_bipower_of(r) for r in grids]))
    spread = _BIPOWER / len(grids[0]) * float(np.mean([_tripower_quarticity(r) for r in grids]))
    part = len(grids[0]) * step_ns / int(ticks.time_ns[-1] - ticks.time_ns[0])
    return _measured(
        ticks, value / part, spread / part**2, level, f"bipower variation, {step_ns / NS_PER_SECOND:g}-second returns",
        n=len(grids[0]),
    )  # fmt: skip


class Jumps(NamedTuple):
    """`share` of the variance that came in jumps (0 or more), and the one-sided p-value that there were none."""

    share: float
    p_value: float


def jumps(ticks: Ticks, *, step_ns: int = 5 * NS_PER_MINUTE) -> Jumps:
    """Whether the price jumped: the ratio test of Barndorff-Nielsen & Shephard 2006 in the form of Huang & Tauchen
    2005 (their z_TP,rm): (1 - BV/RV) over its standard error, the quarticity by tripower."""
    from scipy.special import ndtr  # noqa: PLC0415

    r = _on_grid(ticks, step_ns, 0)
    realised, without = float(np.sum(r**2)), _bipower_of(r)
    share = 1 - without / realised
    ratio = max(1.0, _tripower_quarticity(r) / without**2) if without > 0 else 1.0
    statistic = share / math.sqrt((_BIPOWER - 2) / len(r) * ratio)
    return Jumps(max(share, 0.0), float(ndtr(-statistic)))


def noise_bps(ticks: Ticks, *, level: float = 0.95) -> Measurement:
    """Standard deviation of the noise in a single price, in basis points; 0 where none is seen.

    The bounce it makes between neighbouring returns, -E[r r'] (Roll 1984; Zhou 1996): what the efficient price moves
    does not enter. The interval allows for products that hang together over two ticks. Noise that lasts is looked at
    four times as far apart as ticks begin to look independent: what is left of it then is too small to see, not too
    small to matter here. Too low where noise leans against the price, as rounding by more than a tick moves does.
    """
    kept, every = thinned(ticks)
    apart = 1 if every == 1 else min(4, len(kept.log_price) // LEAST_TICKS)
    r = np.diff(kept.log_price[::apart])
    bounce = -r[1:] * r[:-1]
    n = len(bounce)
    off = bounce - bounce.mean()
    long_run = float(off @ off + 2 * sum(off[h:] @ off[:-h] for h in (1, 2))) / n
    half = z_of(level) * math.sqrt(max(long_run, 0.0) / n)
    ends = [math.sqrt(max(float(bounce.mean()) + each, 0.0)) * 1e4 for each in (-half, 0.0, half)]
    return Measurement(value=ends[1], low=ends[0], high=ends[2], level=level, n=n, method="bounce of tick returns")


def signature(
    ticks: Ticks, steps_ns: Sequence[int] = SIGNATURE_NS,
    *, level: float = 0.95,
) -> list[tuple[int, Measurement]]:  # fmt: skip
    """Plain realised volatility by the length of its returns: flat where there is no noise, rising to the left where
    there is. Steps with fewer than 12 returns are left away."""
    length = int(ticks.time_ns[-1] - ticks.time_ns[0])
    found = []
    for step in steps_ns:
        if length // step < 12:
            continue
        r = _on_grid(ticks, step, 0)
        square, part = float(np.sum(r**2)), len(r) * step / length
        spread = 2 / 3 * float(np.sum(r**4))
        if square > 0:
            method = f"{step / NS_PER_SECOND:g}-second returns"
            found.append((step, _measured(ticks, square / part, spread / part**2, level, method, n=len(r))))
    return found


def thinned(ticks: Ticks) -> tuple[Ticks, int]:
    """Every tick, or every second, fourth, ... one: the first of these whose noise can be independent.

    Independent noise leaves no autocovariance of the returns beyond the first, and that one is not above 0. A mid that
    follows the price in steps, a price rounded, or a bounce that lasts leaves more, and at the finest scale the kernel
    would be wrong. Tested by sums of autocovariances at lags 2, 3 to 4, 5 to 8, ... over their errors, squared and
    added up, against the 95 % point of chi-squared: each alone may be too small to be seen.
    """
    every = 1
    while len(ticks.log_price) // (2 * every) >= LEAST_TICKS and not _is_independent(np.diff(ticks.log_price[::every])):
        every *= 2
    kept = ticks.time_ns[::every]
    part = int(kept[-1] - kept[0]) / int(ticks.time_ns[-1] - ticks.time_ns[0])
    return Ticks(ticks.log_price[::every], kept, ticks.to_session / part), every


def _is_independent(r: Floats) -> bool:
    from scipy.special import chdtri  # noqa: PLC0415

    if _autocovariance_z(r, 1, 1) >= _ABOVE:
        return False
    firsts = [2] + [2**k + 1 for k in range(1, 40) if 2 ** (k + 1) <= len(r) // 8]
    z = np.array([_autocovariance_z(r, first, max(2, 2 * first - 2)) for first in firsts])
    return bool(z @ z < chdtri(len(z), _BEYOND))


def _autocovariance_z(r: Floats, first: int, last: int) -> float:
    """The sum of the autocovariances from one lag to another over its error, which a bounce makes larger."""
    path = np.concatenate(([0.0], np.cumsum(r)))
    row = np.arange(last, len(r))
    products = r[row] * (path[row - first + 1] - path[row - last])
    alone = float(products @ products)
    together = alone + 2 * sum(float(products[h:] @ products[:-h]) for h in (1, 2))
    return float(products.sum()) / math.sqrt(max(together, alone / 2)) if alone > 0 else 0.0


def _ticks_in_words(n: int, every: int) -> str:
    return f"{n:,} ticks" if every == 1 else f"{n:,} ticks, one of {every}"


def pilot_of(ticks: Ticks) -> Pilot:
    """First guesses: the noise from the bounce of tick returns, the variance and n sum sigma^4 (in tick time) from
    returns over so many ticks that noise is a tenth of them, or as many as leave 78. The quarticity is worth
    2 / CV^2 degrees of freedom (Satterthwaite 1946), a fourth power of a normal having a CV^2 of 32/3."""
    x, r = ticks.log_price, ticks.returns
    n, fast = len(r), float(r @ r)
    noise = max(-float(r[1:] @ r[:-1]) / (n - 1), 1e-6 * fast / n)
    widest = max(1, n // _PILOT_RETURNS)
    apart = min(widest, math.ceil(20 * noise * n / max(fast - 2 * n * noise, 0.05 * fast)))
    grids = [np.diff(x[shift::apart]) for shift in range(0, apart, max(1, apart // 10))]
    slow = float(np.mean([np.sum(g**2) * n / (len(g) * apart) for g in grids]))
    variance = max(slow - 2 * n / apart * noise, 0.1 * slow)
    fourth = float(np.mean([np.sum(g**4) * len(g) / 3 for g in grids]))
    quarticity = max(fourth * (variance / slow) ** 2, variance**2)
    return Pilot(variance, quarticity, noise, max(3, round(2 * (n / apart) / (32 / 3))))


def _variance_of(pilot: Pilot, n: int, weights: Floats) -> float:
    """Variance of gamma_0 + 2 sum w_h gamma_h of n returns plus noise: 2 n times the mean over frequencies of
    (W (s + 2 w (1 - cos)))^2, the square of s, the variance of one return, by the quarticity."""
    points = 4 * (len(weights) + 2)
    angle = (np.arange(points) + 0.5) * math.pi / points
    W = 1 + 2 * np.cos(np.outer(angle, np.arange(1, len(weights) + 1))) @ weights
    g = pilot.noise * 2 * (1 - np.cos(angle))
    each = pilot.quarticity / n**2 + 2 * pilot.variance / n * g + g**2
    return float(2 * n * np.mean(W**2 * each))


def parzen(x: Floats) -> Floats:
    """Parzen's weights: 1 - 6 x^2 + 6 x^3 up to a half, 2 (1 - x)^3 up to 1."""
    return np.where(x <= 0.5, 1 - 6 * x**2 + 6 * x**3, 2 * (1 - x) ** 3)


def _on_grid(ticks: Ticks, step_ns: int, offset: int) -> Floats:
    """Returns of the prevailing price over equal steps, the grid shifted by fifths of one."""
    first, last = int(ticks.time_ns[0]), int(ticks.time_ns[-1])
    if step_ns <= 0 or (last - first) // step_ns < 12:
        raise BadParameter(
            f"a step of {step_ns / NS_PER_SECOND:g} s leaves {max((last - first) // max(step_ns, 1), 0)} returns; "
            "take one that leaves 12 or more"
        )
    grid = np.arange(first + offset * step_ns // 5, last + 1, step_ns)
    return np.diff(ticks.log_price[np.searchsorted(ticks.time_ns, grid, side="right") - 1])


def _bipower_of(r: Floats) -> float:
    a = np.abs(r)
    return float(math.pi / 2 * len(r) / (len(r) - 1) * np.sum(a[1:] * a[:-1]))


def _tripower_quarticity(r: Floats) -> float:
    """n mu^-3 sum |r r r|^(4/3), with mu = 2^(2/3) Gamma(7/6) / Gamma(1/2)."""
    mu = 2 ** (2 / 3) * math.gamma(7 / 6) / math.gamma(0.5)
    a = np.abs(r) ** (4 / 3)
    return float(len(r) * len(r) / (len(r) - 2) * mu**-3 * np.sum(a[2:] * a[1:-1] * a[:-2]))


def _measured(
    ticks: Ticks, variance: float, spread: float, level: float, method: str, *, n: int | None = None, degrees: int = 0
) -> Measurement:
    """Volatility of a session from an integrated variance and the variance of that estimate."""
    if not variance > 0:
        raise BadData(f"{method}: noise hides the price's own movement; look at a longer time or at quotes")
    value = math.sqrt(variance * ticks.to_session)
    quantile = t_of(level, degrees) if degrees else z_of(level)
    wide = math.exp(min(0.5 * quantile * math.sqrt(spread) / variance, 50.0))
    n = len(ticks.log_price) - 1 if n is None else n
    return Measurement(value=value, low=value / wide, high=value * wide, level=level, n=n, method=method)
