"""Which book a day runs on, what the result says of it, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from nowake.algos import Twap
from nowake.data.findings import Findings
from nowake.data.generated import generate_day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.sim.latency import Latency
from nowake.sim.levels_of_orders import levels_of_orders
from nowake.sim.queue_models import LogProbability, PowerProbability, Proportional, RiskAverse, model_of
from nowake.sim.replay import ASSUMPTIONS, BY_ORDERS, LEVEL_ASSUMPTIONS
from nowake.verbs.simulate import simulate


@pytest.fixture(scope="module")
def by_orders():
    return generate_day(3, events=20_000)


@pytest.fixture(scope="module")
def by_levels(by_orders):
    return dataclasses.replace(by_orders, events=levels_of_orders(by_orders.events))


def twap(day):
    return Twap(ParentOrder.buy(day.instrument, 1_000 * day.instrument.quantity(1), start="10:00", end="10:30"))


def test_day_of_orders_says_that_its_queues_are_known(by_orders):
    run = simulate(twap(by_orders), by_orders, latency="feed=1ms,send=300us")
    assert BY_ORDERS in run.assumptions
    assert "Latency: market data 1 ms, orders and cancels 300 us, answers and fills 200 us." in run.assumptions


@pytest.mark.parametrize(
    ("given", "name"), [(None, "risk-averse"), ("risk-averse", "risk-averse"), (PowerProbability(3.0), "power 3")]
)
def test_day_of_levels_says_by_which_model_its_queues_are_estimated(by_levels, given, name):
    run = simulate(twap(by_levels), by_levels, queue_model=given, latency=Latency(feed=300, ack=5))
    queued = {sentence for sentence in ASSUMPTIONS if "queued ahead" in sentence or "removes the order" in sentence}
    assert 2 == len(queued)
    said = f"The data tell levels and trades, not whose orders: queues are estimated by the {name} model."
    assert said in run.assumptions
    assert BY_ORDERS not in run.assumptions
    assert (True, 0) == (set(LEVEL_ASSUMPTIONS) <= set(run.assumptions), len(queued & set(run.assumptions)))
    assert run.executed_lots > 0


def test_queue_model_for_a_day_that_knows_its_queues_is_refused(by_orders):
    with pytest.raises(BadParameter, match="queue model log is for data that tell levels only"):
        simulate(twap(by_orders), by_orders, queue_model="log")


def test_queue_models_are_read_from_text():
    texts = ("risk-averse", "Risk_Averse", "PROPORTIONAL", "power", "power:0.5", "log")
    models = [
        RiskAverse(),
        RiskAverse(),
        Proportional(),
        PowerProbability(2.0),
        PowerProbability(0.5),
        LogProbability(),
    ]
    assert models == [model_of(text) for text in texts]


@pytest.mark.parametrize("text", ["", "fifo", "power:", "power:x", "power:-1", "power:nan", "log:2"])
def test_queue_model_that_is_none_is_refused(text):
    with pytest.raises(BadParameter, match=r"queue model|exponent"):
        model_of(text)


def test_day_of_which_a_replay_would_lie_is_refused_with_the_reason(by_orders):
    day = dataclasses.replace(by_orders, findings=Findings(refusal="17 messages are missing after 10:00:03."))
    with pytest.raises(BadParameter, match=r"17 messages are missing after 10:00:03\."):
        simulate(twap(day), day)
