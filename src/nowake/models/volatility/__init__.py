"""How much the price moves: measured through microstructure noise, over the day, over night, and tomorrow."""

from nowake.models.volatility.diurnal import Diurnal, bucket_returns, price_returns
from nowake.models.volatility.forecast import VolatilityForecast, forecast
from nowake.models.volatility.quotes import realised_volatility, two_sided
from nowake.models.volatility.realised import bipower, jumps, noise_bps, realised_kernel, signature, ticks_of
from nowake.models.volatility.whole_day import WholeDay, whole_day

__all__ = [
    "Diurnal",
    "VolatilityForecast",
    "WholeDay",
    "bipower",
    "bucket_returns",
    "forecast",
    "jumps",
    "noise_bps",
    "price_returns",
    "realised_kernel",
    "realised_volatility",
    "signature",
    "ticks_of",
    "two_sided",
    "whole_day",
]
