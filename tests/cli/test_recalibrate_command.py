"""`nowake recalibrate` as a desk meets it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_commands import answer, nowake

from nowake.data.orders import write_orders
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.impact import SquareRoot
from nowake.verbs.parameters import load_model
from nowake.verbs.recalibrate import recalibrate


@pytest.fixture(scope="module")
def record() -> Metaorders:
    """Thirty days of one law, then days on which impact is twice as dear."""
    design = Design(orders=900, days=45, symbols=4)
    calm, dear = (generate_orders(SquareRoot(y=y), 1, design) for y in (0.8, 1.6))
    cut = int(calm.day[0]) + 30
    return Metaorders.joined([calm.take(calm.day < cut), dear.take(dear.day >= cut)])


@pytest.fixture(scope="module")
def files(record: Metaorders, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    folder, cut = tmp_path_factory.mktemp("desk"), int(record.day[0]) + 30
    old, new = record.take(record.day < cut), record.take(record.day >= cut)
    names = ("all.csv", "old.csv", "new.csv")
    return tuple(str(write_orders(part, folder / name)) for part, name in zip((record, old, new), names, strict=True))  # type: ignore[return-value]


def test_new_days_are_judged_folded_in_and_kept_for_the_next_day(
    files: tuple[str, str, str], record: Metaorders, tmp_path: Path
) -> None:
    store = str(tmp_path / "p.db")
    result = nowake("recalibrate", files[1], files[2], "--spread", "half", "--save", store, "--fit", "us")
    assert result.returncode == 0, result.stderr
    assert "RINGS: impact is dearer than forecast" in result.stdout
    assert "it rings falsely in at most 0.05 of periods of 250 days" in " ".join(result.stdout.split())
    assert "kept as us" in result.stdout
    since = str(np.datetime64(int(record.day[0]) + 30, "D"))
    following = recalibrate("square-root", record, since=since, spread="half")
    assert load_model(store, "us", as_of=following.usable_from).values == pytest.approx(following.model.values)


def test_one_file_with_a_date_is_the_same_as_two_files(files: tuple[str, str, str], record: Metaorders) -> None:
    since = str(np.datetime64(int(record.day[0]) + 30, "D"))
    one = answer("recalibrate", files[0], "--since", since, "--spread", "half")
    two = answer("recalibrate", files[1], files[2], "--spread", "half")
    assert one == two
    assert one["alarm"]["rings"]
    assert one["alarm"]["rang"][0] > since
    assert one["days"][0]["date"] == since


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no ORDERS given"),
        (("{}",), "give --since DATE, or a second file"),
        (("{}", "--since", "soon"), "--since 'soon' is not a date; write YYYY-MM-DD"),
        (("{}", "--since", "1990-01-01"), "0 days are too few to begin with"),
        (("{}", "--since", "2020-02-01", "--model", "cubic"), "model 'cubic' is not known"),
        (("{}", "--since", "2020-02-01", "--false-alarms", "2"), "alpha 2.0 must be between 0 and 1"),
    ],
)
def test_mistakes_are_said_in_one_line(files: tuple[str, str, str], arguments: tuple[str, ...], message: str) -> None:
    result = nowake("recalibrate", *(each.format(files[0]) for each in arguments))
    assert result.returncode == 2
    assert message in result.stderr
