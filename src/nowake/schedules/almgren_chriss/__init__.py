"""Almgren & Chriss 2000 and what follows from it: one file a variant."""

from nowake.schedules.almgren_chriss.frontier import FrontierPoint, frontier
from nowake.schedules.almgren_chriss.liquidation import Liquidation
from nowake.schedules.almgren_chriss.policy import AlmgrenChriss
from nowake.schedules.costing import PlanCost, cost_of

__all__ = ["AlmgrenChriss", "FrontierPoint", "Liquidation", "PlanCost", "cost_of", "frontier"]
