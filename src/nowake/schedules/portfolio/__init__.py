"""Baskets: many orders planned together, by what they cost and what they risk together."""

from nowake.schedules.portfolio.basket import Basket, Line
from nowake.schedules.portfolio.costing import Costing, Setting
from nowake.schedules.portfolio.even import EvenBasket
from nowake.schedules.portfolio.exposures import Exposure
from nowake.schedules.portfolio.limits import Band, Limits
from nowake.schedules.portfolio.optimal import BasketPoint, OptimalBasket, basket_frontier
from nowake.schedules.portfolio.plan import BasketPlan, Rounding
from nowake.schedules.portfolio.risk_parity import RiskParityBasket
from nowake.schedules.portfolio.timeline import Auction, Timeline

__all__ = [
    "Auction",
    "Band",
    "Basket",
    "BasketPlan",
    "BasketPoint",
    "Costing",
    "EvenBasket",
    "Exposure",
    "Limits",
    "Line",
    "OptimalBasket",
    "RiskParityBasket",
    "Rounding",
    "Setting",
    "Timeline",
    "basket_frontier",
]
