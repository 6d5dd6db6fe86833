from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight
from tests.unit.models.fills.tapes import shared_waits

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED
from nowake.models.fills.survival import Survival, ended, incidence, kaplan_meier
from nowake.statistics.measurement import wilson

# Weeks of remission under placebo of Freireich et al. 1963 ("The effect of 6-mercaptopurine ..."), all of them ended.
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
# Under 6-MP; those still in remission are censored.
DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
DRUG_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def competing(seed: int, count: int, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Fills at rate 1, cancels at 0.7, the end of sight at 0.25, all independent."""
    luck = np.random.default_rng(seed)
    clocks = np.stack([luck.exponential(1 / rate, count) for rate in (0.25, 1.0, 0.7)])
    wait_s = clocks.min(axis=0)
    return (np.ceil(wait_s * 20) / 20 if ties else wait_s), clocks.argmin(axis=0).astype(np.int8)


def test_remissions_under_placebo_are_those_printed() -> None:
    """G. Rodriguez, "The Gehan survival data" (Princeton), Stata's list: 0.9048, error 0.0641 after one week."""
    (week,) = kaplan_meier(PLACEBO, np.ones(21), [1.0])
    assert round(1 - week.filled.value, 4) == 0.9048
    share = week.filled.value
    assert round(math.sqrt(share * (1 - share) / 21), 4) == 0.0641


@pytest.mark.parametrize("ties", [False, True])
def test_left_standing_is_statsmodels_survival_function(ties: bool) -> None:
    wait_s, cause = competing(1, 300, ties=ties)
    oracle = SurvfuncRight(wait_s, (cause == FILLED).astype(int))
    for found in kaplan_meier(wait_s, cause, [0.1, 0.5, 1.0, 2.0]):
        row = np.searchsorted(oracle.surv_times, found.horizon_s, side="right") - 1
        survived, error = oracle.surv_prob[row], oracle.surv_prob_se[row]
        assert 1 - survived == pytest.approx(found.filled.value, abs=1e-12)
        # Greenwood's error on the scale log(-log S).
        half = 1.959964 * error / (survived * -math.log(survived))
        assert 1 - survived ** math.exp(-half) == pytest.approx(found.filled.low, rel=1e-6)
        assert 1 - survived ** math.exp(half) == pytest.approx(found.filled.high, rel=1e-6)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_as_posted_is_statsmodels_cumulated_incidence(ties: bool) -> None:
    wait_s, cause = competing(2, 300, ties=ties)
    oracle = CumIncidenceRight(wait_s, cause.astype(int))
    for found in incidence(wait_s, cause, [0.1, 0.5, 1.0, 2.0]):
        row = np.searchsorted(oracle.times, found.horizon_s, side="right") - 1
        share, error = oracle.cinc[0][row], oracle.cinc_se[0][row]
        assert share == pytest.approx(found.filled.value, abs=1e-12)
        half = 1.959964 * error / ((1 - share) * -math.log(1 - share))
        assert 1 - (1 - share) ** math.exp(-half) == pytest.approx(found.filled.low, rel=1e-6)


def test_fills_and_cancels_as_posted_add_up_to_all_that_ended() -> None:
    wait_s, cause = competing(3, 200, ties=True)
    (fills,), (cancels,) = (incidence(wait_s, cause, [0.8], of=of) for of in (FILLED, CANCELLED))
    (either,) = ended(wait_s, cause, [0.8])
    assert either.filled.value == pytest.approx(fills.filled.value + cancels.filled.value)


def test_without_cancels_both_answers_are_one() -> None:
    (standing,) = kaplan_meier(DRUG, DRUG_ENDED, [20.0])
    (posted,) = incidence(DRUG, DRUG_ENDED, [20.0])
    assert standing.filled.value == pytest.approx(posted.filled.value)
    assert standing.filled.low == pytest.approx(posted.filled.low)


def test_left_standing_lies_within_petersons_bounds() -> None:
    wait_s, cause = competing(4, 500)
    for standing, posted, either in zip(
        *(each(wait_s, cause, [0.2, 1.0, 3.0]) for each in (kaplan_meier, incidence, ended)), strict=True
    ):
        assert posted.filled.value <= standing.filled.value <= either.filled.value


def test_cancels_that_run_from_fills_fool_left_standing_but_not_as_posted() -> None:
    """Who would be filled within a second cancels just before: as posted nobody early is filled, as it is."""
    luck = np.random.default_rng(5)
    would_fill_s = luck.exponential(1.0, 4_000)
    runs = (would_fill_s < 1) & (luck.random(4_000) < 0.5)
    wait_s = np.where(runs, 0.9 * would_fill_s, would_fill_s)
    cause = np.where(runs, CANCELLED, FILLED)
    (standing,), (posted,) = (each(wait_s, cause, [1.0]) for each in (kaplan_meier, incidence))
    truth = 1 - math.exp(-1)
    assert standing.filled.high < truth
    assert posted.filled.low < truth / 2 < posted.filled.high


def test_everybody_followed_all_the_way_is_a_share_with_wilsons_interval() -> None:
    (found,) = kaplan_meier([1.0] * 30 + [5.0] * 70, [FILLED] * 30 + [CENSORED] * 70, [5.0])
    assert (0.3, 0, 70) == (pytest.approx(found.filled.value), found.others, found.at_risk)
    assert wilson(0.3, 100, 0.95) == pytest.approx((found.filled.low, found.filled.high))


def test_no_fill_leaves_an_upper_bound() -> None:
    (found,) = kaplan_meier([10.0] * 50, [CENSORED] * 50, [5.0])
    assert found.filled.value == found.filled.low == 0.0
    assert wilson(0.0, 50, 0.95)[1] == found.filled.high > 0.05


def test_all_censored_before_the_horizon_says_nothing() -> None:
    (found,) = kaplan_meier([1.0] * 50, [CENSORED] * 50, [5.0])
    assert (found.filled.low, found.filled.high) == (0.0, 1.0)


def test_where_nobody_was_followed_to_the_horizon_whoever_was_left_may_have_been_filled() -> None:
    wait_s, cause = [1.0] * 40 + [2.0] * 30 + [3.0] * 30, [FILLED] * 40 + [CENSORED] * 30 + [CANCELLED] * 30
    (standing,), (posted,) = (each(wait_s, cause, [9.0]) for each in (kaplan_meier, incidence))
    assert (0.4, 1.0) == (pytest.approx(standing.filled.value), standing.filled.high)
    assert posted.filled.high < 0.6  # The last thirty are known to have been cancelled.
    (still,) = incidence([1.0] * 40 + [2.0] * 60, [FILLED] * 40 + [CENSORED] * 60, [9.0])
    assert (0.4, 1.0) == (pytest.approx(still.filled.value), still.filled.high)


def test_no_fill_of_orders_in_few_blocks_proves_little() -> None:
    alone = kaplan_meier([10.0] * 1000, [CENSORED] * 1000, [5.0])[0]
    together = kaplan_meier([10.0] * 1000, [CENSORED] * 1000, [5.0], block=np.arange(1000) // 100)[0]
    assert wilson(0.0, 10, 0.95)[1] == together.filled.high > alone.filled.high


def test_the_last_one_filled_makes_it_certain_but_not_sure() -> None:
    (found,) = kaplan_meier([1.0, 2.0, 3.0], [CENSORED, FILLED, FILLED], [3.0])
    assert found.filled.value == found.filled.high == 1.0
    assert found.filled.low < 0.6


def test_copies_of_an_order_in_one_block_count_once() -> None:
    wait_s, cause = competing(6, 120)
    (alone,) = kaplan_meier(wait_s, cause, [0.7], block=np.arange(120))
    (copied,) = kaplan_meier(np.repeat(wait_s, 5), np.repeat(cause, 5), [0.7], block=np.repeat(np.arange(120), 5))
    assert alone.filled.value == pytest.approx(copied.filled.value, abs=0.01)
    assert alone.filled.high - alone.filled.low == pytest.approx(copied.filled.high - copied.filled.low, rel=0.03)
    assert copied.n_effective == pytest.approx(120, rel=0.05)


@pytest.mark.parametrize(
    ("wait_s", "cause", "message"),
    [
        ([], [], "no orders"),
        ([1.0, -1.0], [1, 0], "row 1: -1.0 s must be 0 or more"),
        ([math.nan], [1], "row 0: nan s"),
        ([1.0, 2.0], [1], "2 times and 1 outcomes"),
    ],
)
def test_what_is_no_time_is_refused(wait_s: list[float], cause: list[int], message: str) -> None:
    with pytest.raises(BadData, match=message):
        kaplan_meier(wait_s, cause, [1.0])


@pytest.mark.parametrize("horizon_s", [0.0, -1.0, math.inf, math.nan])
def test_a_horizon_that_is_none_is_refused(horizon_s: float) -> None:
    with pytest.raises(BadParameter, match="must be above 0 and finite"):
        kaplan_meier([1.0], [1], [horizon_s])


def coverage(truth: float, estimate: Callable[[int], Survival], repeats: int) -> float:
    held = 0
    for seed in range(repeats):
        found = estimate(seed)
        held += found.filled.low <= truth <= found.filled.high
    return held / repeats


@pytest.mark.parametrize("horizon_s", [0.1, 1.0])
def test_intervals_of_independent_orders_hold_the_truth_95_times_in_100(horizon_s: float) -> None:
    truth = 1 - math.exp(-horizon_s)
    held = coverage(truth, lambda seed: kaplan_meier(*competing(seed, 150), [horizon_s])[0], 1_000)
    assert 0.93 <= held <= 0.97


def test_intervals_as_posted_hold_the_truth_95_times_in_100() -> None:
    rate = 1.7
    truth = (1 - math.exp(-rate)) / rate
    held = coverage(truth, lambda seed: incidence(*competing(seed, 150), [1.0])[0], 1_000)
    assert 0.93 <= held <= 0.97


def in_blocks(seed: int, blocks: int = 40, each: int = 15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    luck = np.random.default_rng(seed)
    fill, cancel = shared_waits(luck, blocks, each, share=0.4), luck.exponential(1.5, blocks * each)
    cause = np.where(fill < cancel, FILLED, CANCELLED).astype(np.int8)
    return np.minimum(fill, cancel), cause, np.repeat(np.arange(blocks), each)


@pytest.mark.parametrize("horizon_s", [0.2, 1.0])
def test_intervals_of_orders_in_blocks_hold_the_truth_and_those_that_ignore_blocks_do_not(horizon_s: float) -> None:
    truth = 1 - math.exp(-horizon_s)

    def clustered_interval(seed: int) -> Survival:
        wait_s, cause, block = in_blocks(seed)
        return kaplan_meier(wait_s, cause, [horizon_s], block=block)[0]

    def naive_interval(seed: int) -> Survival:
        wait_s, cause, _ = in_blocks(seed)
        return kaplan_meier(wait_s, cause, [horizon_s])[0]

    assert 0.93 <= coverage(truth, clustered_interval, 1_000) <= 0.97
    assert coverage(truth, naive_interval, 300) < 0.85


def test_shares_of_orders_in_blocks_hold_the_truth() -> None:
    """Nobody cancels: Wilson's interval at the effective count."""

    def share(seed: int) -> Survival:
        wait_s = shared_waits(np.random.default_rng(seed), 40, 15, share=0.4)
        return kaplan_meier(wait_s, np.ones(600), [0.3], block=np.repeat(np.arange(40), 15))[0]

    assert 0.93 <= coverage(1 - math.exp(-0.3), share, 1_000) <= 0.97


def test_ten_blocks_still_hold_the_truth() -> None:
    def few(seed: int) -> Survival:
        wait_s, cause, block = in_blocks(seed, blocks=10, each=40)
        return kaplan_meier(wait_s, cause, [0.5], block=block)[0]

    assert 0.92 <= coverage(1 - math.exp(-0.5), few, 1_000) <= 0.98
