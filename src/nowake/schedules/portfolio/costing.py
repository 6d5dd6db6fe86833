"""What any trades of a basket cost and risk: Almgren & Chriss 2000, appendix A, with volume and volatility in time.

    E = eps'|n| + sum_t n_t' H/tau_t n_t + X' G X / 2 - sum_t n_t' G n_t / 2        (29)
    V = sum_t tau_t x_t' C x_t, holdings AFTER the t-th trade                       (30)

V is what optima weigh. It takes each trade to come at once at the start of its bucket, so that a plan in one bucket has
none; the risk that is shown is of trading evenly inside each bucket, as for one order (`schedules.costing`):

    V' = sum_t tau_t (x_{t-1}' C x_{t-1} + x_{t-1}' C x_t + x_t' C x_t) / 3

H is eta of each line on the diagonal and `cross_temporary` off it, G is gamma on the diagonal and `cross_impact` off
it; the last term of E is what makes H~ = H - tau G / 2 of the paper. The clock tau of the cost is days of volume where
a curve is given. With an exponent below 2 temporary impact is a power of the rate (Almgren 2003), worth what the model
says at the even rate of the line; a bucket is then traded evenly inside, so that the permanent cost is X' G X / 2
whatever the schedule."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact
from nowake.models.impact.cross import CrossImpact
from nowake.models.impact.linear import Linear, largest_step, linearised
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.costing import held
from nowake.schedules.portfolio.basket import SHOWN, Basket, Line
from nowake.schedules.portfolio.timeline import (
    Auction,
    Flags,
    Timeline,
    available,
    risk_days,
    timeline_of,
    volume_days,
)


class Setting(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How a basket is cut into buckets, and by what its trades are costed.

    Parameters
    ----------
    buckets
        Even buckets to the last deadline; by default 26 a session, ten at least.
    model
        Impact, one for all lines or by symbol; by default the rule of thumb of Almgren & Chriss from each line's own
        spread and volume. A model that is not linear is replaced by the linear one that costs the same for the line.
        A `Linear` one has its coefficients in currency per share: one for all suits few baskets.
    exponent
        Of cost in the size of a trade, above 1 and up to 2: 2 is linear impact, 3/2 the square root of the rate.
    curve
        Volume curve of the session, one for all lines or by symbol; None spreads volume evenly.
    volatility_profile
        Volatility of equal parts of the session against each other, such as `Diurnal.factor`; empty for even.
    overnight
        Variance from one close to the next open, in sessions of variance; counts where a basket spans nights.
    auctions
        Held in every session.
    cross_impact
        Permanent impact between lines, currency per share per share, without a kernel; its diagonal replaces gamma.
    cross_temporary
        The same of temporary impact, currency per share per (share a session); its diagonal is not used.
    drift_bps
        Expected move of prices a session in basis points, by symbol; none where it is not given.
    """

    buckets: int | None = None
    model: Impact | Mapping[str, Impact] | None = None
    exponent: float = 2.0
    curve: VolumeCurve | Mapping[str, VolumeCurve] | None = None
    volatility_profile: tuple[float, ...] = ()
    overnight: float = 0.0
    auctions: tuple[Auction, ...] = ()
    cross_impact: CrossImpact | None = None
    cross_temporary: CrossImpact | None = None
    drift_bps: Mapping[str, float] | None = None

    def costing(self, basket: Basket) -> Costing:
        """The arrays by which any trades of a basket are costed.

        Raises
        ------
        BadParameter
            When a model, curve or asset is missing, a cost is not convex, or cross-impact cannot be put so.
        """
        return costing(basket, self)


class Costing(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """T buckets and N lines in numbers; currency and units.

    Parameters
    ----------
    timeline
        The buckets.
    tradable
        (T, N) whether a line may trade.
    volume
        (T, N) units the market is expected to trade without us, 0 where the line may not trade.
    temporary
        (T, N) currency per unit^exponent.
    exponent
        In (1, 2].
    spread
        (T, N) currency per unit.
    permanent
        (N, N) G, or (N,) its diagonal without cross-impact.
    cross, cross_weights
        (N, N) off-diagonal H and (T,) its weights, or None.
    risk_days, night_days
        (T,) and (T,) sessions of variance in each bucket, and of nights that follow it.
    loadings, specific
        Of the covariance, in currency per unit.
    drift
        (T, N) currency per unit expected to be lost by a purchase that waits, or None.
    notes
        What was assumed.
    """

    timeline: Timeline
    tradable: Flags
    volume: Floats
    temporary: Floats
    exponent: float
    spread: Floats
    permanent: Floats
    cross: Floats | None
    cross_weights: Floats | None
    risk_days: Floats
    night_days: Floats
    loadings: Floats
    specific: Floats
    drift: Floats | None = None
    notes: tuple[str, ...] = ()

    def parts(self, quantities: Floats, trades: Floats) -> dict[str, Floats]:
        """Expected cost of (T, N) signed trades in currency, part -> (N,) by line.

        Cross-impact counts for the line that pays it; it and drift are left out where there are none.
        """
        parts = {
            "spread": (self.spread * np.abs(trades)).sum(axis=0),
            "temporary": (self.temporary * np.abs(trades) ** self.exponent).sum(axis=0),
            "permanent": self._permanent(quantities, trades),
        }
        if self.cross is not None and self.cross_weights is not None:
            parts["cross"] = (self.cross_weights[:, None] * trades * (trades @ self.cross)).sum(axis=0)
        if self.drift is not None:
            parts["drift"] = (self.drift * (quantities - np.cumsum(trades, axis=0))).sum(axis=0)
        return parts

    def _permanent(self, quantities: Floats, trades: Floats) -> Floats:
        """X G X / 2, less what a trade does not pay of its own move where all of it comes after the trade."""
        full = self.permanent.ndim == 2

        def paid(x: Floats) -> Floats:
            return np.asarray(x * (x @ self.permanent if full else x * self.permanent) / 2)

        whole = paid(quantities)
        return whole - paid(trades).sum(axis=0) if self.exponent == 2 else whole

    def variance(self, quantities: Floats, trades: Floats) -> float:
        """Equation 30: currency^2 of what is left after each of (T, N) signed trades."""
        left = quantities - np.cumsum(trades, axis=0)
        weights = self.risk_days + self.night_days
        return float(weights @ (((left @ self.loadings) ** 2).sum(axis=1) + left**2 @ self.specific))

    def risk(self, quantities: Floats, trades: Floats) -> float:
        """One standard deviation of the cost of (T, N) signed trades that run evenly inside each bucket, currency."""
        return float(np.sqrt(self._variance_by_line(quantities, trades).sum()))

    def risk_by_line(self, quantities: Floats, trades: Floats) -> Floats:
        """(N,) what each line adds to `risk`; they sum to it (Euler)."""
        by_line = self._variance_by_line(quantities, trades)
        total = np.sqrt(by_line.sum())
        return np.asarray(by_line / total if total > 0 else np.zeros_like(by_line))

    def risk_alone(self, line: int, quantity: float, trades: Floats) -> float:
        """`risk` of (T,) signed trades of one line, the others apart."""
        after = quantity - np.cumsum(trades)
        own = float((self.loadings[line] ** 2).sum() + self.specific[line])
        return float(np.sqrt(own * (held(after + trades, after, self.risk_days) + self.night_days @ after**2)))

    def _variance_by_line(self, quantities: Floats, trades: Floats) -> Floats:
        """(N,) of V': of the middle m of each bucket and the trade n in it, m' C m + n' C n / 12; nights after it."""
        after = quantities - np.cumsum(trades, axis=0)

        def carried(x: Floats, weights: Floats) -> Floats:
            pull = (x @ self.loadings) @ self.loadings.T + x * self.specific
            return np.asarray(weights @ (x * pull))

        inside = carried(after + trades / 2, self.risk_days) + carried(trades, self.risk_days / 12)
        return np.asarray(inside + carried(after, self.night_days) if self.night_days.any() else inside)


def costing(basket: Basket, setting: Setting) -> Costing:
    """See `Setting.costing`."""
    if not 1 < setting.exponent <= 2:
        raise BadParameter(f"exponent {setting.exponent} must be above 1, where cost is strictly convex, and up to 2")
    timeline = timeline_of(basket, setting.buckets, setting.auctions)
    inside = available(timeline, basket.lines)
    clock = volume_days(timeline, basket, setting.curve)
    tradable = (inside > 0) & ((clock > 0) | timeline.is_auction[:, None])
    tau = _tau(np.where(timeline.is_auction[:, None], _auction_shares(timeline)[:, None], clock), tradable)
    lines = [_line_model(line, setting, float(clock[:, i].sum())) for i, line in enumerate(basket.lines)]
    worth = np.array([line.multiplier for line in basket.lines])
    gamma = np.array([line.gamma for line in lines]) * worth
    prices = basket.covariance.in_currency(basket.worths)
    permanent = _permanent(basket, setting.cross_impact, gamma, worth)
    cross = None if setting.cross_temporary is None else _temporary_cross(basket, setting.cross_temporary, worth)
    days, nights = risk_days(timeline, basket, setting.volatility_profile, setting.overnight)
    return Costing(
        timeline=timeline,
        tradable=tradable,
        volume=np.where(tradable, _volume(basket, timeline, clock), 0.0),
        temporary=_temporary(basket, lines, setting.exponent, tau, clock.sum(axis=0)) * _multiples(timeline)[:, None],
        exponent=setting.exponent,
        spread=_spread_shares(timeline)[:, None] * np.array([line.epsilon for line in lines]) * worth,
        permanent=permanent,
        cross=cross,
        cross_weights=None if cross is None else _multiples(timeline) / tau.max(axis=1),
        risk_days=days,
        night_days=nights,
        loadings=prices.loadings,
        specific=prices.specific,
        drift=_drift(basket, setting.drift_bps, timeline),
        notes=_notes(basket, setting, tau),
    )


def _line_model(line: Line, setting: Setting, days: float) -> Linear:
    """Linear impact of a line: its own, or as much as its model says at the even rate."""
    if setting.model is None:
        return Linear.from_market(line.market)
    model = setting.model.get(line.symbol) if isinstance(setting.model, Mapping) else setting.model
    if model is None:
        raise BadParameter(f"no impact model is given for {line.symbol}; give one for each line, or one for all")
    return linearised(model, line.market.terms(line.quantity, days))


def _auction_shares(timeline: Timeline) -> Floats:
    """(T,) an auction's volume in days of it; 0 where trading is continuous."""
    return np.array([0.0 if each is None else each.volume_share for each in timeline.auctions])


def _multiples(timeline: Timeline) -> Floats:
    """(T,) temporary impact for one of continuous trading among as much volume."""
    return np.array([1.0 if each is None else each.impact for each in timeline.auctions])


def _tau(days: Floats, tradable: Flags) -> Floats:
    """(T, N) days of volume; where a line may not trade the longest of the bucket, or of all, so that none is 0."""
    own = np.where(tradable, days, 0.0)
    longest = own.max(axis=1, keepdims=True)
    return np.where(tradable, days, np.where(longest > 0, longest, own.max()))


def _spread_shares(timeline: Timeline) -> Floats:
    return np.array([1.0 if each is None else each.spread for each in timeline.auctions])


def _volume(basket: Basket, timeline: Timeline, clock: Floats) -> Floats:
    """(T, N) expected units: the window's where it is known, else the day's; an auction's by its share of the day's."""
    daily = np.array([line.market.daily_volume for line in basket.lines])
    whole = clock.sum(axis=0)
    window = np.array(
        [line.market.window_volume or line.market.daily_volume * whole[i] for i, line in enumerate(basket.lines)]
    )
    return np.asarray(clock * (window / whole) + _auction_shares(timeline)[:, None] * daily)


def _temporary(basket: Basket, lines: list[Linear], exponent: float, tau: Floats, days: Floats) -> Floats:
    """(T, N) currency per unit^exponent of trading in `tau` days of volume, of lines with `days` of it in all."""
    eta = np.array([line.eta for line in lines]) * np.array([line.multiplier for line in basket.lines])
    if not (eta > 0).all():
        names = [line.symbol for line, own in zip(basket.lines, eta, strict=True) if not own > 0]
        raise BadParameter(
            f"temporary impact of {', '.join(names[:SHOWN])} must be above 0: without a cost of speed there is no best "
            "schedule; give a model with one"
        )
    if exponent == 2:
        return np.asarray(eta / tau)
    even = np.array([line.quantity for line in basket.lines]) / days
    return np.asarray(eta * even ** (2 - exponent) / tau ** (exponent - 1))


def _permanent(basket: Basket, cross: CrossImpact | None, gamma: Floats, worth: Floats) -> Floats:
    if cross is None:
        return gamma
    return _slopes(basket, cross, "cross_impact") * worth[:, None]


def _temporary_cross(basket: Basket, cross: CrossImpact, worth: Floats) -> Floats:
    """(N, N) H off its diagonal.

    It runs by one clock in each bucket, the longest of its lines: where theirs differ, each line's own cost is then the
    larger, so that H / tau stays positive definite where H is.
    """
    slopes = _slopes(basket, cross, "cross_temporary") * worth[:, None]
    np.fill_diagonal(slopes, 0.0)
    return slopes


def _slopes(basket: Basket, cross: CrossImpact, field: str) -> Floats:
    """(N, N) slopes in the order of the lines."""
    if cross.kernel is not None:
        raise BadParameter(
            f"{field} decays by a kernel, which a basket's plan cannot follow; give a CrossImpact without a kernel, or "
            "cost the plan by it afterwards (CrossImpact.cost_of)"
        )
    if len({line.multiplier for line in basket.lines}) > 1:
        raise BadParameter(f"{field} needs lines of one multiplier; give slopes and quantities in one unit")
    missing = [symbol for symbol in basket.symbols if symbol not in cross.assets]
    if missing:
        raise BadParameter(f"{field} lacks {', '.join(missing[:SHOWN])} ({len(missing)} of {len(basket)} lines)")
    places = [cross.assets.index(symbol) for symbol in basket.symbols]
    return cross.slopes[np.ix_(places, places)].copy()


def _drift(basket: Basket, drift_bps: Mapping[str, float] | None, timeline: Timeline) -> Floats | None:
    """(T, N) what a unit still to be bought loses by a bucket's expected move: Almgren & Chriss 2000, section 4.1."""
    if not drift_bps:
        return None
    unknown = [symbol for symbol in drift_bps if symbol not in basket.symbols]
    if unknown:
        raise BadParameter(f"drift_bps names {', '.join(unknown[:SHOWN])}, which the basket does not hold")
    a_session = np.array([drift_bps.get(symbol, 0.0) for symbol in basket.symbols]) / 1e4 * basket.worths
    if not np.isfinite(a_session).all():
        raise BadParameter("drift_bps must be finite")
    return np.asarray(timeline.days[:, None] * a_session)


def _notes(basket: Basket, setting: Setting, tau: Floats) -> tuple[str, ...]:
    notes = [f"risk: {basket.covariance.method}"]
    if setting.model is None:
        notes.append("impact: the rule of thumb of Almgren and Chriss from each line's spread and volume")
    if setting.cross_temporary is not None and (np.ptp(tau, axis=1) > 1e-9 * tau.max(axis=1)).any():
        notes.append("cross_temporary runs by the longest clock of the lines in each bucket, for theirs differ")
    large = [line.symbol for line in basket.lines if line.quantity > line.market.daily_volume * line.days]
    if large:
        notes.append(
            f"{', '.join(large[:SHOWN])} ({len(large)}) is larger than the volume expected in its window: impact is "
            "beyond what models were measured on"
        )
    return tuple(notes)


def check_convex(basket: Basket, costs: Costing, setting: Setting) -> None:
    """Refuse buckets so long that a line's own permanent impact outweighs what speed costs in them."""
    own = costs.permanent if costs.permanent.ndim == 1 else np.diagonal(costs.permanent)
    choice = costs.tradable & (costs.tradable.sum(axis=0) > 1)
    bad = choice & (costs.temporary - own / 2 <= 1e-9 * costs.temporary)
    if costs.exponent < 2 or not bad.any():
        return
    i = int(np.argmax(bad.any(axis=0)))
    t = int(np.argmax(bad[:, i]))
    way_out = f"{len(costs.timeline)} buckets are too few"
    if not isinstance(setting.model, Mapping) and setting.model is not None and isinstance(setting.model, Linear):
        way_out = f"use buckets shorter than {largest_step(setting.model):.4g} days of volume"
    raise BadParameter(
        f"eta / tau - gamma / 2 of {basket.symbols[i]} = {costs.temporary[t, i] - own[i] / 2:.3g} in bucket {t + 1} "
        f"must be above 0, else cost is not convex and there is no optimum: {way_out}; give more buckets, or a model "
        "with more temporary impact"
    )
