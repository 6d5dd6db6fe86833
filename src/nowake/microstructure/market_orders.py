"""From prints to market orders: who was the aggressor, what the mid was just before, what is left out.

Prints of one stamp and one sign are one market order that met several resting ones (Bouchaud, Gefen, Potters & Wyart
2004, "Fluctuations and response in financial markets", section 2, merge the same way). Where a feed is stamped in
milliseconds that also merges orders that merely arrived together.

The prevailing quote of a print is the latest two-sided, uncrossed one STRICTLY before its stamp: feeds stamp the quote
that a trade leaves behind as the trade, and within one stamp the order is not known. Prints outside the window, of
auctions and hidden ones (against undisplayed orders, or agreed away from the touch) are left out and counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.classify.rules import sides_by
from nowake.microstructure.tables import check_table
from nowake.microstructure.touch import Touch, two_sided_touch

__all__ = [
    "MIN_ORDERS",
    "Flags",
    "Floats",
    "Ints",
    "LeftOut",
    "Tape",
    "Touch",
    "check_tape",
    "read_tape",
    "sides",
    "two_sided_touch",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MIN_ORDERS = 100
_SETTLES_NS = (0, 1_000_000, 5_000_000, 20_000_000, 100_000_000)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Prints that are not in a tape, by the reason."""

    outside: int = 0
    auction: int = 0
    hidden: int = 0
    before_quotes: int = 0
    unsigned: int = 0

    def __str__(self) -> str:
        words = {
            "outside the window": self.outside,
            "of auctions": self.auction,
            "hidden": self.hidden,
            "before the first quote": self.before_quotes,
            "without a side": self.unsigned,
        }
        return ", ".join(f"{count:,} {word}" for word, count in words.items() if count) or "none"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Market orders of a window, in time order, with the touch they met.

    Parameters
    ----------
    time_ns, lots, prints
        int64[n]: stamp, lots executed in sight, prints merged.
    sign
        float64[n]: +1 buyer, -1 seller.
    mid_ticks
        float64[n]: mid just before each order.
    row
        int64[n]: the row of `touch` each order met.
    touch
        The quotes.
    start_ns, end_ns
        The window, cut to where there are quotes.
    settle_ns
        How long after an order the feed takes to show what it left: 0 where quotes and prints share stamps.
    left_out
        Prints that are not here.
    signed_by
        How sides were told, in words.
    """

    time_ns: Ints
    sign: Floats
    lots: Ints
    prints: Ints
    mid_ticks: Floats
    row: Ints
    touch: Touch
    start_ns: int
    end_ns: int
    settle_ns: int
    left_out: LeftOut
    signed_by: str

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def moves_ticks(self) -> Floats:
        """float64[n]: mid just before the next order, or the last one, less mid just before this one."""
        after = np.append(self.mid_ticks[1:], self.touch.mid_ticks[self.touch.at(np.array([self.end_ns]))])
        return np.asarray(after - self.mid_ticks)


def read_tape(
    quotes: Quotes,
    trades: Trades,
    session: Session,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    hidden: bool = False,
) -> Tape:
    """Market orders between two instants, by default the session, which is cut to where there are quotes.

    Parameters
    ----------
    hidden
        Whether hidden prints count too.

    Raises
    ------
    BadParameter
        When the window is empty, or a table is another than wanted.
    BadData
        When there are no usable quotes in it, fewer than 100 market orders, hardly any of one side, a mid that never
        moves, or prints so far from the prevailing quotes that the two tables cannot be of one clock.
    """
    check_table(trades, Trades, "give prints, for example day.trades")
    touch = two_sided_touch(quotes)
    start = session.open_ns if start_ns is None else max(start_ns, session.open_ns)
    end = session.close_ns if end_ns is None else min(end_ns, session.close_ns)
    if end <= start:
        raise BadParameter(f"the window from {session.clock(start)} to {session.clock(end)} is empty; give a later end")
    inside = (touch.time_ns >= start) & (touch.time_ns <= end)
    if not inside.any():
        raise BadData(f"no two-sided quote between {session.clock(start)} and {session.clock(end)}")
    start, end = max(start, int(touch.time_ns[0])), int(touch.time_ns[inside][-1])
    use, left_out = _usable(trades, touch, start, end, hidden=hidden)
    sign, guessed = sides(trades, touch, use)
    rows = np.flatnonzero(use)[sign != 0]
    known = sign[sign != 0]
    left_out = dataclasses.replace(left_out, unsigned=len(sign) - len(known))
    first = _first_of_orders(trades.time_ns[rows], known)
    if len(first) < MIN_ORDERS:
        raise BadData(
            f"{len(first)} market orders between {session.clock(start)} and {session.clock(end)} are fewer than "
            f"{MIN_ORDERS}; look at a longer time (prints left out: {left_out})"
        )
    time_ns = trades.time_ns[rows][first]
    row = touch.before(time_ns)
    tape = Tape(
        time_ns=time_ns,
        sign=known[first].astype(np.float64),
        lots=np.add.reduceat(trades.lots[rows], first),
        prints=np.diff(np.append(first, len(rows))),
        mid_ticks=touch.mid_ticks[row],
        row=row,
        touch=touch,
        start_ns=start,
        end_ns=end,
        settle_ns=_settle_ns(touch, time_ns),
        left_out=left_out,
        signed_by=_in_words(guessed, len(sign)),
    )
    _check(tape, trades.price_ticks[rows][first])
    return tape


def sides(trades: Trades, touch: Touch, use: Flags) -> tuple[Ints, int]:
    """Sign of each print used, and how many had to be guessed.

    The feed's aggressor where it says one; else Lee & Ready's rule without their five-second lag, see
    `nowake.microstructure.classify.rules`. 0 where nothing tells.
    """
    row = touch.before(trades.time_ns[use])
    guess, _ = sides_by("lee-ready", trades.price_ticks[use], touch.bid_ticks[row], touch.ask_ticks[row], row >= 0)
    told = trades.aggressor[use].astype(np.int64)
    return np.where(told != 0, told, guess), int((told == 0).sum())


def check_tape(tape: Tape) -> None:
    """Refuse what is no tape, as a table of prints."""
    check_table(tape, Tape, "give read_tape(day.quotes, day.trades, day.instrument.session)")


def _usable(trades: Trades, touch: Touch, start: int, end: int, *, hidden: bool) -> tuple[Flags, LeftOut]:
    inside = (trades.time_ns >= start) & (trades.time_ns <= end)
    auction = inside & trades.auction
    dark = inside & ~auction & trades.hidden & (not hidden)
    early = inside & ~auction & ~dark & (touch.before(trades.time_ns) < 0)
    use = inside & ~auction & ~dark & ~early
    counts = (int(flags.sum()) for flags in (~inside, auction, dark, early))
    return use, LeftOut(*counts)


def _first_of_orders(time_ns: Ints, sign: Ints) -> Ints:
    """Places at which a market order begins: another stamp or another sign than the print before."""
    if not len(time_ns):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.append(True, (np.diff(time_ns) != 0) | (np.diff(sign) != 0)))


def _settle_ns(touch: Touch, time_ns: Ints) -> int:
    """The least delay within which half of all orders are followed by a change of the quotes."""
    following = np.minimum(touch.before(time_ns) + 1, len(touch.time_ns) - 1)
    delay = touch.time_ns[following] - time_ns
    return next((ns for ns in _SETTLES_NS if np.mean((delay >= 0) & (delay <= ns)) >= 0.5), _SETTLES_NS[-1])


def _in_words(guessed: int, prints: int) -> str:
    if not guessed:
        return "the feed's aggressor"
    if guessed == prints:
        return "Lee-Ready on the quote strictly before"
    return f"the feed's aggressor, {guessed / prints:.0%} by Lee-Ready"


def _check(tape: Tape, first_price_ticks: Ints) -> None:
    """Refuse what would give numbers without meaning."""
    buys = float(np.mean(tape.sign > 0))
    if min(buys, 1 - buys) < 0.02:
        raise BadData(
            f"the tape is one-sided: {buys:.1%} of {len(tape):,} market orders are buys; are the aggressors right?"
        )
    if not np.any(tape.moves_ticks):
        raise BadData(f"the mid never moved over {len(tape):,} market orders; look at a longer time")
    touch, row = tape.touch, tape.row
    spread = np.maximum(touch.ask_ticks[row] - touch.bid_ticks[row], 1)
    near = (first_price_ticks >= touch.bid_ticks[row] - spread) & (first_price_ticks <= touch.ask_ticks[row] + spread)
    if near.mean() < 0.5:
        raise BadData(
            f"{1 - near.mean():.0%} of market orders traded more than a spread away from the prevailing quotes; "
            "quotes and trades are not of one clock or one instrument"
        )
