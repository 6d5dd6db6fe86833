"""Take every turn of a journal again, without a market, and say where the outcome differs."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from nowake.domain.decider import Decider
from nowake.engine.journal import Contents, Journal, Turn
from nowake.engine.loop import Engine, footer, record
from nowake.engine.run import RunRecord


class Difference(NamedTuple):
    """The first turn that a replay took otherwise than the journal says."""

    turn: int
    time_ns: int
    recorded: str
    replayed: str


class Replayed(NamedTuple):
    """What a replay of a journal found."""

    record: RunRecord
    difference: Difference | None


def replay(contents: Contents, decider: Decider) -> Replayed:
    """Take every turn of a journal again and compare.

    Parameters
    ----------
    contents
        The journal as read.
    decider
        The algorithm made from the header's record of it.

    Returns
    -------
    Replayed
        The hash of its record equals the journal's exactly when every byte of every turn came out the same.
    """
    header = contents.header
    engine = Engine(decider, seed=header.seed, limits=header.limits, patience=header.patience)
    journal = Journal()
    journal.append(msgspec.structs.replace(header, algorithm=msgspec.to_builtins(decider)))
    difference = None
    for number, recorded in enumerate(contents.turns):
        turn = engine.step(recorded.events)
        journal.append(turn)
        if turn != recorded:
            difference = Difference(number, engine.view.now_ns, _outcome(recorded), _outcome(turn))
            break
    if contents.footer is not None and difference is None:
        journal.append(footer(engine, journal))
    is_complete = contents.footer is not None
    return Replayed(record(engine, header, journal, is_complete=is_complete), difference)


def _outcome(turn: Turn) -> str:
    return f"{turn.reason.value}: {', '.join(str(sent) for sent in turn.sent) or 'nothing sent'}"
