"""Pure maths: when to trade how much."""

from nowake.schedules.adaptive import (
    AggressiveInTheMoney,
    CarteaJaimungal,
    LorenzAlmgren,
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
from nowake.schedules.bertsimas_lo import BertsimasLo, BertsimasLoPercentage
from nowake.schedules.certificate import Certificate
from nowake.schedules.check import check_schedule
from nowake.schedules.dynamic_schedule import DynamicProgramming
from nowake.schedules.gatheral_schied import GatheralSchied
from nowake.schedules.loaded import Loaded
from nowake.schedules.policy import OptimalPolicy, SchedulePolicy, Solved
from nowake.schedules.portfolio import (
    Auction,
    Band,
    Basket,
    BasketPlan,
    BasketPoint,
    EvenBasket,
    Limits,
    Line,
    OptimalBasket,
    RiskParityBasket,
    basket_frontier,
)
from nowake.schedules.pov import Pov
from nowake.schedules.power_law import PowerLawSchedule
from nowake.schedules.schedule import Schedule
from nowake.schedules.target_close import TargetClose
from nowake.schedules.transient import ObizhaevaWang, Propagator
from nowake.schedules.twap import Twap, twap
from nowake.schedules.uncertainty import Averaged, Robust, Sensitivity, sensitivity
from nowake.schedules.vwap import Vwap, vwap
from nowake.schedules.vwap_deviation import VwapDeviation

__all__ = [
    "AggressiveInTheMoney",
    "AlmgrenChriss",
    "AlmgrenChrissCorrelated",
    "AlmgrenChrissDrift",
    "AlmgrenChrissNews",
    "Auction",
    "Averaged",
    "Band",
    "Basket",
    "BasketPlan",
    "BasketPoint",
    "BertsimasLo",
    "BertsimasLoPercentage",
    "CarteaJaimungal",
    "Certificate",
    "DynamicProgramming",
    "EvenBasket",
    "FrontierPoint",
    "GatheralSchied",
    "LeastValueAtRisk",
    "Limits",
    "Line",
    "Loaded",
    "LorenzAlmgren",
    "ObizhaevaWang",
    "OptimalBasket",
    "OptimalPolicy",
    "OrderFlow",
    "Outcome",
    "PlanCost",
    "PostingDepth",
    "Pov",
    "PowerLawSchedule",
    "Propagator",
    "RatePolicy",
    "RiskParityBasket",
    "Robust",
    "RollingHorizon",
    "Schedule",
    "SchedulePolicy",
    "Sensitivity",
    "ShortTermAlpha",
    "Situation",
    "Solved",
    "StochasticLiquidity",
    "TargetClose",
    "TargetSpeed",
    "TargetVolume",
    "Twap",
    "Vwap",
    "VwapDeviation",
    "basket_frontier",
    "check_schedule",
    "cost_of",
    "frontier",
    "sensitivity",
    "twap",
    "vwap",
]
