"""The command that scores queue models: a day without true queues is refused in a line, whatever it is made of."""

import argparse
import dataclasses

import pytest
from benchmarks.score_queue_models import main, score

from nowake.data.generated import generate_day
from nowake.domain.errors import BadData
from nowake.sim.levels_of_orders import levels_of_orders

ASKED = argparse.Namespace(probes=20, horizon_s=30.0, every_ms=0.0, seed=1)


@pytest.fixture(scope="module")
def day():
    return generate_day(3, events=2_000)


def test_a_day_of_orders_is_scored(day):
    assert 6 == len(score(day, ASKED).models)


def test_a_day_of_levels_is_refused_with_the_way_out(day):
    by_levels = dataclasses.replace(day, events=levels_of_orders(day.events))
    with pytest.raises(BadData, match="no true queues are known; name a day that gives orders"):
        score(by_levels, ASKED)


def test_a_day_of_tables_is_refused_saying_what_it_has(day):
    with pytest.raises(BadData, match="has quotes and trades and no order-by-order events"):
        score(dataclasses.replace(day, events=day.events[:0]), ASKED)


def test_a_mistake_is_one_line_and_no_traceback():
    with pytest.raises(SystemExit) as left:
        main(["generated", "--probes", "1"])
    assert "score_queue_models: 1 probes must be from 10 to 100,000" == left.value.code
