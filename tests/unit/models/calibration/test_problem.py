"""Orders become costs, terms, clusters and slopes as the formulas say, and rows that lack something are counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.problem import Problem, terms_of
from nowake.models.impact import Almgren2005, Impact, Linear, PowerLaw, SquareRoot, TwoPart

SMALL = Design(orders=60, days=5, symbols=3)
MODELS = [
    SquareRoot(y=0.8, relaxed=0.5),
    PowerLaw(y=0.9, exponent=0.6),
    TwoPart(alpha=0.2, beta=0.5, gamma=0.3),
    Almgren2005(),
    Linear(gamma=2e-8, eta=2e-7, epsilon=0.02),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


def orders(**changed: object) -> Metaorders:
    return dataclasses.replace(generate_orders(SquareRoot(y=0.8), 1, SMALL), **changed)


@every_model
def test_the_slopes_are_those_of_the_prediction(model: Impact) -> None:
    problem = Problem.of(
        model, generate_orders(model, 1, SMALL), spread=None if isinstance(model, Linear) else "estimate"
    )
    values = problem.start * 1.1
    for predict, slopes in (
        (problem.predict, problem.jacobian(values)),
        (problem.predict_later, problem.jacobian_later(values)),
    ):
        for place in range(len(values)):
            step = np.zeros_like(values)
            step[place] = 1e-5 * values[place]
            numeric = (predict(values + step) - predict(values - step)) / (2 * step[place])
            assert slopes[:, place] == pytest.approx(numeric, rel=1e-5, abs=1e-7)


@every_model
def test_generated_costs_less_their_noise_are_the_prediction_at_the_truth(model: Impact) -> None:
    """Over many orders the noise, in its own units, averages out."""
    problem = Problem.of(model, generate_orders(model, 2, Design(orders=20_000, days=100)))
    truth = np.array([getattr(model, name) if getattr(model, name) is not None else 0.0 for name in problem.names])
    at = problem if "relaxed" not in problem.names or model.relaxed is not None else problem.without_later()  # type: ignore[attr-defined]
    z = (problem.cost_bps - at.predict(truth[: len(at.names)])) / problem.risk_bps
    assert abs(z.mean()) < 4 * z.std() / np.sqrt(len(z))
    assert z.std() == pytest.approx(1.0, rel=0.05)


def test_cost_is_taken_less_the_spread_as_asked() -> None:
    desk = orders()
    assert desk.spread_paid_bps is not None
    for spread, off in (
        ("paid", desk.spread_paid_bps),
        ("half", desk.spread_bps / 2),
        ("none", 0.0),
        ("estimate", 0.0),
    ):
        assert Problem.of(SquareRoot, desk, spread=spread).cost_bps == pytest.approx(desk.cost_bps - off)


def test_the_spread_is_taken_as_paid_where_every_row_knows_it_and_else_fitted() -> None:
    holed = orders().spread_paid_bps.copy()  # type: ignore[union-attr]
    holed[7] = np.nan
    assert Problem.of(SquareRoot, orders()).spread == "paid"
    assert Problem.of(SquareRoot, orders(spread_paid_bps=holed)).spread == "estimate"
    assert Problem.of(SquareRoot, orders(spread_paid_bps=None)).names == ("y", "spread", "relaxed")
    assert Problem.of(SquareRoot, orders(spread_paid_bps=None, spread_bps=np.zeros(60))).spread == "none"
    assert Problem.of(Linear, orders()).spread == "model"


def test_rows_that_do_not_know_what_is_needed_are_left_out_and_counted() -> None:
    holed = orders().spread_paid_bps.copy()  # type: ignore[union-attr]
    holed[[7, 11]] = np.nan
    problem = Problem.of(SquareRoot, orders(spread_paid_bps=holed), spread="paid")
    assert problem.dropped == {"spread_paid_bps not known": 2}
    assert problem.rows.tolist() == [row for row in range(60) if row not in (7, 11)]


def test_a_column_that_no_row_has_is_named() -> None:
    with pytest.raises(Unidentified, match="shares_outstanding"):
        Problem.of(Almgren2005, orders(shares_outstanding=None))
    with pytest.raises(BadParameter, match="spread_paid_bps"):
        Problem.of(SquareRoot, orders(spread_paid_bps=None), spread="paid")


def test_the_noise_of_an_order_is_the_price_while_it_trades() -> None:
    desk = orders(days=np.full(60, 0.25), volatility=np.full(60, 0.02))
    assert Problem.of(SquareRoot, desk).risk_bps[0] == pytest.approx(200 * np.sqrt(0.25 / 3))


def test_clusters_are_days_and_symbols_together() -> None:
    desk = orders()
    problem = Problem.of(SquareRoot, desk)
    assert len(np.unique(problem.cell)) == len(set(zip(desk.day, desk.symbol, strict=True)))
    assert int(problem.day.max()) + 1 == len(set(desk.day))
    assert problem.clusters("symbol") is problem.symbol


def test_a_window_of_unknown_volume_has_its_share_of_the_days() -> None:
    volume = np.full(60, 1e5)
    volume[3] = np.nan
    terms = terms_of(orders(window_volume=volume))
    desk = orders()
    assert terms.market_volume[3] == pytest.approx(desk.daily_volume[3] * desk.days[3])
    assert terms.market_volume[4] == 1e5


def test_some_rows_are_the_problem_of_those_orders() -> None:
    desk, rows = orders(), np.array([2, 3, 5, 40])
    some, alone = Problem.of(SquareRoot, desk).take(rows), Problem.of(SquareRoot, desk.take(rows))
    for name in ("cost_bps", "risk_bps", "cell", "day", "symbol", "later_bps"):
        assert getattr(some, name).tolist() == getattr(alone, name).tolist()
    assert some.terms.quantity.tolist() == alone.terms.quantity.tolist()


def test_what_is_held_is_not_fitted_and_is_in_the_model() -> None:
    problem = Problem.of(PowerLaw, orders(), hold={"exponent": 0.5}, later=False)
    assert problem.names == ("y",)
    model = problem.model_at(np.array([0.7]), np.array([[0.04]]))
    assert model == PowerLaw(y=0.7, exponent=0.5, covariance=((0.04, 0.0), (0.0, 0.0)))


@pytest.mark.parametrize(
    ("hold", "said"), [({"delta": 0.5}, "delta"), ({"y": 1.0}, "every parameter"), ({"y": -1.0}, "y -1")]
)
def test_what_cannot_be_held_is_refused(hold: dict[str, float], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        Problem.of(SquareRoot, orders(), hold=hold)


def test_settings_of_a_record_are_kept() -> None:
    from nowake.models.impact import Reading  # noqa: PLC0415

    problem = Problem.of(SquareRoot(reading=Reading.PEAK), orders())
    assert problem.model_at(problem.start).reading is Reading.PEAK  # type: ignore[attr-defined]


def test_a_spread_treatment_that_is_none_is_refused() -> None:
    with pytest.raises(BadParameter, match="twice"):
        Problem.of(SquareRoot, orders(), spread="twice")  # type: ignore[arg-type]
