"""A fill as the record of a run keeps it."""

from __future__ import annotations

import msgspec

from nowake.domain.decider import Reason
from nowake.domain.event import Liquidity


class Fill(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Lots of ours that traded: when at the venue, when we learned of it, for which child and why it existed.

    `tape_ticks` is the price at which the market's tape shows these lots, None where it does not show them.
    """

    time_ns: int
    venue_ns: int
    child_id: int
    execution_id: int
    lots: int
    price_ticks: int
    liquidity: Liquidity
    reason: Reason
    tape_ticks: int | None = None
