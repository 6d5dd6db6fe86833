"""Pure maths: when to trade how much."""

from nowake.schedules.almgren_chriss import AlmgrenChriss, FrontierPoint, PlanCost, cost_of, frontier
from nowake.schedules.certificate import Certificate
from nowake.schedules.policy import OptimalPolicy, SchedulePolicy, Solved
from nowake.schedules.power_law import PowerLawSchedule
from nowake.schedules.schedule import Schedule
from nowake.schedules.twap import Twap, twap
from nowake.schedules.vwap import Vwap, vwap

__all__ = [
    "AlmgrenChriss",
    "Certificate",
    "FrontierPoint",
    "OptimalPolicy",
    "PlanCost",
    "PowerLawSchedule",
    "Schedule",
    "SchedulePolicy",
    "Solved",
    "Twap",
    "Vwap",
    "cost_of",
    "frontier",
    "twap",
    "vwap",
]
