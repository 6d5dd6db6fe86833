"""A report page before it is drawn: what a reader meets, top to bottom. Nothing here knows HTML."""

from __future__ import annotations

import dataclasses

from nowake.reports.pictures.canvas import Picture
from nowake.reports.table import Table


@dataclasses.dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: what it is, its value as text, and a line that puts it in proportion."""

    label: str
    value: str
    hint: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A heading with a lead sentence, then points, tables, pictures and tables of detail, folded, in that order."""

    heading: str
    lead: str = ""
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    points: tuple[str, ...] = ()
    details: tuple[Table, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Parameters
    ----------
    title, subtitle
        What was asked, and on which data in which world.
    tiles
        The few numbers a reader came for.
    sections
        The body.
    sign
        The sign convention, stated where the first number is.
    footer
        Name and value of everything needed to make the same page again.
    """

    title: str
    subtitle: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    sign: str
    footer: tuple[tuple[str, str], ...]
