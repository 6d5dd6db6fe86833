"""Side of an order: +1 buys, -1 sells, so that cost is always side * (price - benchmark)."""

from __future__ import annotations

import enum

from nowake.domain.errors import BadParameter


class Side(enum.IntEnum):
    """+1 or -1."""

    BUY = 1
    SELL = -1

    @classmethod
    def parse(cls, text: str | int | Side) -> Side:
        """Side of "buy", "sell", "B", "S", +1 or -1; anything else is a BadParameter."""
        key = str(text.value if isinstance(text, Side) else text).strip().lower()
        if key in {"buy", "b", "1", "+1"}:
            return cls.BUY
        if key in {"sell", "s", "-1"}:
            return cls.SELL
        raise BadParameter(f"side {text!r} is neither buy nor sell")
