"""Bertsimas & Lo 1998: the least expected cost, with a signal that is seen before each trade."""

from nowake.schedules.bertsimas_lo.limited import FollowWithinLimits, LimitedRule, limited
from nowake.schedules.bertsimas_lo.linear import LinearLaw
from nowake.schedules.bertsimas_lo.percentage import PercentageLaw
from nowake.schedules.bertsimas_lo.percentage_policy import BertsimasLoPercentage, FollowPremium
from nowake.schedules.bertsimas_lo.policy import BertsimasLo, FollowSignal

__all__ = [
    "BertsimasLo",
    "BertsimasLoPercentage",
    "FollowPremium",
    "FollowSignal",
    "FollowWithinLimits",
    "LimitedRule",
    "LinearLaw",
    "PercentageLaw",
    "limited",
]
