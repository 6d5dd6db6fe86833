"""A list of orders: the same as one by one, and none lost where one model or one row fails."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, instrument, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.estimate import estimate
from nowake.models.impact import Almgren2005, PowerLaw, SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.costs import CostParts
from nowake.models.pretrade.fees import Fees
from nowake.models.pretrade.order_list import ListedOrder, Refused, list_costs

MARKET = MarketState.given(
    price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0, window_volume=2e5, daily_volatility_sd=0.003,
    daily_volume_sd=1e5,
)  # fmt: skip
KNOWN = msgspec.structs.replace(MARKET, shares_outstanding=1e8, price=20.0)


def listed(row: int, lots: int = 10_000, market: MarketState = MARKET) -> ListedOrder:
    return ListedOrder.of(row, order(lots, end_s=DAY_SECONDS // 4), market)


def test_a_list_costs_what_each_order_costs() -> None:
    orders = [listed(1), listed(2, 500), listed(3, 70_000, KNOWN)]
    models, fees = [SquareRoot(), PowerLaw(y=0.7, exponent=0.6)], Fees(per_share=0.005, minimum=10)
    found = list_costs(orders, models, fees=fees)
    assert found.refused == ()
    for model, cost in zip(models, found.costs, strict=True):
        for place, (lots, market) in enumerate(((10_000, MARKET), (500, MARKET), (70_000, KNOWN))):
            one = estimate(order(lots, end_s=DAY_SECONDS // 4), market, model, fees=fees)
            for part in CostParts.__struct_fields__:
                assert getattr(cost, part)[place] == pytest.approx(getattr(one, part), rel=1e-9), part


def test_an_order_whose_market_lacks_what_one_model_needs_is_refused_by_that_model_alone() -> None:
    found = list_costs([listed(1), listed(2, market=KNOWN)], [SquareRoot(), Almgren2005()])
    square, almgren = (cost.expected_bps for cost in found.costs)
    assert np.isfinite(square).all()
    assert np.isnan(almgren).tolist() == [True, False]
    (refused,) = found.refused
    assert (refused.row, refused.model) == (1, "Almgren et al. 2005")
    assert "needs shares_outstanding" in refused.reason
    assert found.lost == 0


def test_an_order_whose_fees_cannot_be_told_spoils_no_other() -> None:
    unknown = msgspec.structs.replace(instrument(), multiplier=None)
    orders = [listed(1), ListedOrder.of(2, order(10_000, of=unknown), MARKET), listed(3)]
    found = list_costs(orders, [SquareRoot()], fees=Fees(per_share=0.01))
    assert np.isnan(found.costs[0].expected_bps).tolist() == [False, True, False]
    assert "give the multiplier" in found.refused[0].reason
    assert found.lost == 1


def test_what_was_refused_before_stands_in_the_list_by_its_row() -> None:
    found = list_costs([listed(2)], [SquareRoot()], refused=[Refused(row=1, symbol="X", reason="no price")])
    assert [(each.row, each.reason) for each in found.refused] == [(1, "no price")]
    assert found.lost == 1


def test_models_of_one_name_are_told_apart_and_none_is_refused() -> None:
    assert list_costs([listed(1)], [SquareRoot(), SquareRoot(y=2)]).models == ("square root 1", "square root 2")
    with pytest.raises(BadParameter, match="no model to estimate with"):
        list_costs([listed(1)], [])


def test_an_order_says_its_value_and_when_it_is_too_large() -> None:
    future = msgspec.structs.replace(instrument(), multiplier=Decimal(50))
    found = ListedOrder.of(1, order(300_000, of=future), MARKET)
    assert found.notional == 300_000 * 50 * 50
    assert "30% of a day's volume" in found.warnings[0]
    with pytest.raises(BadParameter, match="quantity -1"):
        ListedOrder(row=1, symbol="X", side=Side.BUY, quantity=-1, days=1, market=MARKET)
    with pytest.raises(BadParameter, match="days inf"):
        ListedOrder(row=1, symbol="X", side=Side.BUY, quantity=1, days=math.inf, market=MARKET)
