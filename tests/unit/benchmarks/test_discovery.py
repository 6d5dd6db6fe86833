"""Both sides of the benchmark measure the same model of the same prices."""

from __future__ import annotations

from benchmarks import discovery as bench
from benchmarks import discovery_peer as peer


def test_both_sides_find_the_same_bounds_of_the_information_share() -> None:
    """`check_same` ends the process where they differ."""
    bench.check_same(bench.prices(3_000))


def test_the_peers_shares_add_up_to_one_in_each_order() -> None:
    shares = peer.shares(peer.fit(bench.prices(2_000).log_prices, 2))
    assert abs(shares.sum(axis=1) - 1).max() < 1e-12
