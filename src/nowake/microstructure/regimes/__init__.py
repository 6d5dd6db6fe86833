"""Which state the market is in, as probabilities that never look ahead. Start at `strip.py`."""

from nowake.microstructure.regimes.chain import Chain, Filtered, Smoothed
from nowake.microstructure.regimes.changepoint import ChangePath, ChangePoint, SegmentPrior, change_points
from nowake.microstructure.regimes.choose import Choice, StateCount, choose_states
from nowake.microstructure.regimes.desk import DESK_REGIMES, DeskRules, DeskWeights, desk_weights
from nowake.microstructure.regimes.emission import Emission
from nowake.microstructure.regimes.features import Features, bar_features, tape_features
from nowake.microstructure.regimes.fit import HmmFit, fit_hmm
from nowake.microstructure.regimes.live_features import FeatureRow, LiveFeatures
from nowake.microstructure.regimes.model import HiddenMarkov, HmmFilter
from nowake.microstructure.regimes.scaling import Scaling
from nowake.microstructure.regimes.strip import (
    RegimeGauge,
    RegimeModel,
    RegimeStrip,
    StateDescription,
    fit_regimes,
    regime_strip,
)
from nowake.microstructure.regimes.uncertainty import HmmIntervals, hmm_intervals

__all__ = [
    "DESK_REGIMES",
    "Chain",
    "ChangePath",
    "ChangePoint",
    "Choice",
    "DeskRules",
    "DeskWeights",
    "Emission",
    "FeatureRow",
    "Features",
    "Filtered",
    "HiddenMarkov",
    "HmmFilter",
    "HmmFit",
    "HmmIntervals",
    "LiveFeatures",
    "RegimeGauge",
    "RegimeModel",
    "RegimeStrip",
    "Scaling",
    "SegmentPrior",
    "Smoothed",
    "StateCount",
    "StateDescription",
    "bar_features",
    "change_points",
    "choose_states",
    "desk_weights",
    "fit_hmm",
    "fit_regimes",
    "hmm_intervals",
    "regime_strip",
    "tape_features",
]
