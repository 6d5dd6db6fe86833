"""Which part of the spread pays for what traders know, and how much trading comes of trading."""

from __future__ import annotations

import numpy as np

from nowake.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND, NS_PER_US
from nowake.microstructure.hawkes import HawkesFit, hawkes_goodness, market_order_events, select_hawkes
from nowake.microstructure.reading.heard import Heard, Ints, Part, Row, attempt, known
from nowake.microstructure.toxicity import glosten_harris, huang_stoll, madhavan

_MOST_TERMS = 3
_MOST_PIECES = 13  # Half-hours of a US session: a baseline that is flat over the day shows as excitement.


def informed(heard: Heard, refusals: list[str]) -> Part:
    """Three published ways to split the spread, side by side."""
    level = heard.options.level
    # The parts ask the prints for their side, and the feed may not tell it.
    signed = heard.signed_trades
    harris = attempt(refusals, "Glosten-Harris", lambda: glosten_harris(signed, level=level))
    rooms = attempt(refusals, "Madhavan-Richardson-Roomans", lambda: madhavan(signed, level=level))
    stoll = attempt(refusals, "Huang-Stoll", lambda: huang_stoll(heard.quotes, signed, level=level))
    rows: list[Row] = []
    if harris is not None:
        rows += [("adverse selection, Glosten-Harris", "of the spread", harris.adverse_share)]
    if rooms is not None:
        rows += [("  Madhavan-Richardson-Roomans", "of the spread", rooms.adverse_share)]
    if stoll is not None:
        rows += [("  Huang-Stoll", "of the spread", stoll.adverse_share)]
        rows += [("inventory, Huang-Stoll", "of the spread", stoll.inventory_share)]
        rows += [("order processing, Huang-Stoll", "of the spread", stoll.processing_share)]
    odd = [
        name
        for name, found in (("Glosten-Harris", harris), ("Madhavan-Richardson-Roomans", rooms), ("Huang-Stoll", stoll))
        if found is not None and not found.sensible
    ]
    notes = [f"A share outside [0, 1] is what the data gave, not clipped: {name}'s model does not fit." for name in odd]
    if rows:
        notes.append("The models differ in what they call adverse selection; where they disagree, none is proven.")
    return Part("What the spread pays for", known(rows), tuple(notes))


def excitement(heard: Heard, refusals: list[str]) -> Part:
    """A Hawkes process of market buys and sells, its baseline free to differ between parts of the day."""
    fit = attempt(refusals, "Hawkes", lambda: _fitted(heard))
    if fit is None:
        return Part("Trading that comes of trading")
    goodness = attempt(refusals, "Hawkes, goodness", lambda: hawkes_goodness(fit, seed=heard.options.seed))
    rows: list[Row] = [
        ("branching ratio", "of orders", fit.branching_ratio),
        ("buys after a buy", "each", fit.branching[0][0]),
        ("  sells after a buy", "each", fit.branching[1][0]),
        ("sells after a sell", "each", fit.branching[1][1]),
        ("  buys after a sell", "each", fit.branching[0][1]),
    ]
    terms = fit.model.terms
    notes = [f"{fit.events:,} market orders; a kernel of {terms} exponential{'s' * (terms > 1)} by BIC.", *fit.notes]
    if goodness is not None and not goodness.passes():
        notes.append("By change of time the model does not fit this day: read the numbers as a summary, not as a law.")
    return Part("Trading that comes of trading", known(rows), tuple(notes))


def _fitted(heard: Heard) -> HawkesFit:
    pieces = min(_MOST_PIECES, max(1, (heard.end_ns - heard.start_ns) // (30 * NS_PER_MINUTE)))
    tape = heard.tape
    events = market_order_events(tape, resolution_ns=_stamp_ns(tape.time_ns), seed=heard.options.seed)
    return select_hawkes(events, most_terms=_MOST_TERMS, pieces=int(pieces), level=heard.options.level)[0]


def _stamp_ns(time_ns: Ints) -> int | None:
    """How long a stamp of the feed is: the largest of a second, a millisecond, a microsecond that divides all times."""
    return next((unit for unit in (NS_PER_SECOND, NS_PER_MS, NS_PER_US) if not np.any(time_ns % unit)), None)
