from __future__ import annotations

import json
import math
import subprocess
import sys

import msgspec
import pytest
from tests.unit.reports import sample

from nowake.domain.decider import Reason
from nowake.reports import tables
from nowake.reports.summary import ReportedRun, summarise
from nowake.reports.table import Column, Table

RUNS_COMPARED = """\
Runs compared
                                                    share   share
                    average       vs    vs    vs    while      of            child     off
algorithm  filled     price  arrival  VWAP  TWAP  trading  window  passive  orders    plan  done at
─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
TWAP        87.5%  220.1269     +4.9  +1.2  +0.8     8.8%    7.0%    57.1%       5  -20.8%  500 left: price limit
POV          0.0%       n/a      n/a   n/a   n/a      n/a    0.0%      n/a       0     n/a  4,000 left: rate cap
Costs (vs arrival, VWAP, TWAP) in bps. Cost is positive when bad, for buys and for sells.
Share while trading: of all volume from the start to our last fill; of window: of all of it to the end.
Off plan: the largest distance from the schedule, in percent of the order; minus is behind."""

DECOMPOSITION = """\
Where the shortfall comes from
part         what it is                           cost USD  cost bps
────────────────────────────────────────────────────────────────────
delay        arrival against decision                 0.00       0.0
spread       fills against the mid at each fill     -12.00      -0.1
drift        mid at each fill against arrival      +386.00      +4.4
opportunity  what was left over, against arrival    +80.00      +0.9
fees         commissions and venue fees             +10.50      +0.1

shortfall    implementation shortfall              +464.50      +5.3
Bps of the paper value: the whole order at the decision price (at arrival where no decision was
given).
No decision time was given, so delay is counted as zero."""

PLANS = """\
Schedules
                                       largest             expected  risk, 1 sd
schedule     first      last  buckets   bucket  half done  cost bps         bps
───────────────────────────────────────────────────────────────────────────────
TWAP      10:00:00  11:00:00        4    1,000   10:30:00       n/a         n/a
early     10:00:00  11:00:00        4    3,000   10:10:00      +7.2         2.1
Cost is positive when bad, for buys and for sells."""


def _runs_table() -> Table:
    full = ReportedRun(name="Twap", record=sample.run(), cost=sample.cost(), schedule=sample.schedule())
    nothing = ReportedRun(
        name="Participate",
        record=sample.run((), algorithm="Participate", residual_reason=Reason.RATE_CAP),
        cost=sample.cost((), participation=0.0, passive_share=math.nan),
    )
    return tables.runs_table([summarise(full), summarise(nothing)], sample.instrument())


def test_runs_stand_side_by_side_and_a_run_without_fills_has_no_price() -> None:
    assert tables.render(_runs_table(), 120) == RUNS_COMPARED


def test_a_run_that_is_done_says_when_its_last_lot_traded() -> None:
    fills = (*sample.FILLS, sample.fill("10:59:30", 500, child_id=6))
    run = ReportedRun(name="Vwap", record=sample.run(fills), cost=sample.cost(fills))
    shown = tables.render(tables.runs_table([summarise(run)], sample.instrument()), 120)
    assert shown.splitlines()[5].split()[0::11] == ["VWAP", "10:59:30"]


def test_a_run_that_was_cut_short_does_not_read_like_one_that_left_something() -> None:
    record = msgspec.structs.replace(sample.run(residual_reason=None), complete=False)
    summary = summarise(ReportedRun(name="Twap", record=record, cost=sample.cost()))
    assert "500 left: cut short" in tables.render(tables.runs_table([summary], sample.instrument()), 120)
    assert "left over              500 (cut short)" in tables.render(tables.run_table(record))


def test_people_read_the_names_desks_use_and_machines_the_class_names() -> None:
    table = _runs_table()
    assert ["TWAP", "POV"] == [cells[0] for cells in table.cells]
    assert ["Twap", "Participate"] == [row["name"] for row in tables.to_dict(table)]


def test_the_decomposition_ends_with_its_total_and_says_what_was_missing() -> None:
    assert tables.render(tables.decomposition_table(sample.cost())) == DECOMPOSITION


def test_schedules_show_when_half_is_done() -> None:
    early = sample.schedule((3_000, 0, 500, 500), "early", expected_cost_bps=7.2, cost_risk_bps=2.1)
    assert tables.render(tables.schedules_table([sample.schedule(), early])) == PLANS


def test_risk_aversion_is_shown_with_its_unit_where_a_plan_has_one() -> None:
    optimal = sample.schedule(name="Almgren-Chriss", inputs={"risk_aversion": 1.4523e-5})
    table = tables.schedules_table([sample.schedule(), optimal])
    column = next(index for index, column in enumerate(table.columns) if column.heading == "λ\n1/USD")
    assert ["n/a", "1.45e-05"] == [cells[column] for cells in table.cells]
    assert [None, 1.4523e-5] == [row["risk_aversion"] for row in tables.to_dict(table)]
    assert "λ" not in tables.render(tables.schedules_table([sample.schedule()]))


def test_plans_compared_by_cost_say_by_which_clock() -> None:
    priced = sample.schedule(expected_cost_bps=7.2, cost_risk_bps=2.1)
    assert "takes volume as even" in tables.render(tables.schedules_table([priced, priced]))
    assert "takes volume as even" not in tables.render(tables.schedules_table([priced, sample.schedule()]))


def test_a_short_frontier_keeps_both_ends_and_even_steps_of_risk() -> None:
    points = [sample.point(float(k), 10.0 + k, risk) for k, risk in enumerate((90, 89, 88, 60, 31, 30, 29, 0))]
    rows = tables.to_dict(tables.frontier_table(points, most=4))
    assert [90, 60, 30, 0] == [row["risk_bps"] for row in rows]
    assert 8 == len(tables.frontier_table(points, most=9).rows)


def test_a_plan_among_the_parameters_is_named_not_spelt_out() -> None:
    plan = msgspec.to_builtins(sample.schedule())
    lines = tables.render(tables.run_table(sample.run(parameters={"schedule": plan}))).splitlines()
    assert ["schedule", "TWAP, 4 buckets"] in [line.split(maxsplit=1) for line in lines]


def test_rows_for_json_carry_plain_values_and_null_for_what_is_missing() -> None:
    rows = tables.to_dict(_runs_table())
    assert rows == json.loads(json.dumps(rows, allow_nan=False))
    assert (None, "rate_cap", 4_000) == tuple(
        rows[1][key] for key in ("average_price", "residual_reason", "residual_lots")
    )
    assert (3_500, 5) == (rows[0]["executed_lots"], rows[0]["children"])


def test_formats_of_single_rows_do_not_leak_into_json() -> None:
    rows = tables.to_dict(tables.run_table(sample.run(), sample.schedule()))
    assert {"key", "value"} == {key for row in rows for key in row}
    assert {"key": "executed", "value": 3_500.0} in rows


def test_the_table_of_a_run_says_what_was_refused_and_left() -> None:
    shown = tables.render(tables.run_table(sample.run(), sample.schedule()))
    assert "refused: price collar  2" in shown
    assert "left over              500 (price limit)" in shown
    assert "worst off TWAP plan    -20.8% at 10:41:00" in shown


def test_long_parameters_are_counted_not_listed() -> None:
    record = sample.run(parameters={"curve": {"edges_ns": tuple(range(79)), "level": 0.95}, "display_size": None})
    lines = [line.split(maxsplit=1) for line in tables.render(tables.run_table(record)).splitlines()]
    assert ["curve", "edges ns (79 values); level 0.95"] in lines
    assert ["display_size", "not set"] in lines


def test_a_schedule_is_shown_bucket_by_bucket() -> None:
    lines = tables.render(tables.schedule_table(sample.schedule((1_000, 3_000)))).splitlines()
    assert ["10:00:00", "10:30:00", "1,000", "25.0%"] == lines[-2].split()
    assert ["10:30:00", "11:00:00", "3,000", "100.0%"] == lines[-1].split()


def test_benchmarks_that_cannot_be_computed_are_shown_as_missing() -> None:
    shown = tables.render(tables.benchmarks_table(sample.cost()))
    assert "decision price                       n/a       n/a" in shown


def test_frontier_points_stand_in_the_order_given() -> None:
    shown = tables.render(tables.frontier_table([sample.point(1e-6, 3.25, 11.0), sample.point(1e-5, 8.0, 4.0)]))
    assert [["1e-06", "+3.2", "11.0"], ["1e-05", "+8.0", "4.0"]] == [line.split() for line in shown.split("\n")[4:6]]


@pytest.mark.parametrize("text", ["[bold]x[/bold]", ":smile:", "[/]"])
def test_words_of_others_are_never_read_as_markup(text: str) -> None:
    table = Table("t", (Column("key", "k", is_number=False),), ({"key": text},))
    assert text in tables.render(table)


def test_tables_load_without_the_drawing_libraries() -> None:
    code = "import sys, nowake.reports.tables; print({'matplotlib', 'jinja2', 'polars', 'numba'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
