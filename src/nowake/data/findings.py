"""What a reader notices while it reads: counts, examples, what things were made of, and why a replay would lie."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

EXAMPLES = 5  # Kept of each kind.

# Name -> (whether rows so counted must not be used as they are, what it means). Readers count under these names.
KINDS: dict[str, tuple[bool, str]] = {
    "sequence_gaps": (True, "messages are missing between two that arrived"),
    "missing_snapshots": (True, "changes came before any picture of the book"),
    "clock_reversals": (True, "a message is stamped earlier than the one before it"),
    "crossed_instants": (True, "the best bid is above the best ask outside auctions and halts"),
    "locked_instants": (False, "the best bid equals the best ask"),
    "auction_crossed_instants": (False, "the best bid is at or above the best ask, as in an auction"),
    "unknown_orders": (False, "messages about orders that were never introduced, as those older than the file"),
    "reused_ids": (False, "an order id was introduced again"),
    "out_of_order": (False, "rows told before the ones they follow on, put right"),
    "overdrawn_orders": (True, "more was executed or cancelled than the order had"),
    "broken_prints": (False, "prints the venue declared void later; they stand in the tape"),
    "off_tick": (False, "prices between ticks, rounded away from the other side of the book"),
    "stale_levels": (False, "levels that the source forgot to take away"),
    "duplicates": (False, "messages told twice, used once"),
    "left_out": (False, "rows the reader leaves out on purpose"),
    "unreadable": (True, "rows that cannot be read"),
    "corrupt_volume": (True, "bars whose volume cannot be true"),
    "vwap_outside_range": (False, "bars whose average price lies outside their lowest and highest"),
}


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What was noticed in one day of one symbol.

    Parameters
    ----------
    counts
        Name of `KINDS` -> how often.
    examples
        The same names -> the first few, a phrase each: where, and the value.
    mixes
        What things were made of: "sale conditions" -> {"regular": 40_112, "odd lot": 2_201}.
    measures
        Name with its unit last -> number: "clock_skew_ns", "least_latency_ns".
    notes
        What a user should know before trusting a result, a sentence each.
    refusal
        Why a replay of these events would lie, a sentence; empty where it would not.
    """

    counts: dict[str, int] = {}
    examples: dict[str, tuple[str, ...]] = {}
    mixes: dict[str, dict[str, int]] = {}
    measures: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    refusal: str = ""

    def __bool__(self) -> bool:
        return self != Findings()

    @property
    def faults(self) -> int:
        """How many rows must not be used as they are."""
        return sum(count for name, count in self.counts.items() if KINDS[name][0])

    def merged(self, later: Findings) -> Findings:
        """These and those of a later part of the same day: counts add, the first examples and refusal stay."""
        examples = {
            name: (*self.examples.get(name, ()), *later.examples.get(name, ()))[:EXAMPLES]
            for name in self.examples | later.examples
        }
        mixes = {
            group: _sum(self.mixes.get(group, {}), later.mixes.get(group, {})) for group in self.mixes | later.mixes
        }
        return Findings(
            counts=_sum(self.counts, later.counts),
            examples=examples,
            mixes=mixes,
            measures=self.measures | later.measures,
            notes=tuple(dict.fromkeys((*self.notes, *later.notes))),
            refusal=self.refusal or later.refusal,
        )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


NOTHING_FOUND = Findings()
