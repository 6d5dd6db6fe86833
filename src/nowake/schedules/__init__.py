"""Pure maths: when to trade how much."""

from nowake.schedules.almgren_chriss import AlmgrenChriss, FrontierPoint, frontier
from nowake.schedules.policy import SchedulePolicy
from nowake.schedules.schedule import Schedule
from nowake.schedules.twap import Twap, twap
from nowake.schedules.vwap import Vwap, vwap

__all__ = ["AlmgrenChriss", "FrontierPoint", "Schedule", "SchedulePolicy", "Twap", "Vwap", "frontier", "twap", "vwap"]
