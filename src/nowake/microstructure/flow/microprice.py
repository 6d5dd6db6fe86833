"""The micro-price: where the mid is expected to be in the end, given spread and imbalance now.

Stoikov 2018 ("The micro-price: a high-frequency estimator of future prices", Quantitative Finance 18). The states of
the best quotes (spread, imbalance) are a Markov chain that is stopped whenever the mid moves. With Q the probabilities
of a transition without a move, R1 K the expected move out of each state, R2 those of a transition with a move,

    G1 = (I - Q)^-1 R1 K,    B = (I - Q)^-1 R2,    micro-price = mid + G*,    G* = G1 + B G1 + B^2 G1 + ...

G1 is the expected first move, B where the chain stands after it. The data are taken together with their mirror image
(bid for ask), so that G of a book is minus that of its mirror and a balanced book has none: the martingale he asks for
holds by construction, and the sum is the solution of (I - B) G* = G1 among functions that change sign in the mirror,
where B has no eigenvalue 1. R1 K is the mean move itself, so moves need no table and any tick size will do.

Intervals come from resampling blocks of quotes. States never seen are NaN, and so is a price there. Refused where a
state was seen from which the mid never moved, and where the sum does not converge.

Wrong where quotes are not the market (another venue leads), where a state's history matters beyond the state
(icebergs), and for spreads of many ticks, where buckets of a queue tell little: judge it by `microprice_errors` on
other data."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.flow.microprice_counts import Counts, Grid, MicroPriceCounts, spread_classes
from nowake.microstructure.flow.orderflow import forward
from nowake.microstructure.market_orders import two_sided_touch
from nowake.statistics.blocks import block_edges, ends, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_MOVES = 50
_KNOWN = 0.9  # Of resampled histories that must have seen a state for its interval to mean something.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class MicroPrice:
    """A fitted table of adjustments to the mid.

    Parameters
    ----------
    grid
        Its states.
    adjustment_ticks, low_ticks, high_ticks
        float64[classes, buckets]: G* and the ends of its interval, the widest class last; NaN where not known.
    first_ticks
        float64[classes, buckets]: G1, the expected next move.
    visits
        int64[classes, buckets]: transitions out of each state, mirrored ones included, so twice those seen.
    level
        Of the intervals.
    quotes, moves
        Transitions counted, and how many of them moved the mid.
    contraction
        Largest eigenvalue of B among functions that change sign in the mirror: the sum converges like its powers.
    """

    grid: Grid
    adjustment_ticks: Floats
    low_ticks: Floats
    high_ticks: Floats
    first_ticks: Floats
    visits: Ints
    level: float
    quotes: int
    moves: int
    contraction: float

    def __str__(self) -> str:
        title = f"micro-price less mid, ticks, from {self.quotes:,} quotes and {self.moves:,} moves of the mid"
        names = [*(f"spread to {bound}" for bound in self.grid.bounds), "wider"]
        tables = (self.adjustment_ticks, self.low_ticks, self.high_ticks)
        rows = [
            f"{name:<14}"
            + " ".join(f"{value:+.3g} [{low:+.3g}, {high:+.3g}]" for value, low, high in zip(*each, strict=True))
            for name, *each in zip(names, *(table[:, self.grid.buckets // 2 :] for table in tables), strict=True)
        ]
        return "\n".join([title, *rows])

    def prices(self, quotes: Quotes) -> Floats:
        """(n,) micro-price of each quote in ticks; NaN where it is one-sided, crossed, locked or of an unseen state."""
        bid, ask = quotes.bid_ticks, quotes.ask_ticks
        good = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (bid < ask)
        prices = np.full(len(quotes), np.nan)
        state = self.grid.state(bid[good], quotes.bid_lots[good], ask[good], quotes.ask_lots[good])
        prices[good] = (bid[good] + ask[good]) / 2.0 + self.adjustment_ticks.ravel()[state]
        return prices

    def adjustment(self, *, spread_ticks: int, bid_lots: int, ask_lots: int) -> Measurement:
        """What is added to the mid of one book, with its interval.

        Raises
        ------
        BadParameter
            When a side is empty or the spread is not above 0.
        Unidentified
            When that state was not seen often enough.
        """
        if spread_ticks < 1 or bid_lots < 1 or ask_lots < 1:
            raise BadParameter(f"spread {spread_ticks}, queues {bid_lots} and {ask_lots} must all be 1 or more")
        zero, bid, spread, ask = (np.array([each]) for each in (0, bid_lots, spread_ticks, ask_lots))
        place = divmod(int(self.grid.state(zero, bid, spread, ask)[0]), self.grid.buckets)
        value, low, high = (table[place] for table in (self.adjustment_ticks, self.low_ticks, self.high_ticks))
        if not np.isfinite([value, low, high]).all():
            raise Unidentified(f"spread class {place[0]}, bucket {place[1]} was seen {self.visits[place]} times only")
        return Measurement(
            value=float(value),
            low=float(low),
            high=float(high),
            level=self.level,
            n=int(self.visits[place]),
            method="Stoikov's micro-price, blocks of quotes resampled",
        )


class MicroPriceGauge:
    """The micro-price of the last quote that stood, from a table fitted before."""

    def __init__(self, table: MicroPrice) -> None:
        self.table = table
        self.passed_over = 0
        self._now_ns: int | None = None
        self._value = float("nan")
        self._flat = table.adjustment_ticks.ravel().tolist()

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these; one-sided and crossed ones are counted and passed over."""
        self._now_ns = forward(self._now_ns, time_ns)
        if bid_lots <= 0 or ask_lots <= 0 or bid_ticks > ask_ticks:
            self.passed_over += 1
            return
        if bid_ticks == ask_ticks:
            self._value = float("nan")
            return
        bounds, buckets = self.table.grid
        spread = ask_ticks - bid_ticks
        kind = next((k for k, bound in enumerate(bounds) if spread <= bound), len(bounds))
        bucket = buckets * min(bid_lots, ask_lots) // (bid_lots + ask_lots)
        bucket = buckets - 1 - bucket if bid_lots > ask_lots else bucket
        self._value = (bid_ticks + ask_ticks) / 2.0 + self._flat[kind * buckets + bucket]

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print moves the clock alone."""
        self._now_ns = forward(self._now_ns, time_ns)

    @property
    def value(self) -> float:
        """Ticks; NaN before the first quote that stands, in a locked book, and in a state the table has not seen."""
        return self._value


class MicroPriceErrors(msgspec.Struct, frozen=True, kw_only=True):
    """How far prices are from where the mid is later.

    Parameters
    ----------
    micro, mid, weighted_mid
        Root mean squared error of each, ticks, over the same quotes.
    saved_of_mid, saved_of_weighted
        Squared error that the micro-price saves of that of the mid, and of the weighted mid; below 0 where it is worse.
    horizon_s
        How much later.
    unknown
        Quotes left out for being of a state the table has not seen.
    """

    micro: float
    mid: float
    weighted_mid: float
    saved_of_mid: Measurement
    saved_of_weighted: Measurement
    horizon_s: float
    unknown: int

    def __str__(self) -> str:
        return (
            f"{self.horizon_s:g} s ahead, ticks: micro-price {self.micro:.4g}, mid {self.mid:.4g}, weighted mid "
            f"{self.weighted_mid:.4g}\nof the mid's {self.saved_of_mid}\nof the weighted mid's {self.saved_of_weighted}"
        )


def fit_microprice(
    quotes: Quotes,
    *,
    spread_ticks: tuple[int, ...] | None = None,
    buckets: int = 9,
    repeats: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> MicroPrice:
    """The micro-price of a history of quotes.

    Parameters
    ----------
    spread_ticks
        Widest spread of each class; by default `spread_classes` of the quotes.
    buckets
        Of imbalance, an odd number.
    repeats
        How often blocks are resampled for the intervals.

    Raises
    ------
    BadParameter
        When the grid cannot be, or repeats are fewer than 20.
    BadData
        When the mid moved fewer than 50 times.
    Unidentified
        When a state was seen from which the mid never moved, or the sum of moves does not converge.
    """
    classes = spread_classes(quotes) if spread_ticks is None else spread_ticks
    counting = MicroPriceCounts(classes, buckets)
    counting.on_quotes(quotes)
    return microprice_of(counting.counts, repeats=repeats, level=level, seed=seed)


def microprice_of(counts: Counts, *, repeats: int = 200, level: float = 0.95, seed: int = 0) -> MicroPrice:
    """The micro-price of counts, however they were made; raises what `fit_microprice` does."""
    check_level(level)
    if repeats < 20:
        raise BadParameter(f"repeats {repeats} must be 20 or more for an interval to be read off them")
    moves = int(counts.went.sum())
    if moves < MIN_MOVES:
        raise BadData(f"the mid moved {moves} times in {counts.transitions:,} quotes, {MIN_MOVES} are needed")
    ones = np.ones((1, len(counts.stayed)))
    stay, go, shift = (each[0] for each in _mirrored(counts, ones))
    _check_left(counts.grid, stay, go)
    found = _solve(counts.grid, stay, go, shift)
    if not found.contraction < 1 - 1e-9:
        raise Unidentified(
            f"expected moves do not die out (factor {found.contraction:.6f}): some states only lead to each other; "
            "take fewer spread classes or look at a longer time"
        )
    blocks = len(counts.stayed)
    drawn = [
        _solve(counts.grid, *each) for each in zip(*_mirrored(counts, resampled(blocks, repeats, seed)), strict=True)
    ]
    shape = (len(counts.grid.bounds) + 1, counts.grid.buckets)
    low, high = _interval(found.total, np.array([each.total for each in drawn]), level=level, blocks=blocks)
    return MicroPrice(
        grid=counts.grid,
        adjustment_ticks=found.total.reshape(shape),
        low_ticks=low.reshape(shape),
        high_ticks=high.reshape(shape),
        first_ticks=found.first.reshape(shape),
        visits=(stay.sum(axis=1) + go.sum(axis=1)).astype(np.int64).reshape(shape),
        level=level,
        quotes=counts.transitions,
        moves=moves,
        contraction=found.contraction,
    )


def microprice_errors(
    table: MicroPrice, quotes: Quotes, *, horizon_s: float, level: float = 0.95, seed: int = 0
) -> MicroPriceErrors:
    """How the micro-price foretells the mid of `horizon_s` later on quotes, beside the mid and the weighted mid.

    Each last quote of a stamp is one look; those within the horizon of the end are left out. Give quotes that the
    table was not fitted to.

    Raises
    ------
    BadParameter
        When the horizon is not above 0.
    BadData
        When no quote can be judged, or the mid never moves over the horizon.
    """
    if not 0 < horizon_s < float("inf"):
        raise BadParameter(f"horizon_s {horizon_s} must be above 0")
    touch = two_sided_touch(quotes)
    columns = (touch.time_ns, touch.bid_ticks, touch.bid_lots, touch.ask_ticks, touch.ask_lots)
    later = touch.time_ns + round(horizon_s * 1e9)
    inside = (later <= (touch.time_ns[-1] if len(later) else 0)) & (touch.bid_ticks < touch.ask_ticks)
    micro = table.prices(Quotes(*columns))
    use = inside & np.isfinite(micro)
    if use.sum() < MIN_MOVES:
        raise BadData(
            f"{use.sum()} of {len(later):,} quotes have a known state and a mid {horizon_s:g} s later, {MIN_MOVES} are "
            "needed; look at a longer time"
        )
    mid = touch.mid_ticks
    came = mid[touch.at(later[use])]
    share = touch.bid_lots / (touch.bid_lots + touch.ask_lots)
    weighted = touch.bid_ticks * (1 - share) + touch.ask_ticks * share
    edges = block_edges(len(came))
    missed = [np.add.reduceat((came - price[use]) ** 2, edges[:-1]) for price in (micro, mid, weighted)]
    if not missed[1].sum() > 0:
        raise BadData(f"the mid never moves over {horizon_s:g} s in {len(came):,} quotes; take a longer horizon")
    errors = [float(np.sqrt(each.sum() / len(came))) for each in missed]
    saved = [_saved(missed[0], other, level=level, seed=seed, n=len(came)) for other in missed[1:]]
    return MicroPriceErrors(
        micro=errors[0],
        mid=errors[1],
        weighted_mid=errors[2],
        saved_of_mid=saved[0],
        saved_of_weighted=saved[1],
        horizon_s=horizon_s,
        unknown=int(inside.sum() - use.sum()),
    )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    first: Floats
    total: Floats
    contraction: float


def _mirrored(counts: Counts, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """For each row of weights: transitions without and with a move, (S, S), and moves in half ticks, (S,), of the
    data and their mirror image together."""
    grid, blocks = counts.grid, len(counts.stayed)
    mirror = grid.mirror
    tables = []
    for table in (counts.stayed, counts.went):
        summed = (weights @ table.reshape(blocks, -1)).reshape(-1, grid.states, grid.states)
        tables.append(summed + summed[:, mirror][:, :, mirror])
    moved = weights @ counts.moved_half_ticks
    return tables[0], tables[1], moved - moved[:, mirror]


def _check_left(grid: Grid, stay: Floats, go: Floats) -> None:
    """Refuse states that were entered and from which no move of the mid was ever seen."""
    seen = (stay.sum(axis=1) + go.sum(axis=1)) > 0
    reaches = go.sum(axis=1) > 0
    for _ in range(len(reaches)):
        further = reaches | ((stay > 0) & reaches[None, :]).any(axis=1)
        if (further == reaches).all():
            break
        reaches = further
    stuck = np.flatnonzero(seen & ~reaches)
    if len(stuck):
        kind, bucket = divmod(int(stuck[0]), grid.buckets)
        raise Unidentified(
            f"from spread class {kind}, imbalance bucket {bucket} (seen {int((stay + go)[stuck[0]].sum())} times) the "
            f"mid never moved, and {len(stuck) - 1} more states are like it; take fewer buckets or a longer time"
        )


def _solve(grid: Grid, stay: Floats, go: Floats, shift_half_ticks: Floats) -> _Solved:
    """G1 and G* in ticks; NaN in states never seen, or from which no move can be reached.

    All three tables are mirrored, so what is wanted changes sign in the mirror: half of the states will do, those of
    imbalance below that of a balanced book, for which the adjustment is 0.
    """
    half = np.flatnonzero(np.arange(grid.states) % grid.buckets < grid.buckets // 2)
    seen = half[(stay + go)[half].sum(axis=1) > 0]
    other = grid.mirror[seen]
    visits = (stay + go)[seen].sum(axis=1)[:, None]
    q, r2 = (
        (table[np.ix_(seen, seen)] - table[np.ix_(seen, other)]) / visits if len(seen) else np.zeros((0, 0))
        for table in (stay, go)
    )
    first, total = np.full(grid.states, np.nan), np.full(grid.states, np.nan)
    balanced = np.arange(grid.states) % grid.buckets == grid.buckets // 2
    first[balanced & ((stay + go).sum(axis=1) > 0)] = total[balanced & ((stay + go).sum(axis=1) > 0)] = 0.0
    left = np.eye(len(seen)) - q
    if not len(seen) or np.linalg.cond(left) > 1e12:
        return _Solved(first, total, 1.0 if len(seen) else 0.0)
    g1 = np.linalg.solve(left, shift_half_ticks[seen] / visits[:, 0] / 2.0)
    b = np.linalg.solve(left, r2)
    contraction = float(np.abs(np.linalg.eigvals(b)).max())
    first[seen], first[other] = g1, -g1
    if contraction < 1 - 1e-9:
        g = np.linalg.solve(np.eye(len(seen)) - b, g1)
        total[seen], total[other] = g, -g
    return _Solved(first, total, contraction)


def _interval(total: Floats, drawn: Floats, *, level: float, blocks: int) -> tuple[Floats, Floats]:
    """Ends of each state's interval; NaN where too few resampled histories knew the state."""
    known = np.isfinite(total) & (np.isfinite(drawn).mean(axis=0) >= _KNOWN)
    low, high = np.full(len(total), np.nan), np.full(len(total), np.nan)
    for state in np.flatnonzero(known).tolist():
        column = drawn[np.isfinite(drawn[:, state]), state]
        one_low, one_high = ends(total[state : state + 1], column[:, None], level=level, blocks=max(blocks, 2))
        low[state], high[state] = one_low[0], one_high[0]
    return low, high


def _saved(ours: Floats, theirs: Floats, *, level: float, seed: int, n: int) -> Measurement:
    """1 - squared error over squared error, resampled by blocks of quotes."""
    weights = resampled(len(ours), 500, seed)
    return with_interval(
        1 - float(ours.sum() / theirs.sum()) if theirs.sum() > 0 else 0.0,
        1 - (weights @ ours) / np.maximum(weights @ theirs, 1e-300),
        level=level,
        blocks=len(ours),
        n=n,
        method="blocks of quotes, resampled",
    )
