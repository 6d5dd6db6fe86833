"""Adaptive policies: how fast to trade, asked whenever an algorithm wakes."""

from nowake.schedules.adaptive.alpha import ShortTermAlpha
from nowake.schedules.adaptive.cartea_jaimungal import CarteaJaimungal
from nowake.schedules.adaptive.contract import RatePolicy, Situation
from nowake.schedules.adaptive.crowd import Crowd, CrowdPolicy
from nowake.schedules.adaptive.gatheral_schied import GatheralSchiedFeedback
from nowake.schedules.adaptive.in_the_money import AggressiveInTheMoney
from nowake.schedules.adaptive.lorenz_almgren import LorenzAlmgren
from nowake.schedules.adaptive.order_flow import OrderFlow
from nowake.schedules.adaptive.posting import PostingDepth
from nowake.schedules.adaptive.pov_target import TargetSpeed, TargetVolume
from nowake.schedules.adaptive.rolling import RollingHorizon
from nowake.schedules.adaptive.stochastic_liquidity import StochasticLiquidity
from nowake.schedules.adaptive.walk import MeanReverting, Walked, World, walk

__all__ = [
    "AggressiveInTheMoney",
    "CarteaJaimungal",
    "Crowd",
    "CrowdPolicy",
    "GatheralSchiedFeedback",
    "LorenzAlmgren",
    "MeanReverting",
    "OrderFlow",
    "PostingDepth",
    "RatePolicy",
    "RollingHorizon",
    "ShortTermAlpha",
    "Situation",
    "StochasticLiquidity",
    "TargetSpeed",
    "TargetVolume",
    "Walked",
    "World",
    "walk",
]
