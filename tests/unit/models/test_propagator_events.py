"""TIM and HDIM: closed forms of Markov signs, and simulated tapes."""

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact.propagator_events import HDIM, TIM

RHO = 0.6
MARKOV = RHO ** np.arange(60)  # Autocorrelation of signs that repeat with probability (1 + RHO) / 2.
# Madhavan, Richardson & Roomans 1997: only the surprise in a sign moves the price, for good.
SURPRISE = TIM(increments_bps=np.array([2.0, -2.0 * RHO, 0.0]))


def markov_signs(n: int, *, seed: int, rho: float = RHO) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumprod(np.where(rng.random(n) < (1 + rho) / 2, 1.0, -1.0))


def test_a_lone_trade_moves_the_mid_by_the_kernel_and_leaves_its_sum() -> None:
    model = TIM(increments_bps=np.array([3.0, -1.0, -0.5]))
    assert model.predict([0, 1, 0, 0, 0, 0]).tolist() == [0.0, 3.0, -1.0, -0.5, 0.0, 0.0]
    assert model.impact_bps.tolist() == [3.0, 2.0, 1.5]


def test_when_only_surprises_count_response_and_signature_are_flat() -> None:
    expected = 2.0 * (1 - RHO**2)
    assert SURPRISE.response_function(MARKOV, 20).tolist() == pytest.approx([expected] * 20)
    assert SURPRISE.signature(MARKOV, 20).tolist() == pytest.approx([2.0 * expected] * 20)


def test_permanent_impact_of_persistent_signs_gives_a_growing_response_and_superdiffusion() -> None:
    """Sums of a geometric series: R(l) = G (1 - rho^l) / (1 - rho)."""
    model = TIM(increments_bps=np.array([1.0]), noise_bps=2.0)
    lags = np.arange(1, 11)
    assert model.response_function(MARKOV, 10).tolist() == pytest.approx(((1 - RHO**lags) / (1 - RHO)).tolist())
    expected = 4 + (1 + RHO) / (1 - RHO) - 2 * RHO * (1 - RHO**lags) / (lags * (1 - RHO) ** 2)
    assert model.signature(MARKOV, 10).tolist() == pytest.approx(expected.tolist())


def test_response_and_signature_are_those_of_a_simulated_tape() -> None:
    rng = np.random.default_rng(4)
    model = TIM(increments_bps=0.5 * np.diff(np.arange(61) ** 0.7), noise_bps=1.5)
    signs = markov_signs(400_000, seed=3)
    mids = np.concatenate(([0.0], np.cumsum(model.predict(signs) + rng.normal(0, 1.5, len(signs)))))
    for lag in (1, 5, 20):
        moves = mids[lag:-1] - mids[: -1 - lag]
        seen = float(np.mean(moves * signs[: len(moves)]))
        assert model.response_function(MARKOV, 20)[lag - 1] == pytest.approx(seen, rel=0.02)
        assert model.signature(MARKOV, 20)[lag - 1] == pytest.approx(float(np.mean(moves**2)) / lag, rel=0.02)


def test_long_kernels_are_folded_as_short_ones_are() -> None:
    rng = np.random.default_rng(1)
    kernel, signs = rng.normal(size=200), np.sign(rng.normal(size=1_000))
    slow = [sum(kernel[n] * signs[t - n] for n in range(min(t + 1, 200))) for t in range(1_000)]
    assert TIM(increments_bps=kernel).predict(signs).tolist() == pytest.approx(slow)


def test_a_trade_known_not_to_move_the_price_moves_it_by_nothing() -> None:
    model = HDIM(after_changing_bps=np.array([5.0, -1.0, -0.5]), after_unchanging_bps=np.array([0.0, 0.8, 0.2]))
    signs, changing = [1, 1, -1, 1, -1], [True, False, True, False, True]
    # Third: -5 own, +0.8 of the second, -0.5 of the first. Fifth: -5, +0.8 of the fourth, +0.5 of the third.
    assert model.predict(signs, changing).tolist() == pytest.approx([5.0, 0.0, -4.7, 0.0, -3.7])


def test_history_dependent_impact_with_one_kind_is_the_transient_model() -> None:
    kernel = np.array([3.0, -1.0, -0.5, 0.1])
    model = HDIM(after_changing_bps=kernel, after_unchanging_bps=np.zeros(4))
    signs = markov_signs(500, seed=9)
    assert model.predict(signs, np.ones(500, dtype=bool)).tolist() == pytest.approx(
        TIM(increments_bps=kernel).predict(signs).tolist()
    )


def test_history_dependent_response_is_the_mean_move_behind_each_kind() -> None:
    rng = np.random.default_rng(2)
    model = HDIM(after_changing_bps=np.array([4.0, -1.0]), after_unchanging_bps=np.array([0.0, 0.5]))
    signs, changing = markov_signs(2_000, seed=5), rng.random(2_000) < 0.3
    moves = model.predict(signs, changing)
    behind = {True: [], False: []}
    for t in range(2_000 - 3):
        behind[bool(changing[t])].append([moves[t : t + lag].sum() * signs[t] for lag in (1, 2, 3)])
    after_changing, after_unchanging = model.response_function(signs, changing, 3)
    assert after_changing.tolist() == pytest.approx(np.mean(behind[True], axis=0).tolist())
    assert after_unchanging.tolist() == pytest.approx(np.mean(behind[False], axis=0).tolist())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TIM(increments_bps=np.array([])), "one lag or more"),
        (lambda: TIM(increments_bps=np.array([1.0, np.nan])), "finite"),
        (lambda: TIM(increments_bps=np.ones(3), se_bps=np.ones(2)), "3 lags and 2 standard errors"),
        (lambda: TIM(increments_bps=np.ones(3), noise_bps=-1.0), "noise_bps -1.0"),
        (lambda: TIM(increments_bps=np.ones(3)).response_function(MARKOV, 0), "lags 0"),
        (lambda: HDIM(after_changing_bps=np.ones(3), after_unchanging_bps=np.zeros(2)), "3 and 2 lags"),
        (lambda: HDIM(after_changing_bps=np.ones(3), after_unchanging_bps=np.ones(3)), "must be 0"),
        (
            lambda: HDIM(after_changing_bps=np.ones(1), after_unchanging_bps=np.zeros(1)).predict([1, 1], [True]),
            "one length",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_value(make: object, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        make()


def test_lists_are_as_welcome_as_arrays_and_no_trades_move_nothing() -> None:
    tim = TIM(increments_bps=[1.0, -0.5])
    assert tim.predict([1, 1]).tolist() == [1.0, 0.5]
    assert tim.predict([]).tolist() == []
    hdim = HDIM(after_changing_bps=[1.0], after_unchanging_bps=[0.0])
    assert hdim.predict([], []).tolist() == []
