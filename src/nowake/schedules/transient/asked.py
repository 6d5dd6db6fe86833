"""What a schedule reads off an order, a market and a model of impact that decays, and what its trades are made to cost.

A pressure that is not linear in the rate has no convex cost: at a slow rate beside a fast one it curves downwards, so
there is no one best schedule that could be proved (and concave impact is traded in bursts that depend on the grid:
Curato, Gatheral & Lillo 2017). As for Almgren-Chriss, it is replaced by the linear one that costs the same for the
order traded evenly; the kernel stays."""

from __future__ import annotations

import math
from typing import NamedTuple, TypedDict

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power, Shape
from nowake.models.market import MarketState, days_of
from nowake.schedules.clock import edge_days
from nowake.schedules.policy import Solved, lots_of
from nowake.schedules.transient.liquidation import squared_holdings


class Asked(NamedTuple):
    """Linear impact that decays, in currency per share.

    Parameters
    ----------
    response
        The model's own answer, linear or not.
    kernel, push
        What decays; `push` is what a share moves the price by, times the kernel.
    temporary, permanent
        Per (share a session), and per share.
    half_spread_bps
        Paid on every share, either way.
    notes
        What was replaced or should be known, one sentence each.
    """

    response: Response
    kernel: Kernel
    push: float
    temporary: float
    permanent: float
    half_spread_bps: float
    notes: tuple[str, ...]


def asked(model: Impact, order: ParentOrder, market: MarketState) -> Asked:
    """The linear decaying impact of one order in one market.

    Raises
    ------
    BadParameter
        When nothing of the model's impact decays, or it pays for a round trip.
    """
    terms = market.terms(order.quantity, days_of(order))
    response = model.response(terms)
    if response.kernel is None:
        raise BadParameter(
            f"nothing of the impact of {model.name} decays; use AlmgrenChriss, or a model with a kernel: "
            "impact.ObizhaevaWang, Propagator or Transient"
        )
    unit, rate = market.price / 1e4, float(terms.rate)
    curved = not (_linear(response.pressure, rate) and _linear(response.temporary, rate))
    return Asked(
        response=response,
        kernel=response.kernel,
        push=unit * float(response.pressure(rate)) / rate,
        temporary=unit * float(response.temporary(rate)) / rate,
        permanent=unit * response.permanent_bps_per_share,
        half_spread_bps=float(model.half_spread_bps(terms)),
        notes=(
            *((_LINEARISED.format(name=model.name),) if curved else ()),
            *response.warnings,
        ),
    )


class Figures(TypedDict):
    """What trades cost and risk, in basis points of the arrival price."""

    cost_parts: dict[str, float]
    cost_risk_bps: float


def figures(read: Asked, order: ParentOrder, market: MarketState, solved: Solved) -> Figures:
    """Cost, by the linear impact that was minimised, and risk of the lots that a solved problem is rounded to."""
    lots = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
    edges_days = edge_days(order, solved.edges_ns)
    unit = market.price / 1e4
    linear = Response(
        permanent_bps_per_share=read.permanent / unit,
        temporary=Power(read.temporary / unit, 1.0),
        kernel=read.kernel,
        pressure=Power(read.push / unit, 1.0),
    )
    cost = linear.cost_of(lots, edges_days)
    turnover = float(np.abs(lots).sum()) / order.quantity
    waited = squared_holdings(lots, edges_days[:-1], np.diff(edges_days))
    return Figures(
        cost_parts={
            "spread": read.half_spread_bps * turnover,
            "temporary": cost.temporary_bps * turnover,
            "permanent": cost.permanent_bps * turnover,
        },
        cost_risk_bps=market.daily_volatility.value * math.sqrt(max(waited, 0.0)) / order.quantity * 1e4,
    )


def _linear(shape: Shape, rate: float) -> bool:
    at = float(shape(rate))
    return abs(float(shape(2 * rate)) - 2 * at) <= 1e-9 * abs(at)


_LINEARISED = (
    "Impact of {name} is not linear in the rate, so its cost is not convex: the schedule is best for the linear impact "
    "with the same decay that costs the same for the order traded evenly, and so is the cost shown."
)
