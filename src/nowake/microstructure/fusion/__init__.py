"""Several sources into one price and one belief, each trusted as it has predicted."""

from __future__ import annotations

from nowake.microstructure.fusion.consensus import Consensus, consensus
from nowake.microstructure.fusion.dempster_shafer import Combined, Evidence, dempster, direction, discounted, yager
from nowake.microstructure.fusion.gaussian import best_linear, covariance_intersection, precision_weighted
from nowake.microstructure.fusion.innovations import Innovations, innovations
from nowake.microstructure.fusion.kalman import Filtered, PriceFilter, PriceModel, Source, filter_prices, smooth_prices
from nowake.microstructure.fusion.learning import LearnedModel, learn_prices
from nowake.microstructure.fusion.reliability import (
    HitRate,
    TrackRecord,
    VarianceFactor,
    hit_rate,
    score_weights,
    variance_factor,
)
from nowake.microstructure.fusion.report import Belief, Consistency, LeftOut, Report, Reports

__all__ = [
    "Belief",
    "Combined",
    "Consensus",
    "Consistency",
    "Evidence",
    "Filtered",
    "HitRate",
    "Innovations",
    "LearnedModel",
    "LeftOut",
    "PriceFilter",
    "PriceModel",
    "Report",
    "Reports",
    "Source",
    "TrackRecord",
    "VarianceFactor",
    "best_linear",
    "consensus",
    "covariance_intersection",
    "dempster",
    "direction",
    "discounted",
    "filter_prices",
    "hit_rate",
    "innovations",
    "learn_prices",
    "precision_weighted",
    "score_weights",
    "smooth_prices",
    "variance_factor",
    "yager",
]
