"""Cont, Kukanov & Stoikov 2014, "The price impact of order book events", Journal of Financial Econometrics 12, 47-88.

Their stylised book (section 2) keeps D lots at every price behind the best; there the mid follows OFI / (2 D) up to
what rounding to queues leaves. Their averages over fifty stocks could not be confirmed from a source at hand, so no
number of theirs is repeated here; real days are in tests/unit/microstructure/test_flow_real_days.py."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.market import Quotes
from nowake.microstructure.flow import imbalance, order_flow


def stylised_book(seed: int, events: int, depth: int) -> Quotes:
    """Orders of one lot join or leave a best queue; an emptied one shows the next price with `depth` lots, one that
    grows past `depth` goes on at a better price. The sides are far apart and never meet."""
    rng = np.random.default_rng(seed)
    net = {1: 0, -1: 0}  # Lots that came less those that went, by side.
    rows = []
    for side, change in zip(rng.choice([1, -1], events).tolist(), rng.choice([1, -1], events).tolist(), strict=True):
        net[side] += change
        (bid, bid_lots), (ask, ask_lots) = (divmod(net[each], depth) for each in (1, -1))
        rows.append((10_000 + bid, bid_lots + 1, 20_000 - ask, ask_lots + 1))
    return Quotes(np.arange(events), *np.array(rows).T)


@pytest.mark.parametrize("depth", [2, 7, 40])
def test_in_the_stylised_book_the_mid_is_the_flow_over_twice_the_depth(depth: int) -> None:
    quotes = stylised_book(depth, 20_000, depth)
    flow = order_flow(quotes, quotes.time_ns, window_ns=10**9)
    moved = quotes.mid_ticks - quotes.mid_ticks[0]
    assert 1.0 > np.abs(moved - flow / (2 * depth)).max()
    assert 1.0 < np.abs(moved).max()


def test_on_an_unchanged_price_the_change_of_the_queue_counts_once() -> None:
    bids, asks = np.array([99, 99]), np.array([101, 101])
    assert 3 == imbalance(bids, np.array([5, 8]), asks, np.array([4, 4]))[0]
    assert 6 == imbalance(bids, np.array([5, 8]), asks, np.array([4, 1]))[0]
