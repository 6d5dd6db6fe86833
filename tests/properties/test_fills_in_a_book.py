"""Imagined orders against orders that truly rest in the replayed book: the bracket must hold them."""

from __future__ import annotations

import numpy as np

from nowake.data.day import Day
from nowake.models.fills.probes import probed_lifetimes
from nowake.sim.book import Book
from nowake.sim.queue_probes import outcome_in, plan_probes

FOLLOW_S = 60.0


def test_a_lot_at_the_touch_of_the_replayed_book_is_filled_between_the_optimistic_and_the_pessimistic(
    generated_day: Day,
) -> None:
    bracket = probed_lifetimes(
        generated_day.quotes, generated_day.trades, generated_day.instrument.session,
        every_s=120.0, follow_s=FOLLOW_S, distances=(0,),
    )  # fmt: skip
    lives = bracket.optimistic
    horizon_ns = round(FOLLOW_S * 1e9)
    plan = plan_probes(generated_day.events, None, probes=len(lives), horizon_ns=horizon_ns, deepest=0, seed=1)
    plan["start_ns"], plan["side"], plan["deep"] = lives.start_ns, lives.side, 0
    plan["half_ns"], plan["end_ns"] = lives.start_ns + horizon_ns // 2, lives.start_ns + horizon_ns
    truth = outcome_in(lambda: Book(generated_day.events, depth=1), plan, lots=1)
    first, true, last = (
        np.nan_to_num(wait_s, nan=np.inf)
        for wait_s in (lives.first_fill_s, truth.wait_s, bracket.pessimistic.first_fill_s)
    )
    assert truth.placed.sum() > 300
    rested = truth.placed
    assert np.all(first[rested] <= true[rested] + 1e-6)
    # Nobody ahead who cancels makes the last in the queue wait longer, never shorter.
    assert np.all(true[rested] <= last[rested] + 1e-6)
    assert np.any(first[rested] < true[rested])
    assert np.any(true[rested] < last[rested])
