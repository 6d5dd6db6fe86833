"""What a basket's plan must keep to on its way: limits of each trade, and bands of what is left.

An exposure is a sum over lines of a weight times what is left of them: dollars, beta, a sector's dollars, a factor.
Its band holds after every bucket but the last, where nothing is left."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from nowake.domain.errors import BadParameter


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """How far an exposure may stray.

    Parameters
    ----------
    width
        To either side, 0 or more.
    unit
        "gross": a fraction of the basket's gross value at the start (of a factor: of the sum of the lines' absolute
        exposures to it). "currency": the basket's own.
    around
        "path": the exposure of the even path, on which each line is traded evenly through its window. A basket with
        exposures at the start can keep to it always, where caps let lines follow. "zero": no exposure; a basket that
        is outside at the start must be inside after its first bucket.

    Raises
    ------
    BadParameter
        When the width is below 0 or not finite, or a word is none of these.
    """

    width: float
    unit: Literal["gross", "currency"] = "gross"
    around: Literal["path", "zero"] = "path"

    def __post_init__(self) -> None:
        if not 0 <= self.width < math.inf:
            raise BadParameter(f"width {self.width} of a band must be 0 or more and finite")
        if self.unit not in ("gross", "currency") or self.around not in ("path", "zero"):
            raise BadParameter(
                f'a band is in "gross" or "currency", around "path" or "zero"; not {self.unit!r} around {self.around!r}'
            )

    def in_currency(self, gross: float) -> float:
        """The width where the exposure's gross is given."""
        return self.width * gross if self.unit == "gross" else self.width

    def __str__(self) -> str:
        width = f"{self.width:.3%} of gross" if self.unit == "gross" else f"{self.width:,.0f}"
        return f"within {width} of {'the even path' if self.around == 'path' else '0'}"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a basket's plan. None is no limit; a number for a band is a fraction of gross around the even path.

    Parameters
    ----------
    no_reversal
        Whether no line may trade against its side.
    max_participation
        Largest trade of a bucket as a fraction of the volume the market is expected to trade in it without us, above 0.
        Participation as desks count it, ours included, is then below it.
    min_child_value
        Smallest trade of a bucket in currency, but for lines that are smaller as a whole: kept after the optimum is
        found, by merging small trades along the path.
    max_child_value
        Largest trade of a bucket in currency.
    dollar_band, beta_band, sector_band, factor_band
        Of what is left: net value; net value times beta; net value of each sector; exposure to each factor of the
        covariance.
    cash_band
        By how much purchases so far may exceed sales so far. A number is a fraction of gross, around 0: what must be
        paid beforehand. Around the even path it is beyond what that path has paid net by then.

    Raises
    ------
    BadParameter
        When a number is out of range, or the smallest trade is above the largest.
    """

    no_reversal: bool = True
    max_participation: float | None = None
    min_child_value: float | None = None
    max_child_value: float | None = None
    dollar_band: Band | float | None = None
    beta_band: Band | float | None = None
    sector_band: Band | float | None = None
    factor_band: Band | float | None = None
    cash_band: Band | float | None = None

    def __post_init__(self) -> None:
        for name in ("max_participation", "min_child_value", "max_child_value"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise BadParameter(f"{name} {value} must be above 0 and finite, or None")
        if self.min_child_value and self.max_child_value and self.min_child_value > self.max_child_value:
            raise BadParameter(
                f"min_child_value {self.min_child_value:,} is above max_child_value {self.max_child_value:,}; swap them"
            )
        for name in ("dollar_band", "beta_band", "sector_band", "factor_band"):
            msgspec.structs.force_setattr(self, name, _band(getattr(self, name), "path"))
        msgspec.structs.force_setattr(self, "cash_band", _band(self.cash_band, "zero"))

    def band(self, kind: Literal["dollar", "beta", "sector", "factor", "cash"]) -> Band | None:
        """The band of an exposure; None without."""
        found: Band | None = getattr(self, f"{kind}_band")
        return found


def _band(given: Band | float | None, around: Literal["path", "zero"]) -> Band | None:
    return given if given is None or isinstance(given, Band) else Band(width=float(given), around=around)
