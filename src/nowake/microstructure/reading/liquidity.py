"""What trading costs beside the mid: quoted, effective and realised spreads, impact, mark-outs; by venue where told."""

from __future__ import annotations

from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.reading.heard import Heard, Part, Row, known
from nowake.microstructure.spreads.effective import EffectiveSpreads, effective_spreads
from nowake.microstructure.spreads.means import Labels
from nowake.microstructure.spreads.quoted import QuotedSpread, quoted_spread
from nowake.microstructure.toxicity.markouts import MarkOuts, mark_outs, traded_prints

HORIZONS_NS = (NS_PER_SECOND, 10 * NS_PER_SECOND, 60 * NS_PER_SECOND, 300 * NS_PER_SECOND)
_MOST_VENUES = 8


def venues_of(heard: Heard) -> dict[str, Labels] | None:
    """The dimension to group by, where the feed names places."""
    if heard.trades.venue is None or not len(heard.trades):
        return None
    return {"venue": heard.trades.venue}


def spreads_of(heard: Heard, by: dict[str, Labels] | None = None) -> EffectiveSpreads:
    """Effective spreads, share-weighted, and their parts at `HORIZONS_NS`."""
    return effective_spreads(
        heard.quotes, heard.trades, horizons_ns=HORIZONS_NS, side=heard.side, by=by, level=heard.options.level
    )


def markouts_of(heard: Heard, by: dict[str, Labels] | None = None) -> MarkOuts:
    """Mark-outs of those who took, share-weighted, from the price paid."""
    traded = traded_prints(heard.quotes, heard.trades, side=heard.side)
    return mark_outs(traded, by=by, level=heard.options.level)


def quoted_of(heard: Heard) -> QuotedSpread:
    """The quoted spread, weighted by time."""
    return quoted_spread(heard.quotes, start_ns=heard.start_ns, end_ns=heard.end_ns, level=heard.options.level)


def liquidity(quoted: QuotedSpread | None, spreads: EffectiveSpreads | None) -> Part:
    """The part."""
    rows: list[Row] = (
        [] if quoted is None else [("quoted spread", "bps", quoted.bps), ("  the same", "ticks", quoted.ticks)]
    )
    notes = []
    if spreads is not None:
        whole = spreads.groups[0]
        rows += [("effective spread", "bps", whole.effective_bps)]
        for at in whole.at:
            after = f"{at.horizon_ns / NS_PER_SECOND:g} s"
            rows += [(f"  realised after {after}", "bps", at.realised_bps)]
            rows += [(f"  impact after {after}", "bps", at.impact_bps)]
        notes.append(
            "Full spreads, not halves; effective is realised plus impact of the same prints. Weighted by size; the mid "
            f"is the one strictly before a print; {spreads.found:.1%} of prints found a quote."
        )
    return Part("What trading costs", known(rows), tuple(notes))
