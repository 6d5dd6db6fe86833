"""The queue models: their shares at known points, their limits, and what they refuse."""

from __future__ import annotations

import math

import pytest

from nowake.domain.errors import BadParameter
from nowake.sim.queue_models import (
    ALL,
    LogProbability,
    PowerProbability,
    Proportional,
    RiskAverse,
    code_of,
    model_of,
    share_behind,
)


@pytest.mark.parametrize("model", ALL, ids=str)
def test_nobody_ahead_means_all_cancels_are_behind(model):
    assert 1.0 == share_behind(model, ahead=0, behind=7)


@pytest.mark.parametrize("model", [model for model in ALL if model != RiskAverse()], ids=str)
def test_nobody_behind_means_all_cancels_are_ahead(model):
    assert 0.0 == share_behind(model, ahead=7, behind=0)


@pytest.mark.parametrize("model", [model for model in ALL if model != RiskAverse()], ids=str)
def test_in_the_middle_cancels_are_split_evenly(model):
    assert 0.5 == pytest.approx(share_behind(model, ahead=12, behind=12))


def test_shares_of_ten_ahead_and_thirty_behind():
    """By hand: 30/40; 900/1000; sqrt(3)/(1+sqrt(3)); ln 31/(ln 31 + ln 11)."""
    assert 1.0 == share_behind(RiskAverse(), ahead=10, behind=30)
    assert 0.75 == share_behind(Proportional(), ahead=10, behind=30)
    assert 0.9 == pytest.approx(share_behind(PowerProbability(2), ahead=10, behind=30))
    assert 0.6339746 == pytest.approx(share_behind(PowerProbability(0.5), ahead=10, behind=30), abs=1e-7)
    assert 0.58883 == pytest.approx(share_behind(LogProbability(), ahead=10, behind=30), abs=1e-6)


def test_power_one_is_proportional():
    for ahead in (1, 5, 1e12):
        expected = share_behind(Proportional(), ahead=ahead, behind=9)
        assert expected == pytest.approx(share_behind(PowerProbability(1), ahead=ahead, behind=9))


def test_large_exponents_and_sizes_do_not_overflow():
    assert 0.0 == share_behind(PowerProbability(20), ahead=2**60, behind=1)
    assert 1.0 == share_behind(PowerProbability(20), ahead=1, behind=2**60)


@pytest.mark.parametrize("exponent", [0.0, -1.0, 21.0, math.nan, math.inf])
def test_an_exponent_out_of_range_is_refused_with_its_value(exponent):
    with pytest.raises(BadParameter, match=rf"exponent {exponent}"):
        PowerProbability(exponent)


def test_a_model_of_the_users_own_is_refused_by_name():
    with pytest.raises(BadParameter, match="Proportional"):
        code_of("mine")


def test_models_print_as_a_trader_would_say_them():
    assert ["risk-averse", "proportional", "power 0.5", "power 2", "power 3", "log"] == [str(model) for model in ALL]
    assert "PowerProbability(exponent=2.0)" == repr(PowerProbability())


def test_a_model_is_read_from_the_text_the_command_line_takes():
    texts = ("Risk_averse", " proportional ", "power", "Power:0.5", "log")
    models = [RiskAverse(), Proportional(), PowerProbability(2.0), PowerProbability(0.5), LogProbability()]
    assert models == [model_of(text) for text in texts]


@pytest.mark.parametrize("text", ["", "fifo", "power:", "power:x", "log:2", "log:", ":2"])
def test_a_text_that_names_no_model_is_refused_with_those_there_are(text):
    with pytest.raises(BadParameter, match=f"queue model '{text}' is not one of risk-averse, proportional, power:EXP"):
        model_of(text)


@pytest.mark.parametrize("text", ["power:-1", "power:nan", "power:21"])
def test_a_text_with_an_exponent_out_of_range_is_refused(text):
    with pytest.raises(BadParameter, match="must be above 0 and at most 20"):
        model_of(text)
