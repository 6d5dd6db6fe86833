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
from nowake.schedules.buckets import even_edges
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
    _check_times(edges_ns, least=2, what="bucket edges")
    edges, trading = _covered(order, list(itertools.pairwise(edges_ns)))
    return Laid(edges, trading, np.zeros(0), edge_days(order, tuple(edges_ns)))


def lay_ends(order: ParentOrder, edges_ns: Sequence[int], block_ns: int) -> Laid:
    """A block at the first edge and one at the last, and even trading between them.

    The model trades evenly from the first edge to the last; a desk does so while it is not working a block.

    Raises
    ------
    BadParameter
        When there are fewer than two edges, or blocks leave no time for the buckets beside them.
    """
    _check_times(edges_ns, least=2, what="bucket edges")
    first, last = edges_ns[0] + block_ns, edges_ns[-1] - block_ns
    edges, trading = _covered(
        order, list(itertools.pairwise((edges_ns[0], first, *edges_ns[1:-1], last, edges_ns[-1])))
    )
    days = edge_days(order, tuple(edges_ns))
    return Laid(edges, trading, days[[0, -1]], days, (note_of_block(block_ns),))


def lay_blocks(order: ParentOrder, times_ns: Sequence[int], block_ns: int) -> Laid:
    """Blocks at given instants, each worked over `block_ns`.

    Raises
    ------
    BadParameter
        When there is no instant, or blocks overlap or leave the window.
    """
    _check_times(times_ns, least=1, what="instants of blocks")
    worked = [(start, start + block_ns) for start in (min(at, order.end_ns - block_ns) for at in times_ns)]
    edges, trading = _covered(order, worked)
    return Laid(edges, trading, edge_days(order, tuple(times_ns)), np.zeros(0), (note_of_block(block_ns),))


def edges_between_blocks(order: ParentOrder, count: int, block_ns: int) -> tuple[int, ...]:
    """Edges of even buckets over the window, a little longer at its ends for the blocks that are worked there.

    Raises
    ------
    BadParameter
        When two blocks and the buckets do not fit the window.
    """
    between, first = order.duration_ns - 2 * block_ns, order.start_ns + block_ns
    if between < count:
        raise BadParameter(
            f"two blocks of {block_ns / NS_PER_SECOND:.4g} s and {count} buckets between them do not fit a window of "
            f"{order.duration_ns / NS_PER_SECOND:.4g} s; use a shorter block_ns or fewer buckets"
        )
    return (order.start_ns, *(first + between * k // count for k in range(1, count)), order.end_ns)


def even_instants(order: ParentOrder, count: int) -> tuple[int, ...]:
    """Even instants from the window's start to its end; its start alone for one."""
    return even_edges(order, count - 1) if count > 1 else (order.start_ns,)


def block_length_ns(order: ParentOrder, block_ns: int | None) -> int:
    """How long a block is worked: as given, or a second, or a hundredth of a window under 100 seconds."""
    return block_ns or max(1, min(NS_PER_SECOND, order.duration_ns // 100))


def check_block(block_ns: int | None) -> None:
    """Refuse a block that takes no time."""
    if block_ns is not None and block_ns < 1:
        raise BadParameter(f"block_ns {block_ns} must be 1 or more; {NS_PER_SECOND:,} is a second")


def note_of_block(block_ns: int) -> str:
    """What a plan assumes of its blocks."""
    return (
        f"A block is worked evenly over {block_ns / NS_PER_SECOND:.4g} s, and the model takes it as one trade: right "
        "where the price comes back far slower than that."
    )


def _check_times(times_ns: Sequence[int], *, least: int, what: str) -> None:
    if len(times_ns) < least:
        raise BadParameter(f"{len(times_ns)} {what} are too few; give {least} or more")
    if any(later <= earlier for earlier, later in itertools.pairwise(times_ns)):
        raise BadParameter(f"{what} must increase; two are equal or out of order")


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
