"""How every picture is drawn: size, type, colours, and an SVG whose bytes depend on the data alone.

Colours are Okabe and Ito's (2008), told apart by readers of any colour vision. In the SVG each one is a CSS
variable with the light colour as its fallback, so that a page can be dark without drawing anything twice.
matplotlib is used through `Figure` objects; its settings are changed only while one picture is drawn."""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND, midnight_ns

INK, MUTED, GRID, PAPER = "#1b1f24", "#5b636d", "#dfe3e8", "#fefefe"
BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW = "#0072b2", "#d55e00", "#009e73", "#a8558c", "#56b4e9", "#b58900"
Dashes = str | tuple[float, tuple[float, ...]]
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW)
DASHES: tuple[Dashes, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), "solid", (0, (3, 2)))

_VARIABLES = {
    INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper",
    BLUE: "--blue", ORANGE: "--orange", GREEN: "--green", PURPLE: "--purple", SKY: "--sky", YELLOW: "--yellow",
}  # fmt: skip
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "nowake",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.titlecolor": MUTED,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titlepad": 6.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.major.size": 0.0,
    "xtick.major.size": 3.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.6,
    "figure.facecolor": "none",
    "path.simplify": True,
}
_BAND = 0.18  # Opacity of what lies between the ends of an interval.
_BELOW_AXIS = 0.44  # Inches that tick labels and the label of the axis take.
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 86_400)


class Curve(NamedTuple):
    """Values over a horizontal axis, each with its interval."""

    at: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture: what it shows, the same in words for those who cannot see it, and the SVG itself."""

    title: str
    alt: str
    svg: str

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to an SVG file of its own."""
        file = Path(path)
        try:
            file.write_text(self.svg, encoding="utf-8")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        return file

    def _repr_svg_(self) -> str:
        """How a notebook shows it."""
        return self.svg

    def __repr__(self) -> str:
        return f"Picture({self.title!r}: {self.alt})"


def draw(
    title: str,
    alt: str,
    paint: Callable[[list[Axes]], None],
    *,
    heights: tuple[float, ...] = (3.0,),
    width: float = 6.6,
    left: float = 0.62,
    below: float = 0.0,
) -> Picture:
    """Draw one picture with a panel for each height (inches, sharing the horizontal axis) and make it an SVG.

    `paint` is handed the panels, top to bottom; `left` is the room for vertical tick labels and `below` for a key
    under the time axis, in inches. Margins are fixed: letting matplotlib find them takes three times as long.
    """
    tall = sum(heights)
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(width, tall))
        grid = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
        figure.subplots_adjust(
            left=left / width, right=1 - 0.2 / width, top=1 - 0.5 / tall, bottom=(0.5 + below) / tall, hspace=0.3
        )
        paint([row[0] for row in grid])
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(title, alt, _for_page(file.getvalue(), title, alt))


def time_axis(axes: Axes, session: Session, start_ns: int, end_ns: int) -> Callable[[int], float]:
    """Make the horizontal axis the session's local clock; returns what turns nanoseconds into positions on it.

    Positions are seconds since local midnight of the session, so that ticks fall on round local times.
    """
    origin_ns = midnight_ns(session.date, session.timezone)

    def position(time_ns: int) -> float:
        return (time_ns - origin_ns) / NS_PER_SECOND

    length_s = (end_ns - start_ns) / NS_PER_SECOND
    step_s = next((step for step in _STEPS_S if length_s / step <= 8), _STEPS_S[-1])
    width = 5 if step_s >= 60 else 8
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda seconds, _: session.clock(origin_ns + round(seconds * NS_PER_SECOND))[:width])
    )
    axes.set_xlim(position(start_ns), position(end_ns))
    axes.set_xlabel(f"{session.timezone.split('/')[-1].replace('_', ' ')} time, {session.date}")
    return position


def banded(axes: Axes, curve: Curve, colour: str, label: str = "", *, dashes: Dashes = "solid") -> None:
    """A curve with its band."""
    axes.fill_between(curve.at, curve.low, curve.high, color=colour, alpha=_BAND, linewidth=0)
    axes.plot(curve.at, curve.value, color=colour, linestyle=dashes, label=label or None)


def plain_numbers(axis: Axis) -> None:
    """Tick labels as plain numbers, also on a logarithmic axis: 0.001, 10, 300."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def legend(axes: Axes, *, columns: int = 4) -> None:
    """The key above the panel, out of the way of the data."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.2, columnspacing=1.4)


def legend_below(axes: Axes, *, columns: int = 4) -> None:
    """The key under the time axis and its label, for more entries than fit above."""
    tall = axes.get_position().height * axes.get_figure(root=True).get_figheight()  # type: ignore[union-attr]
    place = (0.0, -_BELOW_AXIS / tall)
    axes.legend(loc="upper left", bbox_to_anchor=place, ncols=columns, borderaxespad=0.0, columnspacing=1.4)


def thousands(axes: Axes) -> None:
    """Vertical ticks with thousands separators."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _for_page(svg: str, title: str, alt: str) -> str:
    """The SVG element alone, scalable, in the page's own colours and type, with ids no other picture has."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style type=.*?</style>", "", svg, count=1, flags=re.DOTALL)
    head, rest = svg.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    label = escape(f"{title}. {alt}", quote=True)
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    opening = f'<svg {namespaces} {box[0]} role="img" aria-label="{label}" class="picture">'
    rest = _own_ids(rest, title)
    rest = re.sub(r"#[0-9a-f]{6}\b", lambda found: _variable(found[0]), rest)
    rest = re.sub(r"font-family: [^;\"]*;? ?", "", rest)
    rest = re.sub(r' (?:d|x|y|width|height)="[^"]*"', _rounded, rest)
    rest = re.sub(r"\n\s*", "\n", rest)
    return opening + '<g stroke-linejoin="round" stroke-linecap="butt">' + rest.replace("</svg>", "</g></svg>")


def _own_ids(svg: str, title: str) -> str:
    """Drop ids that nothing refers to and prefix the others, for one page holds many pictures."""
    prefix = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg))
    names = {name for pair in used for name in pair if name}
    svg = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in names else "", svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    return re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)


def _rounded(attribute: re.Match[str]) -> str:
    """Coordinates to a hundredth of a point, finer than any printer, and no blanks around path letters."""
    return re.sub(r"\s*([A-Zz])\s*", r"\1", re.sub(r"(\.\d\d)\d+", r"\1", attribute[0]))


@functools.cache
def _variable(colour: str) -> str:
    name = _VARIABLES.get(colour)
    return colour if name is None else f"var({name}, {colour})"
