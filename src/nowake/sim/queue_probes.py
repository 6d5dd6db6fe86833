"""Probes: small orders placed at the same instants and prices into several books, and what became of each.

No two probes of a side live in one book at a time, so that they do not meet; a tape is run as often as that takes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.state import ACCEPTED, OWN
from nowake.sim.book import Book
from nowake.sim.level_book import LevelBook

Floats = NDArray[np.float64]
Plan = NDArray[np.void]

_PROBE = np.dtype([("start_ns", np.int64), ("half_ns", np.int64), ("end_ns", np.int64), ("side", "i8"), ("deep", "i8")])


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each probe, an array of each.

    `placed`: whether it rested, at `price_ticks`. `wait_s`: seconds until it was filled, NaN where it was not.
    `ahead_first`, `ahead_half`: lots of others before it when placed and half-way through its life, NaN where it did
    not rest then.
    """

    placed: NDArray[np.bool_]
    price_ticks: NDArray[np.int64]
    wait_s: Floats
    ahead_first: Floats
    ahead_half: Floats

    def only(self, which: NDArray[np.bool_]) -> Outcome:
        """Of some probes."""
        return Outcome(*(getattr(self, field.name)[which] for field in dataclasses.fields(self)))


def plan_probes(
    events: NDArray[np.void],
    between_ns: tuple[int, int] | None,
    *,
    probes: int,
    horizon_ns: int,
    deepest: int,
    seed: int,
) -> Plan:
    """When, on which side and how deep each probe is placed, in time order.

    Raises
    ------
    BadData
        When there is no room for the life of one probe.
    """
    times = events["time_ns"]
    first_ns, last_ns = between_ns or ((int(times[0]), int(times[-1])) if len(times) else (0, 0))
    if last_ns - horizon_ns <= first_ns:
        raise BadData(
            f"from {first_ns} to {last_ns} ns there is no room for a probe of {horizon_ns / NS_PER_SECOND:g} s; "
            "shorten the horizon"
        )
    luck = np.random.default_rng(seed)
    plan = np.zeros(probes, _PROBE)
    plan["start_ns"] = np.sort(luck.integers(first_ns, last_ns - horizon_ns, probes))
    plan["half_ns"], plan["end_ns"] = plan["start_ns"] + horizon_ns // 2, plan["start_ns"] + horizon_ns
    plan["side"] = luck.choice([1, -1], probes)
    plan["deep"] = luck.integers(0, deepest + 1, probes)
    return plan


def outcome_in(make_book: Callable[[], Book], plan: Plan, *, lots: int, at_prices_of: Outcome | None = None) -> Outcome:
    """Let all probes of a plan live in books of one make.

    Parameters
    ----------
    make_book
        A new book at the start of its tape.
    plan
        Of `plan_probes`.
    lots
        Of each probe.
    at_prices_of
        Where the probes rested in another book; unless given they choose for themselves.
    """
    nothing = [np.full(len(plan), np.nan) for _ in range(3)]
    if at_prices_of is None:
        outcome = Outcome(np.zeros(len(plan), bool), np.zeros(len(plan), np.int64), *nothing)
    else:
        outcome = Outcome(at_prices_of.placed.copy(), at_prices_of.price_ticks, *nothing)
    for numbers in _passes(plan):
        _live(make_book(), plan, numbers, outcome, lots=lots, choose=at_prices_of is None)
    return outcome


def _passes(plan: Plan) -> list[list[int]]:
    """Probes by run through the tape, so that no two of a side live at one time; each list in time order."""
    passes: list[list[int]] = []
    free_ns: list[dict[int, int]] = []  # Of each run, when each side is free again.
    for number, (start_ns, _, end_ns, side, _) in enumerate(plan.tolist()):
        k = next((k for k, free in enumerate(free_ns) if free.get(side, start_ns) <= start_ns), len(passes))
        if k == len(passes):
            passes.append([])
            free_ns.append({})
        passes[k].append(number)
        free_ns[k][side] = end_ns + 1
    return passes


def _live(book: Book, plan: Plan, numbers: list[int], outcome: Outcome, *, lots: int, choose: bool) -> None:
    """Let the probes of one run live in a book."""
    moments = ("start_ns", "half_ns", "end_ns")
    acts = sorted((int(plan[moment][number]), moment, number) for number in numbers for moment in moments)
    for time_ns, moment, number in acts:
        while book.run(time_ns):
            pass  # A halt wakes; nobody minds.
        for venue_ns, child_id, _, open_lots, *_ in book.take_fills():
            if not open_lots:
                outcome.wait_s[child_id] = (venue_ns - int(plan["start_ns"][child_id])) / NS_PER_SECOND
        side = int(plan["side"][number])
        if moment == "start_ns":
            if choose:
                _choose(book, number, side, int(plan["deep"][number]), outcome)
            _place(book, number, side, outcome, lots=lots)
        elif outcome.placed[number] and math.isnan(outcome.wait_s[number]):
            if moment == "half_ns":
                outcome.ahead_half[number] = lots_ahead(book, number, side, int(outcome.price_ticks[number]))
            else:
                book.withdraw(number)


def _choose(book: Book, number: int, side: int, deep: int, outcome: Outcome) -> None:
    """A probe will rest at a displayed level, if there are so many and the market trades."""
    levels = book.sides()[0 if side > 0 else 1]
    if not book.is_halted and deep < len(levels):
        outcome.placed[number] = True
        outcome.price_ticks[number] = levels[deep][0]


def _place(book: Book, number: int, side: int, outcome: Outcome, *, lots: int) -> None:
    if not outcome.placed[number]:
        return
    price_ticks = int(outcome.price_ticks[number])
    code, _ = book.place(number, side=side, price_ticks=price_ticks, lots=lots, post_only=True)
    outcome.placed[number] = code == ACCEPTED
    if code == ACCEPTED:
        outcome.ahead_first[number] = lots_ahead(book, number, side, price_ticks)


def lots_ahead(book: Book, child_id: int, side: int, price_ticks: int) -> float:
    """Lots of others before an order of ours in either book; NaN where it does not rest."""
    if isinstance(book, LevelBook):
        ahead = book.lots_ahead(child_id)
        return math.nan if ahead is None else ahead
    lots = 0
    for kind, order_id, hist, taken in book.queue(side, price_ticks):
        if kind == OWN and order_id == child_id:
            return float(lots)
        lots += max(0, hist - taken) if kind != OWN else 0
    return math.nan
