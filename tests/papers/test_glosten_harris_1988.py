"""Glosten & Harris 1988, "Estimating the components of the bid/ask spread", Journal of Financial Economics 21.

Their estimates are of trades that are not published, so that none is repeated here. Equation 5 without noise is solved
exactly by a hand-worked chain, limit cases follow from the model, and coefficients with their errors are those of
statsmodels.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from tests.unit.microstructure.spread_worlds import glosten_harris_market, madhavan_market, trades_of

from nowake.microstructure.toxicity.glosten_harris import glosten_harris
from nowake.microstructure.toxicity.madhavan import madhavan

# By hand, with c0 = 2, c1 = 1, z0 = 3, z1 = 2: the value starts at 100 and each order adds Q (3 + 2 V) to it; its price
# is the value plus Q (2 + V).
SIDE = (1, 1, -1, 1, -1, -1)
LOTS = (1, 3, 2, 1, 4, 1)
VALUE = (105, 114, 107, 112, 101, 96)
PRICE = (108, 119, 103, 115, 95, 93)


def test_a_chain_worked_by_hand_gives_back_its_components() -> None:
    found = glosten_harris(trades_of(PRICE, SIDE, LOTS), least=5)
    assert found.c1_ticks_per_lot is not None
    assert found.z1_ticks_per_lot is not None
    values = found.c0_ticks, found.c1_ticks_per_lot, found.z0_ticks, found.z1_ticks_per_lot
    np.testing.assert_allclose([2, 1, 3, 2], [each.value for each in values], rtol=1e-10)
    size = np.mean(LOTS[1:])
    assert (3 + 2 * size) / (5 + 3 * size) == pytest.approx(found.adverse_share.value, rel=1e-12)
    assert VALUE == tuple(100 + np.cumsum(np.array(SIDE) * (3 + 2 * np.array(LOTS))))


def test_coefficients_and_errors_are_those_of_statsmodels() -> None:
    trades = glosten_harris_market(3)
    side, signed = trades.aggressor.astype(float), trades.aggressor * trades.lots.astype(float)
    design = np.column_stack((np.diff(side), np.diff(signed), side[1:], signed[1:]))
    fitted = sm.OLS(np.diff(trades.price_ticks.astype(float)), design).fit(
        cov_type="HAC", cov_kwds={"maxlags": 8, "use_correction": False}
    )
    ours = glosten_harris(trades, lags=8)
    found = ours.c0_ticks, ours.c1_ticks_per_lot, ours.z0_ticks, ours.z1_ticks_per_lot
    np.testing.assert_allclose(fitted.params, [each.value for each in found], rtol=1e-9)
    np.testing.assert_allclose(fitted.bse, [each.sd for each in found], rtol=2e-3)  # Student's quantile beside z.


def test_without_adverse_selection_all_of_the_spread_comes_back() -> None:
    found = glosten_harris(glosten_harris_market(1, z0=0, z1=0, count=20_000))
    assert found.adverse_share.low < 0 < found.adverse_share.high
    assert pytest.approx(found.transitory_share.value, abs=0.05) == 1


def test_without_order_processing_none_does() -> None:
    found = glosten_harris(glosten_harris_market(1, c0=0, c1=0, count=20_000))
    assert found.transitory_share.low < 0 < found.transitory_share.high


def test_with_sides_that_do_not_remember_it_is_madhavan_richardson_and_roomans() -> None:
    trades = madhavan_market(2, reversal=0.5, count=20_000)
    ours, theirs = glosten_harris(trades, by_size=False), madhavan(trades)
    assert ours.adverse_share.value == pytest.approx(theirs.adverse_share.value, abs=0.01)
    assert theirs.theta_ticks.low < 120 < theirs.theta_ticks.high
