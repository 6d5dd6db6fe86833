"""A table on a screen: as many columns as fit, none squeezed.

Where the screen is too narrow the columns that matter least are left out, and a line under the table names them.
Only where even the others do not fit are texts broken over lines. Nothing is ever shortened to dots."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

from nowake.reports.table import Column, Table

if TYPE_CHECKING:
    import rich.console
    import rich.table

_GAP = 2
_NARROWEST = 24  # A column of sentences is readable from here on.


def render(table: Table, width: int = 100) -> str:
    """A table as plain text, `width` characters wide at most, without colour and without trailing blanks."""
    import rich.console  # noqa: PLC0415
    import rich.text  # noqa: PLC0415

    console = rich.console.Console(
        width=width, file=io.StringIO(), record=True, color_system=None, highlight=False, emoji=False, markup=False
    )
    console.print(rich_table(table))
    for note in table.notes:
        console.print(rich.text.Text(note, style="dim"))
    lines = console.export_text(styles=False).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def rich_table(table: Table) -> Fitted:
    """A table for rich's console, which tells it how wide it may be."""
    return Fitted(table)


class Fitted:
    """A table that chooses its columns when it is drawn: the console asks it through rich's own protocol."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> rich.console.RenderResult:
        """The table, and which of its columns are left out."""
        import rich.text  # noqa: PLC0415

        fitted = fit(self.table, options.max_width)
        yield _drawn(fitted, may_break=natural_width(fitted) > options.max_width)
        left_out = [_in_a_line(column) for column in self.table.columns if column not in fitted.columns]
        if left_out:
            yield rich.text.Text(f"Left out, for want of width: {', '.join(left_out)}.", style="dim")


def fit(table: Table, width: int) -> Table:
    """The table without as many of its spare columns, the sparest first, as it takes to be `width` wide."""
    spare = sorted((column for column in table.columns if column.spare), key=lambda column: -column.spare)
    for column in spare:
        if natural_width(table) <= width:
            break
        table = dataclasses.replace(table, columns=tuple(each for each in table.columns if each is not column))
    return table


def natural_width(table: Table) -> int:
    """How wide a table is drawn when nothing but sentences is broken over lines, in characters."""
    from rich.cells import cell_len  # noqa: PLC0415

    width = _GAP * (len(table.columns) - 1)
    rows = table.cells
    for index, column in enumerate(table.columns):
        texts = (column.heading, *(cells[index] for cells in rows))
        widest = max(cell_len(line) for text in texts for line in text.split("\n"))
        width += min(widest, _NARROWEST) if column.is_prose else widest
    return width


def _drawn(table: Table, *, may_break: bool) -> rich.table.Table:
    """Numbers to the right, a rule above the total."""
    import rich.box  # noqa: PLC0415
    import rich.table  # noqa: PLC0415
    import rich.text  # noqa: PLC0415

    drawn = rich.table.Table(
        title=rich.text.Text(table.title, style="bold"),
        title_justify="left",
        box=rich.box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        show_header=any(column.heading for column in table.columns),
    )
    for column in table.columns:
        breaks = column.is_prose or (may_break and not column.is_number)
        drawn.add_column(
            rich.text.Text(column.heading),
            justify="right" if column.is_number else "left",
            no_wrap=not breaks,
            overflow="fold",
        )
    for index, cells in enumerate(table.cells):
        is_before_total = table.has_total and index == len(table.rows) - 2
        drawn.add_row(*(rich.text.Text(cell) for cell in cells), end_section=is_before_total)
    return drawn


def _in_a_line(column: Column) -> str:
    return column.heading.replace("-\n", "").replace("\n", " ")
