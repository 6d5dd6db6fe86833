"""What commands that read a market write beside what they show: one page, and the pictures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nowake.cli.options import check_file, check_writable
from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.reports.pictures.canvas import Picture


class Drawn(Protocol):
    """A result with a page and pictures."""

    def html(self, path: str) -> Path:
        """Write the page."""

    def pictures(self) -> dict[str, Picture]:
        """Every picture there is something for, by a name fit for a file."""


def check_outputs(*, html: str | None, pictures: str | None, level: float) -> None:
    """What can be seen to be wrong before the work.

    Raises
    ------
    BadParameter
        When the pictures are to go where a file is, or the level is none.
    OSError
        When a file cannot be written.
    """
    from nowake.statistics.measurement import check_level  # noqa: PLC0415

    check_level(level)
    check_file(html, in_new_folder=True)
    check_folder(pictures)


def check_folder(pictures: str | None) -> None:
    """Refuse a place for pictures that is a file, or cannot be written."""
    if pictures is None:
        return
    check_writable(pictures)
    if Path(pictures).exists() and not Path(pictures).is_dir():
        raise BadParameter(f"--pictures {pictures} is no folder; give one, or the name of a new one")


def write_outputs(found: Drawn, *, html: str | None, pictures: str | None, prefix: str) -> list[Path]:
    """Write what was asked for; the files written."""
    written = []
    if html is not None:
        written.append(found.html(html))
    if pictures is not None:
        written += save_pictures(found.pictures(), pictures, prefix)
    return written


def save_pictures(made: dict[str, Picture], folder: str, prefix: str) -> list[Path]:
    """Write pictures as SVG files of a folder, which is made where it is missing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [picture.save(Path(folder) / f"{prefix}-{name}.svg") for name, picture in made.items()]
