"""Metaorders of known truth: what a desk's record would look like if a model of impact were right.

Sizes are drawn evenly in log Q/V and participation evenly in its log, so that the window follows from both; sides are
a coin's. The noise of a cost is the market's own move: side * sigma sqrt(T / 3) times a unit draw, of which a share
is common to all orders of that day and symbol and another to all of that day, so that errors come in clusters as real
ones do. The move long after the order continues the same path: for a Brownian motion the average over T and the end
correlate by sqrt(3) / 2. No draw moves a price by more than half.

A desk's real sizes follow its signals and its sides its clients; nothing here does, so a fit that is right on these
may still be wrong where orders chase the price (no model of selection)."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.metaorder import Floats, Ints, Metaorders
from nowake.models.impact.contract import Impact
from nowake.models.terms import Terms

_NS = 1_000_000_000
_OPEN_NS, _SESSION_NS = 14 * 3600 * _NS + 1800 * _NS, 23_400 * _NS  # New York's winter session, in UTC.
_FIRST_DAY = 18_262  # 2020-01-01.
_OUTLIER = 10.0  # How much further out an outlier lies.
_MOST_BPS = 5_000.0  # Of noise, and of the model: a price stays above 0.


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """How a desk trades and how noisy its market is.

    Parameters
    ----------
    orders, days, symbols
        How many; orders fall evenly on days and symbols by chance.
    smallest, largest
        Q / V of an order.
    slowest, fastest
        Q over the market's volume of the window; a window is at most one session.
    shared, market
        Shares of the noise's variance that a day and symbol, and a whole day, have in common.
    tails
        Degrees of freedom of the noise, above 2; None for normal noise.
    outliers
        Share of orders whose own noise is ten times as large.
    relax_days
        Sessions from an order's end to its `later_price`.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    """

    orders: int = 2_000
    days: int = 60
    symbols: int = 10
    smallest: float = 1e-4
    largest: float = 0.2
    slowest: float = 0.02
    fastest: float = 0.5
    shared: float = 0.2
    market: float = 0.0
    tails: float | None = None
    outliers: float = 0.0
    relax_days: float = 0.5

    def __post_init__(self) -> None:
        for name in ("orders", "days", "symbols"):
            if getattr(self, name) < 1:
                raise BadParameter(f"{name} {getattr(self, name)} must be 1 or more")
        for low, high in (("smallest", "largest"), ("slowest", "fastest")):
            if not 0 < getattr(self, low) <= getattr(self, high) < math.inf:
                raise BadParameter(
                    f"{low} {getattr(self, low)} must be above 0 and at most {high} {getattr(self, high)}"
                )
        if not (self.shared >= 0 and self.market >= 0 and self.shared + self.market <= 1):
            raise BadParameter(f"shared {self.shared} and market {self.market} must be 0 or more and sum to 1 at most")
        if self.tails is not None and not self.tails > 2:
            raise BadParameter(f"tails {self.tails} must be above 2: the noise needs a variance; or None")
        if not 0 <= self.outliers < 1:
            raise BadParameter(f"outliers {self.outliers} must be a share, 0 or more and below 1")
        if not self.relax_days >= 0:
            raise BadParameter(f"relax_days {self.relax_days} must be 0 or more")


def generate_orders(model: Impact, seed: int, design: Design | None = None) -> Metaorders:
    """Orders whose cost is the model's plus noise; the same seed and design give the same orders.

    `later_price` and `spread_paid_bps` are known in every row; `last_price` in none.

    Raises
    ------
    BadParameter
        When the model moves a price by half of it or more.
    """
    design = Design() if design is None else design
    rng = np.random.default_rng(seed)
    n = design.orders
    day, symbol = rng.integers(0, design.days, n), rng.integers(0, design.symbols, n)
    market = _markets(rng, design, day, symbol)
    size = _log_even(rng, design.smallest, design.largest, n)
    days = np.minimum(size / _log_even(rng, design.slowest, design.fastest, n), 1.0)
    quantity = np.maximum(np.round(size * market["daily_volume"]), 1.0)
    starts = _FIRST_DAY * 86_400 * _NS + day * 86_400 * _NS + _OPEN_NS
    starts = starts + (rng.random(n) * (1 - days) * _SESSION_NS).astype(np.int64)
    side = rng.choice(np.array([-1, 1]), n)
    terms = Terms(quantity=quantity, days=days, **market)
    crossing = model.half_spread_bps(terms)
    average, later = _noise(rng, design, day, symbol, days)
    sigma = 1e4 * market["volatility"]
    expected, stays = crossing + model.total_bps(terms), 2 * model.permanent_bps(terms)
    if (worst := float(max(np.max(np.abs(expected)), np.max(np.abs(stays))))) >= _MOST_BPS:
        raise BadParameter(
            f"{model} moves a price by {worst:g} bps in this design, half of it or more; make it smaller"
        )
    cost, moved = (
        part + side * np.clip(sigma * noise, -_MOST_BPS, _MOST_BPS)
        for part, noise in ((expected, average), (stays, later))
    )
    order = np.argsort(starts, kind="stable")
    return Metaorders(
        symbols=tuple(f"S{number:03d}" for number in range(design.symbols)),
        symbol=symbol[order],
        start_ns=starts[order],
        day=_FIRST_DAY + day[order],
        side=side[order],
        quantity=quantity[order],
        days=days[order],
        arrival_price=market["price"][order],
        average_price=(market["price"] * (1 + side * cost / 1e4))[order],
        volatility=market["volatility"][order],
        daily_volume=market["daily_volume"][order],
        spread_bps=market["spread_bps"][order],
        trade_size=market["trade_size"][order],
        shares_outstanding=market["shares_outstanding"][order],
        later_price=(market["price"] * (1 + side * moved / 1e4))[order],
        spread_paid_bps=np.broadcast_to(crossing, (n,))[order],
    )


def _markets(rng: np.random.Generator, design: Design, day: Ints, symbol: Ints) -> dict[str, Floats]:
    """The market of each order: each symbol has its own, and a day moves it by a few tens of percent."""
    volatility = _log_even(rng, 0.008, 0.03, design.symbols)
    volume = _log_even(rng, 3e5, 3e7, design.symbols)
    price = _log_even(rng, 10, 200, design.symbols)
    spread = 200 * volatility * _log_even(rng, 0.5, 2.0, design.symbols)
    shares = volume * _log_even(rng, 50, 500, design.symbols)
    prints = _log_even(rng, 80, 400, design.symbols)
    cells = (design.symbols, design.days)
    mood = np.exp(0.25 * rng.standard_normal(cells))
    busy = np.exp(0.3 * rng.standard_normal(cells))
    return {
        "volatility": volatility[symbol] * mood[symbol, day],
        "daily_volume": volume[symbol] * busy[symbol, day],
        "price": price[symbol],
        "spread_bps": spread[symbol] * np.exp(0.2 * rng.standard_normal(len(day))),
        "trade_size": prints[symbol],
        "shares_outstanding": shares[symbol],
    }


def _noise(rng: np.random.Generator, design: Design, day: Ints, symbol: Ints, days: Floats) -> tuple[Floats, Floats]:
    """The market's own move in units of sigma: its average over the window, and its end some time later."""
    n = len(day)
    own = math.sqrt(1 - design.shared - design.market) * rng.standard_normal(n)
    own *= np.where(rng.random(n) < design.outliers, _OUTLIER, 1.0)
    cell = math.sqrt(design.shared) * rng.standard_normal((design.symbols, design.days))[symbol, day]
    whole = math.sqrt(design.market) * rng.standard_normal(design.days)[day]
    unit = own + cell + whole
    if design.tails is not None:
        # One draw of the mixing variable an order: the margins are Student's, scaled to unit variance.
        unit *= np.sqrt((design.tails - 2) / rng.chisquare(design.tails, n))
    average = np.sqrt(days / 3) * unit
    end = 1.5 * average + 0.5 * np.sqrt(days) * rng.standard_normal(n)
    return average, end + math.sqrt(design.relax_days) * rng.standard_normal(n)


def _log_even(rng: np.random.Generator, low: float, high: float, n: int) -> Floats:
    return np.asarray(np.exp(rng.uniform(math.log(low), math.log(high), n)))
