"""Who leads: shares of markets in one common price, all of them at once, each with the interval it is known to.

Prices on a grid (`grid`) become cross-products of 60 blocks of rows in one pass (`vecm`); lags are chosen,
cointegration is tested (`cointegration`) and refused where it is not there; then shares (`shares`) of the whole and of
every resampled set of blocks. Intervals: blocks of rows drawn with replacement (Kunsch 1989; see `statistics.blocks`),
a row with all its lags, so that no resampled row joins two times that were apart. Each block is at least ten times as
long as the lags, and there are 60 at most and 12 at least. An interval of a share that lies in [0, 1]
ends there, and reaches 0 or 1 where the root it is the square of may be 0: no bootstrap of squares does by itself.

Wrong where the interval between rows is long against the time in which one market tells another: news then looks
simultaneous, the bounds of the information share open up, and only a shorter step tells (`sweep`). Wrong, by as much
as they differ, where markets are stamped by clocks that disagree (`sweeps.skew_sensitivity`)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.discovery import cointegration, shares
from nowake.microstructure.discovery.cointegration import Cointegration
from nowake.microstructure.discovery.grid import Grid, Staleness
from nowake.microstructure.discovery.vecm import Criterion, Vecm, choose_lags, cross_products, estimate, usable
from nowake.statistics.blocks import block_edges, ends, resampled
from nowake.statistics.measurement import Measurement, check_level, z_of

Floats = npt.NDArray[np.float64]

MOST_LAGS = 20
ROWS_A_NUMBER = 10  # Rows that each number of a market's equation must have.


class MarketShares(msgspec.Struct, frozen=True, kw_only=True):
    """One market's part in the common price.

    Parameters
    ----------
    market
        Its name.
    information_low, information_high
        Hasbrouck's share, least and most over all orders of the markets.
    information_mid, information_mean
        Half-way between them, and the mean over all orders, which adds up to 1 over the markets.
    component
        Gonzalo & Granger's; may be negative.
    modified
        Lien & Shrestha's.
    leadership
        Putnins's; None unless there are two markets and it is known.
    """

    market: str
    information_low: Measurement
    information_high: Measurement
    information_mid: Measurement
    information_mean: Measurement
    component: Measurement
    modified: Measurement
    leadership: Measurement | None


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of all markets, and what they rest on.

    Parameters
    ----------
    markets
        One a market, in the order given.
    walk_sd_bps
        Standard deviation of the common price's step: sqrt(psi Omega psi'), basis points a grid step.
    correlation
        Of the markets' news, (m, m).
    basis_bps
        Mean of 1e4 log(p_1 / p_j) over the rows, j from 2 on.
    cointegration
        The tests that let it be told.
    every_ns, rows, lags
        The step, usable rows and past steps in the model.
    blocks, repeats, seed
        Of the resampling; repeats that had no solution are not counted.
    staleness
        How fresh each market's prices are on the grid.
    notes
        What a reader should know before trusting it, a sentence each.
    """

    markets: tuple[MarketShares, ...]
    walk_sd_bps: Measurement
    correlation: tuple[tuple[float, ...], ...]
    basis_bps: tuple[float, ...]
    cointegration: Cointegration
    every_ns: int
    rows: int
    lags: int
    blocks: int
    repeats: int
    seed: int
    staleness: tuple[Staleness, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = f"{'market':<24}{'information (bounds)':>28}{'component':>26}{'modified':>26}{'leadership':>26}"
        lines = [head, *(_line(market) for market in self.markets)]
        lines.append(
            f"every {self.every_ns / 1e9:g} s, {self.rows:,} rows, {self.lags} lags, {self.blocks} blocks, "
            f"{self.repeats} repeats, seed {self.seed}; common price {self.walk_sd_bps.value:.3g} bp a step"
        )
        return "\n".join([*lines, str(self.cointegration), *self.notes])


def discover(
    grid: Grid,
    *,
    lags: int | None = None,
    most_lags: int = MOST_LAGS,
    criterion: Criterion = "bic",
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
    test_level: float = 0.01,
) -> Discovery:
    """Shares of every market in the common price.

    Parameters
    ----------
    grid
        Prices of two to ten markets (`align`, `Grid.of_rows`).
    lags
        Past steps in the model; by default those with the least criterion, up to `most_lags`, or to what rows allow.
    criterion
        "bic" or "aic".
    repeats, seed
        Of the resampling.
    level
        Of the intervals.
    test_level
        Chance of taking prices that drift apart for one: 0.01, 0.05 or 0.1.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When rows are too few for the lags, or a price never moves.
    Unidentified
        When markets are not cointegrated, or two of them are the same.
    """
    most = _most(grid, most_lags) if lags is None else lags
    _check(grid, most, repeats, level)
    m = len(grid.names)
    rows = sum(stop - start for start, stop in usable(grid.stretch, most))
    need = ROWS_A_NUMBER * m * (most + 1)
    if rows < max(need, 100):
        raise BadData(
            f"{rows} usable rows are fewer than {max(need, 100)} that {most} lags need; "
            "take fewer lags, or rows closer together"
        )
    edges = block_edges(rows, 10 * (most + 1))
    sums, counts = cross_products(grid.log_prices, grid.stretch, lags=most, blocks=edges)
    whole = sums.sum(axis=0)
    chosen = most if lags is not None else choose_lags(whole, rows, markets=m, most_lags=most, criterion=criterion)
    test = cointegration.examine(whole, rows, names=grid.names, lags=chosen, most_lags=most, level=test_level)
    cointegration.refuse(test)
    fit = estimate(whole, rows, markets=m, lags=chosen, most_lags=most)
    weights = resampled(len(counts), repeats, seed)
    again = estimate(np.tensordot(weights, sums, axes=1), weights @ counts, markets=m, lags=chosen, most_lags=most)
    return _discovery(
        grid, fit, again, test=test, blocks=len(counts), seed=seed, level=level, capped=lags is None and chosen == most
    )


def _most(grid: Grid, most_lags: int) -> int:
    """Past steps to choose among: as many as offered, or as the rows have enough for."""
    room = len(grid) // (ROWS_A_NUMBER * len(grid.names)) - 2  # A stretch loses as many rows as there are lags.
    return max(min(most_lags, 1), min(most_lags, room))


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """All shares (..., m) of an estimate; leadership is empty unless there are two markets."""

    information: shares.InformationShares
    component: Floats
    modified: Floats
    leadership: Floats
    walk_sd_bps: Floats


def all_shares(fit: Vecm) -> _Parts:
    """Every split of the common price of an estimate, or of many at once."""
    information = shares.information_shares(fit.psi, fit.omega)
    component = shares.component_shares(fit.psi)
    pair = fit.psi.shape[-1] == 2
    return _Parts(
        information=information,
        component=component,
        modified=shares.modified_shares(fit.psi, fit.omega),
        leadership=shares.leadership_shares(information.mid, component) if pair else np.zeros(0),
        walk_sd_bps=1e4 * np.sqrt(shares.walk_variance(fit.psi, fit.omega)),
    )


def _discovery(
    grid: Grid, fit: Vecm, again: Vecm, *, test: Cointegration, blocks: int, seed: int, level: float, capped: bool
) -> Discovery:
    one, many = all_shares(fit), all_shares(again)

    def measured(value: Floats, repeats: Floats, *, within: bool) -> tuple[Measurement, ...]:
        low, high = ends(value, repeats, level=level, blocks=blocks)
        if within:
            spread = repeats.var(axis=0, ddof=1)
            low = np.where(_may_vanish(value, spread, level), 0.0, np.clip(low, 0.0, value))
            high = np.where(_may_vanish(1 - value, spread, level), 1.0, np.clip(high, value, 1.0))
        how = f"block bootstrap, {len(repeats)} repeats of {blocks} blocks"
        return tuple(
            Measurement(value=float(v), low=float(a), high=float(b), level=level, n=test.rows, method=how)
            for v, a, b in zip(value, low, high, strict=True)
        )

    columns = [measured(*pair, within=True) for pair in zip(one.information, many.information, strict=True)]
    columns.append(measured(one.component, many.component, within=False))
    columns.append(measured(one.modified, many.modified, within=True))
    leads: tuple[Measurement | None, ...] = (None,) * len(grid.names)
    told = np.isfinite(one.leadership).all() and np.isfinite(many.leadership).all()
    if len(one.leadership) and told and not _has_no_part(columns[-2]):
        leads = measured(one.leadership, many.leadership, within=True)
    markets = tuple(
        MarketShares(
            market=name,
            information_low=low,
            information_high=high,
            information_mid=mid,
            information_mean=mean,
            component=component,
            modified=modified,
            leadership=lead,
        )
        for name, low, high, mid, mean, component, modified, lead in zip(grid.names, *columns, leads, strict=True)
    )
    (walk,) = measured(one.walk_sd_bps[None], many.walk_sd_bps[:, None], within=False)
    sd = np.sqrt(np.diag(fit.omega))
    basis = grid.log_prices[:, :1] - grid.log_prices[:, 1:]
    return Discovery(
        markets=markets,
        walk_sd_bps=walk,
        correlation=tuple(tuple(row) for row in (fit.omega / np.outer(sd, sd)).tolist()),
        basis_bps=tuple((1e4 * basis.mean(axis=0)).tolist()),
        cointegration=test,
        every_ns=grid.every_ns,
        rows=test.rows,
        lags=test.lags,
        blocks=blocks,
        repeats=len(again.psi),
        seed=seed,
        staleness=grid.staleness,
        notes=_notes(markets, grid, capped=capped),
    )


def _has_no_part(components: Sequence[Measurement]) -> bool:
    """Whether one of the markets may have no part in the price."""
    return any(component.low <= 0 <= component.high for component in components)


def _may_vanish(share: Floats, variance: Floats, level: float) -> npt.NDArray[np.bool_]:
    """Whether a share may be nothing at all, though no repeat of a square is ever below 0.

    A share is s^2; repeats of s spread by sigma^2 about it give squares of variance 2 sigma^4 + 4 s^2 sigma^2, which is
    solved for sigma; s may be 0 when it is within the normal quantile of it.
    """
    of_root = np.sqrt(share**2 + variance / 2) - share
    return np.asarray(share <= z_of(level) ** 2 * of_root)


def _notes(markets: tuple[MarketShares, ...], grid: Grid, *, capped: bool) -> tuple[str, ...]:
    notes = []
    if capped:
        notes.append("the criterion chose the most lags it was offered; offer more (most_lags) or take a longer step")
    wide = max(market.information_high.value - market.information_low.value for market in markets)
    if wide > 0.3:
        notes.append(f"bounds of the information share are {wide:.2f} apart; a shorter step narrows them")
    negative = [market.market for market in markets if market.component.value < 0]
    if negative:
        notes.append(f"the component share of {', '.join(negative)} is negative; read the others instead")
    if len(markets) == 2 and _has_no_part([market.component for market in markets]):
        notes.append("a market may have no part in the price, where the leadership share is 0/0: it is not given")
    slow = [f"{stale.market} in {stale.idle:.0%}" for stale in grid.staleness if stale.idle > 0.5]
    if slow:
        notes.append(f"steps without an update: {', '.join(slow)}; a slow market looks late on a fine grid")
    return tuple(notes)


def _line(market: MarketShares) -> str:
    low, high = market.information_low.value, market.information_high.value
    lead = "" if market.leadership is None else _short(market.leadership)
    bounds = f"{low:.3f}..{high:.3f} mid {market.information_mid.value:.3f}"
    return f"{market.market:<24}{bounds:>28}{_short(market.component):>26}{_short(market.modified):>26}{lead:>26}"


def _short(measured: Measurement) -> str:
    return f"{measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"


def _check(grid: Grid, most_lags: int, repeats: int, level: float) -> None:
    check_level(level)
    if most_lags < 0:
        raise BadParameter(f"lags {most_lags} must be 0 or more")
    if repeats < 50:
        raise BadParameter(f"repeats {repeats} must be 50 or more, for an interval is made of their tails")
    if len(grid.names) > shares.MOST_MARKETS:
        raise BadParameter(f"{len(grid.names)} markets must be at most {shares.MOST_MARKETS}; leave some out")
    if not np.isfinite(grid.log_prices).all():
        raise BadData("a log price is no number; make the grid with align or Grid.of_rows, which leave such rows out")
    for j, name in enumerate(grid.names):
        if np.all(grid.log_prices[:, j] == grid.log_prices[:1, j]):
            raise BadData(f"{name} never moves over {len(grid):,} rows; there is nothing to learn from it")
    basis = grid.log_prices[:, :1] - grid.log_prices[:, 1:]
    if len(basis):
        same = np.flatnonzero(np.ptp(basis, axis=0) <= 1e-12)
        if len(same):
            raise Unidentified(
                f"{grid.names[0]} and {grid.names[int(same[0]) + 1]} differ by a constant over {len(grid):,} rows; "
                "two markets that are always the same cannot be told apart, so leave one out"
            )
