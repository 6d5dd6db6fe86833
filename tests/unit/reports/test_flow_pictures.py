"""Pictures of what the market told: the same bytes again, well formed, and nothing that misleads."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from tests.unit.reports import sample

from nowake.reports.pictures import discovery, flow
from nowake.reports.pictures.canvas import Curve, Picture

AT_NS = np.arange(sample.at("10:00"), sample.at("11:00"), 60 * 10**9)
RISING = Curve(at=[0.001, 0.1, 10.0], value=[-1.0, 0.5, 2.0], low=[-2.0, 0.0, -5.0], high=[0.0, 1.0, 9.0])
SHARES = {"A": Curve([0.1, 1, 10], [0.7, 0.6, 0.5], [0.6, 0.5, 0.3], [0.8, 0.7, 0.7]),
          "B": Curve([0.1, 1, 10], [0.3, 0.4, 0.5], [0.2, 0.3, 0.3], [0.4, 0.5, 0.7])}  # fmt: skip
PEAK = Curve([-1, -0.01, 0, 0.01, 1], [0, 0.2, 0.5, 0.8, 0.1], [0.0] * 5, [0.9] * 5)
FIVE = ("trending", "quiet sideways", "volatile sideways", "crisis", "recovery")


def _told() -> np.ndarray:
    told = np.random.default_rng(1).dirichlet(np.ones(5), len(AT_NS))
    told[:5] = np.nan
    return told


EVERY: dict[str, Callable[[], Picture]] = {
    "markouts": lambda: flow.markouts({"N": RISING, "Q": RISING}),
    "toxicity": lambda: flow.toxicity(
        sample.instrument(),
        (AT_NS[10:], np.linspace(0.1, 0.4, len(AT_NS) - 10)),
        (AT_NS, np.linspace(220, 221, len(AT_NS))),
        alarms_ns=[int(AT_NS[20])],
    ),
    "imbalance": lambda: flow.imbalance(RISING, title="t", what="share up", over="imbalance"),
    "regimes": lambda: flow.regimes(sample.instrument(), AT_NS, _told(), FIVE, np.linspace(220, 221, len(AT_NS))),
    "shares": lambda: discovery.shares(SHARES, measure="information share"),
    "leads": lambda: discovery.lead_lag(
        {"A, B": Curve([-1, -0.01, 0, 0.01, 1], [0, 0.2, 0.5, 0.8, 0.1], *[[0.0] * 5] * 2)}
    ),
}


@pytest.mark.parametrize("name", EVERY)
def test_the_same_data_gives_the_same_well_formed_bytes(name: str) -> None:
    first = EVERY[name]()
    assert first == EVERY[name]()
    ET.fromstring(first.svg)


@pytest.mark.parametrize("name", EVERY)
def test_every_colour_follows_the_page_and_no_formula_is_left_raw(name: str) -> None:
    svg = EVERY[name]().svg
    assert re.findall(r"#[0-9a-f]{6}\b", re.sub(r"var\(--[a-z]+, #[0-9a-f]{6}\)", "", svg)) == []
    assert "mathdefault" not in svg


def test_words_beside_a_picture_give_its_ends() -> None:
    assert EVERY["markouts"]().alt.startswith("N -1 bps after 0.001 s and 2 after 10 s; Q -1 bps")
    assert EVERY["leads"]().alt == "A, B peaks at 0.01 s with 0.80."
    assert "1 alarms" in EVERY["toxicity"]().alt


def test_regimes_of_unknown_bars_are_not_drawn_nor_counted() -> None:
    told = np.full((len(AT_NS), 5), np.nan)
    told[30:] = (0, 0, 1, 0, 0)
    picture = flow.regimes(sample.instrument(), AT_NS, told, FIVE)
    assert "volatile sideways 100%" in picture.alt
