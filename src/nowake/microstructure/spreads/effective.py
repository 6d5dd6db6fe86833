"""What a print cost beside the mid, what its maker kept, and what the market moved: in ticks and in basis points.

    effective = 2 D (P - M) / M  =  realised + impact,    realised = 2 D (P - M_h) / M,    impact = 2 D (M_h - M) / M

D is +1 where the buyer took and -1 where the seller did, P the price, M the mid at the trade and M_h the mid that
stands a time h later (Huang & Stoll 1996, "Dealer versus auction markets", Journal of Financial Economics 41). They are
positive when the taker paid: a maker keeps the realised spread and loses the impact. The identity holds print by print,
and of means over the same prints; so each horizon has its own effective spread, of prints whose later mid is known.

A side that the feed does not tell is Lee and Ready's guess, and `signed_by` says how many are. Left out and counted:
prints of auctions, hidden ones, those whose side even that does not tell, before the first quote, or on a stale one.
Wrong where: quotes are late (the mid then already holds the trade, and the effective spread shrinks); prints are
reported late; sides are guessed by the quote, for then no print inside the spread can cost less than nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import BPS
from nowake.microstructure.market_orders import MIN_ORDERS, Flags, Floats, Ints, LeftOut, sides
from nowake.microstructure.spreads.later import HORIZONS_NS, Clock, Mids, horizon_words, mids_around
from nowake.microstructure.spreads.means import (
    WEIGHTS,
    Labels,
    Rows,
    Weight,
    group_means,
    groups_of,
    weights_of,
)
from nowake.microstructure.tables import check_table
from nowake.statistics.measurement import Measurement

_LATER_NS = tuple(horizon for horizon in HORIZONS_NS if horizon >= 10**9)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PrintSpreads:
    """The spreads of each of n prints that could be used, at each of h horizons.

    `row` int64[n]: its row in the table of prints; `time_ns`, `lots` int64[n]; `price_ticks`, `side`, `mid_ticks`
    float64[n]; `later_ticks` float64[n, h], NaN where not known. `left_out` counts the prints that are not here,
    `stale` those whose quote was too old, `guessed` those here whose side nobody told,
    `given` all there were.
    """

    row: Ints
    time_ns: Ints
    lots: Ints
    price_ticks: Floats
    side: Floats
    mid_ticks: Floats
    later_ticks: Floats
    horizons_ns: tuple[int, ...]
    left_out: LeftOut
    stale: int
    guessed: int
    given: int

    def __len__(self) -> int:
        return len(self.row)

    @property
    def effective_ticks(self) -> Floats:
        """float64[n]: 2 D (P - M)."""
        return np.asarray(2 * self.side * (self.price_ticks - self.mid_ticks))

    @property
    def realised_ticks(self) -> Floats:
        """float64[n, h]: 2 D (P - M_h)."""
        return np.asarray(2 * self.side[:, None] * (self.price_ticks[:, None] - self.later_ticks))

    @property
    def impact_ticks(self) -> Floats:
        """float64[n, h]: 2 D (M_h - M)."""
        return np.asarray(2 * self.side[:, None] * (self.later_ticks - self.mid_ticks[:, None]))

    @property
    def signed_by(self) -> str:
        """How sides were told."""
        guess = "by Lee-Ready on the quote strictly before"
        if self.guessed in (0, len(self)):
            return guess if self.guessed else "as told"
        return f"as told, {self.guessed / len(self):.0%} {guess}"

    def in_bps(self, ticks: Floats) -> Floats:
        """Ticks of each print, (n,) or (n, h), in basis points of its own mid."""
        return np.asarray((ticks.T / self.mid_ticks * BPS).T)


class SpreadsAt(msgspec.Struct, frozen=True, kw_only=True):
    """Mean spreads over the prints whose mid is known one horizon later; None where it cannot be told (see `means`).

    Parameters
    ----------
    horizon_ns
        How much later.
    known
        Prints whose later mid is known.
    effective_bps, realised_bps, impact_bps
        In basis points of the mid at the trade; the first is the sum of the other two.
    effective_ticks, realised_ticks, impact_ticks
        The same in ticks.
    """

    horizon_ns: int
    known: int
    effective_bps: Measurement | None
    realised_bps: Measurement | None
    impact_bps: Measurement | None
    effective_ticks: Measurement | None
    realised_ticks: Measurement | None
    impact_ticks: Measurement | None


class SpreadGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Mean spreads of one group of prints.

    Parameters
    ----------
    labels
        What they share, one label a dimension.
    prints, lots
        How many, and their size.
    effective_bps, effective_ticks
        Over all of them; None where it cannot be told (see `means`).
    at
        By horizon.
    """

    labels: tuple[str, ...]
    prints: int
    lots: int
    effective_bps: Measurement | None
    effective_ticks: Measurement | None
    at: tuple[SpreadsAt, ...]


class EffectiveSpreads(msgspec.Struct, frozen=True, kw_only=True):
    """Mean spreads by group and horizon, and what they stand on.

    Parameters
    ----------
    names
        The dimensions of the groups; none where all prints are one group.
    groups
        Means.
    weight, clock
        How prints count, and which quote is the one at the trade.
    prints, found
        Prints that could have been used (in the open market, of a known side), and the share of them that found a
        quote.
    left_out, stale
        Prints without use, and those whose quote was too old.
    signed_by
        How sides were told.
    """

    names: tuple[str, ...]
    groups: tuple[SpreadGroup, ...]
    weight: str
    clock: str
    prints: int
    found: float
    left_out: LeftOut
    stale: int
    signed_by: str

    def __str__(self) -> str:
        """One line a group: the effective spread, and its parts at the last horizon that is known."""
        stands_on = f"sides {self.signed_by}; left out: {self.left_out}"
        lines = [f"spreads in bps of the mid, weighted {WEIGHTS[self.weight]}; {stands_on}"]
        for group in self.groups:
            name = " ".join(group.labels) or "all"
            whole = "not known" if group.effective_bps is None else f"{group.effective_bps.value:.3f}"
            parts = [f"{name}: {group.prints:,} prints, effective {whole}"]
            for at in group.at:
                if at.realised_bps is not None and at.impact_bps is not None:
                    parts.append(
                        f"{horizon_words(at.horizon_ns)}: realised {at.realised_bps.value:.3f} + "
                        f"impact {at.impact_bps.value:.3f}"
                    )
            lines.append("; ".join(parts))
        return "\n".join(lines)


def print_spreads(
    quotes: Quotes,
    trades: Trades,
    *,
    horizons_ns: Sequence[int] = _LATER_NS,
    side: npt.NDArray[np.integer] | None = None,
    clock: Clock = "before",
    stale_ns: int | None = None,
    until_ns: int | None = None,
) -> PrintSpreads:
    """Effective spread of each print, and its parts at each horizon.

    Parameters
    ----------
    horizons_ns
        How much later the mid is looked at, rising, in nanoseconds.
    side
        int[n]: who took, +1, -1 or 0 for unknown; by default the feed's aggressor, else Lee and Ready's rule.
    clock, stale_ns, until_ns
        See `mids_around`.

    Raises
    ------
    BadParameter
        When a parameter is out of its range, or quotes and prints are swapped.
    BadData
        When no print can be used, no quote can, a price or a size is not above 0, or the two tables cannot be of one
        clock.
    """
    check_table(trades, Trades, "give quotes first, then prints: day.quotes, day.trades")
    if not len(trades):
        raise BadData("there are no prints; take a day that has trades")
    mids = mids_around(quotes, trades.time_ns, horizons_ns, clock=clock, stale_ns=stale_ns, until_ns=until_ns)
    told, guessed = _sides(trades, mids, side)
    dark = trades.hidden & ~trades.auction
    open_market = ~trades.auction & ~dark
    found = open_market & np.isfinite(mids.now)
    use = found & (told != 0)
    left_out = LeftOut(
        auction=int(trades.auction.sum()),
        hidden=int(dark.sum()),
        before_quotes=int((open_market & mids.early).sum()),
        unsigned=int((found & ~use).sum()),
    )
    stale = int((open_market & mids.stale).sum())
    if not use.any():
        raise BadData(
            f"none of {len(trades):,} prints can be used (left out: {left_out}; {stale} on a stale quote); "
            "give prints, sides and quotes of one day"
        )
    spreads = PrintSpreads(
        row=np.flatnonzero(use),
        time_ns=trades.time_ns[use],
        lots=trades.lots[use],
        price_ticks=trades.price_ticks[use].astype(np.float64),
        side=told[use].astype(np.float64),
        mid_ticks=mids.now[use],
        later_ticks=mids.later[use],
        horizons_ns=tuple(int(horizon) for horizon in horizons_ns),
        left_out=left_out,
        stale=stale,
        guessed=int((guessed & use).sum()),
        given=len(trades),
    )
    _check(spreads, mids, use)
    return spreads


def effective_spreads(
    quotes: Quotes,
    trades: Trades,
    *,
    horizons_ns: Sequence[int] = _LATER_NS,
    weight: Weight = "share",
    by: Mapping[str, Labels] | None = None,
    side: npt.NDArray[np.integer] | None = None,
    clock: Clock = "before",
    stale_ns: int | None = None,
    until_ns: int | None = None,
    level: float = 0.95,
) -> EffectiveSpreads:
    """Mean effective spread, realised spread and impact at each horizon, of each group of prints.

    Parameters
    ----------
    weight
        "share" counts a print by its size (as Rule 605 does), "value" by size times price, "equal" once.
    by
        Dimension -> a label for each print of `trades`: venue, size class, time of day, side.
    others
        See `print_spreads`, whose errors these are.
    """
    spreads = print_spreads(
        quotes, trades, horizons_ns=horizons_ns, side=side, clock=clock, stale_ns=stale_ns, until_ns=until_ns
    )
    return means_of(spreads, weight=weight, by=by, clock=clock, level=level)


def means_of(
    spreads: PrintSpreads,
    *,
    weight: Weight = "share",
    by: Mapping[str, Labels] | None = None,
    clock: Clock = "before",
    level: float = 0.95,
) -> EffectiveSpreads:
    """As `effective_spreads`, of prints already measured; labels of `by` are one for each print of the whole table."""
    groups = groups_of(by, spreads.row, spreads.given)
    weights = weights_of(weight, spreads.lots, spreads.price_ticks)

    def means(ticks: Floats, least_ns: Sequence[int]) -> tuple[list[list[Measurement | None]], ...]:
        rows = Rows(spreads.time_ns, weights, groups, weight)
        return tuple(group_means(part, rows, least_ns, level=level) for part in (ticks, spreads.in_bps(ticks)))

    effective = means(spreads.effective_ticks[:, None], (0,))
    known = np.isfinite(spreads.later_ticks)
    horizons = spreads.horizons_ns
    same_prints = means(np.where(known, spreads.effective_ticks[:, None], np.nan), horizons)
    realised, impact = means(spreads.realised_ticks, horizons), means(spreads.impact_ticks, horizons)
    open_market = len(spreads) + spreads.left_out.before_quotes + spreads.stale + spreads.left_out.unsigned
    return EffectiveSpreads(
        names=groups.names,
        groups=tuple(
            SpreadGroup(
                labels=labels,
                prints=int((groups.of_row == g).sum()),
                lots=int(spreads.lots[groups.of_row == g].sum()),
                effective_ticks=effective[0][g][0],
                effective_bps=effective[1][g][0],
                at=tuple(
                    SpreadsAt(
                        horizon_ns=horizon,
                        known=int(known[groups.of_row == g, h].sum()),
                        effective_ticks=same_prints[0][g][h],
                        effective_bps=same_prints[1][g][h],
                        realised_ticks=realised[0][g][h],
                        realised_bps=realised[1][g][h],
                        impact_ticks=impact[0][g][h],
                        impact_bps=impact[1][g][h],
                    )
                    for h, horizon in enumerate(spreads.horizons_ns)
                ),
            )
            for g, labels in enumerate(groups.labels)
        ),
        weight=weight,
        clock=clock,
        prints=open_market,
        found=1 - (spreads.left_out.before_quotes + spreads.stale) / open_market,
        left_out=spreads.left_out,
        stale=spreads.stale,
        signed_by=spreads.signed_by,
    )


def _sides(trades: Trades, mids: Mids, side: npt.NDArray[np.integer] | None) -> tuple[Ints, Flags]:
    """Who took, and which of them had to be guessed."""
    if side is None:
        told, _ = sides(trades, mids.touch, np.ones(len(trades), np.bool_))
        return told, np.asarray(trades.aggressor == 0)
    if len(side) != len(trades) or not np.isin(side, (-1, 0, 1)).all():
        raise BadData(f"{len(side)} sides for {len(trades)} prints; give one of +1, -1 and 0 for each")
    return np.asarray(side, dtype=np.int64), np.zeros(len(trades), np.bool_)


def _check(spreads: PrintSpreads, mids: Mids, use: Flags) -> None:
    """Refuse prints that cannot be of the quotes' clock, and prices that give no basis points."""
    if spreads.price_ticks.min() <= 0:
        raise BadData(f"a print at {spreads.price_ticks.min():g} ticks gives no basis points; prices must be above 0")
    touch, row = mids.touch, mids.row[use]
    bid, ask = touch.bid_ticks[row], touch.ask_ticks[row]
    width = np.maximum(ask - bid, 1)
    near = (spreads.price_ticks >= bid - width) & (spreads.price_ticks <= ask + width)
    if len(near) >= MIN_ORDERS and near.mean() < 0.5:
        raise BadData(
            f"{1 - near.mean():.0%} of prints traded more than a spread away from the prevailing quotes; quotes and "
            "trades are not of one clock or one instrument"
        )
