"""What the README shows is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nowake.data.generated import generate_day
from nowake.reports import tables
from nowake.reports.summary import summarise
from nowake.verbs.demo import demo

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.slow
def test_the_table_in_the_readme_is_the_demos(tmp_path: Path) -> None:
    done = demo(day=generate_day(), out=tmp_path)
    summaries = [summarise(run.reported()) for run in done.runs]
    table = tables.runs_table(summaries, done.order.instrument, title="The same order, five algorithms")
    shown = re.search(r"```\n(The same order.*?)\n\nReport", README, re.DOTALL)
    assert shown is not None
    assert shown[1] == tables.render(table, width=110)


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    exec(code[1], {})  # The README is ours.
    assert (tmp_path / "report.html").stat().st_size > 50_000
