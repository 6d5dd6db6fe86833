"""Before every verb: a day of market data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from nowake.data import load
from nowake.data.day import Day


def load_day(
    spec: str,
    date: str | dt.date | None = None,
    *,
    root: str | Path | None = None,
    symbol: str = "",
    tick_size: str | Decimal | None = None,
    lot_size: str | Decimal | None = None,
    multiplier: int | str | Decimal | None = None,
) -> Day:
    """The day a name stands for; on the first use on a machine a line on standard error says that it compiles.

    Parameters
    ----------
    spec
        FORMAT:SYMBOL, such as "lobster:AMZN", "itch:AAPL", "dbn:ESH4", "bitstamp:BTCUSD", "binance:BTCUSDT",
        "tardis:BTCUSDT", "lean:IBM", "bars:SPY", "trades:ABC"; where several recordings of a symbol are there,
        FORMAT:SYMBOL:DETAIL ("lobster:AMZN:10" levels, "lean:SPY:tick", or a folder's name) or FORMAT:SYMBOL@VENUE
        ("binance:BTCUSDT@BINANCE-USDM") or both. "parquet:FOLDER" or "parquet:FOLDER:SYMBOL" (written by
        `nowake data convert` or `nowake.data.store.write_day`), "generated", "generated:SEED", or a path to a file or
        a folder, which may end in :SYMBOL.
    date
        "2012-06-21" or a date. May be left out where there is one day only; puts a generated day on a date.
    root
        The data folder; by default the environment variable NOWAKE_DATA, else ../shared/data.
    symbol
        Which symbol, where the spec is a path with several.
    tick_size, lot_size
        Instead of what the data say.
    multiplier
        What one unit of quantity is worth for one unit of price, in currency, instead of what the data say: 50 for the
        CME's E-mini S&P 500. Feeds of futures do not say it, and without it no amount of money is computed.

    Raises
    ------
    NotFound
        When the symbol or date is not there, or several are and none was given; the message lists what is.
    BadParameter
        When the spec or the date cannot be read, or several recordings fit; the message says what to write.
    BadData
        When the files are damaged, or of no format that is known.
    """
    return load.load_day(
        spec, date, root=root, symbol=symbol, tick_size=tick_size, lot_size=lot_size, multiplier=multiplier
    )
