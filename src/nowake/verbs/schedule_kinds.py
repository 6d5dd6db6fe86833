"""Every kind of schedule by its name on the command line, made for an order, its market and a model: the one table.

What a kind needs beyond those (a volume curve, a kernel) is the market's where the market says it. A kind that cannot
serve says why, so that a comparison can leave it out and tell the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules.policy import SchedulePolicy


class Wanted(NamedTuple):
    """What a schedule is made for.

    Parameters
    ----------
    order, market, model
        The parent, what it meets, and how prices answer it.
    risk_aversion
        Lambda, per unit of currency.
    curve
        The volume expected over the day; None where nobody may know it.
    bucket_ns
        Longest a bucket may be.
    rate
        Share of all volume for those that take one.
    """

    order: ParentOrder
    market: MarketState
    model: Impact
    risk_aversion: float
    curve: VolumeCurve | None = None
    bucket_ns: int | None = None
    rate: float = 0.1


class Kind(NamedTuple):
    """A kind of schedule: what it does in a few words, and how one is made."""

    summary: str
    make: Callable[[Wanted], SchedulePolicy]


def policy_named(name: str, wanted: Wanted) -> SchedulePolicy:
    """The policy a name means.

    Raises
    ------
    BadParameter
        When there is none, or what it needs is not known of this market.
    """
    check_named(name)
    return KINDS[name].make(wanted)


def check_named(*names: str) -> None:
    """Refuse a name that no kind has."""
    for name in names:
        if name not in KINDS:
            raise BadParameter(f"schedule {name!r} is not known; choose from {', '.join(KINDS)}")


def _twap(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Twap  # noqa: PLC0415

    return Twap(bucket_ns=wanted.bucket_ns)


def _vwap(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Vwap  # noqa: PLC0415

    return Vwap(_curve_of(wanted, "vwap"), bucket_ns=wanted.bucket_ns)


def _almgren_chriss(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import AlmgrenChriss  # noqa: PLC0415

    return AlmgrenChriss(wanted.model, wanted.risk_aversion, bucket_ns=wanted.bucket_ns)


def _curve_of(wanted: Wanted, name: str) -> VolumeCurve:
    if wanted.curve is None:
        raise BadParameter(
            f"{name} needs the volume expected over the day, and nothing before the start tells it; plan with a "
            "VolumeCurve of earlier days in Python, or leave --forecast out"
        )
    return wanted.curve


KINDS: dict[str, Kind] = {
    "almgren-chriss": Kind("least cost plus risk, linear impact", _almgren_chriss),
    "twap": Kind("evenly in time", _twap),
    "vwap": Kind("with the volume expected", _vwap),
}
