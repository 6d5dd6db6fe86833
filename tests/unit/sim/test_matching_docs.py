"""The example in docs/matching.md prints what stands under it."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "matching.md"


def test_the_example_prints_what_the_page_shows():
    code, shown = re.findall(r"```(?:python|text)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # The page is ours.
    assert shown == printed.getvalue()
