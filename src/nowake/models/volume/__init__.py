"""How volume spreads over the day, and how much of it there will be."""

from nowake.models.volume.average import AverageVolume, average_curve, stretched
from nowake.models.volume.buckets import DayVolume
from nowake.models.volume.contest import Contest, contest
from nowake.models.volume.curve import VolumeCurve
from nowake.models.volume.dynamic import DynamicVolume
from nowake.models.volume.live import Forecast, LiveVolume
from nowake.models.volume.screening import LeftOut, Why, screened
from nowake.models.volume.special import Kind, kinds_of

__all__ = [
    "AverageVolume",
    "Contest",
    "DayVolume",
    "DynamicVolume",
    "Forecast",
    "Kind",
    "LeftOut",
    "LiveVolume",
    "VolumeCurve",
    "Why",
    "average_curve",
    "contest",
    "kinds_of",
    "screened",
    "stretched",
]
