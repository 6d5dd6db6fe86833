from __future__ import annotations

import dataclasses
import os
import re
import stat
import threading
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from tests.unit.reports import sample

from nowake.domain.errors import BadParameter
from nowake.domain.version import VERSION
from nowake.models.estimate import estimate
from nowake.models.impact import SquareRoot
from nowake.models.market import MarketState
from nowake.reports import html
from nowake.reports.execution import build_page
from nowake.reports.page import Page, Section, Tile
from nowake.reports.summary import ReportedRun, Tape
from nowake.reports.table import Column, Table

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Balanced(HTMLParser):
    """Fails at the first tag that closes what is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _runs() -> tuple[ReportedRun, ...]:
    first = ReportedRun(name="TWAP", record=sample.run(), cost=sample.cost(), schedule=sample.schedule())
    second = ReportedRun(name="POV 8%", record=sample.run((), algorithm="pov"), cost=sample.cost(()))
    return first, second


def _page(runs: tuple[ReportedRun, ...] | None = None, command: str = "") -> Page:
    plan = sample.schedule((2_500, 1_000, 400, 100), "early", expected_cost_bps=5.0, cost_risk_bps=20.0)
    return build_page(
        sample.order(),
        Tape(description="A made-up day of WAKE", quotes=sample.quotes(), trades=sample.trades(), fingerprint="c0ffee"),
        runs=_runs() if runs is None else runs,
        schedules=[sample.schedule(), plan],
        frontier=[sample.point(1e-6, 3.0, 40.0), sample.point(1e-5, 9.0, 10.0)],
        command=command,
    )


@pytest.fixture(scope="module")
def text() -> str:
    return html.render(_page())


def test_the_same_records_give_the_same_bytes(text: str) -> None:
    assert text == html.render(_page())


def test_the_page_is_balanced_html(text: str) -> None:
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []


def test_the_page_asks_for_nothing_from_anywhere(text: str) -> None:
    body = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert re.findall(r"https?:|<script|<link|<img|<iframe|@import|url\((?!#)", body) == []


def test_no_two_things_on_the_page_share_an_id_and_every_link_lands(text: str) -> None:
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def test_the_page_says_what_was_asked_assumed_and_how_signs_are_meant(text: str) -> None:
    for sentence in (
        "<title>Buy 4,000 WAKE, 10:00 to 11:00</title>",
        "A made-up day of WAKE. Times are America/New York, 2012-06-21.",
        "Cost is positive when bad, for buys and for sells.",
        "<li>Our orders do not change what others do.</li>",
        "World: replay of a made-up day.",
        "seed 7, journal hash 5f1d8a0c",
        "Nothing was executed: price limit.",
        "Left over: 500 (price limit).",
    ):
        assert sentence in text


def test_the_foot_holds_all_it_takes_to_make_the_page_again() -> None:
    latency = ("Others do not react.", "Latency: market data 200,000 ns, orders 5,000 ns, reports 0 ns.")
    first, second = (
        msgspec.structs.replace(run, record=msgspec.structs.replace(run.record, assumptions=latency)) for run in _runs()
    )
    foot = _page((first, second), command="nowake demo generated --seed 7").footer
    assert [
        ("command", "nowake demo generated --seed 7"),
        ("nowake", VERSION),
        ("data", "A made-up day of WAKE"),
        ("data fingerprint", "c0ffee"),
        ("order", str(sample.order())),
        ("latency", "Latency: market data 200 µs, orders 5 µs, reports 0 ns."),
        ("TWAP", f"seed 7, journal hash {first.record.journal_hash}"),
        ("POV 8%", f"seed 7, journal hash {second.record.journal_hash}"),
    ] == list(foot)


def test_a_page_of_runs_says_how_to_make_it_from_their_journals() -> None:
    assert "nowake report JOURNAL..." in dict(_page().footer)["command"]
    assert "command" not in dict(_page(()).footer)


def test_the_parameters_of_each_run_are_folded_away(text: str) -> None:
    assert ["Run of twap: parameters and counts", "Run of pov: parameters and counts"] == re.findall(
        r"<details>\s*<summary>([^<]*)</summary>", text
    )


def test_a_run_that_was_cut_short_says_so_before_its_numbers() -> None:
    first, second = _runs()
    cut = msgspec.structs.replace(first, record=msgspec.structs.replace(first.record, complete=False))
    section = next(section for section in _page((cut, second)).sections if section.heading == "TWAP")
    assert section.lead.startswith("This run was cut short: what follows is what had happened by then. 87.5% filled")
    whole = next(section for section in _page().sections if section.heading == "TWAP")
    assert whole.lead.startswith("87.5% filled")


def test_the_headline_says_which_interval_it_shows() -> None:
    market = MarketState.given(price=220, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    made = estimate(sample.order(), market, SquareRoot())
    page = build_page(
        sample.order(), Tape(description="a day", quotes=sample.quotes(), trades=sample.trades()), estimates=[made]
    )
    low, high = made.interval()
    assert f"{low:+.1f} to {high:+.1f}: 95% interval for this order, square root" == page.tiles[0].hint


def test_headings_and_pictures_use_the_names_of_the_desk() -> None:
    runs = tuple(
        msgspec.structs.replace(run, name=name) for run, name in zip(_runs(), ("Twap", "Participate"), strict=True)
    )
    text = html.render(_page(runs))
    assert re.findall(r"\b(?:Twap|Participate)\b", text) == []


def test_the_table_of_a_run_adds_up_to_its_last_row(text: str) -> None:
    total = re.search(r'<tr class="total">(.*?)</tr>', text)
    assert total is not None
    assert re.findall(r">([^<]+)<", total[1]) == ["shortfall", "implementation shortfall", "+464.50", "+5.3"]


def test_words_of_others_are_escaped() -> None:
    nasty = "<script>alert('x')</script>"
    table = Table(nasty, (Column("a", nasty, is_number=False),), ({"a": nasty},), (nasty,))
    page = Page(
        nasty, nasty, (Tile(nasty, nasty, nasty),), (Section(nasty, nasty, (table,)),), nasty, ((nasty, nasty),)
    )
    assert "<script" not in html.render(page)


def test_runs_of_different_worlds_state_their_assumptions_apart() -> None:
    first, second = _runs()
    other = msgspec.structs.replace(second.record, world="reactive", assumptions=("Others react.",))
    page = _page((first, msgspec.structs.replace(second, record=other)))
    headings = [section.heading for section in page.sections]
    assert ["What was assumed (TWAP)", "What was assumed (POV 8%)"] == [h for h in headings if "assumed" in h]


def test_a_page_of_plans_alone_has_no_run_sections() -> None:
    assert ["What was expected"] == [section.heading for section in _page(()).sections]


def test_a_report_of_nothing_is_refused() -> None:
    tape = Tape(description="a day", quotes=sample.quotes(), trades=sample.trades())
    with pytest.raises(BadParameter, match="nothing to report"):
        build_page(sample.order(), tape)


def test_two_runs_of_one_name_are_refused() -> None:
    first, _ = _runs()
    with pytest.raises(BadParameter, match=r"run names \['TWAP', 'TWAP'\] repeat"):
        _page((first, first))


def test_a_run_of_another_order_is_refused() -> None:
    first, _ = _runs()
    other = msgspec.structs.replace(first.record, order=sample.order(8_000))
    with pytest.raises(BadParameter, match="'TWAP' is of another order"):
        _page((msgspec.structs.replace(first, record=other),))


def test_a_page_is_written_whole_into_a_folder_that_did_not_exist(tmp_path: Path, text: str) -> None:
    written = html.write(tmp_path / "runs" / "report.html", _page())
    assert text == written.read_text(encoding="utf-8")
    assert ["report.html"] == [each.name for each in written.parent.iterdir()]


def test_a_page_that_cannot_be_drawn_leaves_the_old_one_and_no_litter(tmp_path: Path) -> None:
    target = html.write(tmp_path / "report.html", _page())
    before = target.read_bytes()
    broken = dataclasses.replace(_page(), sections=(None,))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="None"):
        html.write(target, broken)
    assert (before, ["report.html"]) == (target.read_bytes(), os.listdir(tmp_path))


def test_the_template_is_part_of_the_package() -> None:
    folder = Path(html.__file__).parent / "templates"
    assert {"page.html.j2", "page.css"} == {each.name for each in folder.iterdir()}


def test_a_pipe_is_written_into_and_a_link_followed(tmp_path: Path) -> None:
    page = _page()
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("old")
    link.symlink_to(real)
    assert html.write(link, page) == real
    assert link.is_symlink()
    assert real.read_text() == html.render(page)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text()))
    seen: list[str] = []
    reader.start()
    html.write(pipe, page)
    reader.join(timeout=10)
    assert seen == [html.render(page)]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory") as error:
        html.write(tmp_path, _page())
    assert error.value.filename == str(tmp_path)
