"""Many orders by many models: one table, in which what cannot be estimated stands beside the others with its reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter, NowakeError
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.models.doubt import Doubt
from nowake.models.estimate import size_warnings
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.cautions import market_cautions
from nowake.models.pretrade.costs import CostParts, Costs, costs
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.pretrade.seen import Seen
from nowake.models.terms import Floats, Terms

_OPTIONAL = ("trade_size", "shares_outstanding")


class ListedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order and the market it meets, as numbers.

    Parameters
    ----------
    row
        Where it stands in its list, from 1: how it is found again.
    symbol, side, quantity
        Name; +1 buy, -1 sell; shares.
    days
        Length of its window in sessions.
    market
        What it meets.
    multiplier
        Currency of one unit for one unit of price; NaN where it is not known.
    currency
        Of its costs; empty where nobody said.

    Raises
    ------
    BadParameter
        When the quantity, the days or the market's volatility are not finite and above 0.
    """

    row: int
    symbol: str
    side: Side
    quantity: float
    days: float
    market: MarketState
    multiplier: float = 1.0
    currency: str = ""

    def __post_init__(self) -> None:
        for name in ("quantity", "days"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name):g} must be above 0 and finite")
        if not self.market.daily_volatility.value > 0:
            raise BadParameter(
                "volatility 0 must be above 0: every cost would be certain; give the volatility or leave the order out"
            )

    @classmethod
    def of(cls, row: int, order: ParentOrder, market: MarketState) -> ListedOrder:
        """A parent order in its market."""
        instrument = order.instrument
        return cls(
            row=row,
            symbol=instrument.symbol,
            side=order.side,
            quantity=order.quantity,
            days=days_of(order),
            market=market,
            multiplier=math.nan if instrument.multiplier is None else float(instrument.multiplier),
            currency=instrument.currency,
        )

    @property
    def notional(self) -> float:
        """Value at the arrival price, currency."""
        return self.quantity * self.market.price * self.multiplier

    @property
    def share_of_day(self) -> float:
        """The order over a day's volume."""
        return self.quantity / self.market.daily_volume

    @property
    def share_of_window(self) -> float:
        """The order over the volume of its window without it."""
        return self.quantity / (self.market.window_volume or self.market.daily_volume * self.days)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why its estimates should not be leaned on."""
        return (*size_warnings(self.share_of_day), *market_cautions(self.market, self.quantity, self.days))


class PerOrder(NamedTuple):
    """A model whose parameters differ from order to order: by symbol, or by what the market is.

    `model_of` gives the model of an order, of `name` and `version`; `formula` says in print where it comes from;
    `seen_of` gives what it was fitted to, None where that is not known.
    """

    name: str
    version: str
    formula: str
    model_of: Callable[[ListedOrder], Impact]
    seen_of: Callable[[ListedOrder], Seen | None] = lambda _: None

    def __str__(self) -> str:
        return self.formula


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An order of a list that could not be estimated, by one model or (`model` empty) at all, and why."""

    row: int
    symbol: str
    reason: str
    model: str = ""


class ListCosts(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of orders costs by each model.

    Parameters
    ----------
    orders
        Those that could be read, in the order of their rows.
    models
        In the order asked, names made to differ.
    costs
        One for each model, arrays (n,) over `orders`, NaN where that model refused the order.
    formulas
        Each model in print.
    refused
        What could not be read or estimated.
    notes
        What a user should know of the list, one sentence each.
    beyond
        (row, model) -> how the order lies beyond what the model was fitted to, one sentence each.
    """

    orders: tuple[ListedOrder, ...]
    models: tuple[str, ...]
    costs: tuple[Costs, ...]
    formulas: tuple[str, ...]
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    beyond: dict[tuple[int, str], tuple[str, ...]] = {}

    @property
    def lost(self) -> int:
        """Orders that no model could estimate."""
        none = np.all([np.isnan(cost.expected_bps) for cost in self.costs], axis=0) if self.costs else np.zeros(0)
        return len({each.row for each in self.refused if not each.model}) + int(np.sum(none))


def list_costs(
    orders: Sequence[ListedOrder],
    models: Sequence[Impact | PerOrder],
    *,
    fees: Fees = NO_FEES,
    refused: Sequence[Refused] = (),
    notes: Sequence[str] = (),
) -> ListCosts:
    """What each of many orders costs by each model.

    Parameters
    ----------
    models
        At least one; of a `PerOrder` orders that share a model are done at once.
    refused, notes
        What was refused and found before, to stand with the table.

    Raises
    ------
    BadParameter
        Without a model.
    """
    if not models:
        raise BadParameter("no model to estimate with; give at least one")
    names = _names(models)
    done, said = [], list(refused)
    for model, name in zip(models, names, strict=True):
        cost, more = _by_model(orders, model, name, fees)
        done.append(cost)
        said += more
    return ListCosts(
        orders=tuple(orders),
        models=names,
        costs=tuple(done),
        formulas=tuple(str(model) for model in models),
        refused=tuple(sorted(said, key=lambda each: (each.row, names.index(each.model) if each.model else -1))),
        notes=tuple(notes),
        beyond={
            (order.row, name): told
            for model, name, cost in zip(models, names, done, strict=True)
            if isinstance(model, PerOrder)
            for order, bps in zip(orders, cost.expected_bps, strict=True)
            if math.isfinite(bps) and (told := _beyond(order, model))
        },
    )


def _beyond(order: ListedOrder, model: PerOrder) -> tuple[str, ...]:
    seen = model.seen_of(order)
    return () if seen is None else seen.beyond(order.market.terms(order.quantity, order.days))


def _by_model(
    orders: Sequence[ListedOrder], model: Impact | PerOrder, name: str, fees: Fees
) -> tuple[Costs, list[Refused]]:
    """All orders that share a model at once, and what it refused."""
    groups: dict[Impact, list[int]] = {}
    refused: list[Refused] = []

    def refuse(place: int, reason: str) -> None:
        refused.append(Refused(row=orders[place].row, symbol=orders[place].symbol, reason=reason, model=name))

    for place, order in enumerate(orders):
        try:
            own = model.model_of(order) if isinstance(model, PerOrder) else model
        except NowakeError as error:
            refuse(place, str(error))
            continue
        missing = [need for need in own.needs if getattr(order.market, need) is None]
        if missing:
            refuse(place, f"{own.name} needs {' and '.join(missing)}, which is not known of this market")
        else:
            groups.setdefault(own, []).append(place)
    whole = {part: np.full(len(orders), np.nan) for part in CostParts.__struct_fields__}
    for own, places in groups.items():
        for some, cost in _costs_of_group(orders, places, own, fees, refuse):
            for part, column in whole.items():
                column[some] = getattr(cost, part)
    return Costs(name=model.name, version=model.version, **whole), refused


def _costs_of_group(
    orders: Sequence[ListedOrder], places: list[int], model: Impact, fees: Fees, refuse: Callable[[int, str], None]
) -> Iterator[tuple[list[int], Costs]]:
    """At once; where that is refused, one by one, so that one wrong order spoils no other."""
    try:
        yield places, _costs([orders[place] for place in places], model, fees)
        return
    except BadParameter as error:
        if len(places) == 1:
            refuse(places[0], str(error))
            return
    for place in places:
        yield from _costs_of_group(orders, [place], model, fees, refuse)


def _costs(orders: Sequence[ListedOrder], model: Impact, fees: Fees) -> Costs:
    def column(get: Callable[[ListedOrder], float | None]) -> Floats:
        return np.array([get(order) for order in orders], dtype=np.float64)

    window = column(lambda order: order.market.window_volume or order.market.daily_volume * order.days)
    terms = Terms(
        quantity=column(lambda order: order.quantity),
        days=column(lambda order: order.days),
        volatility=column(lambda order: order.market.daily_volatility.value),
        daily_volume=column(lambda order: order.market.daily_volume),
        price=column(lambda order: order.market.price),
        spread_bps=column(lambda order: order.market.spread_bps.value),
        window_volume=window,
        **{
            name: column(lambda order, name=name: getattr(order.market, name))  # type: ignore[misc]
            for name in _OPTIONAL
            if all(getattr(order.market, name) is not None for order in orders)
        },
    )
    doubt = Doubt(
        volatility=column(lambda order: order.market.daily_volatility.sd),
        spread_bps=column(lambda order: order.market.spread_bps.sd),
        daily_volume=column(lambda order: order.market.daily_volume_sd),
    )
    multiplier = column(lambda order: order.multiplier)
    return costs([model], terms, doubt=doubt, fees=fees, multiplier=multiplier)[0]


def _names(models: Sequence[Impact | PerOrder]) -> tuple[str, ...]:
    """Names of models, numbered where one occurs more than once."""
    names = [model.name for model in models]
    return tuple(
        name if names.count(name) == 1 else f"{name} {names[: place + 1].count(name)}"
        for place, name in enumerate(names)
    )
