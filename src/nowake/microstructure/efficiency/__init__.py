"""How close to a random walk the price is: variance ratio, Hurst, delay, pricing error."""

from __future__ import annotations

from nowake.microstructure.efficiency.autocorrelation import Autocorrelations, LagCorrelation, autocorrelations
from nowake.microstructure.efficiency.gauges import (
    DecayedEfficiency,
    EfficiencyPanel,
    RollingAutocorrelation,
    RollingHurst,
    RollingPriceDelay,
    RollingPricingError,
    RollingVarianceRatio,
    decayed_efficiency,
)
from nowake.microstructure.efficiency.hurst import (
    expected_rescaled_range,
    fractional_noise,
    hurst_dfa,
    hurst_rescaled_range,
    hurst_whittle,
)
from nowake.microstructure.efficiency.monitor import Efficiency, EfficiencyMonitor
from nowake.microstructure.efficiency.price_delay import PriceDelay, price_delay
from nowake.microstructure.efficiency.pricing_error import PricingError, pricing_error
from nowake.microstructure.efficiency.sampling import even_mids, still
from nowake.microstructure.efficiency.variance_ratio import (
    VarianceRatio,
    VarianceRatios,
    variance_ratio,
    variance_ratios,
)

__all__ = [
    "Autocorrelations",
    "DecayedEfficiency",
    "Efficiency",
    "EfficiencyMonitor",
    "EfficiencyPanel",
    "LagCorrelation",
    "PriceDelay",
    "PricingError",
    "RollingAutocorrelation",
    "RollingHurst",
    "RollingPriceDelay",
    "RollingPricingError",
    "RollingVarianceRatio",
    "VarianceRatio",
    "VarianceRatios",
    "autocorrelations",
    "decayed_efficiency",
    "even_mids",
    "expected_rescaled_range",
    "fractional_noise",
    "hurst_dfa",
    "hurst_rescaled_range",
    "hurst_whittle",
    "price_delay",
    "pricing_error",
    "still",
    "variance_ratio",
    "variance_ratios",
]
