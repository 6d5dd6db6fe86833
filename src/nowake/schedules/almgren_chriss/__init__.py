"""Almgren & Chriss 2000 and what follows from it: one file a variant."""

from nowake.schedules.almgren_chriss.correlation import AlmgrenChrissCorrelated, CorrelatedLiquidation
from nowake.schedules.almgren_chriss.drift import AlmgrenChrissDrift, DriftingLiquidation
from nowake.schedules.almgren_chriss.frontier import FrontierPoint, frontier
from nowake.schedules.almgren_chriss.liquidation import Liquidation
from nowake.schedules.almgren_chriss.news import AlmgrenChrissNews, NewsLiquidation, Outcome
from nowake.schedules.almgren_chriss.policy import AlmgrenChriss
from nowake.schedules.almgren_chriss.value_at_risk import LeastValueAtRisk, least_value_at_risk
from nowake.schedules.costing import PlanCost, cost_of

__all__ = [
    "AlmgrenChriss",
    "AlmgrenChrissCorrelated",
    "AlmgrenChrissDrift",
    "AlmgrenChrissNews",
    "CorrelatedLiquidation",
    "DriftingLiquidation",
    "FrontierPoint",
    "LeastValueAtRisk",
    "Liquidation",
    "NewsLiquidation",
    "Outcome",
    "PlanCost",
    "cost_of",
    "frontier",
    "least_value_at_risk",
]
