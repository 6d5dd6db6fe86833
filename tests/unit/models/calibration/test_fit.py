"""From orders to a fit that prints, says how it was made and carries its doubt into the model."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.fit import fit, hash_of
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss, SoftL1, Student
from nowake.models.calibration.problem import Problem, terms_of
from nowake.models.calibration.result import Fit
from nowake.models.impact import (
    Almgren2005,
    Impact,
    IStar,
    Kyle,
    Linear,
    Logarithmic,
    ObizhaevaWang,
    PowerLaw,
    Propagator,
    Reading,
    Saturating,
    SquareRoot,
    Transient,
    TwoPart,
)
from nowake.models.terms import Terms
from nowake.statistics.measurement import t_of

TRUTH = PowerLaw(y=0.9, exponent=0.6, relaxed=0.5)


@functools.cache
def desk() -> Metaorders:
    return generate_orders(TRUTH, 2, Design(orders=2_000, tails=4.0))


FITTED = [SquareRoot, PowerLaw, TwoPart, Almgren2005, Linear, Logarithmic, Saturating, Kyle, IStar, ObizhaevaWang]


@functools.cache
def fitted(kind: type[Impact], spread: str) -> tuple[Fit[Impact], Problem]:
    hold = {Logarithmic: {"b": 0.01}, Saturating: {"b": 0.05}, IStar: {"a4": 0.5, "b1": 0.95}}.get(kind, {})
    hold |= {"resilience": 20.0} if kind is ObizhaevaWang else {}
    hold |= {"spread": 0.3} if spread == "held" else {}
    asked = None if spread in ("held", "model") else spread
    found = fit(kind, desk(), spread=asked, hold=hold, later=False, compare_outliers=False)  # type: ignore[arg-type]
    return found, Problem.of(kind, desk(), spread=asked, hold=hold, later=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FITTED)
def test_a_fitted_model_charges_what_the_fit_predicts(kind: type[Impact]) -> None:
    """Spread and impact together: an estimate by the model is the fit's own forecast."""
    found, problem = fitted(kind, "estimate")
    values = np.array([(found.estimates | found.nuisances)[name].value for name in problem.names])
    charged = found.model.half_spread_bps(problem.terms) + found.model.total_bps(problem.terms)
    assert charged == pytest.approx(problem.predict(values), rel=1e-12)


@pytest.mark.parametrize("kind", FITTED)
def test_the_doubt_of_a_fitted_model_holds_that_of_the_spread(kind: type[Impact]) -> None:
    found, _ = fitted(kind, "estimate")
    if kind is Linear:
        assert len(found.model.covariance) == 3
        return
    assert found.model.se("spread_share") == pytest.approx(found.standard_errors["spread"])
    small = Terms(quantity=1.0, days=0.1, volatility=1e-9, daily_volume=1e9, price=1.0, spread_bps=100.0)
    if not kind.needs:
        assert found.model.parameter_sd_bps(small) == pytest.approx(100 * found.standard_errors["spread"], rel=1e-2)


@pytest.mark.parametrize(("spread", "share"), [("half", 0.5), ("none", 0.0), ("held", 0.3), ("paid", 0.5)])
def test_a_fitted_model_charges_the_spread_that_was_taken_off(spread: str, share: float) -> None:
    assert fitted(SquareRoot, spread)[0].model.spread_share == pytest.approx(share)


def test_a_law_that_does_not_fit_small_orders_says_how_many_spreads_it_pays() -> None:
    tight = dataclasses.replace(desk(), spread_bps=desk().spread_bps / 5)
    found = fit(Kyle, tight, spread="estimate", later=False, compare_outliers=False)
    assert found.model.spread_share > 3
    assert any("quoted spreads, 0.5 for takers" in note for note in found.notes)


PRINTED = """\
power law fitted to 2,000 orders in 579 clusters
                 estimate  95% interval              s.e.
"""


def test_a_fit_prints_what_it_found_and_how() -> None:
    printed = str(fit(PowerLaw, desk()))
    assert printed.startswith(PRINTED)
    for line in (
        "  y                ",
        "prefactor of σ (Q/V)^δ",
        "  relaxed          ",
        "R² 0.",
        "Huber loss (1.345), clustered sandwich (CR2) by day-symbol; Student's t with ",
        "; with the later move of 2,000 orders",
        "the spread paid is taken off as recorded",
        "  headline: Huber                      2,000",
        "- ",
    ):
        assert line in printed
    assert not any(line.endswith(" ") for line in printed.splitlines())


def test_the_interval_is_students_around_the_estimate_and_the_model_carries_the_covariance() -> None:
    found = fit(PowerLaw, desk(), later=False, level=0.9)
    each, se = found.estimates["y"], found.standard_errors["y"]
    assert found.model.y == each.value
    assert found.model.se("y") == pytest.approx(se)
    assert found.model.covariance[0][1] > 0
    assert each.high - each.value == pytest.approx(t_of(0.9, 1_000) * se, rel=0.01)
    assert (each.level, each.n) == (0.9, 2_000)


def test_the_truth_lies_in_the_intervals_of_every_kind() -> None:
    for interval in ("corrected", "jackknife", "sandwich", "bootstrap", "profile"):
        found = fit(PowerLaw, desk(), interval=interval, later=False)
        assert found.estimates["y"].low < 0.9 < found.estimates["y"].high
        assert found.estimates["exponent"].low < 0.6 < found.estimates["exponent"].high
        assert found.estimates["y"].method.endswith("by day-symbol")


def test_every_loss_finds_the_law() -> None:
    for loss, named in ((Loss(), "normal"), (SoftL1(), "soft L1"), (Student(), "Student's t of ")):
        found = fit(PowerLaw, desk(), loss=loss, later=False)
        assert found.estimates["exponent"].value == pytest.approx(0.6, abs=0.1)
        assert named in found.method


def test_students_degrees_are_found() -> None:
    method = fit(PowerLaw, generate_orders(TRUTH, 1, Design(orders=20_000, tails=4.0)), loss=Student()).method
    degrees = float(method.split("Student's t of ")[1].split(" ")[0])
    assert degrees == pytest.approx(4.0, abs=0.6)


def test_what_was_fitted_beside_the_parameters_is_apart_from_them() -> None:
    found = fit(PowerLaw, desk(), spread="estimate")
    assert set(found.estimates) == {"y", "exponent"}
    assert set(found.nuisances) == {"spread", "relaxed"}
    assert found.nuisances["spread"].low < 0.5 < found.nuisances["spread"].high
    assert found.model.relaxed == found.nuisances["relaxed"].value


def test_without_a_later_price_what_stays_is_held_and_said() -> None:
    fair = fit(SquareRoot, desk(), later=False)
    held = fit(SquareRoot(relaxed=0.25, reading=Reading.PEAK), desk(), later=False)
    assert "taken from fair pricing" in fair.notes[0]
    assert "taken from 0.25, as held" in held.notes[0]
    assert held.model.reading is Reading.PEAK
    assert held.estimates["y"].value == pytest.approx(1.5 * fair.estimates["y"].value, rel=1e-4)


def test_a_held_parameter_is_in_the_model_and_not_among_the_estimates() -> None:
    found = fit(PowerLaw, desk(), hold={"exponent": 0.5})
    assert set(found.estimates) == {"y"}
    assert found.model.exponent == 0.5
    assert found.model.se("exponent") == 0


def test_a_model_fits_itself_by_the_same_way() -> None:
    assert SquareRoot.fit(desk(), spread="half") == fit(SquareRoot, desk(), spread="half")


def test_rows_left_out_are_counted_and_said() -> None:
    holed = desk().spread_paid_bps.copy()  # type: ignore[union-attr]
    holed[:5] = np.nan
    found = fit(SquareRoot, dataclasses.replace(desk(), spread_paid_bps=holed), spread="paid")
    assert (found.orders, found.dropped) == (1_995, 5)
    assert "5 orders left out: spread_paid_bps not known" in found.notes


def test_the_hash_changes_with_any_column() -> None:
    changed = desk().days.copy()
    changed[77] *= 1 + 1e-12
    assert hash_of(desk()) == hash_of(generate_orders(TRUTH, 2, Design(orders=2_000, tails=4.0)))
    assert hash_of(desk()) != hash_of(dataclasses.replace(desk(), days=changed))
    assert hash_of(desk()) != hash_of(dataclasses.replace(desk(), later_price=None))


def test_a_fit_is_two_frames() -> None:
    found = fit(Linear, generate_orders(Linear(gamma=5e-7, eta=1e-7, epsilon=0.02), 1, Design(orders=1_000)))
    frame = found.to_frame()
    assert frame.columns == ["parameter", "value", "low", "high", "se", "unit", "meaning"]
    assert frame["parameter"].to_list() == ["gamma", "eta", "epsilon"]
    assert frame["unit"].to_list()[0] == "currency/share²"
    assert found.by_size()["orders"].to_list() == [100] * 10


def test_later_prices_that_cannot_tell_what_stays_are_left_out_and_said() -> None:
    """Fifty sessions later the market's own move drowns everything."""
    design = Design(orders=60, days=20, relax_days=50.0)
    found = fit(SquareRoot, generate_orders(SquareRoot(y=0.8), 1, design))
    assert found.notes[0].startswith("the later prices cannot tell what stays")
    assert found.model.relaxed is None


@pytest.mark.parametrize("known", [1, 2, 3, 10])
def test_a_few_later_prices_do_not_stop_a_good_fit(known: int) -> None:
    orders = generate_orders(SquareRoot(y=0.8), 3, Design(orders=900))
    assert orders.later_price is not None
    rows = np.random.default_rng(known).choice(len(orders), known, replace=False)
    later = np.full(len(orders), np.nan)
    later[rows] = orders.later_price[rows]
    found = fit(SquareRoot, dataclasses.replace(orders, later_price=later), compare_outliers=False)
    assert found.estimates["y"].low < 0.8 < found.estimates["y"].high
    assert "relaxed" in found.nuisances or any("later prices cannot tell what stays" in note for note in found.notes)


def test_a_few_orders_of_a_power_law_keep_their_fit_where_nothing_bounds_the_prefactor() -> None:
    said = []
    for seed in range(30):
        orders = generate_orders(PowerLaw(y=0.8, exponent=0.55), seed, Design(orders=60, days=60))
        try:
            found = fit(PowerLaw, orders, later=False, compare_outliers=False)
        except Unidentified as error:
            said.append(str(error))
        else:
            assert found.estimates["y"].low <= found.estimates["y"].value <= found.estimates["y"].high
    assert len(said) < 15
    assert not any("do not bound" in each for each in said)


def test_intervals_stay_in_the_range_of_the_parameter() -> None:
    thin = generate_orders(SquareRoot(y=0.2), 4, Design(orders=60, days=20))
    found = fit(SquareRoot, thin, later=False, level=0.99)
    assert found.estimates["y"].low == 0
    assert "y cannot be told from 0 at 99%" in found.notes


def test_fewer_than_five_days_have_no_r_squared_on_later_days() -> None:
    found = fit(SquareRoot, generate_orders(TRUTH, 1, Design(orders=200, days=4)))
    assert math.isnan(found.cv_r2)
    assert "on later days not known, fewer than five days" in str(found)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"cluster": "week"}, "cluster 'week' must be one of day-symbol, day"),
        ({"interval": "guess"}, "interval 'guess' must be one of corrected"),
        ({"level": 1.5}, "level 1.5"),
        ({"interval": "bootstrap", "cluster": "two-way"}, "a bootstrap draws clusters of one kind"),
    ],
)
def test_an_option_that_is_none_is_refused(option: dict[str, object], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        fit(SquareRoot, desk(), **option)  # type: ignore[arg-type]


def test_the_same_orders_give_the_same_fit() -> None:
    first, again = (fit(PowerLaw, desk(), interval="bootstrap", seed=4) for _ in range(2))
    assert first == again


def test_days_that_move_as_a_whole_are_noticed() -> None:
    orders = generate_orders(SquareRoot(y=0.8), 1, Design(orders=2_000, days=60, symbols=25, shared=0.0, market=0.6))
    assert orders.spread_paid_bps is not None
    expected = orders.spread_paid_bps + SquareRoot(y=0.8).total_bps(terms_of(orders))
    side = orders.day % 2 * 2 - 1  # All orders of a day on one side: the market's move is all of theirs.
    cost = expected + side * orders.side * (orders.cost_bps - expected)
    moved = dataclasses.replace(orders, side=side, average_price=orders.arrival_price * (1 + side * cost / 1e4))
    noticed = fit(SquareRoot, moved, later=False)
    assert "orders of a day share more than their symbol: the intervals are those of days" in noticed.notes
    assert "by day;" in noticed.method
    by_cell = fit(SquareRoot, moved, later=False, cluster="day-symbol")
    assert noticed.standard_errors["y"] > 1.5 * by_cell.standard_errors["y"]
    assert not any("those of days" in note for note in fit(SquareRoot, orders, later=False).notes)


@pytest.mark.parametrize("days", [2, 4])
def test_a_few_days_of_buying_are_as_sure_as_days_are(days: int) -> None:
    """By day and symbol, a fifth to two fifths of 95 % intervals held the truth."""
    truth, held, count = SquareRoot(y=0.8), 0, 0
    for seed in range(25):
        design = Design(orders=600, days=days, symbols=60, shared=0.0, market=0.4)
        orders = generate_orders(truth, seed, design)
        assert orders.spread_paid_bps is not None
        expected = orders.spread_paid_bps + truth.total_bps(terms_of(orders))
        cost = expected + orders.side * (orders.cost_bps - expected)
        bought = orders.arrival_price * (1 + cost / 1e4)
        orders = dataclasses.replace(orders, side=np.ones_like(orders.side), average_price=bought, later_price=None)
        try:
            found = fit(SquareRoot, orders, compare_outliers=False)
        except Unidentified:
            continue
        count += 1
        held += found.estimates["y"].low <= 0.8 <= found.estimates["y"].high
        assert any("intervals are those of few days" in note for note in found.notes)
    assert held >= 0.9 * count > 15


def test_windows_of_unknown_volume_are_counted() -> None:
    volume = desk().daily_volume * desk().days
    volume[:3] = np.nan
    notes = fit(SquareRoot, dataclasses.replace(desk(), window_volume=volume)).notes
    assert "3 windows of unknown volume are taken as their share of the day's" in notes


def test_a_parameter_hardly_known_has_the_interval_of_its_likelihood() -> None:
    """From a few hundred orders a prefactor is open upwards; an even interval would miss a high truth."""
    few, many = (generate_orders(TRUTH, 2, Design(orders=orders, days=100)) for orders in (300, 20_000))
    thin, thick = (fit(PowerLaw, orders, later=False) for orders in (few, many))
    y = thin.estimates["y"]
    assert "profile likelihood by day-symbol" in thin.method
    assert y.high - y.value > 1.2 * (y.value - y.low)
    assert "clustered sandwich (CR2) by day-symbol" in thick.method


def joint(seed: int) -> Metaorders:
    """Orders of a law on the very limit that two of its exponents share."""
    return generate_orders(Propagator(y=0.8, gamma=0.5, delta=0.5), seed, Design(orders=1_500, days=60))


def test_a_limit_that_exponents_share_bounds_the_fit_and_is_named() -> None:
    with pytest.raises(Unidentified, match=r"gamma of propagator ends at 0.47.*, the edge of its range"):
        fit(Propagator, joint(0), spread="half")


def test_intervals_end_where_the_model_ends_when_two_exponents_share_a_limit() -> None:
    for seed in (1, 4):
        found = fit(Propagator, joint(seed), spread="half", interval="profile", compare_outliers=False)
        gamma, delta = found.estimates["gamma"], found.estimates["delta"]
        assert gamma.low < 0.5 < gamma.high
        assert gamma.low < gamma.value < gamma.high
        assert delta.low < delta.value < delta.high


def test_a_class_that_is_more_than_its_parameters_is_refused_wherever_it_is_fitted() -> None:
    with pytest.raises(BadParameter, match="Transient is more than its parameters; make the record"):
        fit(Transient, desk())
    with pytest.raises(BadParameter, match="Transient is more than its parameters; make the record"):
        Transient.fit(desk())
