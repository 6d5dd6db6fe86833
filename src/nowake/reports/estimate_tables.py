"""Tables of the pre-trade page of one order: doubts, urgency, best rate, capacity, ways to trade, and liquidity."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nowake.microstructure.spreads.resilience import Resilience
from nowake.models.estimate import CostEstimate
from nowake.models.liquidity import Liquidity, Score
from nowake.models.pretrade.capacity import Capacity, in_sessions
from nowake.models.pretrade.strategies import StrategyCost
from nowake.models.pretrade.urgency import FREE, BestRate, UrgencyCurve
from nowake.reports import formats
from nowake.reports.table import Column, Table
from nowake.reports.tables import SIGN
from nowake.statistics.measurement import Measurement

_NO_PRICE = (
    "No price for speed: the law costs the same at every rate, so by it faster is always better and no rate is best; "
    "choose a model with a duration."
)
_LIMIT = 12  # Rows of a curve shown; all of them stand in the picture.


def doubts_table(estimates: Sequence[CostEstimate]) -> Table:
    """Where the intervals come from: parameters, inputs, and the market while trading, each as one sd."""
    columns = (
        Column("model", "model", is_number=False),
        Column("parameter_sd_bps", "parameters", _doubt),
        Column("input_sd_bps", "inputs", formats.bps),
        Column("expected_sd_bps", "both: the\nexpectation", formats.bps),
        Column("timing_risk_bps", "market while\ntrading", formats.bps),
    )
    rows = tuple({column.key: getattr(estimate, column.key) for column in columns} for estimate in estimates)
    notes = (
        "One standard deviation each, bps. Parameters: the model's standard errors; inputs: volatility, spread and "
        "volume as measured; market: σ √(T/3). More data shrink the first two, only faster trading the third.",
    )
    return Table("Where the doubt comes from", columns, rows, notes)


def urgency_table(name: str, curve: UrgencyCurve, *, risk_aversion: float | None = None, level: float = 0.95) -> Table:
    """Cost against urgency, a dozen rates from patient to urgent."""
    places = np.unique(np.linspace(0, len(curve.participation) - 1, _LIMIT).round().astype(int))
    low, high = curve.costs.expected_interval(level)
    adjusted = () if risk_aversion is None else (Column("adjusted_bps", "cost + λ risk", formats.bps),)
    columns = (
        Column("participation", "share of\nvolume", formats.percent),
        Column("days", "sessions", formats.number),
        Column("expected_bps", "expected", formats.bps),
        Column("interval_bps", f"{100 * level:.4g}% interval of\nthe expectation", formats.bps_range, spare=1),
        Column("timing_risk_bps", "risk,\n1 sd", formats.bps),
        *adjusted,
    )
    rows = tuple(
        {
            "participation": float(curve.participation[k]),
            "days": float(curve.days[k]),
            "expected_bps": float(curve.costs.expected_bps[k]),
            "interval_bps": (float(low[k]), float(high[k])),
            "timing_risk_bps": float(curve.costs.timing_risk_bps[k]),
            "adjusted_bps": None
            if risk_aversion is None
            else float(curve.costs.expected_bps[k] + risk_aversion * curve.costs.timing_risk_bps[k]),
        }
        for k in places
    )
    return Table(f"Cost against urgency: {name}", columns, rows, (f"In bps of the arrival price. {SIGN}",))


def best_table(best: Sequence[tuple[str, BestRate]]) -> Table:
    """The best rate by each model, how flat the optimum is, and how well it is known."""
    first = best[0][1]
    columns = (
        Column("model", "model", is_number=False),
        Column("participation", "best share\nof volume", _best_rate),
        Column("days", "sessions", formats.number),
        Column("expected_bps", "expected", formats.bps),
        Column("timing_risk_bps", "risk,\n1 sd", formats.bps),
        Column("adjusted_bps", "cost +\nλ risk", formats.bps, spare=1),
        Column("flat", f"within {first.within_bps:g} bps\nof the best", _rates),
        Column("known_to", f"{100 * first.level:.4g}% interval of\nthe best", _rates, spare=2),
        Column("bound", "bound by", is_number=False, spare=3),
    )
    rows = tuple(
        {
            "model": name,
            **{column.key: getattr(each, column.key) for column in columns[1:-1]},
            "flat": each.flat or (math.nan, math.nan),
            "known_to": (math.nan, math.nan) if each.flat is None else each.known_to,
            "bound": each.bound or "nothing",
            "risk_aversion": each.risk_aversion,
            "risk": each.risk.value,
        }
        for name, each in best
    )
    unit = "bps of cost for a bp of risk" if first.risk.name == "SD" else "per unit of currency"
    notes = (
        f"λ = {first.risk_aversion:g}, {unit}; risk is the {first.risk.value} of the cost. The optimum is flat: any "
        "rate in the range is as good.",
        *((_NO_PRICE,) if any(each.bound == FREE for _, each in best) else ()),
    )
    return Table("Best rate and horizon", columns, rows, notes)


def capacity_table(capacities: Sequence[tuple[str, Capacity]]) -> Table:
    """The size at which the expected cost reaches a limit, by each model."""
    columns = (
        Column("model", "model", is_number=False),
        Column("held", "at", is_number=False),
        Column("limit_bps", "limit", formats.bps, spare=2),
        Column("quantity", "size", _size),
        Column("ends", f"{100 * capacities[0][1].level:.4g}% interval", _sizes),
        Column("share_of_day", "of day's\nvolume", formats.percent, spare=1),
    )
    rows = tuple(
        {
            "model": name,
            "held": f"{each.participation:.1%} of volume" if each.days is None else in_sessions(each.days),
            "limit_bps": each.limit_bps,
            "quantity": math.nan if each.low == 0 and each.high is None else each.quantity,
            "ends": (each.low, each.high),
            "share_of_day": each.share_of_day,
        }
        for name, each in capacities
    )
    notes = (
        "The largest size whose expected cost (half-spread, impact, fees) stays at the limit. Open: not reached within "
        "ten days' volume. Sizes above a quarter of a day's volume are beyond what impact laws were fitted to.",
    )
    return Table("Capacity", columns, rows, notes)


def strategies_table(name: str, ways: Sequence[StrategyCost], *, risk_aversion: float | None = None) -> Table:
    """Ways to trade one order by one model."""
    adjusted = () if risk_aversion is None else (Column("adjusted_bps", "cost + λ risk", formats.bps),)
    columns = (
        Column("name", "way to trade", is_number=False),
        Column("days", "sessions", formats.number),
        Column("half_days", "half done\nafter", formats.number, spare=2),
        Column("participation", "share of\nvolume", formats.percent, spare=1),
        Column("expected_bps", "expected", formats.bps),
        Column("parameter_sd_bps", "± parameters,\n1 sd", _doubt, spare=3),
        Column("timing_risk_bps", "risk,\n1 sd", formats.bps),
        *adjusted,
    )
    rows = tuple(
        {
            **{column.key: getattr(way, column.key) for column in columns if column.key != "adjusted_bps"},
            "adjusted_bps": None if risk_aversion is None else way.risk_adjusted_bps(risk_aversion),
        }
        for way in ways
    )
    notes = (
        f"In bps of the arrival price, by the clock: a way that follows volume looks dearer than it is. {SIGN} κT is "
        "the urgency of Almgren and Chriss. Each is costed by the price's answer over its own length; a block in a "
        "minute is far beyond what any model was fitted to.",
    )
    return Table(f"Ways to trade: {name}", columns, rows, notes)


def liquidity_table(found: Liquidity, resilience: Resilience | None = None, because: str = "") -> Table:
    """What the book offers to the order."""
    rows: list[dict[str, object]] = [
        {"key": "quoted spread", "value": _measured(found.touch.bps, " bps")},
        {"key": "depth at the best bid, ask", "value": f"{_whole(found.bid_touch)}, {_whole(found.ask_touch)}"},
        {"key": "imbalance at the touch", "value": _measured(found.imbalance)},
        {"key": "order over the depth it takes from", "value": f"{found.times_touch:,.3g} times"},
    ]
    for each in found.within:
        shown = f"{_whole(each.bid.value)}, {_whole(each.ask.value)}"
        if each.cut > 0.01:
            shown += f" (at least: {each.cut:.0%} of the books show no deeper)"
        rows.append({"key": f"bid, ask within {each.bps:g} bps of the mid", "value": shown})
    if found.sweep is not None:
        shown = f"displayed in {found.sweep.possible:.1%} of the books"
        if found.sweep.cost_bps is not None:
            shown += f", at {_measured(found.sweep.cost_bps, ' bps')} against the mid"
        rows.append({"key": "all of it at once", "value": shown})
    if resilience is not None:
        for name, half in (("spread", resilience.spread_half_life_s), ("depth", resilience.depth_half_life_s)):
            if half is not None:
                rows.append({"key": f"half-life of a hole in the {name}", "value": _measured(half, " s")})
    if because:
        rows.append({"key": "resilience", "value": because})
    window = "n/a" if found.share_of_window is None else formats.percent(found.share_of_window)
    rows += [
        {"key": "order over the day's volume", "value": formats.percent(found.share_of_day)},
        {"key": "order over the window's volume", "value": window},
        {"key": f"sessions at {found.cap:.0%} of volume", "value": formats.number(found.days_at_cap)},
    ]
    columns = (Column("key", "", is_number=False), Column("value", "", is_number=False, is_prose=True))
    notes = ("Displayed depth in shares, contracts or coins; [intervals] at 95 %.",)
    return Table("Liquidity", columns, tuple(rows), notes)


def scores_table(scores: Sequence[Score]) -> Table:
    """The four scores, or why they are withheld."""
    columns = (
        Column("name", "score", is_number=False),
        Column("rank", "percentile", formats.percent),
        Column("ends", "95% interval", _percentiles),
        Column("value", "value", formats.number),
        Column("unit", "unit", is_number=False),
        Column("meaning", "of what", is_number=False, is_prose=True),
    )
    rows = tuple(
        {
            "name": each.name,
            "rank": None if each.rank is None else each.rank.value,
            "ends": None if each.rank is None else (each.rank.low, each.rank.high),
            "value": each.value,
            "unit": each.unit,
            "meaning": each.meaning,
        }
        for each in scores
    )
    because = dict.fromkeys(each.withheld_because for each in scores if each.withheld_because)
    against = {each.rank.n for each in scores if each.rank is not None}
    notes = tuple(f"Among {n} markets given for comparison; high is more of it." for n in against)
    return Table("Scores", columns, rows, (*notes, *(f"Withheld: {text}." for text in because)))


def absent_table(absent: dict[str, str]) -> Table:
    """Models that could not answer."""
    columns = (
        Column("reason", "why", is_number=False),
        Column("model", "models", is_number=False, is_prose=True),
    )
    by_reason: dict[str, list[str]] = {}
    for name, reason in absent.items():
        by_reason.setdefault(reason, []).append(name)
    rows = tuple({"model": ", ".join(names), "reason": reason} for reason, names in by_reason.items())
    return Table("Models that could not answer", columns, rows)


def _doubt(value: object) -> str:
    """A standard deviation from the parameters; 0 is what taking them as exact gives."""
    return "exact" if value == 0 else formats.bps(value)


def _best_rate(value: object) -> str:
    """A best rate, or that the law has none."""
    return "none: no price for speed" if value is None or value != value else formats.percent(value)  # noqa: PLR0124


def _rates(value: object) -> str:
    assert value is None or isinstance(value, tuple), f"{value!r} is no range"
    if value is None:
        return "exact"
    return formats.MISSING if math.isnan(value[0]) else " to ".join(map(formats.percent, value))


def _percentiles(value: object) -> str:
    return formats.MISSING if value is None else _rates(value)


def _size(value: object) -> str:
    if value is None:
        return "not reached"
    return "unknown" if value != value else formats.count(value)  # noqa: PLR0124  # NaN is not itself.


def _sizes(value: object) -> str:
    assert isinstance(value, tuple), f"{value!r} is no range"
    return " to ".join("open" if end is None else formats.count(end) for end in value)


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def _measured(found: Measurement, unit: str = "") -> str:
    return f"{found.value:.3g}{unit} [{found.low:.3g}, {found.high:.3g}]"
