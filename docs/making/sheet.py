"""A page under way: Markdown with its tables and pictures, and how numbers stand in a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pictures
from nowake.reports.pictures.canvas import Picture

Answer = dict[str, Any]
_MOST_DRAWN = 4  # Days or sources with pictures of their own: one a format, the fullest of it.
_LONG = 45  # Letters of a cell that may be broken into lines.


class Page:
    """Markdown under way, and the pictures it shows: file name -> SVG."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.files: dict[str, str] = {}

    def say(self, *lines: str) -> None:
        """Add paragraphs."""
        for line in lines:
            self.lines += [line, ""]

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> None:
        """Add a table; cells are Markdown, those of the first columns texts and the others numbers."""
        rows = list(rows)
        assert all(len(row) == len(head) for row in rows), f"{head} over {rows[0]}"
        rule = [*["---"] * texts, *["---:"] * (len(head) - texts)]
        self.lines += ["| " + " | ".join(row) + " |" for row in (head, rule)]
        self.lines += ["| " + " | ".join(_whole(cell) for cell in row) + " |" for row in rows]
        self.lines.append("")

    def draw(self, name: str, picture: Picture | Sequence[str]) -> None:
        """Add a picture."""
        title, alt, svg = pictures.words(picture) if isinstance(picture, Picture) else picture
        self.files[f"{name}.svg"] = svg
        self.say(f"![{title}. {alt}]({name}.svg)".replace("\n", " "))

    @property
    def text(self) -> str:
        """The page as it stands."""
        return "\n".join(self.lines).rstrip() + "\n"


def drawn(answers: list[Answer], size: Callable[[Answer], Any]) -> list[Answer]:
    """The fullest of each format, a few of them, in the order of the page."""
    fullest: dict[str, Answer] = {}
    for each in answers:
        kind = each["source"].partition(":")[0]
        if kind not in fullest or size(each) > size(fullest[kind]):
            fullest[kind] = each
    chosen = sorted(fullest.values(), key=size, reverse=True)[:_MOST_DRAWN]
    return [each for each in answers if any(each is other for other in chosen)]


def name_of(each: Answer) -> str:
    """A source, and its day where it is of one."""
    return f"{each['source']} {each['date']}" if "date" in each else str(each["source"])


def slug_of(each: Answer) -> str:
    """The same fit for the name of a file."""
    return "".join(sign if sign.isalnum() or sign == "-" else "-" for sign in name_of(each)).lower()


def _whole(cell: str) -> str:
    """A short cell in one piece: a number and its interval are read together."""
    return cell.replace(" ", "\u00a0") if len(cell) < _LONG else cell


def cell(found: Sequence[Any] | None) -> str:
    """A number with its interval; a dash where there is none."""
    return "-" if not found else f"{found[0]:.3g} [{found[1]:.3g}, {found[2]:.3g}]"


def percent_cell(found: Sequence[Any] | None, *, digits: int = 1) -> str:
    """A share with its interval."""
    if not found:
        return "-"
    value, low, high = (f"{100 * each:.{digits}f}" for each in found[:3])
    return f"{value} % [{low}, {high}]"


def time_cell(found: Sequence[Any] | None) -> str:
    """Seconds in the unit that suits them, with their interval."""
    if not found:
        return "-"
    unit, scale = next(
        (pair for pair in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)) if found[0] * pair[1] >= 1), ("µs", 1e6)
    )
    value, low, high = (f"{each * scale:,.{0 if each * scale >= 100 else 2}f}" for each in found[:3])
    return f"{value} [{low}, {high}] {unit}"


def span_cell(found: Sequence[Any]) -> str:
    """A duration in nanoseconds, or a difference of two clocks, with its interval; three digits each."""
    value, low, high = (_span(each) for each in found[:3])
    return f"{value} [{low}, {high}]"


def _span(nanoseconds: float) -> str:
    size = abs(nanoseconds)
    scale, unit = next(
        ((scale, unit) for scale, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")) if size >= scale), (1, "ns")
    )
    return f"{nanoseconds / scale:.3g} {unit}" if nanoseconds else "0"
