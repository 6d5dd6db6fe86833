"""Farmer, Gerig, Lillo, Waelbroeck 2013, "How efficiency shapes market impact", Quantitative Finance 13: an order is
priced fairly where the price comes back to what it paid on average. For impact that grows with a power delta of what
has been traded, that is 1 / (1 + delta) of the peak: 2/3 for the square root, their headline."""

import numpy as np
import pytest

from nowake.models.impact import Logarithmic, PowerLaw, Reading, Saturating, SquareRoot
from nowake.models.impact.size_law import SizeLaw
from nowake.models.terms import Terms

ORDER = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6)


def level_after(law: SizeLaw) -> float:
    """Where the mid is long after the order, in basis points."""
    path = law.response(ORDER).path(np.full(10, 1e4), np.linspace(0, 0.5, 11), np.array([1e12]))
    return float(path[0])


@pytest.mark.parametrize("reading", list(Reading))
def test_the_square_root_comes_back_to_two_thirds_of_its_peak(reading: Reading) -> None:
    law = SquareRoot(reading=reading)
    assert 2 / 3 == pytest.approx(level_after(law) / float(law.peak_bps(ORDER)))


@pytest.mark.parametrize("delta", [0.25, 0.5, 0.6, 1.0])
def test_a_power_comes_back_to_one_over_one_plus_delta_of_its_peak(delta: float) -> None:
    law = PowerLaw(exponent=delta, reading=Reading.PEAK)
    assert 1 / (1 + delta) == pytest.approx(level_after(law) / float(law.impact_bps(ORDER)))


@pytest.mark.parametrize(
    "law", [Logarithmic(a=0.06, b=0.002, reading=Reading.PEAK), Saturating(a=0.3, b=0.05)], ids=str
)
def test_any_law_comes_back_to_the_average_price_of_an_order_that_walked_up_it(law: SizeLaw) -> None:
    """The price walks from 0 to the peak as the law says of what has been traded; its average is what was paid."""
    walked = ORDER.of_quantity(1e5 * (np.arange(20_000) + 0.5) / 20_000)
    assert float(np.mean(law.peak_bps(walked))) == pytest.approx(level_after(law), rel=1e-5)
