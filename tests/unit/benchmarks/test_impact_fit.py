"""Both sides of the benchmark fit the same law to the same orders."""

from __future__ import annotations

import pytest
from benchmarks.impact_fit import TRUTH, by_nowake, by_scipy, stored

from nowake.models.calibration.generate import Design, generate_orders


def test_both_sides_find_the_same_law_and_the_same_errors() -> None:
    orders = generate_orders(TRUTH, 1, Design(orders=20_000, days=100, symbols=20, tails=4.0))
    ours, peer = by_nowake(orders, 50), by_scipy(orders, 30)
    for mine, theirs, error in zip(ours["values"], peer["values"], peer["se"], strict=True):
        assert mine == pytest.approx(theirs, abs=0.25 * error)
    assert ours["se"] == pytest.approx(peer["se"], rel=0.1)
    assert ours["clusters"] == peer["clusters"]
    assert peer["bootstrap_se"] == pytest.approx(peer["se"], rel=0.4)


def test_orders_are_stored_once_for_both_sides(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = stored(tmp_path, 500)
    assert path.exists()
    assert path.name == "orders-500.npz"
