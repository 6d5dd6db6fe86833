"""Compile the readers' kernels with a word to the user: a first load on a machine says so instead of hanging."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nowake.data.load import data_root
from nowake.data.readers.registry import FORMATS
from nowake.kernels import runtime
from nowake.kernels.layout import ADD, EVENT

# Format -> the kernels its reader runs, and those that make quotes of its events.
_ENTRIES = {
    "parquet": ("interleave:interleave", "touch:touches"),
    "itch": ("itch:parse", "tracking:rehash", "touch:touches"),
    "dbn": ("dbn:translate", "tracking:rehash", "touch:touches"),
    "bitstamp": ("touch:touches",),
    "binance": ("touch:touches",),
    "tardis": ("touch:touches",),
}


def compile_readers(spec: str, say: Callable[[str], None], *, root: str | Path | None = None) -> None:
    """Compile what loading a day will need, saying so, where it is not compiled yet.

    Parameters
    ----------
    spec
        As for `load_day`; empty for the default day.
    say
        Called with a few words before each compilation.
    root
        The data folder.
    """
    source = spec.partition(":")[0] or ("lobster" if data_root(root).is_dir() else "generated")
    is_path = source not in FORMATS and source != "generated"  # Of any format, then.
    if (source == "lobster" or is_path) and not runtime.is_cached("resync"):
        say("compiling the LOBSTER reader")
        _resync_one_message()
    if source == "generated" and not runtime.is_cached("orderflow"):
        from nowake.data.generated import generate_day  # noqa: PLC0415

        say("compiling the generator")
        generate_day(1, events=5_000)
    formats = tuple(_ENTRIES) if is_path else (source,)
    for entry in dict.fromkeys(entry for name in formats for entry in _ENTRIES.get(name, ())):
        if not runtime.is_compiled(entry):
            say(f"compiling {entry}")
            runtime.load(entry)


def _resync_one_message() -> None:
    """The smallest file there can be: one order joins an empty book."""
    from nowake.data.readers.lobster import resynced  # noqa: PLC0415

    message = np.zeros(1, EVENT)
    message["kind"], message["side"], message["price_ticks"], message["lots"], message["order_id"] = ADD, 1, 100, 1, 1
    resynced(message, np.array([[0, 0, 100, 1]], dtype=np.int64), 1)
