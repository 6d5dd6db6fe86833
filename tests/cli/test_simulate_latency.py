"""Latency and queue models on the command line."""

from __future__ import annotations

import pytest
from tests.cli.test_commands import ORDER, answer, nowake


def test_legs_given_by_name_are_said_with_the_result() -> None:
    assumptions = answer("simulate", "generated", *ORDER, "--latency", "feed=1ms,send=300us")["run"]["assumptions"]
    assert "Latency: market data 1 ms, orders and cancels 300 us, answers and fills 200 us." in assumptions


def test_help_names_the_legs_and_the_queue_models() -> None:
    words = " ".join(nowake("simulate", "--help").stdout.split())
    for word in ("feed=1ms", "decide=50us", "cancel", "risk-averse", "power:2"):
        assert word in words


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--latency", "wire=1ms", "no leg 'wire'"),
        ("--latency", "fast", "duration 'fast'"),
        ("--queue-model", "fifo", "queue model 'fifo' is not one of risk-averse, proportional, power:EXPONENT, log"),
        ("--queue-model", "log", "leave it out"),
    ],
)
def test_mistakes_are_one_line(option: str, value: str, said: str) -> None:
    result = nowake("simulate", "generated", *ORDER, option, value)
    assert (2, 1) == (result.returncode, len(result.stderr.strip().splitlines()))
    assert said in result.stderr
