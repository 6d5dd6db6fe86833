from __future__ import annotations

import msgspec
import pytest

from nowake.data.day import Day
from nowake.reports.fills import (
    calibration_table,
    curves_table,
    effects_table,
    fill_tables,
    intensity_table,
    rate_rows,
    tells,
)
from nowake.reports.table import to_dict
from nowake.reports.terminal import render
from nowake.verbs.fills import Fills, fills


@pytest.fixture(scope="module")
def found(generated_day: Day) -> Fills:
    return fills(generated_day, horizons_s=(5.0, 30.0))


def test_every_table_fits_a_narrow_screen(found: Fills) -> None:
    for table in fill_tables(found):
        assert max(map(len, render(table, width=80).splitlines())) <= 80


def test_a_cell_shows_its_probability_and_interval(found: Fills) -> None:
    table = curves_table(found)
    rate = found.curves.rates[0]
    expected = f"{100 * rate.standing.value:.1f}% [{100 * rate.standing.low:.1f}, {100 * rate.standing.high:.1f}]"
    assert expected == table.rows[0]["5 s"]
    assert ("inside", "0") == (table.rows[0]["distance"], table.rows[0]["queue"])
    assert len(found.curves.rates) == 2 * len(table.rows)


def test_the_counts_below_the_curves_add_up(found: Fills) -> None:
    counts = found.curves
    assert counts.orders == counts.fills + counts.cancels + counts.censored
    assert f"{counts.orders:,} orders followed: {counts.fills:,} filled" in curves_table(found).notes[0]


def test_effects_are_factors_above_and_below_one(found: Fills) -> None:
    assert found.model is not None
    table = effects_table(found.model, said=found.curves.notes)
    factors = {str(row["name"]): float(str(row["30 s"]).split()[0]) for row in table.rows}
    assert factors["behind"] < 1
    assert factors["queue"] < 1
    assert set(found.model.covariates) == set(factors)


def test_calibration_and_intensity_say_what_they_rest_on(found: Fills) -> None:
    assert found.calibration is not None
    assert found.bids is not None
    assert f"{found.calibration.fitted:,} earlier orders" in calibration_table(found.calibration).notes[0]
    bent = msgspec.structs.replace(found.bids, lack_of_fit=9.0)
    assert "do not fall exponentially" in intensity_table([bent]).notes[-1]
    straight = msgspec.structs.replace(found.bids, lack_of_fit=1.0)
    assert 1 == len(intensity_table([straight]).notes)


def test_rows_are_plain_values(found: Fills) -> None:
    assert len(found.curves.rates) == len(rate_rows(found.curves))
    msgspec.json.encode([to_dict(table) for table in fill_tables(found)])


def test_the_picture_names_its_lines_and_says_the_first_in_words(found: Fills) -> None:
    picture = found.plot()
    assert "Of orders inside the spread" in picture.alt
    assert "1 tick behind" in picture.svg


def test_an_interval_from_nothing_to_all_is_not_shown_as_a_number(found: Fills) -> None:
    """It stood as 0.0% [0.0, 100.0] in the table, and as a line at 100 % in the picture."""
    first = found.curves.rates[0]
    nothing = msgspec.structs.replace(first.standing, value=1.0, low=0.0, high=1.0)
    unknown = msgspec.structs.replace(first, standing=nothing)
    rates = (unknown, *found.curves.rates[1:])
    blind = msgspec.structs.replace(found, curves=msgspec.structs.replace(found.curves, rates=rates))
    assert not tells(nothing)
    assert tells(first.standing)
    assert curves_table(blind).rows[0]["5 s"] == "not told"
    assert blind.plot().svg != found.plot().svg


def test_a_calibration_prints_its_groups(found: Fills) -> None:
    assert found.calibration is not None
    lines = str(found.calibration).splitlines()
    assert len(lines) == 1 + len(found.calibration.groups)
    assert lines[0].startswith(f"fitted to {found.calibration.fitted:,} earlier orders")
