from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.models.makers import order as bare_order
from tests.unit.reports import sample

from nowake.domain.decider import Reason
from nowake.models.estimate import estimate
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.reports import tables
from nowake.reports.summary import ReportedRun, summarise
from nowake.reports.table import Column, Table
from nowake.reports.terminal import fit, natural_width, render

NARROW, WIDE = 80, 110


def _runs() -> Table:
    done = (sample.fill("10:05", 4_000, 22_003, is_maker=True),)
    runs = [
        ReportedRun(name=name, record=sample.run(done), cost=sample.cost(done), schedule=sample.schedule())
        for name in ("Twap", "Vwap", "Participate", "Shortfall", "Iceberg")
    ]
    return tables.runs_table([summarise(run) for run in runs], sample.instrument())


def _left() -> Table:
    record = sample.run((), residual_reason=Reason.WINDOW_OVER)
    run = ReportedRun(name="Participate 2", record=record, cost=sample.cost(()))
    return tables.runs_table([summarise(run)], sample.instrument())


def _schedules() -> Table:
    names = ("TWAP", "VWAP", *(f"Almgren-Chriss, {temper}" for temper in ("patient", "neutral", "urgent")))
    inputs = {"risk_aversion": 0.000369}
    return tables.schedules_table(
        [sample.schedule(name=name, expected_cost_bps=1234.5, cost_risk_bps=71.1, inputs=inputs) for name in names]
    )


def _estimates() -> Table:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    models = (SquareRoot(), Linear.from_market(market))
    return tables.estimates_table([estimate(bare_order(60_000), market, model) for model in models])


TABLES: dict[str, Callable[[], Table]] = {
    "runs": _runs, "left over": _left, "schedules": _schedules, "estimates": _estimates,
    "benchmarks": lambda: tables.benchmarks_table(sample.cost()),
    "decomposition": lambda: tables.decomposition_table(sample.cost()),
    "run": lambda: tables.run_table(sample.run(), sample.schedule()),
}  # fmt: skip


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_wider_than_the_screen_and_no_name_is_cut_or_broken(name: str, width: int) -> None:
    table = TABLES[name]()
    lines = render(table, width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    for cells in table.cells:
        assert any(line.startswith(cells[0]) for line in lines), cells[0]


@pytest.mark.parametrize("name", ["runs", "left over", "schedules", "estimates"])
def test_every_number_that_is_shown_is_whole(name: str) -> None:
    table = TABLES[name]()
    shown = fit(table, NARROW)
    lines = render(table, NARROW).splitlines()
    for cells in shown.cells:
        assert any(line.split() == " ".join(cells).split() for line in lines), cells


def test_what_is_left_and_why_is_never_left_out() -> None:
    assert "4,000 left: window over" in render(_left(), NARROW)


def test_a_narrow_screen_leaves_out_the_sparest_columns_first_and_names_them() -> None:
    columns = (Column("a", "name", is_number=False), Column("b", "less", spare=1), Column("c", "tempo-\nrary", spare=2))
    table = Table("t", columns, ({"a": "x" * 10, "b": "1234", "c": "123456"},))
    assert natural_width(table) == 10 + 2 + 4 + 2 + 6
    assert ["name", "less", "tempo-\nrary"] == [column.heading for column in fit(table, 24).columns]
    assert ["name", "less"] == [column.heading for column in fit(table, 23).columns]
    assert ["name"] == [column.heading for column in fit(table, 15).columns]
    assert "Left out, for want of width: temporary." in render(table, 23).replace("\n", " ")
    assert "Left out" not in render(table, 24)


def test_where_nothing_can_be_left_out_names_are_broken_not_shortened() -> None:
    table = Table("t", (Column("a", "name", is_number=False), Column("b", "n")), ({"a": "one two three", "b": "123"},))
    lines = render(table, 10).splitlines()
    assert ["one", "two", "three"] == " ".join(line.replace("123", "") for line in lines[3:]).split()


def test_a_table_without_rows_is_its_headings() -> None:
    assert "name" in render(Table("t", (Column("a", "name", is_number=False),), ()))
