"""How one-sided the volume is, through the day and by every way to sign it."""

from __future__ import annotations

from nowake.domain.errors import BadData
from nowake.microstructure.classify import bulk_bars
from nowake.microstructure.reading.heard import Heard, Part, Row, known
from nowake.microstructure.toxicity import SensitivityRow, Vpin, daily_bucket_lots, vpin, vpin_of_bars, vpin_sensitivity


def bucket_of(heard: Heard) -> int:
    """Lots of a bucket: as asked for, else a fiftieth of the window's volume, as the paper takes of a day's.

    Raises
    ------
    BadData
        When nothing traded.
    """
    if heard.options.bucket_lots is not None:
        return heard.options.bucket_lots
    lots = int(heard.trades.lots.sum())
    if not lots:
        raise BadData("nothing traded, so that no bucket fills")
    # Twice as many buckets as the window holds, so that half of the day has a value.
    return daily_bucket_lots(lots, buckets=2 * heard.options.window)


def vpin_of(heard: Heard, *, window: int | None = None) -> Vpin:
    """VPIN through the window; of bars, signed in bulk, where there are no prints."""
    over = heard.options.window if window is None else window
    if not len(heard.trades) and heard.bars is not None and len(heard.bars):
        bars = bulk_bars(heard.bars, lot_size=heard.instrument.quantity(1.0))
        lots = heard.options.bucket_lots or daily_bucket_lots(int(bars.lots.sum()), buckets=2 * heard.options.window)
        return vpin_of_bars(bars, bucket_lots=lots, window=over, level=heard.options.level)
    least = 2 * heard.options.window
    if len(heard.trades) < least:
        raise BadData(
            f"{len(heard.trades)} prints are fewer than {least}: one that fills several buckets tells nothing new; "
            "look at a longer time, or take a smaller window"
        )
    return vpin(
        heard.trades,
        heard.side,
        bucket_lots=bucket_of(heard),
        window=over,
        level=heard.options.level,
        sides=heard.signed_by,
    )


def sensitivity_of(heard: Heard) -> tuple[SensitivityRow, ...]:
    """The same by every rule, and with buckets half as large; nothing of bars, which have one way only."""
    if not len(heard.trades):
        return ()
    lots = bucket_of(heard)
    sizes = [max(1, lots // 2), lots]
    quotes = heard.quotes if len(heard.quotes) else None
    return vpin_sensitivity(
        heard.trades, quotes, bucket_lots=sizes, window=heard.options.window, level=heard.options.level
    )


def toxicity(found: Vpin | None, heard: Heard) -> Part:
    """The part."""
    if found is None:
        return Part("Toxicity")
    units = heard.instrument.quantity
    rows: list[Row] = [("VPIN, whole window", "of volume", found.mean), ("  latest", "of volume", found.latest)]
    notes = (
        f"{len(found):,} buckets of {units(found.bucket_lots):,.6g}, each value over the last {found.window}; "
        f"{units(found.left_over_lots):,.6g} of a bucket that did not fill are left out; signed by {found.sides}.",
    )
    return Part("Toxicity", known(rows), notes)
