"""Every kind of schedule by its name on the command line, made for an order, its market and a model: the one table.

What a kind needs beyond those (a volume curve, a kernel) is the market's where the market says it, else assumed and
noted on the plan. A kind that cannot serve says why, so that a comparison can leave it out and tell the reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Terms
from nowake.models.volume import VolumeCurve
from nowake.schedules.grid import Grid
from nowake.schedules.policy import SchedulePolicy

HALF_LIFE_NS = 10 * NS_PER_MINUTE
BUCKET_NS = 15 * NS_PER_MINUTE  # As those of a basket: 26 in six and a half hours.
_FEWEST = 10


class ByName(TypedDict, total=False):
    """What kinds by name may be told; each as in `Wanted`."""

    curve: VolumeCurve | None
    bucket_ns: int | None
    rate: float
    half_life_ns: int
    drift_bps: float
    max_participation: float | None


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
        Longest a bucket may be; None is a quarter of an hour, or a tenth of a shorter window.
    rate
        Share of all volume for those that take one.
    half_life_ns
        Time in which half of the impact that decays is gone, for those whose model does not say it.
    drift_bps
        Expected move of the price a session; above 0 it rises. Some plan for it, and all are costed with it.
    max_participation
        Largest trade of a bucket as a share of the volume expected in it without us; None for no limit.
    """

    order: ParentOrder
    market: MarketState
    model: Impact
    risk_aversion: float
    curve: VolumeCurve | None = None
    bucket_ns: int | None = None
    rate: float = 0.1
    half_life_ns: int = HALF_LIFE_NS
    drift_bps: float = 0.0
    max_participation: float | None = None

    @property
    def adverse_drift(self) -> float:
        """The expected move against the order, currency per share per session."""
        return adverse_drift(self.order, self.market, self.drift_bps)


class Kind(NamedTuple):
    """A kind of schedule: what it does in a few words, how one is made, and what is assumed for it, if anything."""

    summary: str
    make: Callable[[Wanted], SchedulePolicy]
    assumed: Callable[[Wanted], str] = lambda _: ""
    averse: bool = True  # Whether a risk aversion means anything to it.
    caps: bool = False  # Whether it can keep to a largest participation.


def policy_named(name: str, wanted: Wanted) -> tuple[SchedulePolicy, tuple[str, ...]]:
    """The policy a name means, and notes of what was assumed for it.

    Raises
    ------
    BadParameter
        When there is none, what it needs is not known of this market, or it cannot keep to a largest participation.
    """
    check_named(name)
    kind = KINDS[name]
    if wanted.bucket_ns is None:
        wanted = wanted._replace(bucket_ns=default_bucket_ns(wanted.order))
    if wanted.max_participation is not None:
        _check_cap(name, wanted)
    return kind.make(wanted), tuple(filter(None, (kind.assumed(wanted),)))


def is_averse(name: str) -> bool:
    """Whether a risk aversion means anything to a kind; errors as for `check_named`."""
    check_named(name)
    return KINDS[name].averse


def default_bucket_ns(order: ParentOrder) -> int:
    """A quarter of an hour, or a tenth of a shorter window."""
    return min(BUCKET_NS, -(-order.duration_ns // _FEWEST))


def adverse_drift(order: ParentOrder, market: MarketState, drift_bps: float) -> float:
    """A move of the price in basis points a session as one against the order, currency per share per session."""
    if not math.isfinite(drift_bps):
        raise BadParameter(f"drift_bps {drift_bps} must be finite: basis points a session, above 0 where prices rise")
    return order.side * drift_bps / 1e4 * market.price


def _check_cap(name: str, wanted: Wanted) -> None:
    """Refuse a cap where it is not kept, no share, or too low to finish."""
    most = wanted.max_participation
    assert most is not None
    if not 0 < most < math.inf:
        raise BadParameter(f"max_participation {most} must be above 0 and finite; 0.1 is 10 % of the volume without us")
    if not KINDS[name].caps:
        able = ", ".join(each for each in KINDS if KINDS[each].caps)
        raise BadParameter(
            f"{name} keeps to no largest participation; {able} do, and pov trades at one rate of all volume"
        )
    order, session = wanted.order, wanted.order.instrument.session
    volume = float(Grid.of(order, wanted.market, curve=wanted.curve, n=1).volume.sum())
    if most * volume < order.quantity:
        raise BadParameter(
            f"max_participation {most:g} lets {most * volume:,.6g} of {order.quantity:,.6g} trade from "
            f"{session.clock(order.start_ns)} to {session.clock(order.end_ns)}; raise it to "
            f"{_rounded_up(order.quantity / volume)}, or allow more time"
        )


def _rounded_up(share: float) -> str:
    """Four digits that are not below it."""
    size = 10.0 ** (math.floor(math.log10(share)) - 3)
    return f"{math.ceil(share / size) * size:.4g}"


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
    from nowake.verbs.capped import CappedAlmgrenChriss  # noqa: PLC0415

    if wanted.max_participation is None:
        return AlmgrenChriss(wanted.model, wanted.risk_aversion, bucket_ns=wanted.bucket_ns)
    return CappedAlmgrenChriss(
        model=wanted.model,
        risk_aversion=wanted.risk_aversion,
        max_participation=wanted.max_participation,
        curve=wanted.curve,
        bucket_ns=wanted.bucket_ns,
    )


def _power_law(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import PowerLawSchedule  # noqa: PLC0415

    return PowerLawSchedule(_power_model(wanted), wanted.risk_aversion, bucket_ns=wanted.bucket_ns)


def _power_model(wanted: Wanted) -> Impact:
    from nowake.models.impact import SquareRoot  # noqa: PLC0415

    return SquareRoot() if isinstance(wanted.model, Linear) else wanted.model


def _power_assumed(wanted: Wanted) -> str:
    return "Impact by the square-root law, for the linear one has no power." if isinstance(wanted.model, Linear) else ""


def _obizhaeva_wang(wanted: Wanted) -> SchedulePolicy:
    from nowake.models.impact import ObizhaevaWang as Model  # noqa: PLC0415
    from nowake.schedules import ObizhaevaWang  # noqa: PLC0415

    model = wanted.model
    if not isinstance(model, Model):
        session = wanted.order.instrument.session
        if not wanted.half_life_ns > 0:
            raise BadParameter(f"half_life_ns {wanted.half_life_ns} must be above 0; --half-life 10m is ten minutes")
        half_life_days = wanted.half_life_ns / (session.close_ns - session.open_ns)
        terms = _moving(wanted, "obizhaeva-wang")
        unit = Model(permanent=1.0, transient=1.0, resilience=math.log(2) / half_life_days)
        # As much as the model asked for costs of both kinds where the order is traded evenly.
        model = Model(
            permanent=float(wanted.model.permanent_bps(terms) / unit.permanent_bps(terms)),
            transient=float(wanted.model.temporary_bps(terms) / unit.temporary_bps(terms)),
            resilience=unit.resilience,
        )
    # Blocks that a desk would work, and that cost something where impact does not decay.
    block_ns = min(NS_PER_MINUTE, wanted.order.duration_ns // 100)
    return ObizhaevaWang(model, wanted.risk_aversion, bucket_ns=wanted.bucket_ns, block_ns=block_ns or None)


def _obizhaeva_wang_assumed(wanted: Wanted) -> str:
    from nowake.models.impact import ObizhaevaWang as Model  # noqa: PLC0415

    if isinstance(wanted.model, Model):
        return ""
    return (
        f"Temporary impact is taken to decay, half of it in {wanted.half_life_ns / NS_PER_MINUTE:g} minutes, and to "
        f"cost what {wanted.model.name} says where the order is traded evenly."
    )


def _propagator(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Propagator  # noqa: PLC0415

    return Propagator(_decaying(wanted), wanted.risk_aversion, bucket_ns=wanted.bucket_ns)


def _decaying(wanted: Wanted) -> Impact:
    """The model where impact decays in it, else a power of time that costs as much for the order traded evenly."""
    from nowake.models.impact import Propagator as Model  # noqa: PLC0415

    if _decays(wanted):
        return wanted.model
    terms = _moving(wanted, "propagator")
    unit = Model(y=1.0, gamma=_DECAY, delta=1.0)
    return Model(y=float(wanted.model.total_bps(terms) / unit.total_bps(terms)), gamma=_DECAY, delta=1.0)


def _moving(wanted: Wanted, name: str) -> Terms:
    """The terms of the order; impact that decays is counted in volatilities, so there must be some."""
    if not wanted.market.volatility > 0:
        raise BadParameter(f"{name} counts impact in volatilities, and that of the market is 0; give the volatility")
    return wanted.market.terms(wanted.order.quantity, days_of(wanted.order))


def _decays(wanted: Wanted) -> bool:
    terms = wanted.market.terms(wanted.order.quantity, days_of(wanted.order))
    try:
        return wanted.model.response(terms).kernel is not None
    except BadParameter:  # It does not say how the price answers a schedule.
        return False


def _propagator_assumed(wanted: Wanted) -> str:
    if _decays(wanted):
        return ""
    return (
        f"All impact is taken to decay as time to the power -{_DECAY:g}, and to cost what {wanted.model.name} says "
        "where the order is traded evenly."
    )


def _gatheral_schied(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import GatheralSchied  # noqa: PLC0415

    market, order = wanted.market, wanted.order
    # A price of waiting that on an even path costs what the variance does: a X S T / 2 = lambda sigma^2 X^2 T / 3.
    multiplier = float(order.instrument.multiplier or 1)
    waiting = 2 / 3 * wanted.risk_aversion * multiplier * market.volatility**2 * order.quantity / market.price
    return GatheralSchied(wanted.model, waiting, bucket_ns=wanted.bucket_ns)


def _bertsimas_lo(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules.bertsimas_lo import BertsimasLo  # noqa: PLC0415

    signal = wanted.drift_bps / 1e4 * wanted.market.price
    return BertsimasLo(model=wanted.model, signal=signal, bucket_ns=wanted.bucket_ns, **_cap(wanted))


def _dynamic(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules.dynamic_schedule import DynamicProgramming  # noqa: PLC0415

    return DynamicProgramming(
        model=wanted.model, risk_aversion=wanted.risk_aversion, bucket_ns=wanted.bucket_ns, **_cap(wanted)
    )


def _cap(wanted: Wanted) -> dict[str, Any]:
    """A largest participation as these policies count it, ours included, and the curve it follows; empty without."""
    most = wanted.max_participation
    return {} if most is None else {"max_participation": most / (1 + most), "curve": wanted.curve}


def _cartea_jaimungal(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import CarteaJaimungal  # noqa: PLC0415

    aversion = wanted.risk_aversion
    return CarteaJaimungal.of(
        wanted.order, wanted.market, wanted.model, risk_aversion=aversion, bucket_ns=wanted.bucket_ns
    )


def _pov(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Pov  # noqa: PLC0415

    return Pov(wanted.rate, wanted.curve, bucket_ns=wanted.bucket_ns)


def _front_loaded(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Loaded  # noqa: PLC0415

    return Loaded(_LOADED, bucket_ns=wanted.bucket_ns)


def _back_loaded(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Loaded  # noqa: PLC0415

    return Loaded(-_LOADED, bucket_ns=wanted.bucket_ns)


def _target_close(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import TargetClose  # noqa: PLC0415

    return TargetClose(wanted.model, wanted.risk_aversion, bucket_ns=wanted.bucket_ns)


def _vwap_deviation(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import VwapDeviation  # noqa: PLC0415

    curve = _curve_of(wanted, "vwap-deviation")
    return VwapDeviation(wanted.model, wanted.risk_aversion, curve, bucket_ns=wanted.bucket_ns)


def _drift(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import AlmgrenChrissDrift  # noqa: PLC0415

    return AlmgrenChrissDrift(wanted.model, wanted.risk_aversion, wanted.adverse_drift, bucket_ns=wanted.bucket_ns)


def _value_at_risk(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import LeastValueAtRisk  # noqa: PLC0415

    return LeastValueAtRisk(wanted.model, bucket_ns=wanted.bucket_ns)


def _robust(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Robust  # noqa: PLC0415

    return Robust(policy=_almgren_chriss(wanted))


def _averaged(wanted: Wanted) -> SchedulePolicy:
    from nowake.schedules import Averaged  # noqa: PLC0415

    return Averaged(policy=_almgren_chriss(wanted))


def _curve_of(wanted: Wanted, name: str) -> VolumeCurve:
    if wanted.curve is None:
        raise BadParameter(
            f"{name} needs to know how volume runs over the day, and nothing that may be looked at tells it; give a "
            "curve of earlier days (--curve SOURCE or FILE, curve=VolumeCurve)"
        )
    return wanted.curve


def _gaps(wanted: Wanted) -> str:
    from nowake.verbs.volume_curve import gaps_note  # noqa: PLC0415

    return "" if wanted.curve is None else gaps_note(wanted.curve, wanted.order)


_DECAY = 0.5
_LOADED = math.log(10)  # The first bucket trades ten times as fast as the last.

KINDS: dict[str, Kind] = {
    "almgren-chriss": Kind("for the least cost plus risk under linear impact", _almgren_chriss, caps=True),
    "twap": Kind("evenly in time", _twap, averse=False),
    "vwap": Kind("with the volume expected", _vwap, _gaps, averse=False),
    "pov": Kind("at a share of the volume expected, --rate, until done", _pov, _gaps, averse=False),
    "front-loaded": Kind("ten times as fast at first as at last", _front_loaded, averse=False),
    "back-loaded": Kind("ten times as fast at last as at first", _back_loaded, averse=False),
    "target-close": Kind("near the last price of the window", _target_close),
    "vwap-deviation": Kind("near the market's VWAP, but not at any price", _vwap_deviation, _gaps),
    "almgren-chriss-drift": Kind("as almgren-chriss under an expected --drift-bps", _drift),
    "value-at-risk": Kind("for the least cost not exceeded in 95 of 100 cases", _value_at_risk, averse=False),
    "robust": Kind("as almgren-chriss in the worst case of all that is doubted", _robust),
    "averaged": Kind("as almgren-chriss in the mean of all that is doubted", _averaged),
    "power-law": Kind("for the least cost plus risk under square-root and other powers", _power_law, _power_assumed),
    "obizhaeva-wang": Kind("a block, evenly what refills the book, a block", _obizhaeva_wang, _obizhaeva_wang_assumed),
    "propagator": Kind("so that a price that comes back has time to", _propagator, _propagator_assumed),
    "gatheral-schied": Kind(
        "with a price of waiting by the value still held",
        _gatheral_schied,
        lambda _: "Its λ is a price of waiting: a fraction of the value held, a session.",
    ),
    "bertsimas-lo": Kind(
        "for the least expected cost under a drift that is expected, risk apart", _bertsimas_lo, averse=False, caps=True
    ),
    "dynamic-programming": Kind("by a grid, for any temporary cost", _dynamic, caps=True),
    "cartea-jaimungal": Kind("as a closed loop expects to: what is left times a gain", _cartea_jaimungal),
}
