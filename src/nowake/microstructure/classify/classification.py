"""Sides of a whole history of prints, who decided each, and where in the spread it traded.

The quote of a print is the one that stood strictly before its stamp less the lag (`nowake.microstructure.touch`):
feeds stamp the quote a trade leaves behind as the trade. Lee & Ready 1991 looked five seconds back, for quotes of
their time were typed in faster than trades; on feeds of one clock the lag is 0.

The tick test hears every print it is given, in the order given, those of one stamp too. Leave out auctions, hidden and
late prints before where they should not be heard."""

from __future__ import annotations

import dataclasses
import enum

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.classify.rules import Flags, Ground, Ints, Signs, rule_named, sides_by
from nowake.microstructure.tables import check_table
from nowake.microstructure.touch import Touch, two_sided_touch

MANY = 100  # Prints from which on tables that cannot be of one clock are refused.


class Place(enum.IntEnum):
    """Where a print stands in the spread it met."""

    NO_QUOTE = 0
    TOUCH = 1
    INSIDE = 2
    MID = 3
    OUTSIDE = 4
    LOCKED = 5

    @property
    def words(self) -> str:
        """For tables."""
        return _WORDS[self]


_WORDS = {
    Place.NO_QUOTE: "before any quote",
    Place.TOUCH: "at the touch",
    Place.INSIDE: "inside the spread",
    Place.MID: "at the mid",
    Place.OUTSIDE: "outside the spread",
    Place.LOCKED: "locked market",
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """Sides of prints.

    Parameters
    ----------
    rule, lag_ns
        How they were told.
    side
        int8[n]: +1 the buyer took, -1 the seller did, 0 nobody can say.
    ground
        int8[n] of `Ground`: what decided.
    place
        int8[n] of `Place`: where in the spread it traded; NO_QUOTE everywhere for rules that ask no quotes.
    """

    rule: str
    lag_ns: int
    side: Signs
    ground: Signs
    place: Signs

    def __len__(self) -> int:
        return len(self.side)

    @property
    def undecided(self) -> int:
        """Prints without a side."""
        return int((self.side == 0).sum())

    @property
    def decided_by(self) -> dict[Ground, int]:
        """How many prints each ground decided; undecided ones are those of NOTHING."""
        return {ground: int((self.ground == ground).sum()) for ground in Ground}

    @property
    def places(self) -> dict[Place, int]:
        """How many prints traded where."""
        return {place: int((self.place == place).sum()) for place in Place}

    def __str__(self) -> str:
        words = (f"{count:,} by {ground.name.lower().replace('_', ' ')}" for ground, count in self.decided_by.items())
        told = [word for word in words if not word.startswith("0 ")]
        return f"{len(self):,} prints by {self.rule}: {', '.join(told) or 'none'}"


def classify(
    trades: Trades,
    quotes: Quotes | None = None,
    *,
    rule: str = "lee-ready",
    lag_ns: int = 0,
    keep_true: bool = True,
) -> Classification:
    """The side of each print by a rule of `RULES`.

    Parameters
    ----------
    trades
        In time order.
    quotes
        Of the same market; may be left out where the rule asks none.
    lag_ns
        How much before the print the quote must have stood, 0 or more.
    keep_true
        Take the feed's own side where it has one. False to try a rule against the truth.

    Raises
    ------
    BadParameter
        When the rule is unknown or needs quotes that are not given, or the lag is negative or no whole number.
    BadData
        When of 100 prints or more none meets a quote though there are some, or half of them trade more than a spread
        away from the touch without any lag: then the tables are not of one clock, or not of one market.
    """
    check_table(trades, Trades, "give prints, for example day.trades; quotes come second")
    how = rule_named(rule)
    if not lag_ns >= 0 or lag_ns % 1:
        raise BadParameter(f"lag_ns {lag_ns} must be whole nanoseconds, 0 or more; a quote of the future tells nothing")
    if rule == "true" and not keep_true:
        raise BadParameter("the rule 'true' with keep_true=False signs nothing; take another rule, or keep true sides")
    if how.by_quotes is not None and quotes is None:
        raise BadParameter(f"the rule {rule!r} asks for quotes; give them, or take the rule 'tick'")
    _check(trades)
    touch = two_sided_touch(_NO_QUOTES if quotes is None else quotes)
    bid, ask, quoted = touch_met(touch, trades.time_ns - lag_ns)
    place = places_in(trades.price_ticks, bid, ask, quoted)
    if how.by_quotes is not None:
        _check_clocks(trades, touch)
    side, ground = sides_by(rule, trades.price_ticks, bid, ask, quoted)
    if keep_true:
        told = trades.aggressor != 0
        side = np.where(told, trades.aggressor, side).astype(np.int8)
        ground = np.where(told, Ground.TRUE_SIDE, ground).astype(np.int8)
    return Classification(rule=rule, lag_ns=lag_ns, side=side, ground=ground, place=place)


_EMPTY = np.zeros(0, np.int64)
_NO_QUOTES = Quotes(time_ns=_EMPTY, bid_ticks=_EMPTY, bid_lots=_EMPTY, ask_ticks=_EMPTY, ask_lots=_EMPTY)


def touch_met(touch: Touch, instant_ns: Ints) -> tuple[Ints, Ints, Flags]:
    """Bid and ask that stood strictly before each instant, (n,) each, and where there were any; else 0."""
    row = touch.before(instant_ns)
    quoted = row >= 0
    if not len(touch.time_ns):
        return np.zeros(len(row), np.int64), np.zeros(len(row), np.int64), quoted
    return np.where(quoted, touch.bid_ticks[row], 0), np.where(quoted, touch.ask_ticks[row], 0), quoted


def places_in(price_ticks: Ints, bid_ticks: Ints, ask_ticks: Ints, quoted: Flags) -> Signs:
    """int8[n] of `Place`."""
    place = np.full(len(price_ticks), Place.INSIDE, np.int8)
    place[2 * price_ticks == bid_ticks + ask_ticks] = Place.MID
    place[(price_ticks == bid_ticks) | (price_ticks == ask_ticks)] = Place.TOUCH
    place[bid_ticks == ask_ticks] = Place.LOCKED
    place[(price_ticks < bid_ticks) | (price_ticks > ask_ticks)] = Place.OUTSIDE
    place[~quoted] = Place.NO_QUOTE
    return place


def _check(trades: Trades) -> None:
    wrong = np.flatnonzero(np.abs(trades.aggressor) > 1)
    if len(wrong):
        raise BadData(f"print {wrong[0]}: aggressor {trades.aggressor[wrong[0]]} must be +1, -1, or 0 for unknown")
    if not np.issubdtype(trades.price_ticks.dtype, np.integer):
        raise BadData(f"prices are {trades.price_ticks.dtype}; give whole ticks, for rules compare them exactly")


def _check_clocks(trades: Trades, touch: Touch) -> None:
    """Refuse tables that cannot be of one clock and market, whatever the lag: the market may move meanwhile."""
    if len(trades) < MANY or not len(touch.time_ns):
        return
    bid, ask, quoted = touch_met(touch, trades.time_ns)
    if not quoted.any():
        raise BadData(
            f"all {len(trades):,} prints, up to {trades.time_ns[-1]}, come before the first quote, at "
            f"{touch.time_ns[0]}; give quotes of the same time and clock, or take the rule 'tick'"
        )
    spread = np.maximum(ask - bid, 1)
    price = trades.price_ticks
    far = quoted & ((price < bid - spread) | (price > ask + spread))
    if quoted.sum() >= MANY and far.sum() > quoted.sum() / 2:
        raise BadData(
            f"{far.sum() / quoted.sum():.0%} of {quoted.sum():,} prints traded more than a spread away from the "
            "prevailing quotes; quotes and trades are not of one clock or one instrument"
        )
