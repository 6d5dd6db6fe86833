"""One self-contained HTML file of a page: styles and pictures inside, no script, no request to anywhere.

The same page always gives the same bytes: nothing in it reads a clock."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nowake.reports.page import Page

if TYPE_CHECKING:
    import jinja2


def write(path: str | os.PathLike[str], page: Page) -> Path:
    """Write a page to a file, whole or not at all: a reader never sees half of one.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing. A link is followed; what is no regular file (a pipe, a
        device) is written into, not replaced.
    page
        What to write.

    Returns
    -------
    Path
        The file, as an absolute path.

    Raises
    ------
    OSError
        When the file cannot be written; names the file.
    """
    target = Path(os.path.realpath(path))
    text = render(page)
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return target


def _replace(target: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # A temporary file is private; a report is to be read.
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def render(page: Page) -> str:
    """The HTML of a page."""
    return _environment().get_template("page.html.j2").render(page=page)


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("nowake.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["anchor"] = lambda heading: re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
    return environment
