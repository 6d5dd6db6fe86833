"""The sizes, speeds, lengths and markets a model was fitted to, and what of an order lies beyond them."""

from __future__ import annotations

from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.metaorder import Metaorders
from nowake.models.terms import Terms

_WORDS = {
    "share_of_day": "order over the day's volume",
    "speed": "order over the window's volume",
    "days": "length in sessions",
    "volatility": "volatility a session",
    "spread_bps": "spread in bps",
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Least and largest of the orders behind a fit, and how many there were.

    `share_of_day` is the order over the day's volume, `speed` over the volume of its window; `days` is its length in
    sessions, `volatility` a fraction of the price per sqrt(session), `spread_bps` the quoted spread.
    """

    orders: int
    share_of_day: tuple[float, float]
    speed: tuple[float, float]
    days: tuple[float, float]
    volatility: tuple[float, float]
    spread_bps: tuple[float, float]

    def __post_init__(self) -> None:
        for name in _WORDS:
            low, high = getattr(self, name)
            if not 0 <= low <= high < float("inf"):
                raise BadParameter(f"{name} seen from {low} to {high} must be a range of finite numbers, 0 or more")

    @classmethod
    def of(cls, orders: Metaorders) -> Self:
        """The ranges of executed orders.

        Raises
        ------
        BadParameter
            When there are none.
        """
        if not len(orders):
            raise BadParameter("no orders have no range; give at least one")
        window = orders.daily_volume * orders.days
        if orders.window_volume is not None:
            window = np.where(np.isnan(orders.window_volume), window, orders.window_volume)
        columns = {
            "share_of_day": orders.quantity / orders.daily_volume,
            "speed": orders.quantity / window,
            "days": orders.days,
            "volatility": orders.volatility,
            "spread_bps": orders.spread_bps,
        }
        ends = {name: (float(column.min()), float(column.max())) for name, column in columns.items()}
        return cls(orders=len(orders), **ends)

    def beyond(self, terms: Terms) -> tuple[str, ...]:
        """A sentence for each number of one order that lies outside what was seen; nothing where none does."""
        sentences = []
        for name, words in _WORDS.items():
            value, (low, high) = float(getattr(terms, name)), getattr(self, name)
            if not low <= value <= high:
                sentences.append(
                    f"The {words}, {value:.3g}, is outside the {low:.3g} to {high:.3g} of the {self.orders:,} orders "
                    "the model was fitted to: an extrapolation."
                )
        return tuple(sentences)
