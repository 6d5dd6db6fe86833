import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from nowake.cli.main import nowake
from nowake.data.day import Day
from nowake.data.generated import generate_day
from nowake.domain.errors import BadData
from nowake.domain.market import select
from nowake.verbs.tape import TapeCalibration, tape


@pytest.fixture(scope="module")
def found(generated_day: Day) -> TapeCalibration:
    return tape(generated_day, repeats=100)


def test_it_prints_as_a_table_that_says_what_was_left_out(found: TapeCalibration) -> None:
    lines = str(found).splitlines()
    assert lines[0].startswith("What the tape of GEN tells, 2026-01-05")
    assert any(line.startswith("lambda, bars of 60 s") for line in lines)
    assert any("sides by the feed's aggressor. Prints left out: " in line for line in lines)
    assert repr(found) == str(found)


def test_its_frame_has_a_row_a_number_with_interval_and_method(found: TapeCalibration) -> None:
    frame = found.to_frame()
    assert len(found.findings()) == len(frame)
    assert ["finding", "value", "low", "high", "level", "unit", "r2", "n", "method"] == frame.columns
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["value"] <= frame["high"]).all()


def test_it_says_what_it_was_made_of(found: TapeCalibration, generated_day: Day) -> None:
    assert generated_day.source == found.source
    assert generated_day.fingerprint == found.fingerprint


def test_every_picture_is_drawn_and_says_in_words_what_it_shows(found: TapeCalibration) -> None:
    drawn = found.pictures()
    assert ["response", "orderflow", "resilience"] == list(drawn)
    for picture in drawn.values():
        ET.fromstring(picture.svg)
        assert len(picture.alt) > 60
    assert drawn["response"] == found.plot()


def test_a_window_is_given_in_local_time(generated_day: Day) -> None:
    session = generated_day.instrument.session
    part = tape(generated_day, start="09:40", end="09:50", repeats=100)
    assert session.at("09:40") == part.start_ns
    assert part.end_ns <= session.at("09:50")


def test_a_day_without_quotes_is_refused_saying_what_it_has() -> None:
    day = generate_day(seed=1, events=2_000)
    bare = Day(
        instrument=day.instrument,
        source="x",
        events=day.events[:0],
        quotes=select(day.quotes, slice(0)),
        trades=day.trades,
        depth=0,
    )
    with pytest.raises(BadData, match=r"x has 0 quotes and .* trades; impact needs both"):
        tape(bare)


def test_the_command_prints_writes_pictures_and_answers_in_json(tmp_path) -> None:
    run = CliRunner()
    shown = run.invoke(nowake, ["tape", "generated:3", "--end", "10:00", "--pictures", str(tmp_path / "p")])
    assert shown.exit_code == 0, shown.output
    assert "lambda, bars of 10 s" in shown.output
    assert sorted(path.name for path in (tmp_path / "p").iterdir())[0] == "tape-orderflow.svg"
    answer = run.invoke(nowake, ["tape", "generated:3", "--end", "10:00", "--json"])
    assert answer.exit_code == 0, answer.output
    assert '"kernel_bps"' in answer.output
