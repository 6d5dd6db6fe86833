"""`nowake fills`, as a user meets it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_commands import answer, nowake


def test_fills_answers_with_curves_and_a_model() -> None:
    found = answer("fills", "generated", "--horizons", "5,30")
    assert {5.0, 30.0} == {row["horizon_s"] for row in found["curves"]}
    assert all(row["standing_low"] <= row["standing"] <= row["standing_high"] for row in found["curves"])
    assert [5.0, 30.0] == [fit["horizon_s"] for fit in found["model"]["fits"]]
    assert found["bids"]["decay"]["value"] > 0


def test_fills_draws_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "fills.svg"
    result = nowake("fills", "generated", "--imagined", "--horizons", "5,30", "--picture", str(picture))
    assert result.returncode == 0, result.stderr
    assert "imagined" in result.stdout
    assert picture.read_text().startswith("<svg")


def test_wrong_horizons_are_one_line() -> None:
    result = nowake("fills", "generated", "--horizons", "soon")
    assert 2 == result.returncode
    assert "nowake: --horizons soon are no seconds; write for example 1,10,60\n" == result.stderr


def test_fills_explains_itself() -> None:
    result = nowake("fills", "--help")
    assert 0 == result.returncode
    assert "Fill probability of limit orders" in result.stdout
