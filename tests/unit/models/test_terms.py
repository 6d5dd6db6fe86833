"""What a model is asked: numbers of any kind are kept as floats, and nothing overflows."""

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Almgren2005, Transient, kernels
from nowake.models.terms import Terms


def test_columns_of_32_bit_integers_answer_what_floats_answer() -> None:
    """Nine hundred million shares a day over five days do not fit 32 bits."""
    answers = [
        float(
            Almgren2005().total_bps(
                Terms(
                    quantity=1e6,
                    days=np.array([5], kind),
                    volatility=0.02,
                    daily_volume=np.array([900_000_000], kind),
                    shares_outstanding=1e10,
                )
            )[0]
        )
        for kind in (np.int32, np.float64)
    ]
    assert answers[0] == answers[1]
    largest = np.array([2**31 - 1], np.int32)
    assert Terms(quantity=largest, days=1, volatility=0.02, daily_volume=largest).participation.tolist() == [0.5]


def test_a_number_stays_a_number_and_a_list_becomes_an_array() -> None:
    asked = Terms(quantity=100, days=np.float64(1), volatility=0.02, daily_volume=[10, 20])
    assert type(asked.quantity) is float
    assert isinstance(asked.days, float)
    assert asked.daily_volume.dtype == np.float64


def test_words_are_refused_as_no_numbers() -> None:
    with pytest.raises(BadParameter, match="volatility 'high' must be a number"):
        Terms(quantity=1.0, days=1.0, volatility="high", daily_volume=1e6)


def test_a_window_too_short_for_its_square_to_be_a_number_is_refused_and_the_shortest_answers() -> None:
    model = Transient(permanent=0.0, transient=1.0, kernel=kernels.ShiftedPowerLaw(0.5, 0.1))
    short = Terms(quantity=1e5, days=1e-100, volatility=0.02, daily_volume=1e6)
    assert float(model.total_bps(short)) == pytest.approx(10.0)
    with pytest.raises(BadParameter, match=r"days 1e-200 must be 1e-100 or more"):
        Terms(quantity=1.0, days=1e-200, volatility=0.02, daily_volume=1e6)
