from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nowake.data.day import Day, no_events, no_quotes, no_trades
from nowake.data.load import load_day
from nowake.domain.errors import BadData, BadParameter
from nowake.kernels.layout import ADD, EXECUTE
from nowake.models.fills.lifetimes import CANCELLED, FILLED
from nowake.models.fills.observed import observed_lifetimes
from nowake.verbs.fills import Fills, fills


@pytest.fixture(scope="module")
def found(generated_day: Day) -> Fills:
    return fills(generated_day, horizons_s=(5.0, 30.0))


def test_a_day_of_orders_gives_curves_a_model_its_calibration_and_rates(found: Fills) -> None:
    assert found.observed
    assert (5.0, 30.0) == found.model.horizons_s if found.model else False
    assert found.calibration is not None
    assert found.bids is not None
    assert found.asks is not None
    assert () == found.refusals


def test_model_and_curves_agree_where_orders_are_many(found: Fills) -> None:
    """At the touch, of the larger half of queues: the cell's own estimate against the model's for its orders."""
    assert found.model is not None
    cell = next(rate for rate in found.curves.rates
                if rate.distance_ticks == (0, 0) and rate.queue_lots[1] is None and rate.horizon_s == 30.0)  # fmt: skip
    near = found.model.probability(0, 1.6 * (cell.queue_lots[0] or 0), 30.0)
    assert cell.standing.value == pytest.approx(near.value, abs=0.1)


def test_a_day_of_quotes_and_trades_imagines_orders_and_says_so(generated_day: Day) -> None:
    tables = dataclasses.replace(generated_day, events=no_events())
    imagined = fills(tables, horizons_s=(5.0, 30.0))
    assert not imagined.observed
    assert imagined.model is None
    assert "no model of the state" in imagined.refusals[-1]
    assert imagined.pessimistic is not None
    for first, last in zip(imagined.curves.rates, imagined.pessimistic.rates, strict=True):
        assert last.standing.value <= first.standing.value
    assert imagined.curves.rates == fills(generated_day, horizons_s=(5.0, 30.0), imagined=True).curves.rates


def test_it_can_be_stored_whole(found: Fills) -> None:
    assert found == msgspec.json.decode(msgspec.json.encode(found), type=Fills)


def test_it_prints_tabulates_and_draws_itself(found: Fills) -> None:
    text = str(found)
    assert "probability of a first fill of an order left standing" in text
    assert "Predicted and seen" in text
    frame = found.to_frame()
    assert len(found.curves.rates) == len(frame)
    assert {"standing", "standing_low", "posted", "highest", "n_effective"} <= set(frame.columns)
    assert "When a limit order is filled" in found.plot().title
    assert found.plot() == found.plot()


def test_imagined_orders_print_and_draw_both_ends(generated_day: Day) -> None:
    imagined = fills(generated_day, horizons_s=(5.0, 30.0), imagined=True)
    assert "last in queue" in str(imagined)
    assert {"first", "last"} == set(imagined.to_frame()["place"])
    assert imagined.plot().svg.count("<path") > 10


def test_a_day_with_nothing_is_refused(generated_day: Day) -> None:
    empty = dataclasses.replace(generated_day, events=no_events(), quotes=no_quotes(), trades=no_trades())
    with pytest.raises(BadData, match="0 quotes and 0 prints fill nobody"):
        fills(empty)


@pytest.mark.parametrize("horizons_s", [(), (0.0,), (5.0, 5.0)])
def test_wrong_horizons_are_refused(generated_day: Day, horizons_s: tuple[float, ...]) -> None:
    with pytest.raises((BadParameter, BadData)):
        fills(generated_day, horizons_s=horizons_s)


@pytest.mark.parametrize("name", ["lobster:AAPL:50", "lobster:AMZN:1", "bitstamp:BTCUSD", "dbn:ESH4"])
def test_real_lives_end_as_often_as_the_tape_says(data_root: Path, name: str) -> None:
    """Counted anew with a set of ids: orders executed at least once, among those that are rows."""
    try:
        day = load_day(name, root=data_root)
    except Exception as error:
        pytest.skip(f"{name}: {error}")
    lives = observed_lifetimes(day.events, day.quotes, day.instrument.session)
    posted = int(np.count_nonzero((day.events["kind"] == ADD) & (day.events["order_id"] != 0)))
    older = lives.left_out.get("older than the tape", 0)
    assert posted == len(lives) + sum(lives.left_out.values()) - older
    executed = set(day.events["order_id"][day.events["kind"] == EXECUTE].tolist())
    _, cause = lives.outcome("first")
    assert 0.25 * len(executed) < np.count_nonzero(cause == FILLED) <= len(executed)
    assert np.count_nonzero(cause == CANCELLED) > np.count_nonzero(cause == FILLED)


def test_a_real_order_farther_away_is_filled_less(data_root: Path) -> None:
    try:
        day = load_day("dbn:ESH4", root=data_root)
    except Exception as error:
        pytest.skip(f"ES: {error}")
    model = fills(day, horizons_s=(10.0, 60.0)).model
    assert model is not None
    answer = model.probabilities(distance_ticks=np.array([0, 1, 3, 10]), queue_lots=20.0, horizon_s=60.0)
    assert np.all(np.diff(answer.value) < 0)
    assert answer.high[2] < answer.low[0]
    longer = model.probabilities(distance_ticks=0, queue_lots=np.array([1.0, 10.0, 100.0]), horizon_s=60.0)
    assert longer.high[2] < longer.low[0]
