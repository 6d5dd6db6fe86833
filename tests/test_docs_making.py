"""Which sources the page of what markets told takes for one asset: by their prices, never by their names."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nowake.data.readers.contract import Recording

MAKING = Path(__file__).parent.parent / "docs" / "making"
RNG = np.random.default_rng(5)
WALK = 100 * np.exp(np.cumsum(RNG.normal(0, 1e-3, 400)))
OTHER = 100 * np.exp(np.cumsum(RNG.normal(0, 1e-3, 400)))


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(MAKING))
    import discovery_jobs  # noqa: PLC0415

    return discovery_jobs


def told(source: str, prices: np.ndarray, *, symbol: str = "", venue: str = "", first: int = 0) -> dict[str, Any]:
    slots = list(range(first, first + len(prices)))
    named = {"kind": "prices", "source": source, "symbol": symbol or source, "venue": venue}
    return named | {"updates": len(prices), "slots": slots, "prices": prices.tolist()}


def groups(making: Any, *answers: dict[str, Any]) -> list[set[str]]:
    recording = Recording("bars", "", (), None, None, ())
    found = [making.Job("prices", each["source"], each["symbol"], (recording,)) for each in answers]
    made = making.groups(found, answers, Path("/none"))
    return [{member.spec for member in group.members} for group in made]


def test_sources_that_stay_close_and_move_together_are_one_asset(making: Any) -> None:
    assert groups(making, told("a", WALK), told("b", 1.01 * WALK), told("c", OTHER)) == [{"a", "b"}]


def test_two_prices_that_are_near_by_chance_are_two_assets(making: Any) -> None:
    near = 0.99 * WALK[0] + RNG.normal(0, 0.05, len(WALK))
    assert groups(making, told("a", np.full(400, WALK[0]) + RNG.normal(0, 0.05, 400)), told("b", near)) == []


def test_prices_in_another_currency_are_no_group(making: Any) -> None:
    assert groups(making, told("a", WALK), told("b", 1.3 * WALK)) == []


def test_sources_that_never_overlap_are_no_group(making: Any) -> None:
    assert groups(making, told("a", WALK), told("b", WALK, first=5_000)) == []


def test_one_market_in_two_files_counts_once(making: Any) -> None:
    twice = told("ticks", WALK, symbol="X", venue="V"), told("bars", WALK, symbol="X", venue="V")
    assert groups(making, *twice) == []
    assert len(groups(making, *twice, told("elsewhere", WALK, symbol="X", venue="W"))[0]) == 2


def test_a_group_is_of_the_four_fullest(making: Any) -> None:
    many = [told(f"{size}", WALK[:size] * (1 + size / 1e5)) for size in (100, 150, 200, 300, 400)]
    for order in itertools.islice(itertools.permutations(many), 0, 120, 17):
        assert groups(making, *order) == [{"400", "300", "200", "150"}]
