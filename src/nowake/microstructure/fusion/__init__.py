"""Several sources into one price and one belief, each trusted as it has predicted."""

from __future__ import annotations

from nowake.microstructure.fusion.consensus import Consensus, consensus
from nowake.microstructure.fusion.dempster_shafer import Combined, Evidence, dempster, direction, discounted, yager
from nowake.microstructure.fusion.gaussian import best_linear, covariance_intersection, precision_weighted
from nowake.microstructure.fusion.report import Belief, Consistency, LeftOut, Report, Reports

__all__ = [
    "Belief",
    "Combined",
    "Consensus",
    "Consistency",
    "Evidence",
    "LeftOut",
    "Report",
    "Reports",
    "best_linear",
    "consensus",
    "covariance_intersection",
    "dempster",
    "direction",
    "discounted",
    "precision_weighted",
    "yager",
]
