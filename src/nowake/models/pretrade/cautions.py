"""What of an order and its market speaks against leaning on an estimate, one sentence each.

Thresholds are our judgement, said in the sentence: published fits hold few orders above a third of the volume of
their window, and the rule of thumb of Almgren & Chriss 2000, section 3.4, reads impact off the spread, which says
nothing where the tick makes the spread, or the spread is next to nothing against the moves of a day."""

from __future__ import annotations

from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.market import MarketState

LARGEST_OF_WINDOW = 0.3
MOST_SPREAD = 1.5  # Takers pay half of it; more than the whole is impact under another name.
_ONE_TICK = 1.5  # A spread that is one tick nearly always is less than this on average.
_NEXT_TO_NOTHING = 1e-3  # Of a day's volatility: a hundredth of what the square-root law asks for 1 % of a day.


def market_cautions(market: MarketState, quantity: float, days: float) -> tuple[str, ...]:
    """A market that never moves, and an order that is much of what trades in its window."""
    if market.daily_volatility.value > 0:
        return size_cautions(market, quantity, days)
    return (
        "The volatility is 0: a market that never moves makes costs by volatility free and every cost certain; "
        "give the volatility.",
        *size_cautions(market, quantity, days),
    )


def size_cautions(market: MarketState, quantity: float, days: float) -> tuple[str, ...]:
    """An order that is much of what trades in its window."""
    share = quantity / (market.window_volume or market.daily_volume * days)
    if share > 1:
        return (
            f"The order is {share:.0%} of the volume of its window, more than the market trades in it without us; it "
            "cannot be expected to fill, whatever the cost says: allow more time.",
        )
    if share > LARGEST_OF_WINDOW:
        return (
            f"The order is {share:.0%} of the volume of its window; impact laws were fitted to slower ones (we warn "
            f"above {LARGEST_OF_WINDOW:.0%}).",
        )
    return ()


def limit_cautions(order: ParentOrder, market: MarketState) -> tuple[str, ...]:
    """What a limit means for the estimate: nothing, and how far the price is from it."""
    if order.limit_ticks is None:
        return ()
    limit = float(order.limit_ticks * order.instrument.tick_size)
    room = order.side * (limit / market.price - 1)
    told = f"The limit {limit:,.10g} is {abs(room) * 1e4:,.0f} bps"
    if room < 0:
        where = "away from the market: nothing fills until the price comes to it"
    elif room > 3 * market.daily_volatility.value:
        where = "beyond the market, more than three days' volatility: it will hardly ever bind"
    else:
        where = "beyond the market: where it binds, part of the order is left"
    return (f"{told} {where}. Estimates ignore limits; this is the cost of the whole order.",)


def spread_cautions(law: Impact) -> tuple[str, ...]:
    """A share of the spread that no order pays: the fit could not tell it, or the law does not fit small orders."""
    if law.has_own_spread() or 0 <= law.spread_share <= MOST_SPREAD:
        return ()
    earns = "earn the spread" if law.spread_share < 0 else "pay more than the whole of it"
    return (
        f"The model was fitted with {law.spread_share:.2g} of the quoted spread paid: orders would {earns}. The data "
        "hardly tell it, or the law does not fit small orders; hold it when fitting, for example at 0.5.",
    )


def rule_of_thumb_cautions(law: Impact, order: ParentOrder, market: MarketState) -> tuple[str, ...]:
    """A linear law whose parameters were read off a spread that says nothing of impact."""
    ticks = market.spread / float(order.instrument.tick_size)
    if market.spread_bps.value < _NEXT_TO_NOTHING * market.daily_volatility.value * 1e4:
        told = f"next to nothing, {market.spread_bps.value:.2g} bps"
    elif ticks <= _ONE_TICK:
        told = f"one tick, {market.spread_bps.value:.2g} bps"
    else:
        return ()
    if law != Linear.from_market(market):
        return ()
    return (
        f"The spread is {told}: {law.name} reads impact off the spread by a rule of thumb, and here the spread does "
        "not tell it. Do not lean on that row.",
    )
