"""What a compiled strategy did in one day: fills, position, cash and counts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nowake.domain.instrument import Instrument
from nowake.sim.latency import Latency

if TYPE_CHECKING:
    import polars as pl


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class CompiledRun:
    """What one strategy did in one day. Prints as a small table; `to_frame` has every fill.

    `fills` are records of venue_ns, child_id (even for a buy, odd for a sell), lots, open_lots, price_ticks, maker,
    tape_ticks. `market` is the last MARKET record, `memo` the last memo, `counts` what was sent and what came of it.
    """

    strategy: str
    parameters: dict[str, float]
    seed: int
    latency: Latency
    limit_lots: int | None
    source: str
    instrument: Instrument
    fills: NDArray[np.void]
    market: dict[str, int]
    memo: dict[str, float]
    counts: dict[str, int]
    phantoms: int
    assumptions: tuple[str, ...]

    @property
    def sides(self) -> NDArray[np.int64]:
        """+1 or -1 of every fill."""
        return 1 - 2 * (self.fills["child_id"] & 1)

    @property
    def positions_lots(self) -> NDArray[np.int64]:
        """Position after every fill, at the venue."""
        return np.cumsum(self.sides * self.fills["lots"])

    @property
    def position_lots(self) -> int:
        """Position at the end."""
        return self.market["position_lots"]

    @property
    def max_position_lots(self) -> int:
        """The largest position either way."""
        return int(np.abs(self.positions_lots).max(initial=0))

    @property
    def traded_lots(self) -> int:
        """Lots bought and sold."""
        return self.market["bought_lots"] + self.market["sold_lots"]

    @property
    def mid_ticks(self) -> float:
        """Half-way between the last best bid and ask, NaN where a side is empty."""
        last = self.market
        if not (last["bid_lots"] and last["ask_lots"]):
            return float("nan")
        return (last["bid_ticks"] + last["ask_ticks"]) / 2

    @property
    def result(self) -> float:
        """Cash and the position at the last mid, in currency, without fees; NaN where there is no mid to mark at."""
        held = self.position_lots * self.mid_ticks if self.position_lots else 0.0
        return self.instrument.value(self.market["cash_ticks"] + held)

    def summary(self) -> dict[str, float]:
        """The figures of a sweep's row, by name."""
        return {
            "fills": len(self.fills),
            "traded": self.instrument.quantity(self.traded_lots),
            "position": self.instrument.quantity(self.position_lots),
            "max_position": self.instrument.quantity(self.max_position_lots),
            "cash": self.instrument.value(self.market["cash_ticks"]),
            "result": self.result,
            "decisions": self.market["decisions"],
            **self.counts,
        }

    def to_frame(self) -> pl.DataFrame:
        """Every fill: venue time, order, side, price, quantity, whether it rested, and the position after it."""
        import polars as pl  # noqa: PLC0415

        fills, (tick, ticks_a_unit) = self.fills, self.instrument.tick_size.as_integer_ratio()
        lot, lots_a_unit = self.instrument.lot_size.as_integer_ratio()
        return pl.DataFrame(
            {
                "time": pl.Series(fills["venue_ns"]).cast(pl.Datetime("ns", "UTC")),
                "order": fills["child_id"],
                "side": self.sides,
                "price": fills["price_ticks"] * tick / ticks_a_unit,
                "quantity": fills["lots"] * lot / lots_a_unit,
                "maker": fills["maker"] == 1,
                "position": self.positions_lots * lot / lots_a_unit,
            }
        )

    def __str__(self) -> str:
        given = ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
        rows = {"strategy": f"{self.strategy} ({given})" if given else self.strategy, "day": self.source}
        figures = {name: f"{value:,.10g}" for name, value in self.summary().items()}
        return "\n".join(f"{name:<13} {value}" for name, value in (rows | figures).items())
