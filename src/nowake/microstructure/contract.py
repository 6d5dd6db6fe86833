"""What a measure that runs beside a live market keeps to, so that one loop can feed any number of them.

Every measure of this room exists twice: a function over a whole history, and a gauge that is told one event at a time.
After any number of events the gauge's value is that of the function over the same events, to 1e-12 relative; and
nothing that comes later changes what it said before.

A gauge is made with checked parameters, holds its own state and nothing else (it can be pickled, copied and continued),
reads no clock and draws no luck. Its value is NaN until it can be known; what cannot be used (a side of 0 where sides
matter, a quote with one side) is passed over and counted, never guessed. Events come in time order; one that goes back
raises BadData and changes nothing. Quotes that share a stamp with a print come after it: feeds stamp the quote that a
trade leaves behind as the trade."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from nowake.domain.market import Quotes, Trades

Floats = npt.NDArray[np.float64]


@runtime_checkable
class TapeGauge(Protocol):
    """A measure of quotes and prints."""

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these; 0 lots where a side is empty."""

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:
        """A print; `side` is +1 where the buyer took, -1 where the seller did, 0 where nobody says."""

    @property
    def value(self) -> float:
        """What is measured, as of the last event; NaN until it can be known."""


@runtime_checkable
class SeriesGauge(Protocol):
    """A measure of one number after another: prices at even steps, returns, features."""

    def update(self, number: float) -> None:
        """The next number."""

    @property
    def value(self) -> float:
        """What is measured, as of the last number; NaN until it can be known."""


def play(gauge: TapeGauge, quotes: Quotes, trades: Trades) -> Floats:
    """A history told to a gauge event by event: its value just after each print, (n,).

    All prints count, those of auctions and hidden ones too: leave out before what should not be heard. Quotes after
    the last print are told as well.
    """
    values = np.empty(len(trades))
    told = np.searchsorted(quotes.time_ns, trades.time_ns, side="left")
    quote_rows = list(zip(*(column.tolist() for column in _columns(quotes)), strict=True))
    at = 0
    for row, print_row in enumerate(zip(*(column.tolist() for column in _prints(trades)), strict=True)):
        for quote in quote_rows[at : told[row]]:
            gauge.on_quote(*quote)
        at = max(at, int(told[row]))
        gauge.on_trade(*print_row)
        values[row] = gauge.value
    for quote in quote_rows[at:]:
        gauge.on_quote(*quote)
    return values


def _columns(quotes: Quotes) -> tuple[npt.NDArray[np.int64], ...]:
    return quotes.time_ns, quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots


def _prints(trades: Trades) -> tuple[npt.NDArray[np.integer], ...]:
    return trades.time_ns, trades.price_ticks, trades.lots, trades.aggressor
