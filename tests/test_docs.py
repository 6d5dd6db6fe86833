"""The Python of the documents runs, as it stands on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("before-trading", "fills-volume-volatility", "fitting", "impact-models")


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})  # The pages are ours.


def test_pages_link_to_pages_that_are_there() -> None:
    missing = [
        (page.name, link)
        for page in DOCS.glob("*.md")
        for link in re.findall(r"\]\((?!http)([^)#]+\.md)", page.read_text())
        if not link.startswith("measured/") and not (DOCS / link).exists()
    ]
    assert missing == []
