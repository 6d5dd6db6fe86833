"""Adaptive policies: how fast to trade, asked whenever an algorithm wakes."""

from nowake.schedules.adaptive.contract import RatePolicy, Situation

__all__ = ["RatePolicy", "Situation"]
