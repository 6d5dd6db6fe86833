"""How much it costs to trade against those who know more: VPIN, PIN, mark-outs, components of the spread."""

from nowake.microstructure.toxicity.vpin import (
    SensitivityRow,
    Vpin,
    daily_bucket_lots,
    vpin,
    vpin_of_bars,
    vpin_sensitivity,
)
from nowake.microstructure.toxicity.vpin_gauges import BulkVpinGauge, VpinGauge

__all__ = [
    "BulkVpinGauge",
    "SensitivityRow",
    "Vpin",
    "VpinGauge",
    "daily_bucket_lots",
    "vpin",
    "vpin_of_bars",
    "vpin_sensitivity",
]
