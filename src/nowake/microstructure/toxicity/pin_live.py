"""PIN beside a live market: what today probably is, trade by trade, and the model, day by day.

Poisson trades of a day that is only partly over are Poisson with the part of their rates that is behind, so that by
Bayes's rule

    P(kind k | B buys, S sells so far) ~ w_k b_k^B s_k^S exp(-u (b_k + s_k)),    u = share of the day behind

is exact after every event and costs nothing. u is the clock's, or that of a curve of how trading usually adds up: at
the open, where much is traded, the clock alone takes every day for one with news."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Trades
from nowake.microstructure.toxicity.pin import Pin, PinModel, fit_pin
from nowake.microstructure.toxicity.pin_likelihood import MIN_DAYS
from nowake.microstructure.whole import whole

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def daily_counts(trades: Trades, edges_ns: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Buys and sells between edges, int64[n - 1] each: from one edge up to, not including, the next.

    Prints without a side and of auctions are not counted. What PIN calls a day may be any stretch of time in which news
    comes once or not at all.

    Raises
    ------
    BadParameter
        When there are fewer than two edges, or they do not increase.
    """
    edges = np.asarray(edges_ns, np.int64)
    if edges.ndim != 1 or len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise BadParameter(f"edges_ns of {edges.size} instants must be two or more, each later than the one before")
    counts = []
    for side in (1, -1):
        time_ns = trades.time_ns[(trades.aggressor == side) & ~trades.auction]
        counts.append(np.diff(np.searchsorted(time_ns, edges, side="left")))
    return counts[0], counts[1]


def news_so_far(
    model: PinModel, trades: Trades, *, open_ns: int, close_ns: int, curve: Sequence[float] = (0.0, 1.0)
) -> Floats:
    """Probability of no, good and bad news just after each print, (n, 3): `PinDay` over a history.

    Prints outside the session and those without a side count for nothing. Errors as for `PinDay`.
    """
    gauge = PinDay(model, open_ns=open_ns, close_ns=close_ns, curve=curve)
    inside = (trades.time_ns >= open_ns) & (trades.time_ns < close_ns)
    buys = np.cumsum(inside & (trades.aggressor > 0))
    sells = np.cumsum(inside & (trades.aggressor < 0))
    elapsed = np.array([gauge.elapsed(time_ns) for time_ns in trades.time_ns.tolist()])
    return np.array([gauge.given(*row) for row in zip(buys.tolist(), sells.tolist(), elapsed, strict=True)]).reshape(
        -1, 3
    )


class PinDay:
    """Probability that today has news, from the trades so far; a gauge of quotes and prints.

    Parameters
    ----------
    model
        The fitted parameters.
    open_ns, close_ns
        The session.
    curve
        Share of a day's trades behind at even steps from open to close: from 0 to 1, never falling.

    Raises
    ------
    BadParameter
        When the session is empty or the curve is not one.
    """

    def __init__(self, model: PinModel, *, open_ns: int, close_ns: int, curve: Sequence[float] = (0.0, 1.0)) -> None:
        if close_ns <= open_ns:
            raise BadParameter(f"close_ns {close_ns} must be after open_ns {open_ns}")
        steps = np.asarray(curve, np.float64)
        if len(steps) < 2 or steps[0] != 0 or steps[-1] != 1 or not (np.diff(steps) >= 0).all():
            raise BadParameter(f"curve {list(curve)[:4]}... must rise from 0 to 1 and never fall")
        self.model, self.open_ns, self.close_ns = model, open_ns, close_ns
        self.buys = self.sells = self.unsigned = self.outside = 0
        self._curve: list[float] = steps.tolist()
        self._now_ns = open_ns
        self._last_ns: int | None = None
        events = model.alpha * (1 - model.delta), model.alpha * model.delta
        self._weights = tuple(_log(weight) for weight in (1 - model.alpha, *events))
        self._rates = (
            (model.eps_buy, model.eps_sell),
            (model.eps_buy + model.mu, model.eps_sell),
            (model.eps_buy, model.eps_sell + model.mu),
        )

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:  # noqa: ARG002
        """Time goes by, which without trades speaks against news.

        Raises
        ------
        BadData
            When it goes back.
        """
        self._tick(time_ns)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print; one without a side, or outside the session, is counted apart.

        Raises
        ------
        BadData
            When time goes back.
        """
        time_ns, side = whole(time_ns=time_ns, side=side)
        self._tick(time_ns)
        if not self.open_ns <= time_ns < self.close_ns:
            self.outside += 1
        elif side > 0:
            self.buys += 1
        elif side < 0:
            self.sells += 1
        else:
            self.unsigned += 1

    @property
    def value(self) -> float:
        """Probability that the day has news, good or bad."""
        _, good, bad = self.probabilities
        return good + bad

    @property
    def probabilities(self) -> tuple[float, float, float]:
        """Of no news, good news and bad news."""
        return self.given(self.buys, self.sells, self.elapsed(self._now_ns))

    def elapsed(self, time_ns: int) -> float:
        """Share of a day's trades usually behind at an instant, 0 before the open and 1 after the close."""
        share = (time_ns - self.open_ns) / (self.close_ns - self.open_ns)
        place = min(max(share, 0.0), 1.0) * (len(self._curve) - 1)
        left = min(int(place), len(self._curve) - 2)
        return self._curve[left] + (place - left) * (self._curve[left + 1] - self._curve[left])

    def given(self, buys: int, sells: int, elapsed: float) -> tuple[float, float, float]:
        """The three probabilities given numbers of trades and the share of the day they came in."""
        logs = [
            weight + buys * log(b) + sells * log(s) - elapsed * (b + s)
            for weight, (b, s) in zip(self._weights, self._rates, strict=True)
        ]
        top = max(logs)
        none, good, bad = (exp(each - top) for each in logs)
        whole = none + good + bad
        return none / whole, good / whole, bad / whole

    def _tick(self, time_ns: int) -> None:
        if self._last_ns is not None and time_ns < self._last_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._last_ns}; sort by time")
        self._last_ns = time_ns
        self._now_ns = max(self._now_ns, time_ns)


class PinDays:
    """The model of the days so far, or of the last few.

    The days are their own sufficient statistic, so they are kept and fitted afresh when asked for, about 15 ms: a fit
    warm-started from yesterday's saves most of that and may stay on what has become the lower hill. So the value is
    that of `fit_pin` over the same days, exactly.

    Parameters
    ----------
    window
        How many days to remember; None for all.
    least
        Days below which nothing is known.

    Raises
    ------
    BadParameter
        When the window is shorter than `least`.
    """

    def __init__(self, *, window: int | None = None, least: int = MIN_DAYS) -> None:
        if window is not None and window < least:
            raise BadParameter(f"window {window} must be at least {least} days")
        self.window, self.least = window, least
        self.days: list[tuple[int, int]] = []
        self._fitted: Pin | None = None

    def update(self, buys: int, sells: int) -> None:
        """The next day.

        Raises
        ------
        BadData
            When a number is not a whole one, 0 or more.
        """
        for name, count in (("buys", buys), ("sells", sells)):
            if not (count >= 0 and count == int(count)):
                raise BadData(f"{name} {count} must be a whole number of trades, 0 or more")
        self.days.append((int(buys), int(sells)))
        if self.window is not None:
            del self.days[: -self.window]
        self._fitted = None

    @property
    def value(self) -> float:
        """PIN of the days remembered; NaN while they are too few."""
        return self.fit().pin.value if len(self.days) >= self.least else float("nan")

    def fit(self) -> Pin:
        """The model. Errors as for `fit_pin`."""
        if self._fitted is None:
            buys, sells = zip(*self.days, strict=True) if self.days else ((), ())
            self._fitted = fit_pin(buys, sells, least=self.least)
        return self._fitted


def _log(weight: float) -> float:
    return log(weight) if weight > 0 else float("-inf")
