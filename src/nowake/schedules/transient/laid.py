"""Where trades are laid in an order's window: buckets that trade, buckets that wait, and the instants of blocks.

A model's block takes no time; a desk's is worked over some. The schedule gives it a short bucket from its instant on,
or up to it at the window's end, and buckets without lots between blocks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_SECOND
from nowake.models.terms import Floats
from nowake.schedules.buckets import bucket_count, bucket_edges, even_edges
from nowake.schedules.clock import edge_days

Span = tuple[int, int]


class Laid(NamedTuple):
    """Buckets of a schedule and what the model makes of them.

    Parameters
    ----------
    edges_ns
        M+1 edges from the order's start to its end.
    trading
        (N,) which buckets trade; the others wait.
    blocks_days
        Instants of blocks, in sessions from the order's start; empty where buckets trade evenly.
    even_days
        Edges of the buckets that trade evenly, in sessions from the order's start; empty where blocks are traded.
    notes
        What was assumed, one sentence each.
    """

    edges_ns: tuple[int, ...]
    trading: npt.NDArray[np.int64]
    blocks_days: Floats
    even_days: Floats
    notes: tuple[str, ...] = ()

    def spread_out(self, trades: Floats) -> Floats:
        """(M,) shares of every bucket from (N,) of those that trade."""
        every = np.zeros(len(self.edges_ns) - 1)
        every[self.trading] = trades
        return every

    def breaks(self, trades: Floats) -> bool:
        """Whether (M,) shares trade in a bucket that waits."""
        waits = np.ones(len(trades), dtype=bool)
        waits[self.trading] = False
        return bool((trades[waits] != 0).any())


def lay_buckets(order: ParentOrder, edges_ns: Sequence[int]) -> Laid:
    """Even trading between given edges.

    Raises
    ------
    BadParameter
        When there are fewer than two edges, or they do not increase inside the window.
    """
    if len(edges_ns) < 2:
        raise BadParameter(f"{len(edges_ns)} bucket edges make no bucket; give two or more")
    edges, trading = _covered(order, list(itertools.pairwise(edges_ns)))
    return Laid(edges, trading, np.zeros(0), edge_days(order, tuple(edges_ns)))


def lay_blocks(order: ParentOrder, times_ns: Sequence[int], block_ns: int) -> Laid:
    """Blocks at given instants, each worked over `block_ns`.

    Raises
    ------
    BadParameter
        When there is no instant, or blocks overlap or leave the window.
    """
    if not times_ns:
        raise BadParameter("there is no instant to trade a block at; give one or more")
    worked = [(start, start + block_ns) for start in (min(at, order.end_ns - block_ns) for at in times_ns)]
    edges, trading = _covered(order, worked)
    return Laid(edges, trading, edge_days(order, tuple(times_ns)), np.zeros(0), (note_of_block(block_ns),))


def grid_ns(
    order: ParentOrder, *, bucket_ns: int | None, n: int | None, times_ns: tuple[int, ...] | None, blocks: bool
) -> tuple[int, ...]:
    """Bucket edges, or the instants of blocks: those given, or even ones from the window's start to its end."""
    if times_ns is not None:
        return times_ns
    if not blocks:
        return bucket_edges(order, bucket_ns=bucket_ns, n=n)
    count = bucket_count(order, bucket_ns=bucket_ns, n=n) + (n is None)
    return even_edges(order, count - 1) if count > 1 else (order.start_ns,)


def note_of_block(block_ns: int) -> str:
    """What a plan assumes of its blocks."""
    return (
        f"A block is worked evenly over {block_ns / NS_PER_SECOND:.4g} s, and the model takes it as one trade: right "
        "where the price comes back far slower than that."
    )


def _covered(order: ParentOrder, spans: Sequence[Span]) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
    """Edges that cover the window and hold each span as one bucket, and which buckets those are."""
    edges, trading = [order.start_ns], []
    for start, end in spans:
        if not (edges[-1] <= start < end <= order.end_ns):
            clock = order.instrument.session.clock
            raise BadParameter(
                f"trading from {clock(start)} to {clock(end)} overlaps what comes before it or leaves the window "
                f"{clock(order.start_ns)}-{clock(order.end_ns)}; use fewer trades, or shorter blocks"
            )
        if start > edges[-1]:
            edges.append(start)
        trading.append(len(edges) - 1)
        edges.append(end)
    if edges[-1] < order.end_ns:
        edges.append(order.end_ns)
    return tuple(edges), np.array(trading, dtype=np.int64)
