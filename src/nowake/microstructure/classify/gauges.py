"""The side of the last print, told live: the twin of `classify`, a print at a time."""

from __future__ import annotations

import math

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.classify.rules import Ground, rule_named
from nowake.microstructure.prevailing import Prevailing
from nowake.microstructure.whole import whole


class SideGauge:
    """Signs prints as they come, by a rule of `RULES` that does not look ahead.

    Parameters
    ----------
    rule
        "true", "tick", "quote", "lee-ready", "emo" or "clnv".
    lag_ns
        How much before the print the quote must have stood.
    keep_true
        Take the side the feed tells where it tells one.

    Raises
    ------
    BadParameter
        When the rule is unknown or looks ahead, or the lag is negative.
    """

    def __init__(self, rule: str = "lee-ready", *, lag_ns: int = 0, keep_true: bool = True) -> None:
        self._rule = rule_named(rule)
        if self._rule.looks_ahead:
            raise BadParameter(f"the rule {rule!r} looks at later prints; live, take 'tick' or 'lee-ready'")
        if rule == "true" and not keep_true:
            raise BadParameter("the rule 'true' with keep_true=False signs nothing; take another rule")
        self._quotes = Prevailing(lag_ns)
        self.keep_true = keep_true
        self.side = 0
        self.ground = Ground.NOTHING
        self.counts = dict.fromkeys(Ground, 0)
        self._price_ticks: int | None = None
        self._tick = 0
        self._time_ns: int | None = None

    @property
    def rule(self) -> str:
        """The name of the rule."""
        return self._rule.name

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these.

        Raises
        ------
        BadData
            When it is earlier than what was told before.
        """
        self._check_time(time_ns, "a quote")
        self._time_ns = time_ns
        self._quotes.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002  # The contract's.
        """A print.

        Raises
        ------
        BadData
            When it is earlier than what was told before, or its side is not +1, -1 or 0.
        """
        time_ns, price_ticks, side = whole(time_ns=time_ns, price_ticks=price_ticks, side=side)
        self._check_time(time_ns, "a print")
        if side not in {-1, 0, 1}:
            raise BadData(f"side {side} must be +1, -1, or 0 for unknown")
        self._time_ns = time_ns
        if self._price_ticks is not None and price_ticks != self._price_ticks:
            self._tick = 1 if price_ticks > self._price_ticks else -1
        self._price_ticks = price_ticks
        self.side, self.ground = self._decided(time_ns, price_ticks, side)
        self.counts[self.ground] += 1

    def _check_time(self, time_ns: int, what: str) -> None:
        if self._time_ns is not None and time_ns < self._time_ns:
            raise BadData(f"{what} at {time_ns} is before the last event, at {self._time_ns}; sort by time")

    def _decided(self, time_ns: int, price_ticks: int, told: int) -> tuple[int, Ground]:
        if told and self.keep_true:
            return told, Ground.TRUE_SIDE
        if self._rule.by_quotes is not None:
            quote = self._quotes.before(time_ns)
            side = 0 if quote is None else self._rule.by_quotes(price_ticks, quote.bid_ticks, quote.ask_ticks)
            if side:
                return int(side), Ground.QUOTES
        if self._rule.ticks is Ground.TICKS and self._tick:
            return self._tick, Ground.TICKS
        return 0, Ground.NOTHING

    @property
    def value(self) -> float:
        """The side of the last print: +1, -1, or 0 where nobody can say; NaN before the first."""
        return math.nan if self._price_ticks is None else float(self.side)
