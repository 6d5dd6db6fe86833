import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.flow.memory import memory_exponent
from nowake.microstructure.market_orders import read_tape
from nowake.models.tape import PropagatorFit, fit_propagator
from nowake.models.tape.propagator import Resampling, _share_left

LAGS = 60
TRUTH_BPS = np.arange(1.0, LAGS + 1) ** -0.2
DAY = worlds.session(4_000)


def fitted(seed: int, **market: float) -> PropagatorFit:
    tape = read_tape(*worlds.propagating_market(seed, **market), DAY)
    return fit_propagator(tape, lags=LAGS, repeats=200, seed=seed)


def test_the_kernel_of_a_market_with_long_memory_is_found_within_its_band() -> None:
    found = fitted(2)
    low, high = np.array(found.kernel_bps.low), np.array(found.kernel_bps.high)
    assert np.mean((low <= TRUTH_BPS) & (high >= TRUTH_BPS)) > 0.9
    assert np.mean(high - low) < 0.5
    assert found.kernel_exponent is not None
    assert found.kernel_exponent.low < 0.2 < found.kernel_exponent.high
    assert found.permanent_share is not None
    assert found.permanent_share.low < TRUTH_BPS[-1] < found.permanent_share.high


def test_the_response_holds_the_followers_and_the_kernel_does_not() -> None:
    found = fitted(2, noise_ticks=2.0)
    assert found.response_bps.value[-1] > 2 * found.kernel_bps.value[-1]
    assert found.model.impact_bps == pytest.approx(np.array(found.kernel_bps.value))


def test_the_model_gives_back_the_response_that_was_measured() -> None:
    tape = read_tape(*worlds.propagating_market(3, noise_ticks=2.0), DAY)
    found = fit_propagator(tape, lags=LAGS)
    about_the_mean = np.append(1.0, found.memory.value) - tape.sign.mean() ** 2
    assert found.model.response_function(about_the_mean, 20) == pytest.approx(
        np.array(found.response_bps.value[:20]), rel=0.03
    )


@pytest.mark.study
def test_bands_exponents_and_the_permanent_share_hold_the_truth() -> None:
    fits = [fitted(seed) for seed in range(150)]
    low, high = (np.array([getattr(fit.kernel_bps, end) for fit in fits]) for end in ("low", "high"))
    assert 0.93 <= np.mean((low <= TRUTH_BPS) & (high >= TRUTH_BPS)) <= 0.985
    for name, truth in (("kernel_exponent", 0.2), ("permanent_share", TRUTH_BPS[-1])):
        told = [each for fit in fits if fit.peak == 1 and (each := getattr(fit, name)) is not None]
        assert 0.9 <= np.mean([each.low <= truth <= each.high for each in told]) <= 1.0
    gamma = [fit.memory_exponent for fit in fits if fit.memory_exponent is not None]
    assert 0.9 <= np.mean([each.low <= 0.5 <= each.high for each in gamma]) <= 1.0


def test_impact_that_stays_has_an_exponent_near_nothing_and_a_share_near_one() -> None:
    found = fitted(4, beta=0.0, noise_ticks=5.0)
    assert found.permanent_share is not None
    assert found.permanent_share.low < 1 < found.permanent_share.high
    assert found.permanent_share.low > 0.8
    assert found.kernel_exponent is not None
    assert found.kernel_exponent.low < 0 < found.kernel_exponent.high


def test_a_market_without_impact_has_no_share_to_tell() -> None:
    book, trades = worlds.propagating_market(5)
    rng = np.random.default_rng(1)
    trades.aggressor[:] = np.where(rng.random(len(trades)) < 0.5, 1, -1)
    found = fit_propagator(read_tape(book, trades, DAY), lags=LAGS)
    assert found.permanent_share is None
    assert found.memory_exponent is None
    assert "permanent share: orders have no impact that can be told from chance" in found.refusals
    assert found.critical_exponent is None


def test_the_memory_of_signs_is_found() -> None:
    signs = worlds.long_memory_signs(np.random.default_rng(1), 50_000, 0.4)
    found = memory_exponent(signs)
    assert found.low < 0.4 < found.high
    assert found.high - found.low < 0.4


def test_signs_that_drift_from_selling_to_buying_have_no_memory_exponent() -> None:
    signs = np.where(np.random.default_rng(1).random(5_000) < np.linspace(0, 1, 5_000), 1.0, -1.0)
    with pytest.raises(BadData, match="do not settle about one level"):
        memory_exponent(signs)


@pytest.mark.parametrize("lags", [1, 0, 300])
def test_lags_out_of_range_are_refused(lags: int) -> None:
    tape = read_tape(*worlds.propagating_market(1, orders=2_000), DAY)
    with pytest.raises(BadParameter, match=f"lags {lags} must be from 2 to a twentieth"):
        fit_propagator(tape, lags=lags)


def test_the_same_seed_gives_the_same_bands() -> None:
    assert fitted(1).kernel_bps == fitted(1).kernel_bps


def test_prices_at_or_below_zero_are_refused() -> None:
    book, trades = worlds.propagating_market(1, orders=2_000)
    for column in (book.bid_ticks, book.ask_ticks, trades.price_ticks):
        column[:] = column - 100_000
    with pytest.raises(BadData, match="gives no move in basis points"):
        fit_propagator(read_tape(book, trades, DAY))


def test_what_is_older_than_the_kernel_does_not_fall_on_its_last_lags() -> None:
    last = [fitted(seed, noise_ticks=2.0).kernel_bps.value[-1] for seed in range(12)]
    assert np.mean(last) == pytest.approx(TRUTH_BPS[-1], abs=0.015)


def still_market(seed: int, *, moving: float) -> tuple[Quotes, Trades]:
    """A mid that jumps by a hundred ticks behind few orders, and by chance."""
    rng = np.random.default_rng(seed)
    at = np.arange(1, 3_001)
    sign = np.where(rng.random(3_000) < 0.5, 1, -1)
    moves = np.where(rng.random(3_000) < moving, 100 * sign, 0)
    mid = 1_000_000 + np.concatenate(([0], np.cumsum(moves)))
    book = worlds.quotes(np.append(0, at + 0.5), mid - 10, mid + 10)
    return book, worlds.trades(at, mid[:-1] + 10 * sign, 10, sign)


def test_few_moves_lose_the_share_that_stays_and_none_loses_the_kernel_with_its_reason() -> None:
    """A repeat without a single move made the interval of the share of nothing by nothing: nan."""
    told = [fit_propagator(read_tape(*still_market(seed, moving=0.02), DAY), repeats=200) for seed in range(12)]
    for found in told:
        assert found.permanent_share is not None or any("permanent share" in each for each in found.refusals)
    with pytest.raises(BadData, match=r"the mid moves behind \d+ of 3,000 market orders; a kernel needs 30"):
        fit_propagator(read_tape(*still_market(1, moving=0.003), DAY))


def test_a_repeat_without_a_peak_is_no_share() -> None:
    resampling = Resampling(blocks=60, level=0.95, orders=3_000, repeats=200)
    peak = np.append(np.linspace(1.0, 3.0, 200), 0.0)
    found = _share_left(np.append(np.full(200, 1.0), 0.0), peak, resampling)
    assert 0 < found.low <= found.value <= found.high
