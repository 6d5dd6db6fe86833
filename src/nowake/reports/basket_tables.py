"""The tables of a basket's plan: beside its even twin, by group and by line, exposures with their bands, limits.

Costs are positive when bad, for buys and for sells. Basis points are of gross value unless a table says of its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from nowake.domain.instrument import Session
from nowake.models.terms import Floats
from nowake.reports import formats
from nowake.reports.plan_tables import SIGN, Mark, absent_table, certified, marked_frontier
from nowake.reports.table import Column, Table
from nowake.schedules.portfolio import BasketPlan, BasketPoint

Flags = npt.NDArray[np.bool_]

SHOWN = 20
SHOWN_ON_PAGE = 400
_MOST_NAMED = 6
_LAMBDA = "λ is the risk aversion: currency of expected cost accepted to lose one currency² of variance."
_AT_LIMIT = 1e-6  # Of a band's width.


def plan_tables(
    plan: BasketPlan, even: BasketPlan, others: Sequence[BasketPlan] = (), absent: Mapping[str, str] | None = None
) -> tuple[Table, ...]:
    """All there is to show on a screen, in the order it is read."""
    return (
        baskets_table(beside(plan, even, others)),
        *((absent_table(absent),) if absent else ()),
        groups_table(plan),
        lines_table(plan),
        exposures_table(plan),
        *((binding_table(plan),) if plan.binding else ()),
    )


def beside(plan: BasketPlan, even: BasketPlan, others: Sequence[BasketPlan] = ()) -> tuple[BasketPlan, ...]:
    """A plan, others, and the even one; of the even plan that one once."""
    return (plan, *others) if plan.name == even.name else (plan, *others, even)


def baskets_table(plans: Sequence[BasketPlan]) -> Table:
    """Plans of one basket side by side."""
    basket = plans[0].basket
    parts = list(dict.fromkeys(name for plan in plans for name in plan.cost_parts))
    columns = (
        Column("plan", "plan", is_number=False),
        Column("buckets", "buckets", formats.count, spare=7),
        Column("risk_aversion", "λ", formats.scientific, spare=5),
        *(Column(name, name, formats.bps) for name in parts),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
        Column("risk_bps", "risk,\n1 sd bps", formats.plain_bps),
        Column("expected_cost", f"expected\n{basket.currency}", formats.currency, spare=3),
        Column("fastest", "fastest,\nof volume", formats.percent, spare=2),
        Column("half", "half\ndone", is_number=False, spare=6),
        Column("done", "done", is_number=False, spare=6),
        Column("certificate", "known\nto", certified, is_number=False, spare=4),
    )
    rows = tuple(
        {
            "plan": plan.name,
            "buckets": len(plan.timeline),
            # What minimises nothing has no use for it.
            "risk_aversion": None if plan.certificate is None else plan.risk_aversion,
            **{name: plan.cost_parts_bps.get(name) for name in parts},
            "expected_cost_bps": plan.expected_cost_bps,
            "risk_bps": plan.risk_bps,
            "expected_cost": plan.expected_cost,
            "fastest": float(plan.participation.max()),
            "half": moment(plan, half_days(plan)),
            "done": moment(plan, float(plan.finish_days.max())),
            "certificate": plan.certificate,
        }
        for plan in plans
    )
    notes = [
        f"{formats.counted(len(basket), 'line')}, {formats.count(basket.gross)} {basket.currency} gross; costs and "
        f"risk in bps of that. {SIGN}",
        _LAMBDA,
    ]
    known = plans[0].certificate
    notes += [] if known is None else [f"Certificate, before rounding to lots: {known}."]
    notes.append(f"Whole lots cost {plans[0].rounding.cost:+,.2f} {basket.currency} of the objective.")
    title = f"Plan of a basket of {formats.counted(len(basket), 'line')}"
    return Table(title, columns, tuple(rows), (*notes, *plans[0].notes))


def groups_table(plan: BasketPlan) -> Table:
    """Buys, sells and sectors: value, cost, what they add to the risk, how fast."""
    columns = (
        Column("group", "group", is_number=False),
        Column("lines", "lines", formats.count, spare=3),
        Column("value", f"value\n{plan.basket.currency}", formats.count),
        Column("expected_cost", f"cost\n{plan.basket.currency}", formats.currency, spare=2),
        Column("cost_bps", "cost, bps\nof its value", formats.bps),
        Column("risk_share", "share of\nrisk", formats.percent),
        Column("half", "half\ndone", is_number=False, spare=1),
    )
    rows = [_group(plan, name, inside) for name, inside in groups(plan).items()]
    rows.append(_group(plan, "basket", np.ones(len(plan.basket), dtype=bool)))
    note = "A group below 0 hedges the others: alone it would add risk, here it takes some away."
    return Table("By side and sector", columns, tuple(rows), (note,), has_total=True)


def lines_table(plan: BasketPlan, *, most: int = SHOWN) -> Table:
    """Every line, the dearest first; of more than `most` those."""
    basket = plan.basket
    costs: Floats = np.sum(list(plan.line_costs.values()), axis=0)
    parts = [name for name in plan.line_costs if name != "spread"]
    columns = (
        Column("symbol", "symbol", is_number=False),
        Column("side", "side", is_number=False),
        Column("sector", "sector", is_number=False, spare=8),
        Column("quantity", "quantity", formats.quantity, spare=4),
        Column("value", f"value\n{basket.currency}", formats.count),
        Column("share_of_day", "of a\nday", formats.percent, spare=3),
        Column("spread", "spread", formats.bps, spare=5),
        *(Column(name, name, formats.bps, spare=5) for name in parts),
        Column("cost_bps", "cost\nbps", formats.bps),
        Column("expected_cost", f"cost\n{basket.currency}", formats.currency, spare=6),
        Column("risk_share", "share of\nrisk", formats.percent, spare=1),
        Column("fastest", "fastest,\nof volume", formats.percent),
        Column("done", "done", is_number=False, spare=2),
    )
    order = np.argsort(-costs, kind="stable")
    chosen = order[:most]
    shares, fastest, finish = _risk_shares(plan), plan.participation.max(axis=0), plan.finish_days
    rows = []
    for place in chosen:
        line = basket.lines[place]
        rows.append(
            {
                "symbol": line.symbol,
                "side": line.side.name.lower(),
                "sector": line.sector or formats.MISSING,
                "quantity": float(line.lots * Decimal(str(line.lot_size))),
                "value": line.value,
                "share_of_day": line.quantity / line.market.daily_volume,
                **{name: float(cost[place]) / line.value * 1e4 for name, cost in plan.line_costs.items()},
                "cost_bps": float(costs[place]) / line.value * 1e4,
                "expected_cost": float(costs[place]),
                "risk_share": float(shares[place]),
                "fastest": float(fastest[place]),
                "done": moment(plan, float(finish[place])),
            }
        )
    notes = [
        "Costs in bps of the line's value. Fastest: largest trade of a bucket over the volume expected without us."
    ]
    if len(order) > len(chosen):
        notes.append(
            f"The {len(chosen)} dearest of {len(order):,} lines; --json and --html have more, --out every trade."
        )
    return Table("Lines", columns, tuple(rows), tuple(notes))


def exposures_table(plan: BasketPlan) -> Table:
    """Each exposure: at the start, where it is widest, and whether its band holds the plan."""
    columns = (
        Column("exposure", "exposure", is_number=False),
        Column("start", "at the\nstart", formats.count),
        Column("widest", "widest on\nthe way", formats.count),
        Column("at", "at", is_number=False, spare=1),
        Column("band", "band then", _span, is_number=True),
        Column("held", "buckets\nat its band", formats.count),
    )
    rows = []
    for each in plan.exposures:
        values = each.values(plan.basket.quantities, plan.left)
        place = int(np.argmax(np.abs(values[1:]))) + 1
        rows.append(
            {
                "exposure": each.name,
                "start": float(values[0]),
                "widest": float(values[place]),
                "at": moment(plan, float(plan.times_days[place])),
                "band": (float(each.low[place - 1]), float(each.high[place - 1])) if each.is_limited else None,
                "held": _held(values[1:], each.low, each.high) if each.is_limited else None,
            }
        )
    note = f"In {plan.basket.currency}, of what is left; cash is purchases so far less sales so far."
    return Table("Exposures on the way", columns, tuple(rows), (note,))


def binding_table(plan: BasketPlan) -> Table:
    """Limits that hold the plan back, the most often first; those of one kind that are of lines in one row."""
    columns = (
        Column("limit", "limit", is_number=False, is_prose=True),
        Column("buckets", "buckets it holds", formats.count),
    )
    symbols = set(plan.basket.symbols)
    kinds: dict[str, dict[str, int]] = {}
    for name, count in plan.binding.items():
        kind, _, symbol = name.partition(" of ")
        of_line = symbol in symbols
        kinds.setdefault(kind if of_line else name, {})[symbol if of_line else ""] = count
    rows = [{"limit": _limit(kind, lines), "buckets": sum(lines.values())} for kind, lines in kinds.items()]
    rows.sort(key=lambda row: -int(str(row["buckets"])))
    note = "Of several lines the buckets are added up."
    return Table("Limits that bind", columns, tuple(rows), (note,) if len(kinds) < len(plan.binding) else ())


def _limit(kind: str, lines: Mapping[str, int]) -> str:
    """A limit with the lines it is of, those it holds longest first."""
    if set(lines) == {""}:
        return kind
    named = sorted(lines, key=lambda symbol: -lines[symbol])
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"{kind} of {', '.join(named[:_MOST_NAMED])}{more}"


def points_table(points: Sequence[BasketPoint], plans: Sequence[BasketPlan]) -> Table:
    """Expected cost against risk, from patient to urgent, with plans among the points; the first is the chosen one."""
    marks = [Mark(plan.name, plan.risk_bps, plan.expected_cost_bps, plan.inputs.get("risk_aversion")) for plan in plans]
    return marked_frontier(points, marks, currency=plans[0].basket.currency)


def bad_rows_table(bad: Sequence[object], *, most: int = 50) -> Table:
    """Rows of a file that were left out, and why."""
    columns = (
        Column("row", "row", formats.count),
        Column("symbol", "symbol", is_number=False),
        Column("reason", "why not", is_number=False, is_prose=True),
    )
    rows: list[Mapping[str, object]] = [
        {name: getattr(each, name) for name in ("row", "symbol", "reason")} for each in bad[:most]
    ]
    notes = (f"and {len(bad) - most:,} more",) if len(bad) > most else ()
    return Table("Left out of the basket", columns, tuple(rows), notes)


def groups(plan: BasketPlan) -> dict[str, Flags]:
    """Which lines are bought, which sold, and which of each sector, where there is more than one."""
    lines = plan.basket.lines
    found = {
        "buys": np.array([line.side > 0 for line in lines]),
        "sells": np.array([line.side < 0 for line in lines]),
    }
    sectors = sorted({line.sector for line in lines if line.sector})
    if len(sectors) > 1:
        found |= {name: np.array([line.sector == name for line in lines]) for name in sectors}
    return {name: inside for name, inside in found.items() if inside.any()}


def gross_left(plan: BasketPlan) -> Floats:
    """(T + 1, N) currency of each line left, above 0."""
    return np.abs(plan.left) * plan.basket.worths


def half_days(plan: BasketPlan, inside: Flags | None = None) -> float:
    """When half of the value is first done, evenly inside its bucket; sessions from the start."""
    left = gross_left(plan)
    total = left.sum(axis=1) if inside is None else left[:, inside].sum(axis=1)
    done = 1 - total / total[0]
    k = int(np.argmax(done >= 0.5))  # The end is done, and at the start nothing is.
    share = (0.5 - done[k - 1]) / (done[k] - done[k - 1])
    times = plan.times_days
    return float(times[k - 1] + share * (times[k] - times[k - 1]))


def moment(plan: BasketPlan, days: float) -> str:
    """An instant of a plan: the local time where the basket's session is known and it lies in it, else in sessions."""
    session, start_ns = session_of(plan), plan.basket.start_ns
    if session is None or start_ns is None:
        return f"{days:.3g} session{'' if days == 1 else 's'}"
    time_ns = start_ns + round(days * (session.close_ns - session.open_ns))
    return session.clock(min(time_ns, session.close_ns))


def session_of(plan: BasketPlan) -> Session | None:
    """The session the whole basket lies in; None where a line has no parent order in it."""
    first = plan.basket.lines[0].order
    return None if plan.basket.start_ns is None or first is None else first.instrument.session


def _group(plan: BasketPlan, name: str, inside: Flags) -> dict[str, object]:
    value = float(np.abs(plan.basket.values)[inside].sum())
    cost = sum(float(by_line[inside].sum()) for by_line in plan.line_costs.values())
    return {
        "group": name,
        "lines": int(inside.sum()),
        "value": value,
        "expected_cost": cost,
        "cost_bps": cost / value * 1e4,
        "risk_share": float(_risk_shares(plan)[inside].sum()),
        "half": moment(plan, half_days(plan, inside)),
    }


def _risk_shares(plan: BasketPlan) -> Floats:
    by_line = plan.risk_by_line
    total = float(by_line.sum())
    return np.asarray(by_line / total if total > 0 else np.zeros_like(by_line))


def _held(values: Floats, low: Floats, high: Floats) -> int:
    """Buckets at whose end an exposure stands at an end of its band; the last, where nothing is left, apart."""
    width = np.where(np.isfinite(high) & np.isfinite(low), high - low, np.abs(np.where(np.isfinite(high), high, low)))
    at = (values - low <= _AT_LIMIT * width) | (high - values <= _AT_LIMIT * width)
    return int(at[:-1].sum())


def _span(value: object) -> str:
    if value is None:
        return "none"
    low, high = value if isinstance(value, tuple) else (None, None)
    return f"{_end(low)} to {_end(high)}"


def _end(value: object) -> str:
    return "any" if not isinstance(value, float) or not np.isfinite(value) else formats.count(value)
