"""Temporary impact as a function of the trading rate, odd in it: basis points at a rate in shares a session."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np

from nowake.models.terms import Size


class Shape(Protocol):
    """What trading at a rate costs a share, at once gone again."""

    def __call__(self, rate: Size) -> Size:
        """Basis points at a rate in shares a session, of the rate's sign."""
        ...


class Power(msgspec.Struct, frozen=True):
    """coefficient |v|^exponent sign(v)."""

    coefficient: float
    exponent: float

    def __call__(self, rate: Size) -> Size:
        """Basis points at a rate in shares a session, of the rate's sign."""
        return self.coefficient * np.sign(rate) * np.abs(rate) ** self.exponent


class LogShape(msgspec.Struct, frozen=True):
    """coefficient log(1 + |v| / scale) sign(v): linear below `scale`, slower than any power above it."""

    coefficient: float
    scale: float

    def __call__(self, rate: Size) -> Size:
        """Basis points at a rate in shares a session, of the rate's sign."""
        return self.coefficient * np.sign(rate) * np.log1p(np.abs(rate) / self.scale)


class SaturatingShape(msgspec.Struct, frozen=True):
    """coefficient (1 - exp(-|v| / scale)) sign(v): linear below `scale`, flat far above it."""

    coefficient: float
    scale: float

    def __call__(self, rate: Size) -> Size:
        """Basis points at a rate in shares a session, of the rate's sign."""
        return -self.coefficient * np.sign(rate) * np.expm1(-np.abs(rate) / self.scale)


class CrowdShape(msgspec.Struct, frozen=True):
    """coefficient (|v| / (|v| + market_rate))^exponent sign(v): a power of our share of all volume."""

    coefficient: float
    market_rate: float
    exponent: float

    def __call__(self, rate: Size) -> Size:
        """Basis points at a rate in shares a session, of the rate's sign."""
        speed = np.abs(rate)
        return self.coefficient * np.sign(rate) * (speed / (speed + self.market_rate)) ** self.exponent
