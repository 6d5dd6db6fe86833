"""Propagators in the clock of trades: what each trade's sign does to the mid, now and over the trades after it.

Time t counts trades, epsilon_t is the sign of trade t and r_t = m_{t+1} - m_t the move of the mid from just before it
to just before the next one.

    TIM    r_t = sum_{n >= 0} g(n) epsilon_{t-n} + noise
    HDIM   r_t = c_t sum_{n >= 0} [k_1(n) c_{t-n} + k_0(n) (1 - c_{t-n})] epsilon_{t-n} + noise,    k_0(0) = 0

TIM is the transient impact model of Bouchaud, Gefen, Potters & Wyart 2004 ("Fluctuations and response in financial
markets: the subtle nature of 'random' price changes", Quantitative Finance 4); g is the increment of their propagator,
G(l) = g(0) + ... + g(l-1), the move left l trades later, at G(L) for good beyond the last lag. HDIM is the history
dependent impact model of Eisler, Bouchaud & Kockelkoren 2012 ("The price impact of order book events: market orders,
limit orders and cancellations", Quantitative Finance 12) for two kinds of trades, those that change the mid (c = 1) and
those that do not, as in Taranto, Bormetti, Bouchaud, Lillo & Toth 2018 ("Linear models for the impact of order flow on
prices I", Quantitative Finance 18): a trade known not to move the price moves it by nothing.

Wrong for orders of any size but the ones seen (volume is not in it), and for a parent order as a whole: its trades are
not a sample of the tape. `predict` starts without memory, so its first L - 1 values miss what went before."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats


class TIM(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel for all trades.

    Parameters
    ----------
    increments_bps
        (L,) g(0), g(1), ...: what a trade adds to the mid at itself, one trade later, ...; basis points of the price.
    se_bps
        (L,) their standard errors; None where they were given, not fitted.
    noise_bps
        Standard deviation of the move of one trade that signs do not explain.
    trades
        Trades fitted to; 0 where the kernel was given.

    Raises
    ------
    BadParameter
        When a kernel is empty or not finite, or lengths differ.
    """

    increments_bps: Floats
    se_bps: Floats | None = None
    noise_bps: float = 0.0
    trades: int = 0

    def __post_init__(self) -> None:
        _keep_as_arrays(self, "increments_bps", "se_bps")
        _check_kernel("increments_bps", self.increments_bps, self.se_bps)
        _check_noise(self.noise_bps)

    @property
    def impact_bps(self) -> Floats:
        """(L,) G(1) .. G(L): the mean move one buy leaves 1 .. L trades later, other trades apart."""
        return np.cumsum(self.increments_bps)

    def predict(self, signs: npt.ArrayLike) -> Floats:
        """(N,) expected moves of the mid at each of N trades, in basis points, from their signs (+1, -1, 0)."""
        return _convolved(np.asarray(signs, dtype=np.float64), self.increments_bps)

    def response_function(self, autocorrelation: Floats, lags: int) -> Floats:
        """R(l) = E[(m_{t+l} - m_t) epsilon_t] for l = 1 .. lags: what one sees behind a trade, its followers included.

        R(l) = sum_{k < l} sum_n g(n) C(k - n).

        Parameters
        ----------
        autocorrelation
            C(0), C(1), ... of the signs, C(0) the share of trades with a sign; taken as 0 beyond its end.
        """
        two_sided, zero = _two_sided(autocorrelation)
        slopes = np.convolve(self.increments_bps, two_sided)
        return np.cumsum(_from(slopes, zero, lags))

    def signature(self, autocorrelation: Floats, lags: int) -> Floats:
        """E[(m_{t+l} - m_t)^2] / l for l = 1 .. lags, in squared basis points; flat where prices are a martingale.

        Parameters
        ----------
        autocorrelation
            As for `response_function`.
        """
        g = self.increments_bps
        two_sided, zero = _two_sided(autocorrelation)
        moves = np.convolve(np.correlate(g, g, mode="full"), two_sided)
        covariance = _from(moves, zero + len(g) - 1, lags)
        covariance[0] += self.noise_bps**2
        lag = np.arange(1, lags + 1)
        # Var of a sum: l c(0) + 2 sum_k (l - k) c(k), by two running sums.
        later, weighted = np.cumsum(covariance), np.cumsum(covariance * np.arange(lags))
        return np.asarray(2 * (later - weighted / lag) - covariance[0])


class HDIM(msgspec.Struct, frozen=True, kw_only=True):
    """Two kernels: what trades that moved the mid, and trades that did not, do to a trade that moves it.

    Parameters
    ----------
    after_changing_bps
        (L,) k_1(0), k_1(1), ...: expected move at a price-changing trade from a price-changing one 0, 1, ... before;
        k_1(0) is its own.
    after_unchanging_bps
        (L,) k_0(0) = 0, k_0(1), ...: the same from a trade that did not change the mid.
    changing_se_bps, unchanging_se_bps
        (L,) standard errors; None where the kernels were given.
    noise_bps
        Standard deviation of the move of one price-changing trade that the model does not explain.
    trades
        Trades fitted to; 0 where the kernels were given.

    Raises
    ------
    BadParameter
        When kernels are empty, of two lengths or not finite, or k_0(0) is not 0.
    """

    after_changing_bps: Floats
    after_unchanging_bps: Floats
    changing_se_bps: Floats | None = None
    unchanging_se_bps: Floats | None = None
    noise_bps: float = 0.0
    trades: int = 0

    def __post_init__(self) -> None:
        _keep_as_arrays(self, "after_changing_bps", "after_unchanging_bps", "changing_se_bps", "unchanging_se_bps")
        _check_kernel("after_changing_bps", self.after_changing_bps, self.changing_se_bps)
        _check_kernel("after_unchanging_bps", self.after_unchanging_bps, self.unchanging_se_bps)
        _check_noise(self.noise_bps)
        if len(self.after_changing_bps) != len(self.after_unchanging_bps):
            raise BadParameter(
                f"kernels have {len(self.after_changing_bps)} and {len(self.after_unchanging_bps)} lags; give as many"
            )
        if self.after_unchanging_bps[0] != 0:
            raise BadParameter(
                f"after_unchanging_bps begins with {self.after_unchanging_bps[0]:g}; it must be 0, for a trade does "
                "not both change the mid and leave it"
            )

    def predict(self, signs: npt.ArrayLike, changing: npt.ArrayLike) -> Floats:
        """(N,) expected moves of the mid at each of N trades, from signs and from which of them change the mid."""
        signs, moved = _tape(signs, changing)
        pushed = _convolved(signs * moved, self.after_changing_bps)
        leaned = _convolved(signs * ~moved, self.after_unchanging_bps)
        return np.asarray(moved * (pushed + leaned))

    def response_function(self, signs: npt.ArrayLike, changing: npt.ArrayLike, lags: int) -> tuple[Floats, Floats]:
        """R(l), l = 1 .. lags, that the model gives behind price-changing and behind other trades of a tape.

        It needs correlations of three trades (sign, kind and kind), so it is taken on a tape, not from one function.

        Raises
        ------
        BadParameter
            When the tape is not longer than `lags`, or has no trade of one kind before its last `lags`.
        """
        signs, moved = _tape(signs, changing)
        start = len(signs) - lags
        if start < 1 or not moved[:start].any() or moved[:start].all():
            raise BadParameter(
                f"{len(signs)} trades do not show what {lags} lags after trades of both kinds do; give a longer tape"
            )
        level = np.concatenate(([0.0], np.cumsum(self.predict(signs, moved))))
        behind = np.array([(level[lag : start + lag] - level[:start]) * signs[:start] for lag in range(1, lags + 1)])
        return behind[:, moved[:start]].mean(axis=1), behind[:, ~moved[:start]].mean(axis=1)


def _convolved(pushes: Floats, kernel: Floats) -> Floats:
    """sum_n kernel(n) pushes(t - n) for every t, by FFT where that is the faster way."""
    if not len(pushes):
        return np.zeros(0)
    if len(kernel) <= 32 or len(pushes) <= 32:
        return np.convolve(pushes, kernel)[: len(pushes)]
    size = 1 << (len(pushes) + len(kernel) - 2).bit_length()
    both = np.fft.rfft(pushes, size) * np.fft.rfft(kernel, size)
    return np.fft.irfft(both, size)[: len(pushes)]


def _two_sided(autocorrelation: Floats) -> tuple[Floats, int]:
    """C(-M) .. C(M), and the place of C(0)."""
    one_sided = np.asarray(autocorrelation, dtype=np.float64)
    if one_sided.ndim != 1 or not len(one_sided) or not np.isfinite(one_sided).all():
        raise BadParameter("autocorrelation must be a finite array C(0), C(1), ...; it is empty or holds no numbers")
    return np.concatenate((one_sided[:0:-1], one_sided)), len(one_sided) - 1


def _from(values: Floats, place: int, count: int) -> Floats:
    """`count` values from a place on, 0 beyond the end."""
    if count < 1:
        raise BadParameter(f"lags {count} must be 1 or more")
    found = values[place : place + count]
    return np.concatenate((found, np.zeros(count - len(found))))


def _tape(signs: npt.ArrayLike, changing: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    signs, moved = np.asarray(signs, dtype=np.float64), np.asarray(changing, dtype=np.bool_)
    if signs.shape != moved.shape or signs.ndim != 1:
        raise BadParameter(f"{signs.shape} signs and {moved.shape} kinds must be two columns of one length")
    return signs, moved


def _keep_as_arrays(record: TIM | HDIM, *names: str) -> None:
    """Lists are as welcome as arrays."""
    for name in names:
        if getattr(record, name) is not None:
            msgspec.structs.force_setattr(record, name, np.asarray(getattr(record, name), dtype=np.float64))


def _check_kernel(name: str, kernel: Floats, errors: Floats | None) -> None:
    if kernel.ndim != 1 or not len(kernel) or not np.isfinite(kernel).all():
        raise BadParameter(f"{name} must be a finite array of one lag or more, not {kernel}")
    if errors is not None and errors.shape != kernel.shape:
        raise BadParameter(f"{name} has {len(kernel)} lags and {errors.size} standard errors; give as many")


def _check_noise(noise_bps: float) -> None:
    if not 0 <= noise_bps < np.inf:
        raise BadParameter(f"noise_bps {noise_bps} must be 0 or more and finite")
