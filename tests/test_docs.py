"""The Python of the documents runs, as it stands on the page."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = (
    "before-trading",
    "fills-volume-volatility",
    "fitting",
    "impact-models",
    "planning",
    *(f"schedules/{page.stem}" for page in sorted((DOCS / "schedules").glob("*.md")) if page.stem != "index"),
    *(f"microstructure/{page.stem}" for page in sorted((DOCS / "microstructure").glob("*.md")) if page.stem != "index"),
)


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})  # The pages are ours.


def test_the_fit_shown_is_the_one_its_code_prints(capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "fitting.md").read_text()
    code, shown = re.search(r"```python\n(.*?)```\s*```text\n(.*?)```", page, re.DOTALL).groups()  # type: ignore[union-attr]
    exec(code, {})
    assert shown in capsys.readouterr().out


def test_pages_link_to_pages_that_are_there() -> None:
    missing = [
        (page.name, link)
        for page in [*DOCS.glob("*.md"), *DOCS.glob("schedules/*.md"), *DOCS.glob("microstructure/*.md")]
        for link in re.findall(r"\]\((?!http)([^)#]+\.md)", page.read_text())
        if "measured/" not in link and not (page.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.slow
def test_without_a_data_folder_the_page_of_measured_days_is_made_of_generated_ones(tmp_path: Path) -> None:
    def build() -> tuple[str, dict[str, bytes]]:
        options = ["--root", str(tmp_path / "none"), "--out", str(tmp_path / "out"), "--workers", "1"]
        done = subprocess.run([sys.executable, DOCS / "making", *options], capture_output=True, text=True, check=True)
        return done.stdout, {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir() if file.is_file()}

    said, first = build()
    assert "no data folder: generating" in said
    page = first["index.md"].decode()
    assert "No market data here" in page
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert [
        "What the tape tells about impact",
        "How likely a limit order is filled",
        "When it trades",
        "How much it moves, through the noise",
    ] == headings[:4]
    told = first["market.md"].decode()
    assert "No market data here" in told
    assert re.findall(r"^## (.*)$", told, re.MULTILINE)[:8] == [
        "Who took: rules against the truth",
        "What trading costs",
        "How one-sided volume is (VPIN)",
        "Through many days",
        "What order flow tells",
        "What the spread pays for",
        "Trading that comes of trading",
        "How close the mid is to a random walk",
    ]
    assert "No two sources are of one asset" in told
    for written in (page, told):
        assert set(re.findall(r"\]\(([^)]+\.svg)\)", written)) <= set(first)
        assert tempfile.gettempdir() not in written
    again, second = build()
    assert "measuring 0 sources, 5 kept" in again
    assert first == second
