"""Tables, pictures and trade lists of plans: what they add up to, leave out, and say."""

from __future__ import annotations

import csv
import re
import warnings
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.unit.reports import sample

from nowake.domain.errors import BadParameter
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.reports import basket_tables, plan_tables, tables
from nowake.reports.basket_page import build_page
from nowake.reports.pictures import basket as pictures
from nowake.reports.pictures.canvas import Picture
from nowake.reports.pictures.frontier import frontier
from nowake.reports.pictures.holdings import holdings
from nowake.reports.pictures.rates import rates
from nowake.reports.trade_list import instant, trades_of_basket, trades_of_schedule, write_trades
from nowake.schedules.almgren_chriss import PlanCost
from nowake.schedules.certificate import Certificate
from nowake.schedules.portfolio import Basket, Limits
from nowake.schedules.uncertainty import Sensitivity
from nowake.schedules.uncertainty.sensitivity import End, Influence
from nowake.verbs.load_basket import load_basket
from nowake.verbs.plan_basket import PlannedBasket, plan_basket

MARKET = MarketState.given(price=220, daily_volatility=0.02, daily_volume=390_000, spread_bps=2)
PARTS = {"spread": 1.0, "temporary": 3.0, "drift": -0.5}
GAP = Certificate(method="PIQP", kind="duality gap", value=2e-9, objective=10.0, iterations=9)

PLAN = """\
Plan: buy 4,000 WAKE 2012-06-21 10:00:00-11:00:00 America/New_York
                   largest                                       expected     risk,  known
schedule  buckets   bucket  half done  spread  temporary  drift  cost bps  1 sd bps  to
──────────────────────────────────────────────────────────────────────────────────────────────
early           4    2,500   10:12:00    +1.0       +3.0   -0.5      +3.5       9.0  gap 2e-09
Parts of the cost in bps of the arrival price, as the cost and the risk. Cost is positive when bad,
for buys and for sells.
Certificate, before rounding to lots: PIQP in 9 iterations; duality gap 2.0e-09.
impact is a guess"""


def early(**changes: object) -> sample.Schedule:
    told: dict[str, object] = {"cost_parts": PARTS, "expected_cost_bps": 3.5, "cost_risk_bps": 9.0, "certificate": GAP}
    told["name"] = "early"
    return sample.schedule((2_500, 1_000, 400, 100), **told | {"notes": ("impact is a guess",)} | changes)


@pytest.fixture(scope="module")
def planned() -> PlannedBasket:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        basket = load_basket("demo")
    return plan_basket(basket, limits=Limits(max_participation=0.3, dollar_band=0.01, cash_band=0.1))


# One order.


def test_a_plan_prints_its_cost_in_parts_its_certificate_and_its_notes() -> None:
    assert tables.render(plan_tables.plans_table([early()])) == PLAN


def test_cost_by_the_common_rule_is_shown_only_where_it_says_something_else() -> None:
    own = PlanCost(3.5, 9.0, {})
    other = PlanCost(4.5, 9.0, {})
    assert "by one rule" not in tables.render(plan_tables.plans_table([early()], [own]), width=200)
    shown = tables.render(plan_tables.plans_table([early()], [other]), width=200)
    assert "by one rule:" in shown
    assert "+4.5" in shown


def test_notes_that_several_plans_share_are_told_once_with_their_names() -> None:
    table = plan_tables.plans_table([early(), early(name="late")])
    assert table.notes[-1] == "early, late: impact is a guess"


def test_a_trade_list_of_many_buckets_is_summed_up_to_so_many_rows() -> None:
    plan = sample.schedule(tuple(range(1, 41)), "rising")
    every, few = (plan_tables.trades_table(plan, MARKET, most=most) for most in (None, 10))
    assert (len(every.rows), len(few.rows)) == (40, 10)
    assert sum(row["quantity"] for row in few.rows) == plan.order.quantity  # type: ignore[misc]
    assert few.rows[-1]["done"] == 1.0
    assert few.rows[0]["expected_volume"] == pytest.approx(390_000 / 6.5 / 10)
    first = every.rows[0]
    assert first["share_of_volume"] == pytest.approx(1 / (1 + 390_000 / 6.5 / 40))


def test_parts_of_a_cost_sum_to_it_in_the_last_row() -> None:
    *parts, total = plan_tables.parts_table(early()).rows
    assert sum(row["cost_bps"] for row in parts) == total["cost_bps"] == 3.5  # type: ignore[misc]
    assert [row["part"] for row in parts] == ["spread", "temporary", "drift"]


def test_certificates_tell_a_proof_from_none() -> None:
    proved, none = plan_tables.certificates_table([early(), sample.schedule()]).rows
    assert (proved["kind"], proved["value"], proved["iterations"]) == ("duality gap", 2e-9, 9)
    assert none["method"] == "nothing: it minimises nothing"
    assert plan_tables.certified(None) == "n/a"
    assert plan_tables.certified(msgspec.structs.replace(GAP, value=0.0)) == "gap 0"


def test_schedules_absent_for_one_reason_share_a_row() -> None:
    table = plan_tables.absent_table({"a": "no curve", "b": "no kernel", "c": "no curve"})
    assert [(row["schedule"], row["reason"]) for row in table.rows] == [("a\nc", "no curve"), ("b", "no kernel")]


def test_a_plan_that_trades_back_is_drawn_below_nothing_and_beyond_the_order() -> None:
    back = sample.schedule((-500, 5_000, -500), "swings")
    text = holdings([back]).svg
    assert {"−1,000", "0"} & {*_texts(holdings([back]))}
    assert text != holdings([sample.schedule()]).svg
    assert "swings at most" in rates([back], MARKET).alt


def test_a_plan_too_dear_for_the_frontiers_picture_is_told_and_not_drawn() -> None:
    points = [sample.point(1e-6, 10.0, 20.0), sample.point(0.0, 5.0, 60.0)]
    dear = early(name="dear", expected_cost_bps=99.0, cost_parts={})
    picture = frontier(points, [early(), dear], is_first_chosen=True)
    assert "The chosen plan, early, in the ring: 3.5 bps at 9.0 bps risk." in picture.alt
    assert "Too dear for the picture: dear 99.0 bps" in picture.alt
    assert "dear" not in _texts(picture)
    many = frontier(points, [early(name=f"plan {k}") for k in range(9)])
    assert "3 more plans are in the table" in many.alt


def test_instants_have_their_offset_and_decimals_only_where_there_are_any(tmp_path: Path) -> None:
    session = sample.instrument().session
    at = sample.at("10:00")
    assert instant(at, session) == "2012-06-21T10:00:00-04:00"
    assert instant(at + 1, session) == "2012-06-21T10:00:00.000000001-04:00"
    assert instant(at + 500_000_000, session) == "2012-06-21T10:00:00.5-04:00"
    coin = sample.instrument(lot_size=Decimal("0.0001"))
    plan = sample.schedule()
    plan = msgspec.structs.replace(plan, order=msgspec.structs.replace(plan.order, instrument=coin))
    path = tmp_path / "trades.csv"
    write_trades(str(path), trades_of_schedule(plan))
    rows = list(csv.DictReader(path.open()))
    assert [(row["quantity"], row["left"]) for row in rows][::3] == [("0.1000", "0.3000"), ("0.1000", "0.0000")]


# A basket.


def test_sides_sum_to_the_basket_and_so_do_sectors(planned: PlannedBasket) -> None:
    *groups, total = basket_tables.groups_table(planned).rows
    sides = [row for row in groups if row["group"] in {"buys", "sells"}]
    sectors = [row for row in groups if row not in sides]
    for column in ("lines", "value", "expected_cost", "risk_share"):
        for part in (sides, sectors):
            assert sum(row[column] for row in part) == pytest.approx(total[column])  # type: ignore[misc]
    assert total["risk_share"] == pytest.approx(1.0)
    assert total["expected_cost"] == pytest.approx(planned.expected_cost)


def test_lines_stand_dearest_first_and_sum_to_the_plan(planned: PlannedBasket) -> None:
    rows = basket_tables.lines_table(planned, most=100).rows
    costs = [row["expected_cost"] for row in rows]
    assert costs == sorted(costs, reverse=True)
    assert sum(costs) == pytest.approx(planned.expected_cost)  # type: ignore[arg-type]
    few = basket_tables.lines_table(planned, most=3)
    assert len(few.rows) == 3
    assert "3 dearest of 24 lines" in few.notes[-1]


def test_an_exposure_is_held_where_it_stands_at_its_band(planned: PlannedBasket) -> None:
    rows = {row["exposure"]: row for row in basket_tables.exposures_table(planned).rows}
    assert rows["beta"]["band"] is None
    assert rows["beta"]["held"] is None
    dollar = planned.exposure("dollar")
    assert rows["dollar"]["start"] == pytest.approx(planned.basket.net)
    assert abs(rows["dollar"]["widest"]) == pytest.approx(np.abs(dollar[1:]).max())  # type: ignore[arg-type]
    low, high = rows["dollar"]["band"]  # type: ignore[misc]
    assert high - low == pytest.approx(0.02 * planned.basket.gross)


def test_limits_of_lines_are_told_by_kind(planned: PlannedBasket) -> None:
    binding = {"cap of ALDER": 2, "cap of FIR": 5, "upper band of dollar": 3, "no reversal of OAK": 1}
    told = basket_tables.binding_table(msgspec.structs.replace(planned, binding=binding)).rows
    assert [(row["limit"], row["buckets"]) for row in told] == [
        ("cap of FIR, ALDER", 7), ("upper band of dollar", 3), ("no reversal of OAK", 1),
    ]  # fmt: skip


def test_half_is_done_where_half_of_the_value_is_left(planned: PlannedBasket) -> None:
    left = basket_tables.gross_left(planned).sum(axis=1)
    half = float(np.interp(basket_tables.half_days(planned), planned.times_days, left))
    assert half == pytest.approx(left[0] / 2)


def test_trades_of_a_basket_are_those_of_its_lines_schedules(planned: PlannedBasket) -> None:
    rows = trades_of_basket(planned)
    assert len(rows) == np.count_nonzero(planned.lots)
    assert sum(row.lots for row in rows) == planned.lots.sum()
    assert {row.left for row in rows if row.symbol == "OAK"} >= {"0"}


@pytest.mark.parametrize("name", ["paths", "sectors", "exposures", "risk"])
def test_every_picture_of_a_basket_is_whole_coloured_by_the_page_and_the_same_each_time(
    name: str, planned: PlannedBasket
) -> None:
    def draw() -> tuple[Picture | None, ...]:
        return {
            "paths": lambda: (pictures.basket_paths(planned, planned.even),),
            "sectors": lambda: (pictures.basket_sectors(planned),),
            "exposures": lambda: pictures.basket_exposures(planned),
            "risk": lambda: (pictures.basket_risk(planned, planned.even),),
        }[name]()

    for first, again in zip(draw(), draw(), strict=True):
        assert first is not None
        assert first == again
        assert re.findall(r"#[0-9a-f]{6}\b", re.sub(r"var\(--[a-z]+, #[0-9a-f]{6}\)", "", first.svg)) == []
        assert re.search(r"\bnan\b", first.alt) is None


def _texts(picture: Picture) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture.svg)


# What is not known, or moves nothing, is not shown as if it were.


def silent_curve() -> VolumeCurve:
    """Volume in the morning only, before the sample's order begins."""
    session = sample.instrument().session
    return VolumeCurve(edges_ns=(session.open_ns, sample.at("10:00"), session.close_ns), shares=(1.0, 0.0))


def test_volume_that_a_curve_does_not_know_is_left_out_with_a_note() -> None:
    plan, curve = sample.schedule(), silent_curve()
    table = plan_tables.trades_table(plan, MARKET, curve)
    assert "expected_volume" not in table.rows[0]
    assert table.notes == ("What the market trades then is not shown: its volume curve has nothing in the window.",)
    assert rates([plan], MARKET, curve) is None
    known = plan_tables.trades_table(plan, MARKET)
    assert known.rows[0]["expected_volume"] > 0  # type: ignore[operator]


def test_a_plan_is_among_the_points_of_its_frontier_where_its_risk_is() -> None:
    points = [sample.point(0.0, 5.0, 60.0), sample.point(1e-6, 10.0, 20.0)]
    marks = [plan_tables.Mark("mine", 40.0, 7.0, 3e-7), plan_tables.Mark("other", 10.0, 20.0), None]
    rows = plan_tables.marked_frontier(points, marks).rows
    assert [(row["plan"], row["risk_bps"]) for row in rows] == [
        ("", 60.0), ("mine (chosen)", 40.0), ("", 20.0), ("other", 10.0),
    ]  # fmt: skip
    assert [0.0, 3e-7, 1e-6, None] == [row["risk_aversion"] for row in rows]
    assert plan_tables.Mark.of(sample.schedule()) is None


def test_parts_of_the_costs_of_several_plans_have_a_table_of_their_own() -> None:
    calm = early(name="calm", cost_parts={"spread": 1.0, "temporary": 2.5, "drift": 0.0}, expected_cost_bps=3.5)
    rows = plan_tables.cost_parts_table([early(), calm]).rows
    assert [row["drift"] for row in rows] == [-0.5, 0.0]
    assert "drift" not in plan_tables.cost_parts_table([calm]).rows[0]
    shown = tables.render(plan_tables.plans_table([early(), calm]), width=80)
    assert "temporary" not in shown
    assert "temporary" in tables.render(plan_tables.plans_table([early()]), width=70)


def test_what_moves_nothing_is_left_out_of_what_each_doubt_does() -> None:
    still = End(at=1.0, objective=100.0, regret=0.0, shift=0.0)
    moved = End(at=2.0, objective=110.0, regret=1.0, shift=0.1)
    unknown = End(at=3.0, objective=np.nan, regret=np.nan, shift=np.nan)
    found = Sensitivity(
        objective=100.0,
        level=0.95,
        influences=(
            Influence(name="eta", value=1.0, low=still, high=moved),
            Influence(name="spread_bps", value=1.0, low=still, high=still),
            Influence(name="gamma", value=1.0, low=still, high=unknown),
        ),
    )
    table = plan_tables.sensitivity_table(found, sample.schedule())
    assert [row["name"] for row in table.rows] == ["eta", "eta", "gamma", "gamma"]
    assert table.notes[-1] == "Left out, for it moves nothing by as much as 0.05 %: spread bps."


def test_a_basket_of_one_line_is_of_one_line(planned: PlannedBasket) -> None:
    alone = Basket(lines=planned.basket.lines[:1], covariance=planned.basket.covariance.of(planned.basket.symbols[:1]))
    made = plan_basket(alone)
    assert basket_tables.baskets_table([made]).title == "Plan of a basket of 1 line"
    assert basket_tables.baskets_table([made]).notes[0].startswith("1 line, ")


def test_plans_beside_a_basket_are_in_its_tables_and_on_its_page(planned: PlannedBasket) -> None:
    made = plan_basket(planned.basket, limits=Limits(max_participation=0.3), compare=["aggressive", "risk-parity"])
    names = [row["plan"] for row in basket_tables.plan_tables(made, made.even, made.others)[0].rows]
    assert names == ["Optimal basket", "optimal, aggressive", "Risk parity", "Even basket"]
    assert made.absent == {}
    page = build_page(made.document())
    assert "Too dear" in page.sections[0].pictures[0].alt or "optimal, aggressive" in _texts(
        page.sections[0].pictures[0]
    )
    with pytest.raises(BadParameter, match="'vwap' is not known beside a basket's plan"):
        plan_basket(planned.basket, compare=["vwap"])
