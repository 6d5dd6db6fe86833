"""Who began each trade, the buyer or the seller, and how sure that is."""

from nowake.microstructure.classify.accuracy import Accuracy, Share, accuracy, bulk_accuracy
from nowake.microstructure.classify.bulk import BulkBars, bulk_bars, bulk_bought, time_bars, volume_bars
from nowake.microstructure.classify.classification import Classification, Place, classify
from nowake.microstructure.classify.gauges import SideGauge
from nowake.microstructure.classify.rules import RULES, Ground, Rule, reverse_tick_test, tick_test

__all__ = [
    "RULES",
    "Accuracy",
    "BulkBars",
    "Classification",
    "Ground",
    "Place",
    "Rule",
    "Share",
    "SideGauge",
    "accuracy",
    "bulk_accuracy",
    "bulk_bars",
    "bulk_bought",
    "classify",
    "reverse_tick_test",
    "tick_test",
    "time_bars",
    "volume_bars",
]
