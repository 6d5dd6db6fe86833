"""What a model of impact is asked about: an order, or arrays of orders, traded evenly over a window in a market."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter

Floats = npt.NDArray[np.float64]
SHORTEST_DAYS = 1e-100
Size = Any  # One float, or an array of them; all arrays of one question have one shape.


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One order, or many: every field is a number or an array, and they broadcast against each other.

    Whatever is given is kept as floats: 32-bit integers overflow where volumes are multiplied.

    Parameters
    ----------
    quantity
        Shares, 0 or more; the side is not part of it, for cost has the same sign for both.
    days
        Length of the window in trading sessions, by the clock, 1e-100 or more: its square must be a number too.
    volatility
        Fraction of the price per sqrt(session), 0 or more.
    daily_volume
        Shares the market trades in a session, above 0.
    price
        Currency per share, above 0; only models with parameters in currency ask for it.
    spread_bps
        Quoted spread, ask less bid, in basis points of the price.
    window_volume
        Shares the market trades in the window without us; None takes `daily_volume * days`.
    trade_size
        Average size of a print in shares; None where unknown.
    shares_outstanding
        Shares the company has issued; None where unknown.

    Raises
    ------
    BadParameter
        When a number is not finite or out of its range.
    """

    quantity: Size
    days: Size
    volatility: Size
    daily_volume: Size
    price: Size = 1.0
    spread_bps: Size = 0.0
    window_volume: Size | None = None
    trade_size: Size | None = None
    shares_outstanding: Size | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not (value is None or isinstance(value, float)):
                msgspec.structs.force_setattr(self, name, _floats(name, value))
        _check_not_negative("quantity", self.quantity, "0 or more; the side is not part of it")
        _check_positive("days", self.days)
        if np.any(np.asarray(self.days) < SHORTEST_DAYS):
            raise BadParameter(f"days {np.min(self.days):g} must be {SHORTEST_DAYS:g} or more, in sessions")
        _check_not_negative("volatility", self.volatility)
        _check_positive("daily_volume", self.daily_volume)
        _check_positive("price", self.price)
        _check_not_negative("spread_bps", self.spread_bps)
        for name in ("window_volume", "trade_size", "shares_outstanding"):
            if getattr(self, name) is not None:
                _check_positive(name, getattr(self, name))

    @property
    def rate(self) -> Size:
        """Shares a session, by the clock."""
        return self.quantity / self.days

    @property
    def market_volume(self) -> Size:
        """Shares the market trades in the window without us."""
        return self.daily_volume * self.days if self.window_volume is None else self.window_volume

    @property
    def share_of_day(self) -> Size:
        """Q / V: the order over a session's volume."""
        return self.quantity / self.daily_volume

    @property
    def speed(self) -> Size:
        """Q / (V T), T in days of volume: the order over the market's volume of the window; may be above 1."""
        return self.quantity / self.market_volume

    @property
    def participation(self) -> Size:
        """Percentage of volume as desks count it: Q / (Q + market volume of the window), below 1."""
        return self.quantity / (self.quantity + self.market_volume)

    def need(self, name: str, model: str) -> Size:
        """An optional field that a model cannot do without.

        Raises
        ------
        BadParameter
            When it was not given.
        """
        value = getattr(self, name)
        if value is None:
            raise BadParameter(f"{model} needs {name}, which is not known of this market; give {name}=...")
        return value

    def of_quantity(self, quantity: Size) -> Terms:
        """The same market and window for another size."""
        return msgspec.structs.replace(self, quantity=quantity)

    @classmethod
    def at_participation(cls, quantity: Size, participation: Size, *, daily_volume: Size, **market: Size) -> Terms:
        """The window in which an order of a size is the given share of all volume, ours included.

        Raises
        ------
        BadParameter
            When the participation is not between 0 and 1, or as for `Terms`.
        """
        if not np.all((np.asarray(participation) > 0) & (np.asarray(participation) < 1)):
            raise BadParameter(f"participation {participation} must be above 0 and below 1; 0.1 is 10 % of volume")
        days = quantity * (1 - participation) / participation / daily_volume
        return cls(quantity=quantity, days=days, daily_volume=daily_volume, **market)


def _floats(name: str, value: Size) -> Size:
    """A number as float, anything else as an array of them."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadParameter(f"{name} {value!r} must be a number or an array of numbers") from error
    return array if array.ndim else float(array)


def _check_positive(name: str, value: Size) -> None:
    array = np.asarray(value)
    bad = ~((array > 0) & (array < np.inf))
    if bad.any():
        raise BadParameter(f"{name} {_first(array, bad)} must be above 0 and finite")


def _check_not_negative(name: str, value: Size, wanted: str = "0 or more") -> None:
    array = np.asarray(value)
    bad = ~((array >= 0) & (array < np.inf))
    if bad.any():
        raise BadParameter(f"{name} {_first(array, bad)} must be finite and {wanted}")


def _first(array: Floats, bad: npt.NDArray[np.bool_]) -> str:
    """The first wrong value, and where it is in an array."""
    if not array.ndim:
        return f"{array:g}"
    place = int(np.flatnonzero(bad.ravel())[0])
    return f"{array.ravel()[place]:g} (number {place} of {array.size})"
