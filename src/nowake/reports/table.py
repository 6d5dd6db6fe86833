"""A table before it is drawn: columns that know how their values look, and rows of plain values.

One record serves the terminal (`tables.render`), the HTML page and `--json` (`to_dict`), so the three can
never disagree."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Mapping

from nowake.reports import formats


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of its values, its heading, and how a value is shown.

    `is_prose` says that it holds sentences, which may be broken over lines; names and numbers may not. `spare` is 0
    for what is always shown; else the larger it is, the sooner the column is left out of a narrow screen.
    """

    key: str
    heading: str
    show: formats.Show = formats.text
    is_number: bool = True
    is_prose: bool = False
    spare: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values under columns.

    Parameters
    ----------
    title
        What the table is about.
    columns
        What is shown, in this order.
    rows
        Key -> value; keys without a column are kept for `to_dict` only.
    notes
        Sentences under the table: units, signs, what is missing.
    has_total
        Whether the last row is the sum of the others.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, object], ...]
    notes: tuple[str, ...] = ()
    has_total: bool = False

    @property
    def cells(self) -> list[list[str]]:
        """The text of every cell, row by row. A row may bring its own format under the key "show"."""
        return [[_shown(row, column) for column in self.columns] for row in self.rows]


def to_dict(table: Table) -> list[dict[str, object]]:
    """The rows as plain values for JSON: NaN and infinities become None, enums their value."""
    return [{key: _plain(value) for key, value in row.items() if key != "show"} for row in table.rows]


def _shown(row: Mapping[str, object], column: Column) -> str:
    own = row.get("show")
    show = own if column.key == "value" and callable(own) else column.show
    return str(show(row.get(column.key)))


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None  # numpy's float is one too, and JSON knows none.
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
