"""Tables, pictures and pages of the pre-trade estimate: what a reader meets, from plain numbers."""

from __future__ import annotations

from unittest import mock

import msgspec
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.models.estimate import CostEstimate, estimates
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.capacity import capacity
from nowake.models.pretrade.costs import CostParts
from nowake.models.pretrade.fees import Fees
from nowake.models.pretrade.order_list import ListedOrder, Refused, list_costs
from nowake.models.pretrade.strategies import compare, strategies
from nowake.models.pretrade.urgency import best_rate, urgency_curve
from nowake.reports import estimate_list_tables as lists
from nowake.reports import estimate_tables as shown
from nowake.reports import tables, terminal
from nowake.reports.analysis import Analysis
from nowake.reports.html import render
from nowake.reports.pictures.estimate_list import estimate_list
from nowake.reports.pictures.estimate_models import estimate_models
from nowake.reports.pictures.estimate_ways import estimate_ways
from nowake.reports.pictures.urgency import urgency
from nowake.reports.pretrade import build_list_page, build_page

MARKET = MarketState.given(
    price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0, window_volume=2.5e5, daily_volatility_sd=0.002
)
ORDER = order(10_000, end_s=DAY_SECONDS // 4)
LINEAR = Linear(gamma=1e-8, eta=2e-7, epsilon=0.01).known_to(eta=5e-8)


def made(fees: Fees = Fees()) -> tuple[CostEstimate, ...]:  # noqa: B008  # Frozen.
    return estimates(ORDER, MARKET, [SquareRoot(), LINEAR], fees=fees)


def analysis() -> Analysis:
    found = made()
    return Analysis(
        estimates=found,
        absent={"kyle": "has no parameters until it is fitted to your own orders"},
        curves=(("linear (Almgren-Chriss)", urgency_curve(LINEAR, MARKET, 1e4)),),
        best=(("linear (Almgren-Chriss)", best_rate(LINEAR, MARKET, 1e4, risk_aversion=0.3)),),
        capacities=(("square root", capacity(SquareRoot(), MARKET, 20.0, days=0.25)),),
        ways=(("square root", compare(ORDER, MARKET, SquareRoot(), strategies(ORDER, MARKET))),),
        risk_aversion=0.3,
        level=0.9,
    )


def test_the_table_of_models_names_its_level_and_shows_fees_where_there_are_any() -> None:
    assert "90% interval of" in tables.render(tables.estimates_table(made(), level=0.9), width=120)
    assert "fees" not in tables.render(tables.estimates_table(made()), width=120)
    assert "fees" in tables.render(tables.estimates_table(made(Fees(bps=0.5))), width=120)


def test_doubts_are_shown_apart() -> None:
    table = shown.doubts_table(made())
    square = table.rows[0]
    assert square["parameter_sd_bps"] == pytest.approx(6.0)
    assert square["input_sd_bps"] == pytest.approx(2.0)
    assert square["expected_sd_bps"] == pytest.approx(40**0.5)
    assert "More data shrink the first two" in tables.render(table)


def test_best_rate_table_reads_as_a_desk_asks() -> None:
    text = tables.render(shown.best_table(analysis().best), width=130)
    assert "λ = 0.3, bps of cost for a bp of risk" in text
    assert "nothing" in text


def test_a_law_without_a_price_for_speed_shows_no_rate() -> None:
    free = (("square root", best_rate(SquareRoot(), MARKET, 1e4, risk_aversion=0.3)),)
    text = tables.render(shown.best_table((*free, *analysis().best)), width=100)
    assert "none: no price for speed" in text
    assert "50.0%" not in text
    drawn = analysis()
    found = msgspec.structs.replace(drawn, best=free, curves=(("square root", drawn.curves[0][1]),))
    (tile,) = [tile for tile in build_page(found).tiles if tile.label == "Best rate"]
    assert (tile.value, tile.hint) == ("none", "no price for speed in this law, square root")


def test_capacity_table_says_open_and_not_reached() -> None:
    rows = [
        ("square root", capacity(SquareRoot(), MARKET, 20.0, participation=0.1)),
        ("square root", capacity(SquareRoot(), MARKET, 1e4, days=1.0)),
    ]
    text = tables.render(shown.capacity_table(rows), width=120)
    for words in ("8,100", "10.0% of volume", "1 session", "not reached", "open"):
        assert words in text


def test_a_list_has_a_row_for_every_order_and_model_and_each_refusal() -> None:
    listed = [ListedOrder.of(row, ORDER, MARKET) for row in (1, 3)]
    found = list_costs(
        listed, [SquareRoot(), LINEAR], refused=[Refused(row=2, symbol="X", reason="no price")], notes=["a note"]
    )
    rows = lists.list_rows(found)
    assert [(row["row"], row["model"]) for row in rows] == [
        (1, "square root"), (1, "linear (Almgren-Chriss)"), (2, ""), (3, "square root"), (3, "linear (Almgren-Chriss)"),
    ]  # fmt: skip
    assert rows[2]["refused"] == "no price"
    assert rows[2]["expected_bps"] is None
    assert set(rows[2]) == set(rows[0])
    text = tables.render(lists.list_table(found), width=140)
    assert "a note" in text
    page = render(build_list_page(found, source="orders.csv"))
    for words in ("orders.csv", "no price", "1 could not be estimated", "Cost by size"):
        assert words in page


def test_a_list_ends_in_its_sum_by_each_model() -> None:
    listed = [ListedOrder.of(1, ORDER, MARKET), ListedOrder.of(2, order(40_000, end_s=DAY_SECONDS // 4), MARKET)]
    found = list_costs(listed, [SquareRoot(), LINEAR])
    totals = lists.list_totals(found)
    # 2 + 200 x 0.1 bps of 500,000 and 2 + 200 x 0.2 bps of 2,000,000.
    assert totals[0] == ("square root", 2, pytest.approx(1_100 + 8_400), pytest.approx(9_500 / 250))
    assert [row["model"] for row in lists.list_table(found).rows[-2:]] == ["square root", "linear (Almgren-Chriss)"]
    assert "+9,500.00" in tables.render(lists.list_table(found), width=100).splitlines()[8]
    mixed = [listed[0], msgspec.structs.replace(listed[1], currency="JPY")]
    assert lists.list_totals(list_costs(mixed, [SquareRoot()])) == []
    (tile,) = [tile for tile in build_list_page(found).tiles if tile.label == "Expected cost"]
    assert tile.value == "+9,500.00"
    assert tile.hint.startswith("USD, square root; ")
    assert tile.hint.endswith(" over 2 models")


def test_orders_that_are_too_large_or_too_fast_are_named() -> None:
    sizes = (10_000, 300_000, 90_000)
    listed = [ListedOrder.of(row, order(size, end_s=DAY_SECONDS // 4), MARKET) for row, size in enumerate(sizes, 1)]
    notes = " ".join(lists.list_table(list_costs(listed, [SquareRoot()])).notes)
    assert "1 of 3 orders are larger than what impact laws were fitted to: row 2." in notes
    assert "2 of 3 orders are more than 30% of the volume of their window: row 2, 3." in notes


@pytest.mark.parametrize("width", [80, 100])
def test_two_runs_of_a_list_have_the_same_columns_and_the_interval_of_the_expectation(width: int) -> None:
    listed = [ListedOrder.of(row, ORDER, MARKET) for row in (1, 2)]
    runs = [list_costs(listed, models) for models in ([SquareRoot()], [LINEAR], [SquareRoot(y=9.0), LINEAR])]
    heads = {tuple(column.key for column in terminal.fit(lists.list_table(run), width).columns) for run in runs}
    assert len(heads) == 1
    (keys,) = heads
    assert {"expected_bps", "expected_interval", "quantity"} <= set(keys)
    assert ({"timing_risk_bps", "expected_cost"} <= set(keys)) == (width == 100)


@pytest.mark.parametrize("width", [80, 100])
def test_on_a_narrow_screen_the_interval_of_the_expectation_stays(width: int) -> None:
    table = tables.estimates_table(made(), risk_aversion=0.3)
    keys = {column.key for column in terminal.fit(table, width).columns}
    assert {"expected_bps", "expected_interval_bps", "timing_risk_bps", "adjusted_bps", "expected_cost"} <= keys
    assert table.rows[0]["adjusted_bps"] == pytest.approx(22.0 + 0.3 * 200 * (0.25 / 3) ** 0.5)


def test_parameters_taken_as_exact_are_told_beside_the_model() -> None:
    exact = Linear(gamma=1e-8, eta=2e-7, epsilon=0.01)
    both = estimates(ORDER, MARKET, [SquareRoot(), exact])
    (said,) = [note for note in tables.estimates_table(both).notes if "taken as exact" in note]
    assert said.startswith("linear (Almgren-Chriss)")
    assert "exact" in tables.render(shown.doubts_table(both))
    (said,) = [
        note
        for note in lists.list_table(list_costs([ListedOrder.of(1, ORDER, MARKET)], [SquareRoot(), exact])).notes
        if "taken as exact" in note
    ]
    assert said.startswith("linear (Almgren-Chriss)")


def test_a_capacity_that_may_be_anything_is_unknown() -> None:
    vague = SquareRoot(y=1.0).known_to(y=50.0)
    found = capacity(vague, MARKET, 20.0, days=0.25)
    assert (found.low, found.high) == (0.0, None)
    assert "unknown" in tables.render(shown.capacity_table([("square root", found)]))


def test_a_long_list_shows_its_beginning_and_says_so() -> None:
    found = list_costs([ListedOrder.of(row, ORDER, MARKET) for row in range(1, 8)], [SquareRoot()])
    table = lists.list_table(found, most=5)
    assert [row["row"] for row in table.rows] == [1, 2, 3, 4, 5, ""]
    assert table.notes[0] == "The first 5 of 7 rows; to_frame and --json have all."
    refused = [Refused(row=row, symbol="X", reason="no price") for row in range(3)]
    assert lists.refused_table(refused, most=2).notes == ("The first 2 of 3; to_frame and --json have all.",)


def test_the_rows_of_a_list_add_its_arrays_up_once_not_once_a_row() -> None:
    found = list_costs([ListedOrder.of(row, ORDER, MARKET) for row in range(1, 40)], [SquareRoot()])
    summed = mock.Mock(side_effect=lambda cost: cost.spread_bps)
    with mock.patch.object(CostParts, "expected_bps", property(summed)):
        assert len(lists.list_rows(found)) == 39
    assert summed.call_count < 10


def test_a_list_of_several_currencies_says_whose_each_cost_is() -> None:
    dollars = ListedOrder.of(1, ORDER, MARKET)
    euros = msgspec.structs.replace(dollars, row=2, currency="EUR")
    both, one = (lists.list_table(list_costs(listed, [SquareRoot()])) for listed in ([dollars, euros], [euros]))
    assert [row["currency"] for row in both.rows] == ["USD", "EUR"]
    assert "currency" in [column.key for column in both.columns]
    assert [column.heading for column in one.columns][-1] == "expected,\nEUR"


def test_the_page_of_a_long_list_shows_its_beginning() -> None:
    found = list_costs([ListedOrder.of(row, ORDER, MARKET) for row in range(1, 2_010)], [SquareRoot()])
    table = build_list_page(found).sections[0].tables[0]
    assert len(table.rows) == lists.SHOWN_ON_PAGE + 1
    assert table.notes[0] == "The first 2,000 of 2,009 rows; to_frame and --json have all."


def test_a_list_of_nothing_but_refusals_still_makes_a_page() -> None:
    found = list_costs([], [SquareRoot()], refused=[Refused(row=1, symbol="X", reason="no price")])
    assert "no price" in render(build_list_page(found))


def test_the_page_of_an_order_has_what_was_asked_and_its_level() -> None:
    page = render(build_page(analysis(), source="a day", fingerprint="abc", command="nowake estimate"))
    for words in ("90% interval of the expectation", "How fast", "How much", "In which way", "kyle", "abc"):
        assert words in page
    assert "What the market offers" not in page


def test_a_page_without_an_estimate_is_refused() -> None:
    with pytest.raises(BadParameter, match="no estimate to show"):
        Analysis(estimates=())


def test_pictures_say_in_words_what_they_show() -> None:
    found = analysis()
    assert "square root 22.0 bps" in estimate_models(found.estimates).alt
    name, curve = found.curves[0]
    drawn = urgency(curve, own=found.estimates[1], best=found.best[0][1], name=name)
    assert drawn.title == "What urgency costs: linear (Almgren-Chriss)"
    assert "at 1.0% of volume" in drawn.alt
    assert "even (TWAP) 22.0 bps" in estimate_ways(found.ways[0][1]).alt
    listed = list_costs([ListedOrder.of(1, ORDER, MARKET)], [SquareRoot()])
    assert "1 orders from 1% to 1%" in estimate_list(listed).alt
    huge = list_costs([ListedOrder.of(1, order(5_000_000), MARKET)], [SquareRoot()])
    assert "from 500% to 500%" in estimate_list(huge).alt
