"""How much it costs to trade against those who know more: VPIN, PIN, mark-outs, components of the spread."""

from nowake.microstructure.toxicity.alarm import AlarmGauge, AlarmRule, Alarms, calibrate_alarm, run_alarm
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
    "AlarmGauge",
    "AlarmRule",
    "Alarms",
    "BulkVpinGauge",
    "FlowAlarmGauge",
    "SensitivityRow",
    "Vpin",
    "VpinGauge",
    "calibrate_alarm",
    "daily_bucket_lots",
    "run_alarm",
    "vpin",
    "vpin_of_bars",
    "vpin_sensitivity",
]
