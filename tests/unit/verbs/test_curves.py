"""`nw.curves` and `nowake curves`: on bars made of a known law, and on the real days where they are there."""

import csv
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.unit.models.volume_days import simulated, weekday

from nowake.cli.main import nowake
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.models.volume import Kind
from nowake.verbs.curves import curves

DAYS = 40


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five-minute bars of 40 New York sessions from the law; two days carry volumes that cannot be."""
    folder = tmp_path_factory.mktemp("data") / "bars"
    folder.mkdir()
    rng = np.random.default_rng(11)
    with (folder / "XYZ_5m.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        price = 100.0
        for k, day in enumerate(simulated(DAYS, 78, seed=12)):
            price *= float(np.exp(rng.normal(0, 0.005)))
            opens = dt.datetime.combine(_trading(k), dt.time(14, 30), dt.UTC)
            for i, volume in enumerate(day.volume.tolist()):
                close = price * float(np.exp(rng.normal(0, 0.0015)))
                amount = 0 if k in (12, 13) and i % 5 == 0 else round(volume * (6 if k == 13 else 1))
                stamp = (opens + dt.timedelta(minutes=5 * i)).isoformat()
                rows.writerow([stamp, price, max(price, close), min(price, close), close, amount])
                price = close
    return folder.parent


def _trading(k: int) -> dt.date:
    """Sessions of New York in early 2026, its two holidays left out."""
    holidays = {dt.date(2026, 1, 19), dt.date(2026, 2, 16)}
    return [date for date in (weekday(j) for j in range(60)) if date not in holidays][k]


def test_curves_say_what_was_left_out_what_is_special_and_how_sure_it_is(root: Path) -> None:
    found = curves("bars:XYZ", root=root, bucket="15m")
    assert [each.date for each in found.volume.left_out] == [_trading(12), _trading(13)]
    assert "no volume although the price moved" in found.volume.left_out[0].reason
    kinds = found.volume.kinds
    assert kinds[dt.date(2026, 1, 20)] == Kind.AFTER_HOLIDAY
    assert kinds[dt.date(2026, 1, 16)] == Kind.EXPIRY
    assert kinds[dt.date(2026, 1, 30)] == Kind.MONTH_END
    assert len(found.volume.curves[Kind.NORMAL].shares) == 26
    assert found.dynamic is not None
    assert found.contest is not None
    assert found.diurnal is not None
    assert found.volatility is not None
    assert found.whole_day is not None
    assert found.whole_day.overnight.low < 0.005 < found.whole_day.overnight.high
    assert found.volatility.next.low < 0.0015 * np.sqrt(78) < found.volatility.next.high
    frame = found.to_frame()
    assert frame["start"][0] == "09:30"
    assert float(frame["share"].sum()) == pytest.approx(1)
    assert "held-out days" in str(found)


def test_until_looks_at_earlier_days_only(root: Path) -> None:
    early, whole = (curves("bars:XYZ", root=root, until=each) for each in (str(_trading(30)), None))
    assert (early.days, whole.days) == (30, 40)
    assert early.session.date < _trading(30)
    assert early.volume.total != whole.volume.total
    with pytest.raises(BadData, match="has no day before 2020-01-01"):
        curves("bars:XYZ", root=root, until="2020-01-01")


def test_what_the_days_do_not_carry_is_missing_with_the_reason(root: Path) -> None:
    found = curves("bars:XYZ", root=root, until=str(_trading(6)))
    assert (found.dynamic, found.contest, found.diurnal, found.volatility) == (None, None, None, None)
    assert any("6 clean days; a dynamic forecast needs 10" in note for note in found.notes)


def test_labels_keep_days_of_ones_own_apart(root: Path) -> None:
    dates = (_trading(3), _trading(22))
    found = curves("bars:XYZ", root=root, labels=dict.fromkeys(dates, "earnings"))
    assert found.volume.curves["earnings"].days == 2


def test_unknown_source_says_what_is_there(root: Path) -> None:
    with pytest.raises(NotFound, match="XYZ"):
        curves("bars:ABC", root=root)
    with pytest.raises(BadParameter, match="generated"):
        curves("generated")


def test_command_prints_tables_and_answers_in_json(root: Path, tmp_path: Path) -> None:
    picture = tmp_path / "curves.svg"
    shown = CliRunner().invoke(nowake, ["curves", "bars:XYZ", "--root", str(root), "--picture", str(picture)])
    assert shown.exit_code == 0, shown.output
    for text in ("bars:XYZ over the day", "09:30", f"left out   {_trading(12)}", "error of", "VWAP, bps", "next day"):
        assert text in shown.output
    assert picture.read_text().startswith("<svg")
    answer = CliRunner().invoke(nowake, ["curves", "bars:XYZ", "--root", str(root), "--json", "--bucket", "30m"])
    found = json.loads(answer.output)
    assert len(found["buckets"]) == 13
    assert [each["date"] for each in found["left_out"]] == [str(_trading(12)), str(_trading(13))]


def test_several_sources_have_a_line_each_and_a_folder_is_all_of_its_symbols(root: Path, tmp_path: Path) -> None:
    folder = root / "bars"
    (tmp_path / "bars").mkdir()
    for name in ("ABC", "XYZ"):
        (tmp_path / "bars" / f"{name}_5m.csv").write_text((folder / "XYZ_5m.csv").read_text())
    for asked in ([str(tmp_path / "bars")], ["bars:ABC", "bars:XYZ"]):
        answer = CliRunner().invoke(nowake, ["curves", *asked, "--root", str(tmp_path), "--json"])
        assert answer.exit_code == 0, answer.output
        found = json.loads(answer.output)
        assert [each["source"][-3:] for each in found] == ["ABC", "XYZ"]
        assert [each["corrupt_dates"] for each in found] == [[str(_trading(12)), str(_trading(13))]] * 2
    shown = CliRunner().invoke(nowake, ["curves", str(tmp_path / "bars"), "--root", str(tmp_path)])
    assert f"no volume on {_trading(12)}" in " ".join(shown.output.split())
    with pytest.raises(BadParameter, match="has 2 symbols, ABC, XYZ; write one of them"):
        curves(str(tmp_path / "bars"), root=tmp_path)


def test_a_recording_of_minutes_is_left_out_for_what_it_covers(tmp_path: Path) -> None:
    """Its volume was taken for that of the day: 100 % of it in the last quarter of an hour."""
    folder = tmp_path / "bars"
    folder.mkdir()
    with (folder / "XYZ_5m.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for k in range(8):
            opens = dt.datetime.combine(_trading(k), dt.time(14, 30), dt.UTC)
            for i in range(70 if k == 4 else 0, 78):
                stamp = (opens + dt.timedelta(minutes=5 * i)).isoformat()
                rows.writerow([stamp, 100, 101, 99, 100.5, 1_000 + 7 * i + k])
    found = curves("bars:XYZ", root=tmp_path)
    (left_out,) = found.volume.left_out
    assert (left_out.date, left_out.reason) == (
        _trading(4),
        "its data cover 10.3% of the session, 15:20:00 to 16:00:00",
    )


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "bad"), [("bars:AAPL:5m", 10), ("bars:NVDA:5m", 12), ("bars:OXY", 0)])
def test_corrupt_days_of_real_bars_are_noticed(data_root: Path, spec: str, bad: int) -> None:
    try:
        found = curves(spec, root=data_root)
    except NotFound:
        pytest.skip(f"{spec} is not in {data_root}")
    corrupt = [each for each in found.volume.left_out if "no volume although the price moved" in each.reason]
    assert len(corrupt) == bad
    assert found.contest is not None
    assert found.contest.comparisons[0].gain.value > 0.1
