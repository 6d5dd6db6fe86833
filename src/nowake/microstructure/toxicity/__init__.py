"""How much it costs to trade against those who know more: VPIN, PIN, mark-outs, components of the spread."""

from nowake.microstructure.toxicity.adjusted_pin import (
    AdjustedPin,
    AdjustedPinModel,
    RatioTest,
    against_pin,
    fit_adjusted_pin,
)
from nowake.microstructure.toxicity.alarm import AlarmGauge, AlarmRule, Alarms, calibrate_alarm, run_alarm
from nowake.microstructure.toxicity.glosten_harris import (
    GlostenHarris,
    GlostenHarrisGauge,
    glosten_harris,
    glosten_harris_share,
)
from nowake.microstructure.toxicity.huang_stoll import (
    HuangStollGauge,
    ThreeWay,
    TwoWay,
    huang_stoll,
    huang_stoll_share,
    huang_stoll_two_way,
)
from nowake.microstructure.toxicity.madhavan import Madhavan, MadhavanGauge, madhavan, madhavan_share
from nowake.microstructure.toxicity.markouts import MarkOuts, mark_outs, traded, traded_fills, traded_prints
from nowake.microstructure.toxicity.pin import Pin, PinModel, fit_pin
from nowake.microstructure.toxicity.pin_live import PinDay, PinDays, daily_counts, news_so_far
from nowake.microstructure.toxicity.vpin import (
    SensitivityRow,
    Vpin,
    daily_bucket_lots,
    vpin,
    vpin_of_bars,
    vpin_sensitivity,
)
from nowake.microstructure.toxicity.vpin_gauges import BulkVpinGauge, FlowAlarmGauge, VpinGauge

__all__ = [
    "AdjustedPin",
    "AdjustedPinModel",
    "AlarmGauge",
    "AlarmRule",
    "Alarms",
    "BulkVpinGauge",
    "FlowAlarmGauge",
    "GlostenHarris",
    "GlostenHarrisGauge",
    "HuangStollGauge",
    "Madhavan",
    "MadhavanGauge",
    "MarkOuts",
    "Pin",
    "PinDay",
    "PinDays",
    "PinModel",
    "RatioTest",
    "SensitivityRow",
    "ThreeWay",
    "TwoWay",
    "Vpin",
    "VpinGauge",
    "against_pin",
    "calibrate_alarm",
    "daily_bucket_lots",
    "daily_counts",
    "fit_adjusted_pin",
    "fit_pin",
    "glosten_harris",
    "glosten_harris_share",
    "huang_stoll",
    "huang_stoll_share",
    "huang_stoll_two_way",
    "madhavan",
    "madhavan_share",
    "mark_outs",
    "news_so_far",
    "run_alarm",
    "traded",
    "traded_fills",
    "traded_prints",
    "vpin",
    "vpin_of_bars",
    "vpin_sensitivity",
]
