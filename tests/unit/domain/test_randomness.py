"""Draws are functions of seed and keys alone."""

from __future__ import annotations

import itertools

import pytest

from nowake.domain.randomness import _mix, draw


def test_the_generator_is_splitmix64() -> None:
    """The first outputs from state 1234567, as published with the reference implementation (Vigna 2015)."""
    gamma, state, outputs = 0x9E3779B97F4A7C15, 1234567, []
    for _ in range(5):
        outputs.append(_mix(state))
        state = (state + gamma) % 2**64
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_draw_depends_on_every_key_and_on_nothing_else() -> None:
    assert draw(7, 1, 2) == draw(7, 1, 2)
    draws = {draw(seed, a, b) for seed, a, b in itertools.product(range(5), repeat=3)}
    assert len(draws) == 125


def test_draws_are_uniform() -> None:
    draws = [draw(1, k) for k in range(20_000)]
    assert 0 <= min(draws)
    assert max(draws) < 1
    assert sum(draws) / len(draws) == pytest.approx(0.5, abs=4 * 0.2887 / 20_000**0.5)
