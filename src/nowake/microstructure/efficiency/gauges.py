"""Efficiency beside a live market: the last so many returns, or all of them with the old ones fading.

`RollingVarianceRatio`, `RollingAutocorrelation`, `RollingHurst`, `RollingPricingError` and `RollingPriceDelay` keep a
window and, when asked, do what the function over a history does to it: a number costs its place in a ring, the value
costs O(window) once after each number. `DecayedEfficiency` keeps sums in which a return counts half after `halflife`
others: O(longest aggregation) a number, nothing kept but that many returns. A number that is none is passed over and
counted (`passed_over`); the numbers around it then stand next to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.efficiency.autocorrelation import LEAST, z_without_memory
from nowake.microstructure.efficiency.hurst import LEAST as LEAST_FOR_HURST
from nowake.microstructure.efficiency.hurst import hurst_whittle
from nowake.microstructure.efficiency.price_delay import delay_share
from nowake.microstructure.efficiency.pricing_error import pricing_error_sd
from nowake.microstructure.efficiency.sampling import Floats, evened, usable
from nowake.microstructure.efficiency.variance_ratio import check_aggregations, joint_p, variance_ratio

_MOST_DOUBLINGS = 232  # 1e70, whose fourth power is a number.


class Rolling:
    """The last `window` numbers. What is made of them is NaN while they are too few or never vary.

    Parameters
    ----------
    window
        How many are kept, `least` or more.
    least
        How few can be measured.

    Raises
    ------
    BadParameter
        When the window is too short.
    """

    def __init__(self, window: int, *, least: int) -> None:
        if window < least:
            raise BadParameter(f"window {window} must be {least} or more for this measure")
        self.window = window
        self.passed_over = 0
        self.heard = 0
        self._ring = np.empty(window)
        self._value: float | None = math.nan

    def update(self, number: float) -> None:
        """The next number; one that is not finite is passed over and counted."""
        if not math.isfinite(number):
            self.passed_over += 1
            return
        self._ring[self.heard % self.window] = number
        self.heard += 1
        self._value = None

    @property
    def numbers(self) -> Floats:
        """Those kept, in the order they came."""
        if self.heard <= self.window:
            return self._ring[: self.heard].copy()
        return np.roll(self._ring, -(self.heard % self.window))

    @property
    def value(self) -> float:
        """What is measured, of the numbers kept; NaN where it cannot be known."""
        if self._value is None:
            try:
                self._value = self._measure(self.numbers)
            except BadData:
                self._value = math.nan
        return self._value

    def _measure(self, numbers: Floats) -> float:
        raise NotImplementedError


class RollingVarianceRatio(Rolling):
    """VR(q) of the last `window` returns; see `variance_ratio`."""

    def __init__(self, aggregation: int, window: int) -> None:
        check_aggregations([aggregation])
        super().__init__(window, least=max(LEAST, 3 * aggregation))
        self.aggregation = aggregation

    def _measure(self, numbers: Floats) -> float:
        return variance_ratio(numbers, self.aggregation)


class RollingAutocorrelation(Rolling):
    """rho at one lag of the last `window` returns; see `autocorrelation`."""

    def __init__(self, lag: int, window: int) -> None:
        if lag < 1:
            raise BadParameter(f"lag {lag} must be 1 or more")
        super().__init__(window, least=max(LEAST, 3 * lag))
        self.lag = lag

    def _measure(self, numbers: Floats) -> float:
        column, _ = evened(usable(numbers, least=max(LEAST, 3 * self.lag)))
        return z_without_memory(column - column.mean(), self.lag)[0]


class RollingHurst(Rolling):
    """H of the last `window` returns by local Whittle; see `hurst`."""

    def __init__(self, window: int, *, bandwidth: float = 0.65) -> None:
        if not 0 < bandwidth <= 0.8:
            raise BadParameter(f"bandwidth {bandwidth} must be in (0, 0.8], for example 0.65")
        super().__init__(window, least=LEAST_FOR_HURST)
        self.bandwidth = bandwidth

    def _measure(self, numbers: Floats) -> float:
        return hurst_whittle(numbers, bandwidth=self.bandwidth).value


class RollingPricingError(Rolling):
    """Standard deviation of the pricing error in the last `window` returns; see `pricing_error`."""

    def __init__(self, window: int, *, lags: int = 5) -> None:
        if lags < 1:
            raise BadParameter(f"lags {lags} must be 1 or more, for example 5")
        super().__init__(window, least=21 * lags + 20)
        self.lags = lags

    def _measure(self, numbers: Floats) -> float:
        return pricing_error_sd(numbers, lags=self.lags)


class RollingPriceDelay:
    """D1 of the last `window` pairs of a return and the market's; see `price_delay`.

    The market's number of a step is told before the price's own.
    """

    def __init__(self, window: int, *, lags: int = 5) -> None:
        if lags < 1:
            raise BadParameter(f"lags {lags} must be 1 or more, for example 5")
        least = 21 * lags + 40
        self.lags = lags
        self._own, self._market = Rolling(window, least=least), Rolling(window, least=least)
        self._waiting = math.nan

    def on_market(self, number: float) -> None:
        """The market's return of the step whose own return comes next."""
        self._waiting = number

    def update(self, number: float) -> None:
        """The price's own return; passed over, and counted, where it or the market's is no number."""
        told, self._waiting = self._waiting, math.nan
        if not (math.isfinite(number) and math.isfinite(told)):
            self._own.passed_over += 1
            return
        self._own.update(number)
        self._market.update(told)

    @property
    def passed_over(self) -> int:
        """Steps that had no two numbers."""
        return self._own.passed_over

    @property
    def value(self) -> float:
        """D1 of the pairs kept; NaN where it cannot be known."""
        try:
            return delay_share(self._own.numbers, self._market.numbers, lags=self.lags)
        except BadData:
            return math.nan


class FadingRatio(msgspec.Struct, frozen=True, kw_only=True):
    """VR(q) over returns that fade, and how far it is from 1 in robust standard errors."""

    aggregation: int
    ratio: float
    z: float


class EfficiencyPanel(msgspec.Struct, frozen=True, kw_only=True):
    """What returns that fade say.

    Parameters
    ----------
    ratios
        Variance ratios.
    correlation, z_correlation
        Of a return with the one before, and in robust standard errors.
    largest, p_value
        The largest |z| of the ratios, and the chance of one as large of a random walk, at most.
    n_effective
        Returns of even size that would tell the first correlation as surely: fading and bursts make them fewer.
    n
        Returns heard.
    """

    ratios: tuple[FadingRatio, ...]
    correlation: float
    z_correlation: float
    largest: float
    p_value: float
    n_effective: float
    n: int


class DecayedEfficiency:
    """Variance ratios and the first autocorrelation of returns that fade, at a constant cost a return.

    With weights w = 2^(-age / halflife) and the mean return taken as 0, which over short steps it is beside its noise,

        rho_k = sum w r_t r_{t-k} / sum w r_t^2,   its error^2 = sum w^2 r_t^2 r_{t-k}^2 / (sum w r_t^2)^2

    which with even weights is Lo & MacKinlay's delta_k; VR(q) = 1 + 2 sum (1 - k/q) rho_k. The value is the largest |z|
    over the aggregations.

    Parameters
    ----------
    halflife
        Returns after which one counts half, above 0.
    aggregations
        Different q, each 2 or more.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    """

    def __init__(self, halflife: float, *, aggregations: Sequence[int] = (2, 4, 8, 16)) -> None:
        check_aggregations(aggregations)
        self._fade = fade_of(halflife)
        self.aggregations = tuple(aggregations)
        longest = max(aggregations) - 1
        self._recent, self._products, self._squares = (np.zeros(longest) for _ in range(3))
        self._power = 0.0
        self._exponent: int | None = None
        self.heard = 0
        self.passed_over = 0

    def update(self, number: float) -> None:
        """The next return; one that is not finite is passed over and counted.

        Raises
        ------
        BadData
            When it is more than 1e70 times the first that was not 0; nothing has changed then.
        """
        if not math.isfinite(number):
            self.passed_over += 1
            return
        if self._exponent is None and number != 0:
            self._exponent = math.frexp(number)[1]  # The unit: squares of squares in it neither vanish nor overflow.
        first = self._exponent or 0
        if number != 0 and math.frexp(number)[1] - first > _MOST_DOUBLINGS:
            raise BadData(f"return {number:g} is out of all proportion to those before it; look at its price")
        number = math.ldexp(number, -first)
        products = number * self._recent
        self._products *= self._fade
        self._products += products
        self._squares *= self._fade**2
        self._squares += products * products
        self._power = self._fade * self._power + number * number
        self._recent[1:] = self._recent[:-1].copy()
        self._recent[0] = number
        self.heard += 1

    @property
    def value(self) -> float:
        """The largest |z| of the variance ratios; NaN before there are 30 returns, and three times the longest sum."""
        panel = self.panel()
        return math.nan if panel is None else panel.largest

    def panel(self) -> EfficiencyPanel | None:
        """All of it; None until it can be known, or while the price stands still."""
        return fading_panel(self._products, self._squares, self._power, self.aggregations, self.heard)


def decayed_efficiency(
    returns: Floats, *, halflife: float, aggregations: Sequence[int] = (2, 4, 8, 16)
) -> EfficiencyPanel:
    """The panel of `DecayedEfficiency` over a history.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When returns are not finite, all the same, or fewer than 30 and three times the longest aggregation.
    """
    check_aggregations(aggregations)
    fade = fade_of(halflife)
    column, _ = evened(usable(returns, least=max(LEAST, 3 * max(aggregations))))
    weights = fade ** np.arange(len(column) - 1, -1, -1.0)
    products = [column[lag:] * column[:-lag] for lag in range(1, max(aggregations))]
    sums = np.array([weights[lag:] @ each for lag, each in enumerate(products, 1)])
    squares = np.array([(weights[lag:] * each) @ (weights[lag:] * each) for lag, each in enumerate(products, 1)])
    panel = fading_panel(sums, squares, float(weights @ column**2), tuple(aggregations), len(column))
    if panel is None:
        raise BadData(f"no two returns of {len(column)} next to each other moved; take longer steps")
    return panel


def fade_of(halflife: float) -> float:
    """What is left of a weight after one number."""
    if not (halflife > 0 and math.isfinite(halflife)):
        raise BadParameter(f"halflife {halflife} must be above 0 numbers, for example 500")
    return math.exp2(-1.0 / halflife)


def fading_panel(
    products: Floats, squares: Floats, power: float, aggregations: tuple[int, ...], heard: int
) -> EfficiencyPanel | None:
    """Ratios and their errors from weighted sums of products at lags 1, 2, ..., or None where they tell nothing."""
    if heard < max(LEAST, 3 * max(aggregations)) or power <= 0 or squares[0] <= 0:
        return None
    ratios = []
    for q in aggregations:
        weight = 2 * (q - np.arange(1, q)) / q
        excess = float(weight @ products[: q - 1]) / power
        error = math.sqrt(float(weight**2 @ squares[: q - 1])) / power
        ratios.append(FadingRatio(aggregation=q, ratio=1 + excess, z=excess / error))
    largest = max(abs(each.z) for each in ratios)
    return EfficiencyPanel(
        ratios=tuple(ratios),
        correlation=float(products[0]) / power,
        z_correlation=float(products[0]) / math.sqrt(float(squares[0])),
        largest=largest,
        p_value=joint_p(largest, len(ratios)),
        n_effective=power * power / float(squares[0]),
        n=heard,
    )
