"""Baskets: out of a file into lines and a risk, planned, shown, followed."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest

import nowake as nw
from nowake.data.basket import BadRows
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.side import Side
from nowake.models.covariance import Covariance
from nowake.models.market import MarketState
from nowake.schedules.portfolio import Basket, EvenBasket, Limits, Line, OptimalBasket, Setting
from nowake.verbs.basket_risk import RiskAsked
from nowake.verbs.load_basket import BasketRead, read_basket_file
from nowake.verbs.plan_basket import BASKET_KINDS, PlannedBasket, basket_aversion, plan_basket, policy_named

HEAD = "symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps"
TWO = "AAA,buy,2000,50,0.02,40000,4\nBBB,sell,1000,100,0.03,30000,5\n"


def read(tmp_path: Path, text: str, head: str = HEAD, **options: object) -> BasketRead:
    path = tmp_path / "list.csv"
    path.write_text(f"{head}\n{text}")
    risk = RiskAsked(**options.pop("risk", {}))  # type: ignore[arg-type]
    return read_basket_file(path, risk=risk, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def demo() -> Basket:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nw.load_basket("demo")


@pytest.fixture(scope="module")
def planned(demo: Basket) -> PlannedBasket:
    return plan_basket(demo, limits=Limits(max_participation=0.3, dollar_band=0.02))


# Reading.


def test_a_basket_without_a_date_is_in_sessions_and_says_what_it_cannot_do(tmp_path: Path) -> None:
    found = read(tmp_path, "AAA,buy,2000,50,0.02,40000,4,0.5\nBBB,sell,1000,100,0.03,30000,5,2\n", f"{HEAD},days")
    assert [line.signed for line in found.basket.lines] == [2000, -1000]
    assert [(line.start_days, line.end_days) for line in found.basket.lines] == [(0, 0.5), (0, 2)]
    assert found.basket.start_ns is None
    assert "can be shown but not followed" in found.notes[0]
    assert "correlated alike, 0.3" in found.notes[1]


def test_times_of_day_are_parts_of_the_session_and_orders_are_made(tmp_path: Path) -> None:
    text = "AAA,buy,2000,50,0.02,40000,4,10:48,\nBBB,sell,1000,100,0.03,30000,5,13:24,14:42\n"
    found = read(tmp_path, text, f"{HEAD},start,end", date="2026-01-05")
    first, second = found.basket.lines
    assert (first.start_days, first.end_days) == pytest.approx(
        (0.0, 0.8)
    )  # From 10:48, a fifth of six and a half hours.
    assert (second.start_days, second.end_days) == pytest.approx((0.4, 0.6))
    assert found.basket.offset_days == pytest.approx(0.2)
    assert str(second.order) == "sell 1,000 BBB 2026-01-05 13:24:00-14:42:00 America/New_York"
    assert first.order is not None
    assert first.order.instrument.session.clock(first.order.end_ns) == "16:00:00"


def test_a_deadline_on_another_day_counts_sessions_and_not_the_night(tmp_path: Path) -> None:
    text = "AAA,buy,2000,50,0.02,40000,4,2026-01-09T09:30,2026-01-12T12:45\n" + TWO.split("\n")[1] + ",,\n"
    found = read(tmp_path, text, f"{HEAD},start,end")  # A Friday; the date is the earliest start's.
    assert [line.end_days for line in found.basket.lines] == pytest.approx([1.5, 1.0])
    assert [line.order is None for line in found.basket.lines] == [True, False]
    assert "1 line goes on beyond the session of 2026-01-09" in found.notes[0]


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("09:00", "", "time 09:00 is not in the session"),
        ("10:00", "09:45", "end 09:45 is not after start 10:00"),
        ("noon", "", "time 'noon' is not a time of day"),
        ("2026-01-02T10:00", "", "is not in the session of 2026-01-05"),
    ],
)
def test_a_wrong_time_is_the_rows_fault(tmp_path: Path, start: str, end: str, message: str) -> None:
    text = f"AAA,buy,2000,50,0.02,40000,4,{start},{end}\nBBB,sell,1000,100,0.03,30000,5,,\n"
    with pytest.raises(BadRows, match=r"1 of 2 rows of list.csv cannot be planned: row 2 .AAA.: ") as told:
        read(tmp_path, text, f"{HEAD},start,end", date="2026-01-05")
    assert message in str(told.value)


def test_a_time_of_day_without_a_date_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(BadRows, match="time 10:00 needs a trading day"):
        read(tmp_path, "AAA,buy,2000,50,0.02,40000,4,10:00\n", f"{HEAD},start")


def test_a_row_that_cannot_be_planned_refuses_the_file_or_is_left_out_and_told(tmp_path: Path) -> None:
    text = TWO + "CCC,buy,nan,10,0.02,1000,5\n"
    with pytest.raises(BadRows, match=r"row 4 .CCC.: quantity nan must be a finite number; repair them"):
        read(tmp_path, text)
    found = read(tmp_path, text, strict=False)
    assert (len(found.basket), found.rows, [bad.row for bad in found.bad]) == (2, 3, [4])
    with pytest.warns(UserWarning, match=r"left out: row 4 .CCC."):
        nw.load_basket(tmp_path / "list.csv", strict=False)
    with pytest.raises(BadRows):
        read(tmp_path, "CCC,buy,nan,10,0.02,1000,5\n", strict=False)


def test_mixed_currencies_are_refused_naming_them(tmp_path: Path) -> None:
    text = "AAA,buy,2000,50,0.02,40000,4,EUR\nBBB,sell,1000,100,0.03,30000,5,\n"
    with pytest.raises(BadParameter, match="EUR: AAA; USD: BBB"):
        read(tmp_path, text, f"{HEAD},currency")


def test_a_covariance_file_is_put_in_the_order_of_the_rows_and_checked(tmp_path: Path) -> None:
    matrix = tmp_path / "c.csv"
    matrix.write_text("symbol,BBB,AAA,ZZZ\nAAA,0.0001,0.0004,0\nBBB,0.0009,0.0001,0\nZZZ,0,0,1\n")
    found = read(tmp_path, TWO, risk={"covariance": str(matrix)})
    np.testing.assert_allclose(found.basket.covariance.matrix, [[0.0004, 0.0001], [0.0001, 0.0009]], rtol=1e-9)
    matrix.write_text("symbol,AAA,BBB\nAAA,0.0004,0.0008\nBBB,0.0008,0.0009\n")
    with pytest.raises(BadParameter, match="positive semi-definite; the smallest eigenvalue"):
        read(tmp_path, TWO, risk={"covariance": str(matrix)})
    matrix.write_text("symbol,AAA\nAAA,0.0004\n")
    with pytest.raises(BadParameter, match="has no BBB"):
        read(tmp_path, TWO, risk={"covariance": str(matrix)})


def test_returns_give_correlations_and_the_rows_their_own_volatility(tmp_path: Path) -> None:
    draws = np.random.default_rng(3).standard_normal((400, 2)) @ np.array([[1, 0.8], [0, 0.6]]) * 0.01
    rows = [f"{2000 + k},{one!r},{two!r}" for k, (one, two) in enumerate(draws.tolist())]
    path = tmp_path / "r.csv"
    path.write_text("date,AAA,BBB\n" + "\n".join(rows) + "\n")
    found = read(tmp_path, TWO, risk={"returns": str(path)})
    np.testing.assert_allclose(found.basket.covariance.volatilities, [0.02, 0.03])
    assert float(found.basket.covariance.correlations[0, 1]) == pytest.approx(0.8, abs=0.05)
    assert "of 400 sessions" in found.notes[-1]
    path.write_text("date,AAA,BBB\n" + "\n".join(rows[:2]) + "\n")
    with pytest.raises(BadParameter, match=r"2 session.s. of returns cannot tell"):
        read(tmp_path, TWO, risk={"returns": str(path)})


def test_without_either_betas_make_one_factor_and_the_assumption_is_said(tmp_path: Path) -> None:
    text = "AAA,buy,2000,50,0.02,40000,4,1.5\nBBB,sell,1000,100,0.005,30000,5,1\n"
    found = read(tmp_path, text, f"{HEAD},beta")
    covariance = found.basket.covariance
    np.testing.assert_allclose(covariance.volatilities, [0.02, 0.005])
    common = 0.005 * math.sqrt(0.95)  # What the beta says, 1 %, is more than all it moves.
    assert covariance.matrix[0, 1] == pytest.approx(0.015 * common)
    assert "assumed market volatility of 1%" in found.notes[-1]
    assert "1 of 2 volatilities are less than the beta says" in found.notes[-1]
    told = read(tmp_path, text, f"{HEAD},beta", risk={"market_volatility": 0.004})
    assert told.basket.covariance.matrix[0, 1] == pytest.approx(1.5 * 0.004**2)
    with pytest.raises(BadParameter, match="lower the beta or the market's volatility"):
        read(tmp_path, text, f"{HEAD},beta", risk={"market_volatility": 0.01})


@pytest.mark.parametrize(
    ("risk", "message"),
    [
        ({"covariance": "c.csv", "returns": "r.csv"}, "covariance and returns are given; give one"),
        ({"factors": 3}, "factors 3 are kept of returns"),
        ({"market_volatility": 0.01}, "give the rows a column beta"),
        ({"correlation": 1.5}, "correlation 1.5 common to all must be between 0 and 1"),
    ],
)
def test_a_risk_that_cannot_be_made_is_told(tmp_path: Path, risk: dict[str, object], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        read(tmp_path, TWO, risk=risk)


def test_a_covariance_of_years_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="must be of returns a session"):
        read(tmp_path, TWO, risk={"covariance": Covariance.uncorrelated([0.02 * 16, 0.03 * 16])})


def test_files_and_dates_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        nw.load_basket(tmp_path / "none.csv")
    with pytest.raises(BadParameter, match="date 'tomorrow' is none"):
        read(tmp_path, TWO, date="tomorrow")
    with pytest.raises(BadParameter, match="XNYS is closed on 2026-01-04"):
        read(tmp_path, TWO, date="2026-01-04")
    with pytest.raises(BadData, match="has a header and no rows"):
        read(tmp_path, "")


# Planning.


def test_one_line_as_a_basket_has_the_urgency_of_its_word() -> None:
    market = MarketState.given(price=50, daily_volatility=0.02, daily_volume=1e6, spread_bps=4)
    line = Line(symbol="AAA", side=Side.BUY, lots=50_000, market=market)
    basket = Basket(lines=(line,), covariance=Covariance.uncorrelated([0.02]))
    setting = Setting(buckets=390)
    for word, urgency in {"passive": 0, "neutral": 1, "aggressive": 3}.items():
        aversion = basket_aversion(word, basket, setting)
        eta = 4e-4 * 50 / (0.01 * 1e6)
        assert math.sqrt(aversion * (0.02 * 50) ** 2 / eta) == pytest.approx(urgency, rel=0.01, abs=1e-12)
        left = np.abs(plan_basket(basket, OptimalBasket(risk_aversion=aversion, buckets=390)).left[:, 0]) / 50_000
        half = float(left[195])
        closed_form = math.sinh(urgency / 2) / math.sinh(urgency) if urgency else 0.5
        assert half == pytest.approx(closed_form, abs=0.005)


def test_a_plan_sums_keeps_its_limits_and_stands_against_the_even_one(planned: PlannedBasket, demo: Basket) -> None:
    assert planned.lots.sum(axis=0).tolist() == [line.lots for line in demo.lines]
    assert planned.participation.max() <= 0.3 + 1e-9
    assert planned.risk < planned.even.risk
    assert planned.expected_cost > planned.even.expected_cost
    assert planned.certificate is not None
    assert planned.certificate.value < 1e-6


def test_a_plan_is_followed_line_by_line(planned: PlannedBasket, demo: Basket) -> None:
    algos = planned.follow()
    assert [algo.order for algo in algos] == [line.order for line in demo.lines]
    assert sum(algos[0].schedule.lots) == demo.lines[0].lots


def test_the_frontier_runs_through_the_plan(planned: PlannedBasket) -> None:
    points = planned.frontier(8)
    costs = [point.expected_cost_bps for point in sorted(points, key=lambda point: point.risk_bps)]
    risks = sorted(point.risk_bps for point in points)
    assert costs == sorted(costs, reverse=True)
    at_ours = float(np.interp(planned.risk_bps, risks, costs))
    # A chord of a convex curve lies above it, whole lots a little too.
    assert at_ours * 0.9 < planned.expected_cost_bps < at_ours * 1.01


def test_it_prints_tabulates_draws_and_writes_one_page(planned: PlannedBasket, tmp_path: Path) -> None:
    text = str(planned)
    for title in ("Plan of a basket of 24 lines", "By side and sector", "Lines", "Exposures on the way", "Limits that"):
        assert title in text
    assert max(map(len, text.splitlines())) <= 100
    assert planned.to_frame()["lots"].sum() == planned.lots.sum()
    assert planned.plot().svg.startswith("<svg")
    page = planned.html(tmp_path / "basket.html").read_text()
    for heading in ("Cost against risk", "The paths", "Exposures", "Risk contributions", "Lines", "What was assumed"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg") == 6
    assert "http" not in page.replace("http://www.w3.org", "")
    assert page == planned.html(tmp_path / "again.html").read_text()


@pytest.mark.parametrize("name", BASKET_KINDS)
def test_every_kind_plans_a_basket_by_name(name: str, demo: Basket) -> None:
    made = plan_basket(demo, name)
    assert made.lots.sum(axis=0).tolist() == [line.lots for line in demo.lines]
    assert "Plan of a basket" in str(made)
    assert made.even.name == "Even basket"


def test_a_word_means_the_same_risk_aversion_in_however_many_buckets(tmp_path: Path) -> None:
    alone = read(tmp_path, "AAA,buy,2000,50,0.02,40000,4\n").basket
    one, few, many = (basket_aversion("aggressive", alone, Setting(buckets=count)) for count in (1, 4, 52))
    assert one == pytest.approx(few, rel=1e-6)
    assert one == pytest.approx(many, rel=1e-3)  # But for whole lots.
    # Kappa T of 3 by hand: lambda sigma^2 T^2 / eta = 9, eta a spread for a hundredth of the day's volume.
    eta = 50 * 4e-4 / (0.01 * 40_000)
    assert one == pytest.approx(9 * eta / (0.02 * 50) ** 2, rel=1e-3)


def test_what_is_no_basket_or_policy_is_told(demo: Basket) -> None:
    with pytest.raises(BadParameter, match="list is no basket"):
        plan_basket([])  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="Twap plans no basket"):
        plan_basket(demo, nw.schedules.Twap())  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="'vwap' is not known; choose from optimal, even"):
        plan_basket(demo, "vwap")
    with pytest.raises(BadParameter, match="neither a number nor one of passive"):
        policy_named("optimal", demo, Setting(), risk_aversion="hasty", limits=Limits())


def test_a_basket_in_sessions_can_be_shown_but_not_followed(tmp_path: Path) -> None:
    basket = read(tmp_path, TWO).basket
    made = plan_basket(basket, EvenBasket())
    assert "1 session" in str(made)
    assert made.html(tmp_path / "page.html").exists()
    with pytest.raises(BadParameter, match="stand for no parent order"):
        made.follow()
