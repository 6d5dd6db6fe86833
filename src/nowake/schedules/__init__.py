"""Pure maths: when to trade how much."""

from nowake.schedules.adaptive import (
    CarteaJaimungal,
    OrderFlow,
    PostingDepth,
    RatePolicy,
    RollingHorizon,
    ShortTermAlpha,
    Situation,
    StochasticLiquidity,
    TargetSpeed,
    TargetVolume,
)
from nowake.schedules.almgren_chriss import (
    AlmgrenChriss,
    AlmgrenChrissCorrelated,
    AlmgrenChrissDrift,
    AlmgrenChrissNews,
    FrontierPoint,
    LeastValueAtRisk,
    Outcome,
    PlanCost,
    cost_of,
    frontier,
)
from nowake.schedules.certificate import Certificate
from nowake.schedules.check import check_schedule
from nowake.schedules.gatheral_schied import GatheralSchied
from nowake.schedules.policy import OptimalPolicy, SchedulePolicy, Solved
from nowake.schedules.power_law import PowerLawSchedule
from nowake.schedules.schedule import Schedule
from nowake.schedules.transient import ObizhaevaWang, Propagator
from nowake.schedules.twap import Twap, twap
from nowake.schedules.uncertainty import Averaged, Robust, Sensitivity, sensitivity
from nowake.schedules.vwap import Vwap, vwap

__all__ = [
    "AlmgrenChriss",
    "AlmgrenChrissCorrelated",
    "AlmgrenChrissDrift",
    "AlmgrenChrissNews",
    "Averaged",
    "CarteaJaimungal",
    "Certificate",
    "FrontierPoint",
    "GatheralSchied",
    "LeastValueAtRisk",
    "ObizhaevaWang",
    "OptimalPolicy",
    "OrderFlow",
    "Outcome",
    "PlanCost",
    "PostingDepth",
    "PowerLawSchedule",
    "Propagator",
    "RatePolicy",
    "Robust",
    "RollingHorizon",
    "Schedule",
    "SchedulePolicy",
    "Sensitivity",
    "ShortTermAlpha",
    "Situation",
    "Solved",
    "StochasticLiquidity",
    "TargetSpeed",
    "TargetVolume",
    "Twap",
    "Vwap",
    "check_schedule",
    "cost_of",
    "frontier",
    "sensitivity",
    "twap",
    "vwap",
]
