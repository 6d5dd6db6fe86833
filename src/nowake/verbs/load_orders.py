"""Before a fit: a desk's executed orders."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nowake.domain.metaorder import Metaorders

if TYPE_CHECKING:
    from nowake.data.columns import TimeUnit
    from nowake.data.orders import VolatilityUnit


def load_orders(
    path: str | os.PathLike[str],
    columns: Mapping[str, str] | None = None,
    *,
    calendar: str = "XNYS",
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
    volatility_in: VolatilityUnit = "fraction",
    strict: bool | None = None,
) -> Metaorders:
    """Executed parent orders from a CSV or Parquet file, one row an order or one row a fill.

    Orders that cannot be used are left out, and one warning says how many, why, and where the first of each kind is.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet.
    columns
        Your name -> ours: symbol, side, start, end (or days), quantity, arrival_price, average_price, volatility,
        daily_volume, spread_bps; docs/orders-file.md has them all, and those of a file of fills.
    calendar
        Whose sessions count an order's length in days ("XNYS", "XLON", "24/7"); not asked where the file has `days`.
    timezone
        Of times that name none; by default the calendar's.
    time_unit
        "iso", or "ns", "us", "ms", "s" since the epoch.
    volatility_in
        "fraction" (0.02) or "percent" (2) of the price.
    strict
        True refuses the file at its first order that cannot be used; False leaves such orders out however many they
        are; None leaves them out where they are few, and those left can stand for all.

    Raises
    ------
    NotFound
        When the file or the calendar is not there.
    BadParameter
        When columns are missing (all are named), two are mapped to one, or a time zone or unit is not known.
    BadData
        When it is no such file, more than a tenth of its orders (10 or more; of few orders more than half) cannot be
        used for one and the same reason, none can for any, or with `strict` at the first that cannot.
    """
    from nowake.data.orders import read_orders  # noqa: PLC0415

    found = read_orders(
        Path(path),
        columns,
        calendar=calendar,
        timezone=timezone,
        time_unit=time_unit,
        volatility_in=volatility_in,
        strict=strict,
    )
    if found.message:
        warnings.warn(f"{Path(path).name}: {found.message}", stacklevel=2)
    return found.orders
