"""Slips in Python are told in one line, and what a plan would do without a word is said."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import nowake as nw
from nowake import schedules
from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.volume import VolumeCurve
from nowake.schedules.portfolio import Limits
from nowake.verbs.plan_basket import plan_basket
from nowake.verbs.volume_curve import gaps_note

HEAD = "symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps"
TWO = "AAA,buy,2000,50,0.02,400000,4\nBBB,sell,1000,100,0.03,300000,5\n"
COVARIANCE = ",AAA,BBB\nAAA,0.0004,0.0001\nBBB,0.0001,0.0009\n"


@pytest.fixture(scope="module")
def day() -> Day:
    return nw.load_day("generated")


@pytest.fixture(scope="module")
def order(day: Day) -> ParentOrder:
    return ParentOrder.buy(day.instrument, 2_000, start="10:00", end="11:00")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD}\n{TWO}")
    (tmp_path / "c.csv").write_text(COVARIANCE)
    return path


def load(file: Path, **options: object) -> schedules.Basket:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nw.load_basket(file, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slip", "why"),
    [
        (lambda order, day: nw.plan(order, day, schedules.Twap), r"Twap is a kind of schedule, not one; write Twap\("),
        (lambda order, day: nw.plan(order, None), "NoneType is not a day of market data"),
        (lambda order, day: nw.plan(order, day, risk_aversion=None), "risk_aversion None is of type NoneType"),
        (lambda order, day: nw.plan(order, day, risk_aversion=[1]), r"risk_aversion \[1\] is of type list"),
        (lambda order, day: nw.plan(order, day, risk_aversion=True), "risk_aversion True is of type bool"),
    ],
)
def test_slips_with_one_order(
    slip: Callable[[ParentOrder, Day], object], why: str, order: ParentOrder, day: Day
) -> None:
    with pytest.raises(BadParameter, match=why):
        slip(order, day)


@pytest.mark.parametrize(
    ("slip", "why"),
    [
        (lambda file: plan_basket(load(file), schedules.OptimalBasket), "OptimalBasket is a kind of policy, not one"),
        (lambda file: plan_basket(load(file), limits=None), "limits of type NoneType are none"),
        (lambda file: plan_basket(load(file), limits={"max_participation": 0.1}), "limits of type dict are none"),
        (lambda file: load(file, covariance=[[1, 2], [3, 4]]), "covariance of type list is no file; give its path, or"),
        (lambda file: load(file, correlation="0.3"), "correlation '0.3' is of type str; give a number"),
        (lambda file: load(file, factors=True), "factors True is of type bool"),
        (lambda file: load(file, columns=["a"]), r"columns \['a'\] must be a mapping"),
        (lambda file: load(None), "NoneType is no file of a basket"),
        (
            lambda file: load(file, covariance=file.parent / "c.csv", market_volatility=0.2),
            "market_volatility 0.2 is of one factor by betas, and covariance says how lines move already",
        ),
        (lambda file: plan_basket(load(file)).follow(), r"AAA, BBB \(2 of 2 lines\) stand for no parent order"),
    ],
)
def test_slips_with_a_basket(slip: Callable[[Path], object], why: str, file: Path) -> None:
    with pytest.raises(BadParameter, match=why):
        slip(file)


def test_lines_that_a_smallest_trade_leaves_no_choice_are_named(file: Path) -> None:
    basket = load(file)
    small = plan_basket(basket, limits=Limits(min_child_value=60_000))
    assert any("AAA, BBB would not make two trades of the smallest, 60,000 USD" in note for note in small.notes)
    assert not any("smallest" in note for note in plan_basket(basket, limits=Limits(min_child_value=500)).notes)


def test_a_curve_with_volume_at_its_end_alone_is_told_by_the_schedules_that_follow_it(
    day: Day, order: ParentOrder
) -> None:
    session = day.instrument.session
    half_past = session.at("10:30")
    late = VolumeCurve(edges_ns=(session.open_ns, half_past, session.close_ns), shares=(0.0, 1.0))
    note = gaps_note(late, order)
    assert "volume in only 50.0% of the window, all of it between 10:30:00 and 11:00:00" in note
    for name in ("vwap", "pov", "vwap-deviation"):
        assert note in nw.plan(order, day, name, curve=late).notes
    assert note not in nw.plan(order, day, "twap", curve=late).notes
    whole = VolumeCurve(edges_ns=(session.open_ns, session.close_ns), shares=(1.0,))
    assert gaps_note(whole, order) == ""


def test_a_line_without_a_spread_is_named_where_speed_is_priced_by_it(file: Path) -> None:
    file.write_text(f"{HEAD}\n{TWO}CCC,buy,10,5,0.01,1000,0\n")
    with pytest.raises(BadParameter, match="spread_bps 0 of CCC: by the rule of thumb speed then costs nothing"):
        plan_basket(load(file))
