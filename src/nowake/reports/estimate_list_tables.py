"""Tables of a list of orders: a row an order and model, the sums by model, and what could not be estimated.

The same columns stand for every list on a screen of the same width: cells are padded to the width of usual numbers, so
that which columns fit is not decided by the numbers of the day."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nowake.models.estimate import LARGEST_MEASURED
from nowake.models.liquidity import SCORES, ranks
from nowake.models.pretrade.cautions import LARGEST_OF_WINDOW
from nowake.models.pretrade.order_list import ListCosts, Refused
from nowake.reports import formats
from nowake.reports.table import Column, Table
from nowake.reports.tables import EXACT, SIGN

SHOWN = 200  # Rows of a list on a screen.
SHOWN_ON_PAGE = 2_000
_NAMED = 8  # Rows named in a note.


class ListTotal(NamedTuple):
    """What the orders of a list that a model answered cost together, in currency, and over their value, in bps."""

    model: str
    orders: int
    cost: float
    bps: float


def list_totals(done: ListCosts) -> list[ListTotal]:
    """The sum by each model; none where currencies differ or a value is not known, for then there is none."""
    values = np.array([order.notional for order in done.orders])
    if len({order.currency for order in done.orders}) != 1 or not np.isfinite(values).all():
        return []
    totals = []
    for name, cost in zip(done.models, done.costs, strict=True):
        there = np.isfinite(cost.expected_bps)
        amount, value = float((cost.expected_bps * values)[there].sum()) / 1e4, float(values[there].sum())
        if value > 0:
            totals.append(ListTotal(name, int(there.sum()), amount, amount / value * 1e4))
    return totals


def list_rows(done: ListCosts, *, level: float = 0.95, first: int | None = None) -> list[dict[str, object]]:
    """One row an order and model, and one for each order that could not be read, in the order of the list.

    With `first` only of so many of the orders that could be read.
    """
    because = {(each.row, each.model): each.reason for each in done.refused}
    rows: list[dict[str, object]] = []
    scored = ranks([order.market for order in done.orders])
    for name, cost in zip(done.models, done.costs, strict=True):
        low, high = cost.interval(level)
        sure_low, sure_high = cost.expected_interval(level)
        parts = {part: np.asarray(getattr(cost, part)).tolist() for part in _PARTS}
        for place, order in enumerate(done.orders[:first]):
            bps = {part: column[place] for part, column in parts.items()}
            is_there = math.isfinite(bps["expected_bps"])
            rows.append(
                {
                    "row": order.row,
                    "symbol": order.symbol,
                    "side": order.side.name.lower(),
                    "quantity": order.quantity,
                    "days": order.days,
                    "share_of_day": order.share_of_day,
                    "share_of_window": order.share_of_window,
                    "model": name,
                    "version": cost.version,
                    **{part: value if is_there else None for part, value in bps.items()},
                    "expected_low_bps": float(sure_low[place]) if is_there else None,
                    "expected_high_bps": float(sure_high[place]) if is_there else None,
                    "low_bps": float(low[place]) if is_there else None,
                    "high_bps": float(high[place]) if is_there else None,
                    "expected_cost": _finite(bps["expected_bps"] / 1e4 * order.notional),
                    "currency": order.currency,
                    "look_ahead": order.market.look_ahead,
                    **{
                        f"{score}_score": _finite(float(rank))
                        for score, rank in zip(SCORES, scored[place], strict=True)
                    },
                    "warnings": " ".join((*order.warnings, *done.beyond.get((order.row, name), ()))),
                    "refused": because.get((order.row, name), ""),
                }
            )
    rows += [_refused_row(each) for each in done.refused if not each.model]
    return sorted(rows, key=lambda row: (row["row"], done.models.index(str(row["model"])) if row["model"] else -1))


_OF_ONE = ("share_of_day", "share_of_window")
_PARTS = (
    "spread_bps", "temporary_bps", "permanent_bps", "fees_bps", "expected_bps", "parameter_sd_bps", "input_sd_bps",
    "timing_risk_bps",
)  # fmt: skip


def _refused_row(each: Refused) -> dict[str, object]:
    nothing = dict.fromkeys(
        (
            "side", "quantity", "days", "share_of_day", "share_of_window", "version", *_PARTS, "expected_low_bps",
            "expected_high_bps", "low_bps", "high_bps", "expected_cost", "currency", "look_ahead",
            *(f"{score}_score" for score in SCORES),
        )
    )  # fmt: skip
    return {"row": each.row, "symbol": each.symbol, **nothing, "model": "", "warnings": "", "refused": each.reason}


def list_table(done: ListCosts, *, level: float = 0.95, most: int | None = None) -> Table:
    """A list of orders, a row an order and model; those that could not be read come in `refused_table`.

    With `most` rows only the first so many stand in it, and a note says how many do not.
    """
    currencies = {order.currency for order in done.orders}
    money = "".join(currencies) if len(currencies) == 1 else ""
    columns = (
        Column("row", "row", formats.count, spare=4),
        Column("symbol", "symbol", is_number=False),
        Column("side", "side", is_number=False, spare=3),
        Column("quantity", "quantity", _padded(formats.quantity, 9)),
        Column("days", "sessions", formats.number, spare=6),
        Column("share_of_day", "of day's\nvolume", formats.percent, spare=7),
        Column("share_of_window", "of window's\nvolume", formats.percent, spare=5),
        Column("model", "model", _padded(formats.text, -23), is_number=False),
        Column("spread_bps", "half\nspread", formats.bps, spare=8),
        Column("temporary_bps", "temporary", formats.bps, spare=10),
        Column("permanent_bps", "permanent", formats.bps, spare=9),
        Column("expected_bps", "expected", formats.bps),
        Column("expected_interval", f"{100 * level:.4g}% interval of\nthe expectation", _padded(formats.bps_range, 17)),
        Column("timing_risk_bps", "risk,\n1 sd", _padded(formats.bps, 7), spare=2),
        Column("expected_cost", f"expected,\n{money or 'currency'}", _padded(formats.currency, 11), spare=1),
        *((Column("currency", "currency", is_number=False),) if len(currencies) > 1 else ()),
    )
    rows = [
        {**row, "expected_interval": (row["expected_low_bps"], row["expected_high_bps"])}
        for row in list_rows(done, level=level, first=most)
        if row["quantity"] is not None
    ]
    in_all = len(done.orders) * len(done.models)
    cut = (
        ()
        if most is None or in_all <= most
        else (f"The first {most:,} of {in_all:,} rows; to_frame and --json have all.",)
    )
    shown = [*rows[:most], *(_total_row(total) for total in list_totals(done) if len(done.orders) > 1)]
    blank = tuple(dataclasses.replace(column, show=_or_blank(column.show)) for column in columns)
    return Table(f"Expected cost of {len(done.orders)} orders", blank, tuple(shown), (*cut, *_notes(done)))


def refused_table(refused: Sequence[Refused], *, most: int | None = None) -> Table:
    """What could not be estimated, and why; with `most` the first so many."""
    columns = (
        Column("row", "row", formats.count),
        Column("symbol", "symbol", is_number=False),
        Column("model", "model", is_number=False),
        Column("reason", "why", is_number=False, is_prose=True),
    )
    rows = tuple(
        {"row": each.row, "symbol": each.symbol, "model": each.model or "all", "reason": each.reason}
        for each in refused[:most]
    )
    notes = (
        ()
        if most is None or len(refused) <= most
        else (f"The first {most:,} of {len(refused):,}; to_frame and --json have all.",)
    )
    return Table("Not estimated", columns, rows, notes)


def _notes(done: ListCosts) -> list[str]:
    notes = [f"Costs in bps of the arrival price. {SIGN}"]
    for name, cost, formula in zip(done.models, done.costs, done.formulas, strict=True):
        doubt = "" if np.nan_to_num(cost.parameter_sd_bps).any() else f" {EXACT}"
        notes.append(f"{name}: {formula}{doubt}")
    if any(order.market.look_ahead for order in done.orders):
        notes.append("Markets were measured past the start of orders: an explanation, not a forecast.")
    if len(done.orders) > 1 and not list_totals(done):
        notes.append("No total: currencies differ, or a value is not known.")
    large = [order.row for order in done.orders if order.share_of_day > LARGEST_MEASURED]
    fast = [order.row for order in done.orders if order.share_of_window > LARGEST_OF_WINDOW]
    notes += _of_rows(large, len(done.orders), "larger than what impact laws were fitted to")
    notes += _of_rows(fast, len(done.orders), f"more than {LARGEST_OF_WINDOW:.0%} of the volume of their window")
    for name in done.models:
        outside = [order.row for order in done.orders if (order.row, name) in done.beyond]
        notes += _of_rows(outside, len(done.orders), f"beyond the orders {name} was fitted to")
    return [*notes, *done.notes]


def _of_rows(rows: Sequence[int], orders: int, words: str) -> list[str]:
    """How many orders are so, and which: the first few."""
    named = ", ".join(map(str, rows[:_NAMED]))
    more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    return [f"{len(rows)} of {orders} orders are {words}: row {named}{more}."] if rows else []


def _total_row(total: ListTotal) -> dict[str, object]:
    said = {"symbol": "total", "model": total.model, "expected_bps": total.bps, "expected_cost": total.cost}
    return (
        dict.fromkeys(("row", "side", "quantity", "days", *_OF_ONE, *_PARTS, "expected_interval", "currency"), "")
        | said
    )


def _or_blank(show: formats.Show) -> formats.Show:
    """Nothing where a total has nothing to say; a missing number stays "n/a"."""
    return lambda value: "" if value == "" else show(value)


def _padded(show: formats.Show, width: int) -> formats.Show:
    """Padded with blanks to a width: on the left, or on the right where it is negative."""

    def padded(value: object) -> str:
        text = show(value)
        return text.ljust(-width) if width < 0 else text.rjust(width)

    return padded


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
