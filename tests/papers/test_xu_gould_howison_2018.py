"""Xu, Gould & Howison 2018, "Multi-level order-flow imbalance in a limit order book", Market Microstructure and
Liquidity 4: the vector of order flow by level, worked by hand from its definition. Nothing of their results on six
stocks is repeated here."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.market import Depth
from nowake.microstructure.flow import level_flows

Side = list[tuple[int, int]]
BIDS, ASKS = [(99, 5), (98, 7), (96, 2)], [(101, 4), (102, 6), (103, 8)]


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        # A level that grows counts what came; others stand still.
        ([(99, 5), (98, 9), (96, 2)], ASKS, [0, 2, 0]),
        (BIDS, [(101, 4), (102, 5), (103, 8)], [0, 1, 0]),
        # A better bid shifts all levels: each new price is better than the old one of its rank.
        ([(100, 3), (99, 5), (98, 7)], ASKS, [3, 5, 7]),
        # The best bid is taken away: each level falls back and counts what it lost.
        ([(98, 7), (96, 2), (95, 1)], ASKS, [-5, -7, -2]),
        # The best ask is taken away: sellers went, which is pressure up.
        (BIDS, [(102, 6), (103, 8), (104, 1)], [4, 6, 8]),
        # An order in between, at the second rank, pushes the old second to third.
        (BIDS, [(101, 4), (102, 6), (102, 6)], [0, 0, -6]),
        # A level that is gone, and one that comes: no lots are a price behind all others.
        ([(99, 5), (98, 7), (0, 0)], ASKS, [0, 0, -2]),
        (BIDS, [(101, 4), (102, 6), (0, 0)], [0, 0, 8]),
    ],
)
def test_flow_of_each_level_is_as_defined(bids: Side, asks: Side, expected: list[int]) -> None:
    bid, ask = np.array([BIDS, bids]), np.array([ASKS, asks])
    book = Depth(np.array([1, 2]), bid[..., 0], bid[..., 1], ask[..., 0], ask[..., 1])
    assert expected == level_flows(book)[1].tolist()
    mirrored = Depth(np.array([1, 2]), -ask[..., 0], ask[..., 1], -bid[..., 0], bid[..., 1])
    assert [-each for each in expected] == level_flows(mirrored)[1].tolist()
