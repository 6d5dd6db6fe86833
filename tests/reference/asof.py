"""The as-of join, told as it is meant: the last row that is not after the instant, one by one."""

from __future__ import annotations

from collections.abc import Sequence


def rows(
    times_ns: Sequence[int], asked_ns: Sequence[int], delays_ns: Sequence[int], *, strictly: bool
) -> list[list[int]]:
    """For each delay, for each instant asked for, the last row before (or at) their sum; -1 where there is none."""
    found = []
    for delay in delays_ns:
        found.append([])
        for asked in asked_ns:
            stood = [row for row, time in enumerate(times_ns) if time < asked + delay + (not strictly)]
            found[-1].append(stood[-1] if stood else -1)
    return found
