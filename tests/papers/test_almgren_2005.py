"""Almgren, Thum, Hauptmann, Li 2005, "Direct estimation of equity market impact", Risk 18: their example of IBM and
DRI, each 10 % of a day's volume bought over three durations. Reprinted in Johnson 2010, "Algorithmic Trading & DMA",
table 10-1."""

import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Almgren2005
from nowake.models.terms import Terms

STOCKS = {
    "IBM": {"volatility": 0.0157, "daily_volume": 6.561e6, "shares_outstanding": 1728e6},
    "DRI": {"volatility": 0.0226, "daily_volume": 1.929e6, "shares_outstanding": 168e6},
}

# Duration in days: I / sigma, I, K / sigma, K, J; I, K and J in basis points.
TABLE = {
    ("IBM", 0.1): (0.126, 20, 0.142, 22, 32),
    ("IBM", 0.2): (0.126, 20, 0.094, 15, 25),
    ("IBM", 0.5): (0.126, 20, 0.054, 8, 18),
    ("DRI", 0.1): (0.096, 22, 0.142, 32, 43),
    ("DRI", 0.2): (0.096, 22, 0.094, 21, 32),
    ("DRI", 0.5): (0.096, 22, 0.054, 12, 23),
}


def terms(name: str, days: float) -> Terms:
    stock = STOCKS[name]
    return Terms(quantity=0.1 * stock["daily_volume"], days=days, **stock)


@pytest.mark.parametrize(("name", "days"), list(TABLE))
def test_the_papers_table_of_ibm_and_dri_comes_out_to_the_digits_printed(name: str, days: float) -> None:
    model, asked = Almgren2005(), terms(name, days)
    sigma_bps = 1e4 * STOCKS[name]["volatility"]
    move_sigma, move, temporary_sigma, temporary, cost = TABLE[name, days]
    assert move_sigma == pytest.approx(model.move_bps(asked) / sigma_bps, abs=5e-4)
    assert move == pytest.approx(model.move_bps(asked), abs=0.5)
    assert temporary_sigma == pytest.approx(model.temporary_bps(asked) / sigma_bps, abs=5e-4)
    assert temporary == pytest.approx(model.temporary_bps(asked), abs=0.5)
    assert cost == pytest.approx(model.total_bps(asked), abs=0.5)


def test_inverse_turnover_is_263_days_for_ibm_and_87_for_dri() -> None:
    turnover = {name: stock["shares_outstanding"] / stock["daily_volume"] for name, stock in STOCKS.items()}
    assert {"IBM": 263, "DRI": 87} == {name: round(days) for name, days in turnover.items()}


def test_the_cost_is_half_the_move_that_stays_and_the_temporary_part() -> None:
    model, asked = Almgren2005(), terms("IBM", 0.2)
    assert model.move_bps(asked) / 2 + model.temporary_bps(asked) == pytest.approx(model.total_bps(asked))


def test_duration_is_counted_in_volume_not_by_the_clock() -> None:
    """Half a day in which a tenth of a day's volume trades is a tenth of a day."""
    stock = STOCKS["IBM"]
    slow_half_day = Terms(quantity=656_100, days=0.5, window_volume=0.1 * stock["daily_volume"], **stock)
    assert 32 == pytest.approx(Almgren2005().total_bps(slow_half_day), abs=0.5)


def test_printed_standard_errors_of_gamma_and_eta_are_the_defaults_and_fixed_exponents_carry_none() -> None:
    model = Almgren2005()
    assert [0.041, 0.0062, 0.0, 0.0] == pytest.approx([model.se(name) for name in ("gamma", "eta", "beta", "delta")])


def test_doubt_of_the_cost_is_that_of_its_two_coefficients() -> None:
    model, asked = Almgren2005(), terms("IBM", 0.1)
    permanent = model.permanent_bps(asked) * 0.041 / 0.314
    temporary = model.temporary_bps(asked) * 0.0062 / 0.142
    assert (permanent**2 + temporary**2) ** 0.5 == pytest.approx(model.parameter_sd_bps(asked))


def test_a_market_without_shares_outstanding_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match="needs shares_outstanding"):
        Almgren2005().total_bps(Terms(quantity=1e4, days=0.5, volatility=0.02, daily_volume=1e6))
