"""The flow of the matching benchmark is the published one, and so are the reports our engine makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import matching_flow

from nowake import sim


def test_a_scenario_is_the_same_flow_every_time_and_numbers_its_messages():
    one, other = (matching_flow.scenario("normal", orders=500) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert list(range(len(one))) == one["sequence"].tolist()
    assert [500, 500] == [np.count_nonzero(one["kind"] == 0), len(np.unique(one["order_id"]))]


def test_the_busy_flow_is_half_adds_two_fifths_cancels_and_the_rest_takers():
    flow = matching_flow.busy(messages=50_000)
    shares = [np.mean((flow["kind"] == kind) & (flow["ioc"] == ioc)) for kind, ioc in ((0, 0), (1, 0), (0, 1))]
    assert [0.52, 0.41, 0.07] == pytest.approx(shares, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", matching_flow.SCENARIOS)
def test_our_reports_of_a_published_scenario_have_the_published_hash(name):
    reports = sim.match(matching_flow.scenario(name))
    assert matching_flow.PUBLISHED_SHA256[name] == matching_flow.sha256_of(reports)
