"""The stream handed to hftbacktest says the same as ours, in its words."""

import numpy as np
import pytest
from benchmarks.peer_rows import (
    BUY_FLAG,
    EXCHANGE_FLAG,
    LOCAL_FLAG,
    PEER_ADD,
    PEER_CANCEL,
    PEER_FILL,
    PEER_MODIFY,
    SELL_FLAG,
    peer_rows,
    remaining_lots,
)

from nowake.domain.errors import BadData
from nowake.kernels.layout import ADD, DELETE, EVENT, EXECUTE, PRINT_HIDDEN, REDUCE, RESYNC

BOTH = EXCHANGE_FLAG | LOCAL_FLAG


def stream(*events):
    """Events from (time_ns, order_id, lots, price_ticks, kind, side)."""
    return np.array([(*event, 0) for event in events], EVENT)


def rows_of(*events):
    rows = peer_rows(stream(*events), tick_size=0.5, lot_size=10.0, feed_ns=7)
    return [(int(row["ev"]), float(row["px"]), float(row["qty"]), int(row["order_id"])) for row in rows]


def test_an_add_becomes_an_add_in_price_and_quantity():
    expected = [(PEER_ADD | SELL_FLAG | BOTH, 100.5, 30.0, 9)]
    assert expected == rows_of((1, 9, 3, 201, ADD, -1))


def test_a_partial_execution_is_a_fill_for_the_exchange_and_a_modify_to_what_is_left():
    expected = [
        (PEER_ADD | BUY_FLAG | BOTH, 100.0, 50.0, 9),
        (PEER_FILL | BUY_FLAG | EXCHANGE_FLAG, 100.0, 20.0, 9),
        (PEER_MODIFY | BUY_FLAG | BOTH, 100.0, 30.0, 9),
    ]
    assert expected == rows_of((1, 9, 5, 200, ADD, 1), (2, 9, 2, 200, EXECUTE, 1))


def test_an_execution_of_the_rest_is_a_fill_and_a_cancel():
    expected = [PEER_ADD | BUY_FLAG | BOTH, PEER_FILL | BUY_FLAG | EXCHANGE_FLAG, PEER_CANCEL | BUY_FLAG | BOTH]
    assert expected == [row[0] for row in rows_of((1, 9, 5, 200, ADD, 1), (2, 9, 5, 200, EXECUTE, 1))]


def test_a_reduce_is_a_modify_to_what_is_left_and_a_delete_a_cancel():
    expected = [(PEER_ADD, 50.0), (PEER_MODIFY, 10.0), (PEER_CANCEL, 0.0)]
    rows = rows_of((1, 9, 5, 200, ADD, 1), (2, 9, 4, 200, REDUCE, 1), (3, 9, 1, 200, DELETE, 1))
    assert expected == [(event & 0xFF, quantity) for event, _, quantity, _ in rows]


def test_local_time_is_exchange_time_plus_the_feed_latency():
    rows = peer_rows(stream((1, 9, 5, 200, ADD, 1), (4, 9, 2, 200, EXECUTE, 1)), tick_size=1, lot_size=1, feed_ns=7)
    assert [1, 4, 4] == rows["exch_ts"].tolist()
    assert [8, 11, 11] == rows["local_ts"].tolist()


def test_hidden_prints_are_left_out():
    assert 1 == len(rows_of((1, 9, 5, 200, ADD, 1), (2, 0, 2, 200, PRINT_HIDDEN, 1)))


def test_a_kind_the_peer_cannot_express_is_refused_showing_its_row():
    with pytest.raises(BadData, match=f"event 1 is of kind {RESYNC}"):
        rows_of((1, 9, 5, 200, ADD, 1), (2, 0, 2, 200, RESYNC, 1))


def test_remaining_lots_agrees_with_a_plain_dictionary():
    random = np.random.default_rng(3)
    events, live = [], {}
    for time_ns in range(3_000):
        if not live or random.random() < 0.4:
            order_id = int(random.integers(1, 2**60))
            live[order_id] = lots = int(random.integers(1, 9))
            events.append((time_ns, order_id, lots, 200, ADD, 1))
        else:
            order_id = int(random.choice(list(live)))
            kind = int(random.choice([REDUCE, EXECUTE, DELETE]))
            lots = live[order_id] if kind == DELETE else int(random.integers(1, live[order_id] + 1))
            live[order_id] -= lots
            events.append((time_ns, order_id, lots, 200, kind, 1))
            if live[order_id] == 0:
                del live[order_id]
    expected, left = [], {}
    for _, order_id, lots, _, kind, _ in events:
        left[order_id] = left.get(order_id, 0) + (lots if kind == ADD else -lots)
        expected.append(left[order_id])
    assert expected == remaining_lots(stream(*events)).tolist()


def test_an_order_touched_without_its_add_is_refused():
    with pytest.raises(BadData, match="order 9 falls to -2 lots"):
        remaining_lots(stream((1, 9, 2, 200, EXECUTE, 1)))
