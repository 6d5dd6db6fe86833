"""What the book holds, how far a net flow moves the mid, and how fast spread and depth come back."""

from __future__ import annotations

import numpy as np

from nowake.microstructure.reading.heard import Heard, Part, Row, attempt, known
from nowake.microstructure.spreads.kyle import KyleLambda, horizons, kyle_lambda
from nowake.microstructure.spreads.quoted import QuotedSpread
from nowake.microstructure.spreads.resilience import resilience_of
from nowake.microstructure.spreads.shape import BookShape, ShapePlan, book_shape

_WITHIN_BPS = 5.0


def book(heard: Heard, quoted: QuotedSpread | None, refusals: list[str]) -> Part:
    """The part: depth and its cost where the feed shows levels, Kyle's lambda and half-lives everywhere."""
    units = heard.instrument.quantity
    rows: list[Row] = []
    notes = []
    if quoted is not None:
        notes.append(f"At the touch stand {units(quoted.bid_lots):,.6g} bid and {units(quoted.ask_lots):,.6g} asked.")
    shape = None if heard.depth is None else attempt(refusals, "book", lambda: _shape(heard))
    if shape is not None:
        rows += _of_shape(shape, heard)
    steepest = attempt(refusals, "Kyle's lambda", lambda: _kyle(heard))
    if steepest is not None and steepest.bps_per_percent is not None:
        rows += [(f"Kyle's lambda, bars of {steepest.bar}", "bps per 1% a day", steepest.bps_per_percent)]
    recovery = attempt(refusals, "resilience", lambda: resilience_of(heard.tape, seed=heard.options.seed))
    if recovery is not None:
        for name, part in (("spread", recovery.spread), ("depth", recovery.depth)):
            if part is not None:
                rows += [(f"half-life of the {name}", "s", part.half_life_s)]
    return Part("The book", known(rows), tuple(notes))


def _kyle(heard: Heard) -> KyleLambda:
    tape = heard.tape
    return kyle_lambda(tape, heard.instrument, bar_s=horizons(tape)[-1], level=heard.options.level)


def _shape(heard: Heard) -> BookShape:
    """Depth near the mid, and what it costs to sweep a usual market order and ten of them."""
    assert heard.depth is not None
    usual = max(1, int(np.median(heard.tape.lots)))
    plan = ShapePlan(
        within_ticks=(),
        within_bps=(_WITHIN_BPS,),
        sizes_lots=(usual, 10 * usual),
        lot_size=heard.instrument.quantity(1.0),
    )
    return book_shape(heard.depth, plan, start_ns=heard.start_ns, end_ns=heard.end_ns, level=heard.options.level)


def _of_shape(shape: BookShape, heard: Heard) -> list[Row]:
    rows: list[Row] = []
    for each in shape.shapes:
        if each.aspect.name == "sweep cost":
            size = f"{heard.instrument.quantity(each.aspect.at):,.6g}"
            rows += [(f"sweeping {size} at the {each.aspect.side}", "bps of the mid", each.mean)]
        elif each.aspect.name == "depth within bps":
            rows += [(f"{each.aspect.side} within {_WITHIN_BPS:g} bps", "lots seen", each.mean)]
    return rows
