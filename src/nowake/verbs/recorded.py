"""A run made again from its journal, with the market data it ran on."""

from __future__ import annotations

import os
from pathlib import Path

from nowake.data.load import load_day
from nowake.domain.errors import BadData, BadJournal
from nowake.verbs.promote import promote
from nowake.verbs.replay import replay
from nowake.verbs.simulate import Run


def recorded(path: str | os.PathLike[str], *, root: str | Path | None = None) -> Run:
    """The run a journal recorded.

    Raises
    ------
    BadJournal
        When it cannot be read, or does not replay to what it recorded.
    NotFound
        When the data it ran on is not there.
    BadData
        When that data is not, byte for byte, what it ran on.
    """
    replayed = replay(path)
    if not replayed.same:
        raise BadJournal(f"{path} does not replay to what it recorded; see `nowake replay {path}`")
    header = replayed.header
    day = load_day(header.data_source, header.order.instrument.session.date, root=root)
    if day.fingerprint != header.data_fingerprint:
        raise BadData(
            f"{header.data_source} is not the data {path} ran on: its fingerprint is {day.fingerprint[:16]}, "
            f"the run's {header.data_fingerprint[:16]}; give the folder that holds it with --root"
        )
    return promote(replayed.record, Run, decider=replayed.algorithm, quotes=day.quotes, trades=day.trades)
