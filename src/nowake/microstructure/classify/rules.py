"""Who took and who gave, told from prices alone: the rules by name.

    true            what the feed tells, and nothing else
    tick            sign of the last change of price that was not zero; before the first, nobody knows
    reverse-tick    against the next other price: below it a seller, above it a buyer. It looks ahead
    quote           above the mid a buyer, below it a seller; at it undecided
    lee-ready       quote; at the mid, tick                       Lee & Ready 1991, Journal of Finance 46(2), p. 745
    emo             at the ask a buyer, at the bid a seller; tick elsewhere
                                                                  Ellis, Michaely & O'Hara 2000, JFQA 35(4), p. 535
    clnv            from the ask to 30 % of the spread below it a buyer, from the bid to 30 % above it a seller; tick
                    in the middle and outside the spread
                            Chakrabarty, Li, Nguyen & Van Ness 2007, Journal of Banking & Finance 31(12), p. 3811

Both ends of a band of the last belong to it; the papers' words leave that open. Everything is compared in whole numbers
of ticks (a print at 2 P = A + B is at the mid, 10 (P - B) = 7 (A - B) at a band's end), for neither a mid nor three
tenths are exact in binary. In a locked market the touch tells no side: a print at it goes to the tick test, and with
the rule of the quotes it stays undecided.

Wrong for prints that are not of the market the quotes are of: auctions, crosses, prints reported late. All rules
guess; take the true side where the feed has it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter

Ints = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
# Whole numbers, one or an array of them: the same arithmetic serves a history and a gauge.
Whole: TypeAlias = Any


class Ground(enum.IntEnum):
    """What decided the side of a print."""

    NOTHING = 0
    TRUE_SIDE = 1
    QUOTES = 2
    TICKS = 3
    LATER_TICKS = 4


class Rule(NamedTuple):
    """How a side is told: first by the quotes, then by the prices of other prints.

    `by_quotes(price, bid, ask)` gives +1, -1, or 0 where it does not say; None where the rule asks no quotes.
    `ticks` is the ground of what is left: ticks, later ticks, or nothing.
    """

    name: str
    by_quotes: Callable[[Whole, Whole, Whole], Whole] | None
    ticks: Ground
    source: str

    @property
    def looks_ahead(self) -> bool:
        """Whether a side depends on later prints, so that no gauge can tell it."""
        return self.ticks is Ground.LATER_TICKS


def about_the_mid(price: Whole, bid: Whole, ask: Whole) -> Whole:
    """+1 above the mid, -1 below it, 0 at it."""
    off = 2 * price - bid - ask
    return 1 * (off > 0) - 1 * (off < 0)


def at_the_touch(price: Whole, bid: Whole, ask: Whole) -> Whole:
    """+1 at the ask, -1 at the bid, 0 elsewhere and in a locked market."""
    return 1 * (price == ask) - 1 * (price == bid)


def in_the_bands(price: Whole, bid: Whole, ask: Whole) -> Whole:
    """+1 in the three tenths of the spread below the ask, -1 in those above the bid, ends included; 0 elsewhere."""
    tenths, spread = 10 * (price - bid), ask - bid
    upper = (tenths >= 7 * spread) & (tenths <= 10 * spread)
    lower = (tenths >= 0) & (tenths <= 3 * spread)
    return 1 * upper - 1 * lower


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Rule("true", None, Ground.NOTHING, "the feed"),
            Rule("tick", None, Ground.TICKS, "Hasbrouck 1988; Lee & Ready 1991"),
            Rule("reverse-tick", None, Ground.LATER_TICKS, "Hasbrouck 1988; Lee & Ready 1991"),
            Rule("quote", about_the_mid, Ground.NOTHING, "Harris 1989"),
            Rule("lee-ready", about_the_mid, Ground.TICKS, "Lee & Ready 1991"),
            Rule("emo", at_the_touch, Ground.TICKS, "Ellis, Michaely & O'Hara 2000"),
            Rule("clnv", in_the_bands, Ground.TICKS, "Chakrabarty, Li, Nguyen & Van Ness 2007"),
        )
    }
)


def rule_named(name: str) -> Rule:
    """A rule of the table.

    Raises
    ------
    BadParameter
        When there is none of that name.
    """
    if name not in RULES:
        raise BadParameter(f"no rule is named {name!r}; take one of {', '.join(RULES)}")
    return RULES[name]


def sides_by(rule: str, price_ticks: Ints, bid_ticks: Ints, ask_ticks: Ints, quoted: Flags) -> tuple[Signs, Signs]:
    """Sides of prints and their grounds, by a rule.

    Parameters
    ----------
    price_ticks
        int64[n], in time order.
    bid_ticks, ask_ticks
        int64[n]: the touch each print met; anything where `quoted` is false.

    Returns
    -------
    tuple
        int8[n] of +1, -1 and 0; int8[n] of `Ground`.
    """
    how = rule_named(rule)
    side = np.zeros(len(price_ticks), np.int8)
    if how.by_quotes is not None:
        side = np.where(quoted, how.by_quotes(price_ticks, bid_ticks, ask_ticks), 0).astype(np.int8)
    ground = np.where(side != 0, Ground.QUOTES, Ground.NOTHING).astype(np.int8)
    if how.ticks is Ground.NOTHING:
        return side, ground
    test = reverse_tick_test if how.looks_ahead else tick_test
    guess = np.where(side == 0, test(price_ticks), 0).astype(np.int8)
    ground[guess != 0] = how.ticks
    return side + guess, ground


def tick_test(price_ticks: Ints) -> Signs:
    """Sign of the last change of price that was not zero; 0 before the first."""
    change = np.sign(np.diff(price_ticks, prepend=price_ticks[:1]))
    last = np.maximum.accumulate(np.where(change != 0, np.arange(len(change)), 0))
    return np.asarray(change[last], dtype=np.int8)


def reverse_tick_test(price_ticks: Ints) -> Signs:
    """+1 where the next other price is lower, -1 where it is higher; 0 after the last change."""
    return tick_test(price_ticks[::-1])[::-1]
