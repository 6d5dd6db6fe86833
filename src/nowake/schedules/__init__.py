"""Pure maths: when to trade how much."""

from nowake.schedules.almgren_chriss import AlmgrenChriss, FrontierPoint, PlanCost, cost_of, frontier
from nowake.schedules.policy import SchedulePolicy
from nowake.schedules.schedule import Schedule
from nowake.schedules.twap import Twap, twap
from nowake.schedules.vwap import Vwap, vwap

__all__ = [
    "AlmgrenChriss",
    "FrontierPoint",
    "PlanCost",
    "Schedule",
    "SchedulePolicy",
    "Twap",
    "Vwap",
    "cost_of",
    "frontier",
    "twap",
    "vwap",
]
