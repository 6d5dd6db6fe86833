"""What the sale conditions of United States equity prints mean for the last price and for the volume.

The rules are those of the consolidated tape: UTP Trade Data Feed specification, "Sale condition processing
guidelines", and CTS Multicast Output specification, "Trade processing: consolidated high, low, last and volume", as
of 2013; the bits are AlgoSeek's, as QuantConnect names them in TradeConditionFlags. A print sets the last price when
all its conditions let it. Conditions that may set it only as the first print of the day (derivatively priced, prior
reference price, sold, out of sequence) are held not to: their price is of another moment.

Which print was cancelled or corrected later the bits do not say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData


class Condition(NamedTuple):
    """One condition, and whether a print that has it may set the last price, and counts in the volume."""

    name: str
    sets_last: bool = True
    counts: bool = True


CONDITIONS: dict[int, Condition] = {
    0x1: Condition("regular"),
    0x2: Condition("cash", sets_last=False),
    0x4: Condition("next day", sets_last=False),
    0x8: Condition("seller", sets_last=False),
    0x10: Condition("yellow flag"),
    0x20: Condition("intermarket sweep"),
    0x40: Condition("opening print"),
    0x80: Condition("closing print"),
    0x100: Condition("reopening print"),
    0x200: Condition("derivatively priced", sets_last=False),
    0x400: Condition("form T", sets_last=False),
    0x800: Condition("sold last", sets_last=False),
    0x1000: Condition("stopped stock"),
    0x2000: Condition("extended hours", sets_last=False),
    0x4000: Condition("out of sequence", sets_last=False),
    0x8000: Condition("split trade"),
    0x1_0000: Condition("acquisition"),
    0x2_0000: Condition("bunched"),
    0x4_0000: Condition("stock-option", sets_last=False),
    0x8_0000: Condition("distribution"),
    0x10_0000: Condition("average price", sets_last=False),
    0x20_0000: Condition("cross"),
    0x40_0000: Condition("price variation", sets_last=False),
    0x80_0000: Condition("rule 155"),
    0x100_0000: Condition("official close", sets_last=False, counts=False),
    0x200_0000: Condition("prior reference price", sets_last=False),
    0x400_0000: Condition("official open", sets_last=False, counts=False),
    0x800_0000: Condition("CAP election", sets_last=False),
    0x1000_0000: Condition("automatic execution"),
    0x2000_0000: Condition("trade-through exempt"),
    0x4000_0000: Condition("undocumented"),
    0x8000_0000: Condition("odd lot", sets_last=False),
}


def _bits(*names: str) -> int:
    return sum(bit for bit, condition in CONDITIONS.items() if condition.name in names)


AUCTION = _bits("opening print", "closing print", "reopening print", "cross")
# Agreed away from the market, or at a price that is not the market's of that moment.
NEGOTIATED = _bits(
    "cash",
    "next day",
    "seller",
    "derivatively priced",
    "stock-option",
    "average price",
    "price variation",
    "prior reference price",
)
NOT_COUNTED = sum(bit for bit, condition in CONDITIONS.items() if not condition.counts)
NOT_LAST = sum(bit for bit, condition in CONDITIONS.items() if not condition.sets_last)
_SAID_BY_OTHERS = _bits("regular", "trade-through exempt")  # Left out of a name that has more to say.


def parse(code: str) -> int:
    """The bits of a condition as AlgoSeek writes it: hexadecimal digits, none or 0 for no condition.

    Raises
    ------
    BadData
        When it is no hexadecimal number of 32 bits.
    """
    text = code.strip()
    if len(text) <= 8 and all(sign in "0123456789abcdefABCDEF" for sign in text):
        return int(text or "0", 16)
    raise BadData(f"sale condition {code[:20]!r} is no hexadecimal number of up to 8 digits")


def name_of(bits: int) -> str:
    """ "regular", or "opening print + cross": what people call these conditions."""
    told = [bit for bit in CONDITIONS if bits & bit]
    kept = [bit for bit in told if not bit & _SAID_BY_OTHERS] or told[:1]
    return " + ".join(CONDITIONS[bit].name for bit in kept) or "no condition"


def has(bits: npt.NDArray[np.int64], which: int) -> npt.NDArray[np.bool_]:
    """Whether each of many conditions has any of these bits."""
    told: npt.NDArray[np.bool_] = (bits & which) != 0
    return told
