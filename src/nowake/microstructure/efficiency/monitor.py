"""All of efficiency over the last so many returns on one panel: what each measure says, how far from a random walk.

Each part is what the function over a history says of the window, with its interval, or None where the window cannot
tell it (prices that stand still, too few returns). Scores are in standard errors: of the variance ratios and of the
first correlation those robust to bursts of volatility, of H those of local Whittle about 1/2. The panel is made when
asked, at the cost of the functions (milliseconds); telling it a return costs a place in a ring. For every event take
`DecayedEfficiency`.

Watching many windows is testing many times: over a thousand of them ten are below p = 0.01 where nothing is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.efficiency.autocorrelation import LEAST, Autocorrelations, autocorrelations, z_without_memory
from nowake.microstructure.efficiency.gauges import Rolling
from nowake.microstructure.efficiency.hurst import hurst_whittle
from nowake.microstructure.efficiency.pricing_error import PricingError, pricing_error
from nowake.microstructure.efficiency.sampling import Floats, still, usable
from nowake.microstructure.efficiency.variance_ratio import VarianceRatios, check_aggregations, variance_ratios
from nowake.statistics.measurement import Measurement

T = TypeVar("T")


class Efficiency(msgspec.Struct, frozen=True, kw_only=True):
    """A panel.

    Parameters
    ----------
    ratios, correlations, hurst, pricing_error
        As their functions say; None where the window cannot tell.
    z_hurst
        H less 1/2, in its standard errors; NaN where there is none.
    n, n_effective
        Returns in the window, and how many of even size would tell the first correlation as surely.
    still
        Share of returns that are nought.
    passed_over
        Numbers that were none, since the start.
    """

    ratios: VarianceRatios | None
    correlations: Autocorrelations | None
    hurst: Measurement | None
    z_hurst: float
    pricing_error: PricingError | None
    n: int
    n_effective: float
    still: float
    passed_over: int

    def __str__(self) -> str:
        head = f"{self.n} returns, as sure as {self.n_effective:.0f} even ones, {self.still:.0%} nought"
        hurst = None if self.hurst is None else f"H {self.hurst} z {self.z_hurst:+.2f}"
        return "\n".join([head, *(str(p) for p in (self.ratios, self.correlations, hurst, self.pricing_error) if p)])


class EfficiencyMonitor(Rolling):
    """Efficiency of the last `window` returns; its value is the largest |z| of the variance ratios.

    Parameters
    ----------
    window
        Returns kept, 30 or more and three times the longest aggregation and lag; 500 or more tell something.
    aggregations, lags
        Of the variance ratios and of the autocorrelations.
    level
        Of the intervals.
    seed
        Of the resamples of the pricing error.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    """

    def __init__(
        self,
        window: int,
        *,
        aggregations: Sequence[int] = (2, 4, 8, 16),
        lags: Sequence[int] = (1, 2, 3, 4, 5),
        level: float = 0.95,
        seed: int = 0,
    ) -> None:
        check_aggregations(aggregations)
        if not lags or min(lags) < 1:
            raise BadParameter(f"lags {tuple(lags)} must be 1 or more")
        super().__init__(window, least=max(LEAST, 3 * max(aggregations), 3 * max(lags)))
        self.aggregations, self.lags, self.level, self.seed = tuple(aggregations), tuple(lags), level, seed

    def panel(self) -> Efficiency:
        """What the window says now."""
        numbers = self.numbers
        hurst = _told(lambda: hurst_whittle(numbers, level=self.level))
        return Efficiency(
            ratios=_told(lambda: variance_ratios(numbers, aggregations=self.aggregations, level=self.level)),
            correlations=_told(lambda: autocorrelations(numbers, lags=self.lags, level=self.level)),
            hurst=hurst,
            z_hurst=math.nan if hurst is None else (hurst.value - 0.5) / hurst.sd,
            pricing_error=_told(lambda: pricing_error(numbers, level=self.level, seed=self.seed)),
            n=len(numbers),
            n_effective=effective(numbers),
            still=still(numbers),
            passed_over=self.passed_over,
        )

    def _measure(self, numbers: Floats) -> float:
        return variance_ratios(numbers, aggregations=self.aggregations, level=self.level).largest


def effective(returns: Floats) -> float:
    """Returns of even size that would tell the first correlation as surely; NaN of fewer than 30 or all the same.

    1 / delta_1 of Lo & MacKinlay: n where volatility is even, fewer where it comes in bursts.
    """
    try:
        column = usable(returns, least=LEAST)
    except BadData:
        return math.nan
    _, error = z_without_memory(column - column.mean(), 1)
    return 1 / error**2 if error > 0 else math.nan


def _told(measure: Callable[[], T]) -> T | None:
    try:
        return measure()
    except BadData:
        return None
