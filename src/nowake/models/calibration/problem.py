"""What a fit minimises over: executed orders turned into costs, market terms, noise scales and clusters.

    cost_i = [half spread] + model total(terms_i; theta) + noise_i
    later_i = 2 permanent(terms_i; theta) + noise_i            where the price long after the order is known

The second equation is what tells permanent from temporary: the price moves for good by twice what the order pays for
it on average, for the permanent part is linear in the schedule (`models/impact/response.py`). An order's cost is as
uncertain as the price while it trades: sigma sqrt(T / 3) for an even schedule, the standard deviation of the average
of a Brownian motion over T (Almgren, Thum, Hauptmann, Li 2005, "Direct estimation of equity market impact", Risk 18,
section 3.3, where post-trade noise enters the same way)."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.impact.contract import SPREAD_SHARE, Impact
from nowake.models.terms import Floats, Terms

Ints = npt.NDArray[np.int64]
Spread = Literal["paid", "half", "estimate", "none", "held", "model"]
Clusters = Literal["day-symbol", "day", "symbol", "two-way"]

SPREAD = "spread"  # The nuisance coefficient: cost per unit of quoted spread.
RELAXED = "relaxed"  # A model's share of impact that stays, where it is a field and not a parameter.
_STEP = 6e-6  # Of central differences: the cube root of the rounding error.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Orders as a model sees them; row i of every array is one order.

    Parameters
    ----------
    prototype
        The model that holds what is not fitted.
    names
        What is fitted, in order: parameters of the model, then `spread` and `relaxed` where they are fitted too.
    terms
        Arrays of (n,).
    cost_bps
        (n,) basis points of arrival, less what `spread` says was paid for crossing.
    risk_bps
        (n,) sigma sqrt(T / 3) in basis points.
    cell, day, symbol
        (n,) codes from 0: day and symbol together, day, symbol.
    later_bps
        (n,) the move from arrival to long after the order, NaN where not known; None without a second equation.
    spread
        How the spread was treated.
    rows
        (n,) places in the metaorders this was built of.
    dropped
        How many rows were left out, by reason.
    filled
        Windows whose volume is not known, taken as their share of the day's.
    """

    prototype: Impact
    names: tuple[str, ...]
    terms: Terms
    cost_bps: Floats
    risk_bps: Floats
    cell: Ints
    day: Ints
    symbol: Ints
    later_bps: Floats | None
    spread: Spread
    rows: Ints
    dropped: dict[str, int]
    filled: int = 0

    @classmethod
    def of(
        cls,
        model: type[Impact] | Impact,
        orders: Metaorders,
        *,
        spread: Spread | None = None,
        hold: dict[str, float] | None = None,
        later: bool = True,
    ) -> Problem:
        """The problem of fitting a model to orders.

        Parameters
        ----------
        model
            A class, or a record whose settings and held parameters are kept.
        spread
            "paid": the column; "half": half the quoted spread; "estimate": a share of the quoted spread, fitted too,
            for orders that partly wait pay less than half; "none": nothing. None takes "paid" where every row knows
            it, else "estimate". A model with a spread of its own explains the whole cost, whatever is asked here.
            The model that is made charges what the fit took off, as `spread_share`; of "paid" the orders' own mean.
        hold
            Parameters that are not fitted, and their values; `spread` for a share of the quoted spread.
        later
            Whether to use `later_price` where it is known.

        Raises
        ------
        BadParameter
            When a held name is no parameter, nothing is left to fit, or "paid" is asked for without the column.
        Unidentified
            When no row has what the model needs.
        """
        prototype = _prototype(model, hold or {})
        spread = _spread_of(prototype, orders, spread, held=SPREAD in (hold or {}))
        usable, dropped = _usable(prototype, orders, spread)
        orders = orders.take(usable)
        prototype = _charging(prototype, orders, spread)
        names = tuple(p.name for p in prototype.parameters if p.name not in (hold or {}))
        if not names:
            raise BadParameter(f"every parameter of {prototype.name} is held; leave one to fit")
        known = later and orders.later_price is not None and bool(np.isfinite(orders.later_price).any())
        if spread == "estimate":
            names += (SPREAD,)
        if known and RELAXED in prototype.__struct_fields__ and RELAXED not in (hold or {}):
            names += (RELAXED,)
        later_bps = orders.moved_bps(orders.later_price) if known and orders.later_price is not None else None
        whole = cls(
            prototype=prototype,
            names=names,
            terms=terms_of(orders),
            cost_bps=orders.cost_bps - _crossing_bps(prototype, orders, spread),
            risk_bps=1e4 * orders.volatility * np.sqrt(orders.days / 3),
            cell=_codes(orders.day * len(orders.symbols) + orders.symbol),
            day=_codes(orders.day),
            symbol=_codes(orders.symbol),
            later_bps=later_bps,
            spread=spread,
            rows=np.flatnonzero(usable),
            dropped=dropped,
            filled=0 if orders.window_volume is None else int((~np.isfinite(orders.window_volume)).sum()),
        )
        # A model without a permanent part has nothing to say of the later move.
        return whole if later_bps is None or whole.predict_later(whole.start).any() else whole.without_later()

    def without_later(self) -> Problem:
        """The same problem without its second equation."""
        return dataclasses.replace(self, later_bps=None, names=tuple(name for name in self.names if name != RELAXED))

    def __len__(self) -> int:
        return len(self.cost_bps)

    @property
    def low(self) -> Floats:
        """Lower bounds of what is fitted."""
        return self._of_parameters("low", {SPREAD: -np.inf, RELAXED: 0.0})

    @property
    def high(self) -> Floats:
        """Upper bounds of what is fitted."""
        return self._of_parameters("high", {SPREAD: np.inf, RELAXED: 1.0})

    @property
    def start(self) -> Floats:
        """Where a search starts."""
        return self._of_parameters("typical", {SPREAD: 0.5, RELAXED: 0.5})

    @property
    def unit(self) -> dict[str, str]:
        """Units of what is fitted, by name."""
        return {p.name: p.unit for p in self.prototype.parameters} | {SPREAD: "quoted spreads", RELAXED: ""}

    def model_at(self, values: Floats, covariance: Floats | None = None) -> Impact:
        """The model with these values of what is fitted, the held ones as exact.

        Raises
        ------
        BadParameter
            When a value is out of the model's range.
        """
        found = dict(zip(self.names, map(float, values), strict=True))
        all_names = [p.name for p in self.prototype.parameters]
        named: dict[str, Any] = {name: found[name] for name in (*all_names, RELAXED) if name in found}
        if SPREAD in found:
            named[SPREAD_SHARE] = found[SPREAD]
            all_names.append(SPREAD)
        named["covariance"] = ()
        if covariance is not None:
            at = [self.names.index(name) if name in self.names else -1 for name in all_names]
            rows = (tuple(float(covariance[i, j]) if min(i, j) >= 0 else 0.0 for j in at) for i in at)
            named["covariance"] = tuple(rows)
        changed: Impact = msgspec.structs.replace(self.prototype, **named)
        return changed

    def predict(self, values: Floats) -> Floats:
        """(n,) expected cost in basis points, spread included where it is fitted."""
        model = self.model_at(values)
        cost = model.total_bps(self.terms)
        if self.spread in ("model", "estimate"):
            cost = cost + model.half_spread_bps(self.terms)
        return np.asarray(cost, dtype=np.float64)

    def jacobian(self, values: Floats) -> Floats:
        """(n, p) slopes of `predict` by each of `names`."""
        slopes = self.model_at(values).gradient_bps(self.terms)
        by_name = dict(zip((p.name for p in self.prototype.parameters), slopes, strict=True))
        by_name[SPREAD] = self.terms.spread_bps
        by_name[RELAXED] = 0.0  # A share of the total: what stays and what relaxes sum to it.
        out = np.empty((len(self.names), len(self)))
        for place, name in enumerate(self.names):
            out[place] = by_name[name]
        return out.T

    def predict_later(self, values: Floats) -> Floats:
        """(n,) expected move long after the order."""
        return np.asarray(2 * self.model_at(values).permanent_bps(self.terms), dtype=np.float64)

    def jacobian_later(self, values: Floats) -> Floats:
        """(n, p) slopes of `predict_later`, by central differences inside the bounds."""
        out = np.zeros((len(self.names), len(self)))
        for place, name in enumerate(self.names):
            if name == SPREAD:
                continue
            step = _STEP * (abs(values[place]) or abs(self.start[place]) or 1.0)
            ends = []
            for moved in (min(values[place] + step, self.high[place]), max(values[place] - step, self.low[place])):
                there = values.copy()
                there[place] = moved
                ends.append(self._later_or_here(there, values))
            (up, up_at), (down, down_at) = ends
            out[place] = (up - down) / (up_at[place] - down_at[place])
        return out.T

    def _later_or_here(self, there: Floats, here: Floats) -> tuple[Floats, Floats]:
        """`predict_later` at a point, or where we stand when the model refuses the point."""
        try:
            return self.predict_later(there), there
        except BadParameter:
            return self.predict_later(here), here

    def clusters(self, by: Clusters) -> Ints:
        """(n,) codes of what errors share; "two-way" has two, and is made of the three of them elsewhere."""
        return {"day-symbol": self.cell, "day": self.day, "symbol": self.symbol}[by]

    def take(self, rows: Ints | npt.NDArray[np.bool_]) -> Problem:
        """Some of the rows, clusters counted anew."""
        columns: dict[str, Any] = {
            field: value[rows] if isinstance(value := getattr(self.terms, field), np.ndarray) else value
            for field in self.terms.__struct_fields__
        }
        return dataclasses.replace(
            self,
            terms=Terms(**columns),
            cost_bps=self.cost_bps[rows],
            risk_bps=self.risk_bps[rows],
            cell=_codes(self.cell[rows]),
            day=_codes(self.day[rows]),
            symbol=_codes(self.symbol[rows]),
            later_bps=None if self.later_bps is None else self.later_bps[rows],
            rows=self.rows[rows],
        )

    def holding(self, name: str, value: float) -> Problem:
        """The same problem with one more parameter of the model held."""
        if name in (SPREAD, RELAXED):
            raise BadParameter(f"{name} is not a parameter of the model; hold one of {', '.join(self.names)}")
        return dataclasses.replace(
            self,
            prototype=msgspec.structs.replace(self.prototype, **{name: float(value)}),
            names=tuple(other for other in self.names if other != name),
        )

    def _of_parameters(self, field: str, others: dict[str, float]) -> Floats:
        by_name = {p.name: getattr(p, field) for p in self.prototype.parameters} | others
        return np.array([by_name[name] for name in self.names], dtype=np.float64)


def terms_of(orders: Metaorders) -> Terms:
    """Orders as a model is asked about them; a window without a known volume has its share of the day's.

    Trade sizes and shares outstanding are there where every row knows them.
    """
    window = orders.window_volume
    if window is not None:
        window = np.where(np.isfinite(window), window, orders.daily_volume * orders.days)
    return Terms(
        quantity=orders.quantity,
        days=orders.days,
        volatility=orders.volatility,
        daily_volume=orders.daily_volume,
        price=orders.arrival_price,
        spread_bps=orders.spread_bps,
        window_volume=window,
        trade_size=_known(orders.trade_size),
        shares_outstanding=_known(orders.shares_outstanding),
    )


def _known(column: Floats | None) -> Floats | None:
    return column if column is not None and np.isfinite(column).all() else None


def _prototype(model: type[Impact] | Impact, hold: dict[str, float]) -> Impact:
    """A record of the model with what is held in it."""
    kind = model if isinstance(model, type) else type(model)
    names = [p.name for p in kind.parameters]
    if kind.has_own_spread() and SPREAD in hold:
        raise BadParameter(f"{kind.name} has a spread of its own; hold one of {', '.join(names)}")
    if unknown := [name for name in hold if name not in (*names, RELAXED, SPREAD)]:
        raise BadParameter(f"{kind.name} has no parameter {unknown[0]!r} to hold; it has {', '.join(names)}, {SPREAD}")
    try:
        whole: Impact = msgspec.structs.replace(model if isinstance(model, Impact) else kind(), covariance=())
    except TypeError:  # Some parameters have no default.
        whole = _typical(kind)
    ours = {SPREAD_SHARE if name == SPREAD else name: value for name, value in hold.items()}
    changed: Impact = msgspec.structs.replace(whole, **ours)
    return changed


def _typical(kind: type[Impact]) -> Impact:
    typical: dict[str, Any] = {p.name: p.typical for p in kind.parameters}
    try:
        return kind(**typical)
    except TypeError:
        raise BadParameter(
            f"{kind.__name__} is more than its parameters; make the record to begin with, and fit that"
        ) from None


def _spread_of(prototype: Impact, orders: Metaorders, asked: Spread | None, *, held: bool) -> Spread:
    """How to treat the spread: what was asked, or the best the data allow."""
    paid = orders.spread_paid_bps
    if prototype.has_own_spread():
        return "model"
    if held and asked is not None:
        raise BadParameter(
            f'a spread that is held is taken off as it is; leave spread="{asked}" out, or do not hold it'
        )
    if held:
        return "held"
    if asked == "paid" and paid is None:
        raise BadParameter('spread="paid" needs the column spread_paid_bps; give it, or use "half" or "estimate"')
    if asked not in ("paid", "half", "estimate", "none", None):
        raise BadParameter(f'spread {asked!r} must be "paid", "half", "estimate" or "none"')
    if asked is not None:
        return asked
    if paid is not None and np.isfinite(paid).all():
        return "paid"
    return "estimate" if (orders.spread_bps > 0).any() else "none"


def _usable(prototype: Impact, orders: Metaorders, spread: Spread) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """Rows that have what the model needs, and how many do not, by what they lack."""
    usable = np.ones(len(orders), dtype=np.bool_)
    dropped: dict[str, int] = {}
    for name in (*prototype.needs, *(("spread_paid_bps",) if spread == "paid" else ())):
        column = getattr(orders, name)
        known = np.zeros(len(orders), dtype=np.bool_) if column is None else np.isfinite(column)
        if missing := int((usable & ~known).sum()):
            dropped[f"{name} not known"] = missing
        usable &= known
    if len(orders) and not usable.any():
        raise Unidentified(f"{prototype.name} needs {', '.join(dropped)}: no row has it; give the column")
    return usable, dropped


def _charging(prototype: Impact, orders: Metaorders, spread: Spread) -> Impact:
    """The prototype with the share of the quoted spread that is taken off; a fitted one takes its place later."""
    shares = {"half": 0.5, "none": 0.0}
    if spread == "paid" and orders.spread_paid_bps is not None and (quoted := float(orders.spread_bps.sum())) > 0:
        shares["paid"] = float(orders.spread_paid_bps.sum()) / quoted
    if spread not in shares:
        return prototype
    changed: Impact = msgspec.structs.replace(prototype, **{SPREAD_SHARE: shares[spread]})
    return changed


def _crossing_bps(prototype: Impact, orders: Metaorders, spread: Spread) -> Floats:
    """What is taken off the cost before the fit."""
    if spread == "paid" and orders.spread_paid_bps is not None:
        return orders.spread_paid_bps
    return prototype.spread_share * orders.spread_bps if spread in ("half", "held") else np.zeros(len(orders))


def _codes(keys: Ints) -> Ints:
    """Keys as codes from 0 in their order."""
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)
