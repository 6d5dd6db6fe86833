import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.market_orders import Tape, read_tape
from nowake.models.tape import fit_hdim

CHANGING = np.array([3.0, -0.6, -0.3, -0.2, -0.1])
UNCHANGING = np.array([0.0, 0.8, 0.4, 0.2, 0.1])
DAY = worlds.session(20_000)


def leaning_market(seed: int, orders: int = 6_000, *, moving: float = 0.5) -> Tape:
    """Half of all orders move the mid, by 10 ticks a basis point of the two kernels above, with noise."""
    rng = np.random.default_rng(seed)
    sign = worlds.long_memory_signs(rng, orders, 0.5)
    moved = rng.random(orders) < moving
    pushed = np.convolve(sign * moved, CHANGING)[:orders] + np.convolve(sign * ~moved, UNCHANGING)[:orders]
    # Never 0 where it should move: an odd number of half ticks.
    steps = np.where(moved, np.round(10 * (pushed + rng.normal(size=orders)) + 0.5) * 2 - 1, 0).astype(np.int64)
    mid = 200_000 + np.append(0, np.cumsum(steps))
    at = 1 + 0.5 * np.arange(orders + 1)
    book = worlds.quotes(at - 0.2, mid - 3, mid + 3)
    return read_tape(book, worlds.trades(at[:-1], mid[:-1] + 3 * sign.astype(np.int64), 1, sign), DAY)


def test_both_kernels_are_found_within_their_errors() -> None:
    found = fit_hdim(leaning_market(1), lags=8)
    for kernel, error, truth in (
        (found.after_changing_bps, found.changing_se_bps, CHANGING),
        (found.after_unchanging_bps, found.unchanging_se_bps, UNCHANGING),
    ):
        assert error is not None
        off = np.abs(kernel - np.append(truth, np.zeros(3)))
        assert (off <= 3.5 * error + 0.01).all()
        assert (error < 0.1).all()
    assert found.noise_bps == pytest.approx(1.0, rel=0.05)
    assert found.after_unchanging_bps[0] == 0


def test_the_model_explains_the_tape_it_was_fitted_to() -> None:
    tape = leaning_market(2)
    moves = tape.moves_ticks / tape.mid_ticks[0] * 1e4
    predicted = fit_hdim(tape, lags=8).predict(tape.sign, moves != 0)
    assert np.corrcoef(predicted, moves)[0, 1] ** 2 > 0.85


def test_too_few_moves_are_refused() -> None:
    with pytest.raises(BadData, match="must be 200 each for two kernels"):
        fit_hdim(leaning_market(3, 2_000, moving=0.03))


def test_moving_orders_too_far_from_each_other_are_refused() -> None:
    with pytest.raises(BadData, match="have another of one kind at some lag"):
        fit_hdim(leaning_market(3, 20_000, moving=0.02), lags=5)


def test_one_lag_is_refused() -> None:
    with pytest.raises(BadParameter, match="lags 1 must be 2 or more"):
        fit_hdim(leaning_market(3), lags=1)
