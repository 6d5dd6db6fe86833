"""Before every verb: a day of market data."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from nowake.data import load
from nowake.data.day import Day
from nowake.verbs.first_use import compile_for


def load_day(spec: str, date: str | dt.date | None = None, *, root: str | Path | None = None) -> Day:
    """The day a name stands for; on the first use on a machine a line on standard error says that it compiles.

    Parameters
    ----------
    spec
        "lobster:AMZN" (or "lobster:AMZN:10" for the files of 10 levels), "generated", "generated:SEED" or
        "parquet:FOLDER" (written by `nowake.data.parquet.write_day`).
    date
        "2012-06-21" or a date. May be left out where there is one day only; puts a generated day on a date.
    root
        The data folder; by default the environment variable NOWAKE_DATA, else ../shared/data.

    Raises
    ------
    NotFound
        When the symbol or date is not there; the message lists what is.
    BadParameter
        When the spec or the date cannot be read.
    BadData
        When the files are damaged.
    """
    compile_for(spec, root=root)
    return load.load_day(spec, date, root=root)
