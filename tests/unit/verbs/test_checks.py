"""Mistakes every verb names: an order of another day, and numbers no market shows."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

import nowake as nw
from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.verbs.checks import check_order
from nowake.verbs.default_models import default_model
from nowake.verbs.market import Given, market_of
from nowake.verbs.plan import plan_in

HEAD = "symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps"


@pytest.fixture(scope="module")
def day() -> Day:
    return nw.load_day("generated")


def test_a_line_of_a_basket_file_is_followed_on_the_day_though_the_calendar_names_another_venue(
    day: Day, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD},start,end\n{day.instrument.symbol},buy,200,27.5,0.012,3000000,4,10:00,10:10\n")
    basket = nw.load_basket(path, date=str(day.instrument.session.date), calendar="XNAS")
    (algorithm,) = nw.plan_basket(basket).follow()
    assert algorithm.order.instrument.venue != day.instrument.venue
    record = nw.simulate(algorithm, day)
    assert record.executed_lots == 200


def test_an_order_of_the_same_symbol_and_date_says_what_differs(day: Day) -> None:
    other = msgspec.structs.replace(day.instrument, currency="EUR")
    order = ParentOrder.buy(other, 200, start="10:00", end="11:00")
    with pytest.raises(BadParameter, match=r"differ in currency \(EUR and USD\)"):
        check_order(order, day)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("price", 1e-300, "price 1e-300 must be between 1e-15 and"),
        ("volatility", 1e-300, "volatility 1e-300 must be between 1e-15 and"),
        ("volatility", math.nan, "volatility nan must be a finite number"),
        ("daily_volume", 1e-300, "daily_volume 1e-300 must be between"),
        ("spread_bps", 1e300, r"spread_bps 1e\+300 must be between"),
    ],
)
def test_numbers_no_market_shows_are_refused_by_name(day: Day, name: str, value: float, why: str) -> None:
    order = ParentOrder.buy(day.instrument, 2_000, start="10:00", end="11:00")
    with pytest.raises(BadParameter, match=why):
        market_of(order, day, given=Given(**{name: value}))


def test_a_word_is_no_risk_aversion_where_the_variance_is_too_small_to_be_told(day: Day) -> None:
    order = ParentOrder.buy(day.instrument, 2_000, start="10:00", end="11:00")
    market = MarketState.given(price=27.5, daily_volatility=1e-200, daily_volume=1e6, spread_bps=4)
    assert sum(plan_in(order, market, risk_aversion="get-done").lots) == 2_000


def test_impact_that_decays_at_once_is_refused_by_name(day: Day) -> None:
    order = ParentOrder.buy(day.instrument, 2_000, start="10:00", end="11:00")
    with pytest.raises(BadParameter, match="half_life_ns 0 must be above 0"):
        nw.plan(order, day, "obizhaeva-wang", half_life_ns=0)


def test_who_asks_for_one_model_by_the_name_of_all_is_not_sent_back_to_it(day: Day) -> None:
    order = ParentOrder.buy(day.instrument, 2_000, start="10:00", end="11:00")
    with pytest.raises(BadParameter, match="model 'all' is not known; choose from square-root"):
        default_model("all", market_of(order, day))
