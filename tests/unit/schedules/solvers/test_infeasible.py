"""Limits that cannot hold together are refused with the least change that helps: with 1 % less it still fails."""

from __future__ import annotations

import pickle
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reference.programmes import random_programme

from nowake.domain.errors import BadParameter, Infeasible
from nowake.models.terms import Floats
from nowake.schedules.solvers import Programme, solve
from nowake.schedules.solvers.feasible import Relaxation, check_bands, check_reach, check_trades, least_widening


def plain(quantities: list[float], buckets: int, **limits: Any) -> Programme:
    x = np.array(quantities)
    return Programme(
        quantities=x,
        impact=np.full((buckets, len(x)), 1e-6),
        risk_weights=np.full(buckets, 1e-6),
        loadings=np.zeros((len(x), 0)),
        specific=np.ones(len(x)),
        **{"names": ("ABC", "XYZ", "PQR")[: len(x)], **limits},
    )


def one_sided(x: list[float], caps: Floats) -> dict[str, Floats]:
    buys = np.array(x) > 0
    return {"lower": np.where(buys, 0.0, -caps), "upper": np.where(buys, caps, 0.0)}


def refused(programme: Programme) -> Infeasible:
    with pytest.raises(Infeasible) as caught:
        solve(programme)
    return caught.value


def test_a_cap_that_cannot_finish_names_the_asset_the_factor_and_the_bucket() -> None:
    error = refused(plain([20_000.0], 24, **one_sided([20_000.0], np.full((24, 1), 500.0))))
    assert str(error) == (
        "cap of ABC allows 12,000 of 20,000 shares: "
        "raise its participation by a factor of 1.67, or give until bucket 40"
    )
    expected = Relaxation(
        limit="upper limit of ABC", allows=12_000, needed=20_000, factor=20_000 / 12_000, until_bucket=40
    )
    assert error.relaxations == (expected,)


def test_a_sell_is_told_the_same() -> None:
    error = refused(plain([-20_000.0], 24, **one_sided([-20_000.0], np.full((24, 1), 500.0))))
    assert "cap of ABC allows 12,000 of 20,000 shares" in str(error)
    assert error.relaxations[0].limit == "lower limit of ABC"


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_factor_is_the_smallest_that_helps(sign: float) -> None:
    caps = np.random.default_rng(1).uniform(50, 150, (7, 1))
    x = [sign * 1_000.0]
    factor = refused(plain(x, 7, **one_sided(x, caps))).relaxations[0].factor
    solved = solve(plain(x, 7, **one_sided(x, caps * factor)))
    assert solved.trades.sum() == pytest.approx(x[0], rel=1e-12)
    less = 1 + (factor - 1) * 0.99
    refused(plain(x, 7, **one_sided(x, caps * less)))


def test_the_bucket_is_the_first_that_helps() -> None:
    def capped(open_: int) -> Programme:
        caps = np.where(np.arange(20)[:, None] < open_, 90.0, 0.0)
        return plain([1_000.0], 20, **one_sided([1_000.0], caps))

    until = refused(capped(5)).relaxations[0].until_bucket
    assert until == 12
    assert solve(capped(until)).trades.sum() == pytest.approx(1_000)
    refused(capped(until - 1))


def test_an_asset_with_no_bucket_to_trade_in_is_told_so() -> None:
    error = refused(plain([100.0], 3, **one_sided([100.0], np.zeros((3, 1)))))
    assert str(error) == "ABC has 100 shares to trade and no bucket to trade in: open one to it"
    assert error.relaxations[0].factor is None


@pytest.mark.parametrize(("x", "sign"), [(300.0, 1.0), (-300.0, -1.0)])
def test_least_trades_that_sum_to_too_much_are_to_be_made_smaller(x: float, sign: float) -> None:
    most, least = np.full((4, 1), 200.0), np.full((4, 1), 100.0)

    def forced(factor: float) -> Programme:
        sides = (least * factor, most) if sign > 0 else (-most, -least * factor)
        return plain([x], 4, lower=sides[0], upper=sides[1])

    error = refused(forced(1.0))
    assert str(error) == "least trades of ABC force 400 of 300 shares: multiply them by 0.75"
    factor = error.relaxations[0].factor
    np.testing.assert_allclose(solve(forced(factor)).trades, 75 * sign)
    refused(forced(1 - (1 - factor) * 0.99))


def test_many_assets_are_counted_the_worst_first() -> None:
    n = 30
    caps = np.tile(np.linspace(10, 39, n), (2, 1))
    x = np.full(n, 100.0)
    names = tuple(f"S{i}" for i in range(n))
    error = refused(plain(list(x), 2, **one_sided(list(x), caps), names=names))
    assert len(error.relaxations) == n
    assert str(error).startswith("cap of S0 allows 20 of 100 shares: raise its participation by a factor of 5")
    assert str(error).endswith("; and 26 more assets")


def test_caps_that_are_just_enough_are_no_error() -> None:
    check_trades(plain([0.3], 3, **one_sided([0.3], np.full((3, 1), 0.1))))


def test_limits_that_cross_are_refused_with_their_bucket() -> None:
    lower, upper = np.zeros((3, 1)), np.full((3, 1), 100.0)
    lower[1] = 120.0
    error = refused(plain([150.0], 3, lower=lower, upper=upper))
    assert str(error) == "lower 120 of ABC is above upper 100 in bucket 2; 1 such pair"


def test_bands_that_cross_are_refused_with_their_bucket() -> None:
    bands = {"bands": np.ones((1, 1)), "band_low": np.full((3, 1), 5.0), "band_high": np.full((3, 1), 4.0)}
    error = refused(plain([150.0], 3, **bands, band_names=("dollar",)))
    assert str(error) == "band_low 5 of dollar is above band_high 4 in bucket 1; 2 such pairs"


def test_an_infinite_limit_on_the_wrong_side_is_refused() -> None:
    assert "admits no trade" in str(refused(plain([1.0], 2, upper=np.full((2, 1), -np.inf))))


def two_sided(width: float, **more: Any) -> Programme:
    """Buy 1,000 and sell 600 at the same price within 100 a bucket; the net is asked to stay within +- `width`."""
    x = [1_000.0, -600.0]
    held = {"band_low": np.full((10, 1), -width), "band_high": np.full((10, 1), width)}
    return plain(
        x,
        10,
        **one_sided(x, np.full((10, 2), 120.0)),
        bands=np.ones((1, 2)),
        **held,
        band_names=("dollar",),
        **more,
    )


def test_a_band_that_cannot_hold_is_named_with_bucket_and_amount() -> None:
    error = refused(two_sided(100.0))
    # After the first bucket at least 1,000 - 120 - 600 = 280 is left: 180 too much. The second then needs 60 only.
    assert str(error) == (
        "bands cannot hold together with the limits of trades: widen band dollar by 180 on either side "
        "(in the way in bucket 1)"
    )
    only = error.relaxations[0]
    assert (only.limit, only.needed, only.buckets) == ("band dollar", pytest.approx(180.0), (1,))


def test_the_widening_of_a_band_is_the_least_that_helps() -> None:
    needed = refused(two_sided(100.0)).relaxations[0].needed
    solved = solve(two_sided(100.0 + needed))
    net = np.abs(two_sided(0.0).left(solved.trades).sum(axis=1)).max()
    assert net == pytest.approx(280.0)
    refused(two_sided(100.0 + 0.99 * needed))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exponent", [1.5, 2.0])
def test_random_bands_are_widened_by_the_least_that_helps(seed: int, exponent: float) -> None:
    base = random_programme(seed, bands=3, exponent=exponent, deadlines=seed % 2 == 0)
    shift = np.random.default_rng(seed).normal(0, 0.4, 3) * (np.abs(base.bands) @ np.abs(base.quantities))

    def moved(widen: Floats | float) -> Programme:
        low, high = base.band_low + shift - widen, base.band_high + shift + widen
        return msgspec.structs.replace(base, band_low=low, band_high=high)

    widths, _ = least_widening(moved(0.0))
    assert widths.max() > 0
    error = refused(moved(0.0))
    assert [each.needed for each in error.relaxations] == pytest.approx(list(widths[widths > 0]))
    refused(moved(0.99 * widths))
    np.testing.assert_array_equal(least_widening(moved(widths * (1 + 1e-9)))[0], 0.0)
    assert solve(moved(widths * (1 + 1e-6))).certificate.value <= 1e-6


def test_of_several_ways_out_the_one_that_widens_least_in_all_is_told() -> None:
    """Two bands want at most 10 left, one wants at least 50: widening the one is half of widening the two."""
    rows, most = np.ones((4, 1)), np.inf
    low, high = np.tile([-most, -most, -most, 50.0], (3, 1)), np.tile([10.0, 10.0, 90.0, most], (3, 1))
    programme = plain([100.0], 3, bands=rows, band_low=low, band_high=high, band_names=("a", "b", "c", "d"))
    widths, buckets = least_widening(programme)
    assert list(widths) == pytest.approx([0, 0, 0, 40])
    assert buckets[3]


def test_a_band_of_assets_that_are_done_is_judged_too() -> None:
    """Nothing can be moved, so no row of a solver would see it."""
    held = {"band_low": np.full((3, 1), -10.0), "band_high": np.full((3, 1), 10.0)}
    x = [100.0]
    fixed = np.array([[0.0], [0.0], [100.0]])
    programme = plain(x, 3, lower=fixed, upper=fixed, bands=np.ones((1, 1)), **held, band_names=("net",))
    error = refused(programme)
    assert error.relaxations[0].needed == pytest.approx(90.0)
    assert error.relaxations[0].buckets[0] in {1, 2}


def test_bands_that_only_exclude_each_other_pass_the_quick_look_and_not_the_long_one() -> None:
    """x + y <= 100 and x - y >= ... hold one by one, not together."""
    rows = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    low = np.array([[-np.inf, 80.0, 80.0]] * 3)
    high = np.array([[100.0, np.inf, np.inf]] * 3)
    x = [100.0, 100.0]
    programme = plain(
        x,
        3,
        **one_sided(x, np.full((3, 2), 100.0)),
        bands=rows,
        band_low=low,
        band_high=high,
        band_names=("a", "b", "c"),
    )
    assert check_reach(programme)
    with pytest.raises(Infeasible, match="cannot hold together"):
        check_bands(programme)
    refused(programme)


def test_bands_that_hold_are_no_error() -> None:
    check_bands(two_sided(300.0))
    check_bands(plain([1.0], 1))


def test_the_error_is_a_bad_parameter_and_survives_pickling() -> None:
    error = refused(two_sided(100.0))
    assert isinstance(error, BadParameter)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.relaxations) == (str(error), error.relaxations)
