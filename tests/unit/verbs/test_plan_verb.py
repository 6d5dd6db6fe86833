"""The verb plan: by policy, by name, several at once; urgency by word."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest
from tests.unit.models import makers
from tests.unit.models.makers import DAY_SECONDS, SECOND

import nowake as nw
from nowake import schedules
from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.market import Bars, select
from nowake.domain.side import Side
from nowake.models.impact import Linear, ObizhaevaWang, SquareRoot
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.seen import Seen
from nowake.models.volume import VolumeCurve
from nowake.verbs.asked import Stored
from nowake.verbs.plan import by_rule, day_curve, plan_in
from nowake.verbs.plans import plans_in
from nowake.verbs.schedule_kinds import KINDS, Wanted, policy_named
from nowake.verbs.urgency_words import URGENCY_WORDS, risk_aversion_of

MARKET = MarketState.given(price=50, daily_volatility=0.02, daily_volume=1e6, spread_bps=4)
MINUTE = 60 * SECOND


def order(lots: int) -> nw.ParentOrder:
    """A purchase over the whole session."""
    return makers.order(lots, start_s=0, end_s=DAY_SECONDS)


def curve_of(*shares: float) -> VolumeCurve:
    """Volume of a day in buckets of one length."""
    edges = tuple(DAY_SECONDS * SECOND * k // len(shares) for k in range(len(shares) + 1))
    return VolumeCurve(edges_ns=edges, shares=shares)


@pytest.mark.parametrize(("word", "urgency"), URGENCY_WORDS.items())
def test_a_word_gives_the_decay_it_stands_for_whatever_the_order(word: str, urgency: float) -> None:
    for lots in (500, 90_000):
        made = plan_in(order(lots), MARKET, "almgren-chriss", risk_aversion=word, bucket_ns=15 * MINUTE)
        assert made.inputs["kappa"] * made.inputs["days"] == pytest.approx(urgency, rel=1e-12)


def test_words_are_read_however_they_are_written_and_numbers_stay_numbers() -> None:
    model, parent = Linear.from_market(MARKET), order(9_000)
    told = {risk_aversion_of(word, parent, MARKET, model) for word in ("get-done", "Get Done", "GETDONE", "get_done")}
    assert len(told) == 1
    assert risk_aversion_of("2e-6", parent, MARKET, model) == risk_aversion_of(2e-6, parent, MARKET, model) == 2e-6
    for wrong in ("hasty", "-1", "nan", float("inf")):
        with pytest.raises(BadParameter, match="risk_aversion"):
            risk_aversion_of(wrong, parent, MARKET, model)


def test_a_market_that_never_moves_has_no_risk_to_avert() -> None:
    calm = msgspec.structs.replace(MARKET, daily_volatility=MarketState.given(
        price=1, daily_volatility=0, daily_volume=1, spread_bps=1
    ).daily_volatility)  # fmt: skip
    assert risk_aversion_of("aggressive", order(9_000), calm, Linear.from_market(calm)) == 0.0
    made = plans_in(order(9_000), calm, ["almgren-chriss", "twap"])
    assert made.frontier == ()
    assert "volatility 0" in made.frontier_because


@pytest.mark.parametrize("name", [name for name in KINDS if not name.startswith("vwap")])
def test_every_kind_plans_by_name_and_knows_its_cost_in_parts(name: str) -> None:
    made = plan_in(order(40_000), MARKET, name, bucket_ns=15 * MINUTE)
    assert sum(made.lots) == 40_000
    assert made.expected_cost_bps is not None
    assert made.cost_risk_bps is not None
    assert sum(made.cost_parts.values()) == pytest.approx(made.expected_cost_bps, rel=1e-9)
    assert 1 < made.expected_cost_bps < 100
    assert 10 < made.cost_risk_bps < 200


def test_twap_costs_what_the_common_rule_says_of_it_and_says_so() -> None:
    parent, model = order(40_000), Linear.from_market(MARKET)
    made = plan_in(parent, MARKET, "twap", bucket_ns=15 * MINUTE)
    rule = schedules.cost_of(schedules.Twap(bucket_ns=15 * MINUTE).plan(parent), MARKET, model)
    assert (made.expected_cost_bps, made.cost_risk_bps) == (rule.expected_cost_bps, rule.cost_risk_bps)
    # By hand: even buckets over one session; epsilon + eta X / T + gamma X / 2 (1 - 1/N), in bps of the price.
    n = len(made.lots)
    by_hand = 2.0 + model.eta * 40_000 / 50 * 1e4 + model.gamma / 2 * 40_000 * (1 - 1 / n) / 50 * 1e4
    assert made.expected_cost_bps == pytest.approx(by_hand, rel=1e-6)
    assert any("linear (Almgren-Chriss)" in note for note in made.notes)


def test_a_model_that_says_nothing_of_schedules_is_made_linear_for_the_common_rule() -> None:
    class Mute(SquareRoot, frozen=True, kw_only=True):
        def response(self, terms):  # type: ignore[no-untyped-def]
            raise BadParameter("mute")

    parent = order(40_000)
    rule = by_rule(schedules.Twap(n=26).plan(parent), MARKET, Mute())
    terms = MARKET.terms(parent.quantity, days_of(parent))
    even = float(SquareRoot().total_bps(terms) + SquareRoot().half_spread_bps(terms))
    assert rule.expected_cost_bps == pytest.approx(even, rel=0.03)  # But for the jumps of 26 buckets.


def test_impact_assumed_to_decay_costs_what_the_model_says_of_the_order_traded_evenly() -> None:
    parent = order(40_000)
    model = Linear.from_market(MARKET)
    wanted = Wanted(parent, MARKET, model, 0.0, half_life_ns=20 * MINUTE)
    policy, notes = policy_named("obizhaeva-wang", wanted)
    assumed = policy.model  # type: ignore[attr-defined]
    terms = MARKET.terms(parent.quantity, days_of(parent))
    assert isinstance(assumed, ObizhaevaWang)
    assert float(assumed.total_bps(terms)) == pytest.approx(float(model.total_bps(terms)), rel=1e-12)
    assert assumed.half_life_days == pytest.approx(20 / 390)
    assert "half of it in 20 minutes" in notes[0]
    own = ObizhaevaWang(permanent=0.1, transient=2.0, resilience=30.0)
    policy, notes = policy_named("obizhaeva-wang", wanted._replace(model=own))
    assert policy.model == own  # type: ignore[attr-defined]
    assert notes == ()


def test_a_price_of_waiting_costs_on_an_even_path_what_the_variance_does() -> None:
    parent = order(40_000)
    policy, _ = policy_named("gatheral-schied", Wanted(parent, MARKET, Linear.from_market(MARKET), 3e-6))
    variance = MARKET.volatility**2 * parent.quantity**2 / 3  # Over one session.
    waiting = policy.risk_aversion * parent.quantity * MARKET.price / 2  # type: ignore[attr-defined]
    assert waiting == pytest.approx(3e-6 * variance, rel=1e-12)


def test_an_unknown_name_lists_the_known_ones_and_what_is_no_policy_is_told() -> None:
    with pytest.raises(BadParameter, match="'twop' is not known; choose from almgren-chriss, twap"):
        plan_in(order(9_000), MARKET, "twop")
    with pytest.raises(BadParameter, match="int does not plan"):
        plan_in(order(9_000), MARKET, 5)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="vwap needs to know how volume runs"):
        plan_in(order(9_000), MARKET, "vwap")


def test_several_plans_leave_out_what_cannot_be_made_with_its_reason() -> None:
    made = plans_in(order(9_000), MARKET, ["twap", "vwap", "twap", schedules.Twap(n=3)], bucket_ns=30 * MINUTE)
    assert [plan.name for plan in made.plans] == ["TWAP 1", "TWAP 2"]
    assert made.absent["vwap"].startswith("needs to know how volume runs")
    with pytest.raises(BadParameter, match="vwap needs"):
        plans_in(order(9_000), MARKET, ["vwap", "twap"])
    with pytest.raises(BadParameter, match="no schedule is given"):
        plans_in(order(9_000), MARKET, [])


@pytest.mark.parametrize("model", [None, SquareRoot()])
def test_optimal_plans_stand_on_the_frontier_and_no_plan_below_it(model: SquareRoot | None) -> None:
    made = plans_in(order(90_000), MARKET, ["almgren-chriss", "twap"], model=model, bucket_ns=15 * MINUTE)
    risks = [point.risk_bps for point in made.frontier]
    costs = [point.expected_cost_bps for point in made.frontier]
    for mark in made.marks:
        assert mark.cost_risk_bps is not None
        nearest = min(range(len(risks)), key=lambda k: abs(risks[k] - mark.cost_risk_bps))  # type: ignore[operator]
        assert math.isclose(costs[nearest], mark.expected_cost_bps or 0, rel_tol=0.02)


def test_several_plans_print_draw_tabulate_and_write_a_page(generated_day: Day, tmp_path) -> None:  # type: ignore[no-untyped-def]
    parent = nw.ParentOrder.sell(generated_day.instrument, 20_000, start="10:00", end="15:30")
    made = nw.plan(parent, generated_day, ["almgren-chriss", "vwap", "twap"], risk_aversion="aggressive")
    assert "Almgren-Chriss" in str(made)
    assert made.to_frame().group_by("schedule").sum()["lots"].to_list() == [20_000] * 3
    assert made.plot().svg.startswith("<svg")
    text = made.html(tmp_path / "plan.html").read_text()
    for heading in ("Cost against risk", "The path", "What to trade when", "What stands behind it", "What was assumed"):
        assert f"<h2>{heading}</h2>" in text
    assert "The chosen plan, Almgren-Chriss, in the ring" in text
    assert text == made.html(tmp_path / "again.html").read_text()


def test_kinds_without_a_use_for_risk_aversion_do_not_ask_what_a_word_means() -> None:
    free = msgspec.structs.replace(MARKET, spread_bps=MarketState.given(
        price=1, daily_volatility=0.1, daily_volume=1, spread_bps=0
    ).spread_bps)  # fmt: skip
    assert plan_in(order(9_000), free, "twap").expected_cost_bps == 0.0
    with pytest.raises(BadParameter, match="puts no price on speed"):
        plan_in(order(9_000), free, "almgren-chriss")


def test_an_order_above_the_volume_of_its_window_is_planned_and_noted() -> None:
    made = plan_in(order(3_000_000), MARKET, "twap", bucket_ns=15 * MINUTE)
    assert sum(made.lots) == 3_000_000
    assert any("300% of the volume of its window" in note for note in made.notes)


def test_impact_counted_in_volatilities_needs_some() -> None:
    calm = MarketState.given(price=50, daily_volatility=0, daily_volume=1e6, spread_bps=4)
    for name in ("obizhaeva-wang", "propagator"):
        with pytest.raises(BadParameter, match=f"{name} counts impact in volatilities"):
            plan_in(order(9_000), calm, name)


def test_the_page_tells_what_each_doubt_does_to_a_plan_that_minimises_something(generated_day: Day) -> None:
    parent = nw.ParentOrder.sell(generated_day.instrument, 20_000, start="10:00", end="15:30")
    doubts = nw.plan(parent, generated_day, ["almgren-chriss"]).doubts()
    assert doubts is not None
    assert doubts.influences[0].name == "eta"
    assert nw.plan(parent, generated_day, ["twap"]).doubts() is None


# A drift that is expected.


@pytest.mark.parametrize("side", list(Side))
def test_a_drift_is_in_the_cost_of_every_schedule_by_what_it_still_holds(side: Side) -> None:
    parent = makers.order(40_000, start_s=0, end_s=DAY_SECONDS, side=side)
    kinds = ["twap", "almgren-chriss", "almgren-chriss-drift", "bertsimas-lo", "dynamic-programming"]
    made = plans_in(parent, MARKET, kinds, drift_bps=30)
    for plan, rule in zip(made.plans, made.by_rule, strict=True):
        # By hand: each lot waits until the middle of its bucket, while the price moves 30 bps a session.
        middles = [(a + b) / 2 for a, b in zip(plan.times_ns, plan.times_ns[1:], strict=False)]
        length = parent.instrument.session.close_ns - parent.instrument.session.open_ns
        waits = [(middle - parent.start_ns) / length for middle in middles]
        by_hand = side * 30 * sum(lots * wait for lots, wait in zip(plan.lots, waits, strict=True)) / parent.lots
        assert plan.cost_parts["drift"] == pytest.approx(by_hand, rel=1e-9)
        assert rule.cost_parts["drift"] == pytest.approx(by_hand, rel=1e-9)
        assert plan.expected_cost_bps == pytest.approx(sum(plan.cost_parts.values()), rel=1e-12)
    costs = {plan.name: plan.expected_cost_bps for plan in made.plans}
    assert costs["Bertsimas-Lo"] == pytest.approx(min(costs.values()), rel=1e-3)  # type: ignore[type-var]
    assert costs["TWAP"] > costs["Bertsimas-Lo"] + 0.1  # type: ignore[operator]


def test_under_a_drift_the_frontier_is_of_schedules_that_know_it() -> None:
    made = plans_in(order(40_000), MARKET, ["almgren-chriss-drift", "twap", "bertsimas-lo"], drift_bps=60)
    risks = [point.risk_bps for point in made.frontier]
    costs = [point.expected_cost_bps for point in made.frontier]
    assert risks == sorted(risks, reverse=True)
    assert costs == sorted(costs)
    drifting, even, free = made.by_rule
    nearest = min(range(len(risks)), key=lambda k: abs(risks[k] - drifting.cost_risk_bps))
    assert costs[nearest] == pytest.approx(drifting.expected_cost_bps, rel=0.02)
    assert min(costs) == pytest.approx(free.expected_cost_bps, rel=0.01)
    assert even.expected_cost_bps > min(costs) * 1.1
    assert plans_in(order(40_000), MARKET, ["twap"]).frontier[0].expected_cost_bps < min(costs)


def test_a_drift_must_be_a_number() -> None:
    with pytest.raises(BadParameter, match="drift_bps nan must be finite"):
        plan_in(order(9_000), MARKET, "twap", drift_bps=math.nan)


# Buckets.


def test_a_word_and_a_risk_are_about_the_same_in_one_bucket_as_in_many() -> None:
    parent, model = order(40_000), Linear.from_market(MARKET)
    one, many = (
        risk_aversion_of("aggressive", parent, MARKET, model, bucket_ns=length) for length in (None, 390 * MINUTE)
    )
    assert many > one / 3 > 0
    risks = [plan_in(parent, MARKET, "twap", bucket_ns=length).cost_risk_bps for length in (MINUTE, 390 * MINUTE)]
    # An order that falls evenly from X to 0 has a variance of sigma^2 X^2 T / 3.
    assert risks == pytest.approx([200 / math.sqrt(3)] * 2, rel=1e-3)


def test_by_name_buckets_are_a_quarter_of_an_hour_or_a_tenth_of_a_shorter_window() -> None:
    assert len(plan_in(order(40_000), MARKET).lots) == 26
    short = makers.order(40_000, start_s=0, end_s=600)
    assert len(plan_in(short, MARKET).lots) == 10
    assert len(plan_in(short, MARKET, bucket_ns=MINUTE).lots) == 10
    assert len(plan_in(short, MARKET, schedules.Twap(n=3)).lots) == 3


def test_buckets_finer_than_the_lots_are_told_with_what_they_do() -> None:
    parent = makers.order(200, start_s=0, end_s=600)
    fine, coarse = (plan_in(parent, MARKET, "twap", bucket_ns=length) for length in (SECOND, MINUTE))
    assert fine.expected_cost_bps > coarse.expected_cost_bps  # type: ignore[operator]
    assert "600 buckets are finer than 200 lots can follow" in fine.notes[1]
    assert not any("finer" in note for note in coarse.notes)


# A largest participation.


@pytest.mark.parametrize("name", ["almgren-chriss", "dynamic-programming", "bertsimas-lo"])
def test_a_largest_participation_is_kept_by_the_curve(name: str) -> None:
    parent, curve = order(90_000), curve_of(0.3, 0.1, 0.1, 0.1, 0.4)
    for most in (0.1, 0.2):
        made = plan_in(
            parent, MARKET, name, risk_aversion="get-done", max_participation=most, curve=curve, drift_bps=900
        )
        volume = [1e6 * curve.share_between(a, b) for a, b in zip(made.times_ns, made.times_ns[1:], strict=False)]
        shares = [lots / expected for lots, expected in zip(made.lots, volume, strict=True)]
        assert max(shares) == pytest.approx(most, rel=1e-2)
        assert made.certificate is not None


@pytest.mark.parametrize("curve", [None, curve_of(0.4, 0.2, 0.4)], ids=["even", "a curve"])
def test_a_cap_that_never_binds_leaves_almgren_chriss_as_it_is(curve: VolumeCurve | None) -> None:
    free, capped = (
        plan_in(order(90_000), MARKET, risk_aversion="aggressive", max_participation=most, curve=curve)
        for most in (None, 9.0)
    )
    assert capped.name == "Almgren-Chriss, capped"
    assert (free.lots, free.cost_parts, free.cost_risk_bps) == (capped.lots, capped.cost_parts, capped.cost_risk_bps)
    assert "no bucket reaches 9 of the volume" in " ".join(capped.notes)


def test_a_largest_participation_is_refused_where_it_is_not_kept_or_cannot_finish() -> None:
    with pytest.raises(BadParameter, match="twap keeps to no largest participation; almgren-chriss, bertsimas-lo, dyn"):
        plan_in(order(9_000), MARKET, "twap", max_participation=0.1)
    with pytest.raises(BadParameter, match=r"lets 10,000 of 90,000 trade .* raise it to 0.09, or allow"):
        plan_in(order(90_000), MARKET, max_participation=0.01)
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(BadParameter, match="must be above 0 and finite"):
            plan_in(order(9_000), MARKET, max_participation=wrong)
    with pytest.raises(BadParameter, match="is for schedules by name; Twap"):
        plan_in(order(9_000), MARKET, schedules.Twap(n=3), max_participation=0.1)
    made = plans_in(order(90_000), MARKET, ["almgren-chriss", "twap", "pov"], max_participation=0.5)
    assert made.absent["twap"] == made.absent["pov"]


def test_the_smallest_participation_named_is_enough() -> None:
    for lots in (90_001, 33_333, 7):
        with pytest.raises(BadParameter, match="raise it to") as told:
            plan_in(order(lots), MARKET, max_participation=lots / 1.1e6)
        least = float(str(told.value).split("raise it to ")[1].split(",")[0])
        assert lots / 1e6 <= least <= lots / 1e6 * 1.001


# The day's own curve.


def test_a_day_of_bars_has_a_volume_curve_of_its_own(generated_day: Day) -> None:
    start = generated_day.instrument.session.open_ns + np.arange(390) * MINUTE
    flat, volume = np.full(390, 50.0), np.where(np.arange(390) < 195, 3.0, 1.0)
    bars = Bars(
        time_ns=start,
        end_ns=start + MINUTE,
        open=flat,
        high=flat,
        low=flat,
        close=flat,
        volume=volume,
        vwap=flat,
        trades=volume,
    )
    day = dataclasses.replace(
        generated_day,
        bars=bars,
        trades=select(generated_day.trades, slice(0)),
    )
    assert day_curve(day, MARKET, look_ahead=False) is None
    curve = day_curve(day, MARKET, look_ahead=True)
    assert curve is not None
    middle = generated_day.instrument.session.open_ns + 195 * MINUTE
    assert curve.share_until(middle) == pytest.approx(0.75)


# What speaks against leaning on a plan.


def test_an_instrument_without_a_multiplier_is_told() -> None:
    inverse = msgspec.structs.replace(makers.instrument(), multiplier=None)
    parent = makers.order(9_000, start_s=0, end_s=DAY_SECONDS, of=inverse)
    assert any("inverse contract, here costed as a linear one" in note for note in plan_in(parent, MARKET).notes)
    assert not any("inverse" in note for note in plan_in(order(9_000), MARKET).notes)


def test_an_order_beyond_what_a_model_was_fitted_to_is_told() -> None:
    ends = (0.01, 0.02)
    seen = Seen(
        orders=300, share_of_day=ends, speed=ends, days=(0.1, 2.0), volatility=(0.0, 1.0), spread_bps=(0.0, 9.0)
    )
    for lots, told in ((15_000, 0), (400_000, 2)):
        made = plan_in(order(lots), MARKET, "twap", model=Stored(SquareRoot(), seen, "desk"))
        assert sum("an extrapolation" in note for note in made.notes) == told


def test_the_algorithm_of_a_plan_is_told_in_one_line() -> None:
    told = repr(plan_in(order(9_000), MARKET, "twap").follow())
    assert told == f"Follow(TWAP, 26 buckets: {order(9_000)})"
