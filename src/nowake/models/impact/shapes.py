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
