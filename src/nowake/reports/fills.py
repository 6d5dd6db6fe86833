"""Fill curves, the model behind them and the rate of fills by distance, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nowake.models.fills.calibration import Calibration
from nowake.models.fills.curves import FillCurves, FillRate
from nowake.models.fills.intensity import Intensity
from nowake.models.fills.model import FillModel
from nowake.reports import formats
from nowake.reports.table import Column, Table
from nowake.statistics.measurement import Measurement


class Found(Protocol):
    """What a day tells of fills; see `nowake.verbs.fills.Fills`."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def observed(self) -> bool: ...  # noqa: D102
    @property
    def curves(self) -> FillCurves: ...  # noqa: D102
    @property
    def pessimistic(self) -> FillCurves | None: ...  # noqa: D102
    @property
    def model(self) -> FillModel | None: ...  # noqa: D102
    @property
    def calibration(self) -> Calibration | None: ...  # noqa: D102
    @property
    def bids(self) -> Intensity | None: ...  # noqa: D102
    @property
    def asks(self) -> Intensity | None: ...  # noqa: D102
    @property
    def refusals(self) -> tuple[str, ...]: ...  # noqa: D102


def fill_tables(found: Found) -> list[Table]:
    """Every table there is something for: curves, effects, calibration, intensity."""
    tables = [curves_table(found)]
    if found.model is not None:
        tables.append(effects_table(found.model, said=found.curves.notes))
    if found.calibration is not None:
        tables.append(calibration_table(found.calibration))
    rates = [each for each in (found.bids, found.asks) if each is not None]
    if rates:
        tables.append(intensity_table(rates))
    return tables


def curves_table(found: Found) -> Table:
    """One row a cell: where it stands, how many orders, and the probability with its interval at each horizon."""
    curves, other = found.curves, found.pessimistic
    horizons = sorted({rate.horizon_s for rate in curves.rates})
    columns = [
        Column("distance", "ticks\nbehind", is_number=False),
        Column("queue", "lots\nbefore", is_number=False),
        Column("orders", "orders", formats.count, spare=7),
    ]
    columns += [Column(f"{each:g} s", f"{each:g} s", spare=_spare(k, len(horizons))) for k, each in enumerate(horizons)]
    columns.append(Column("posted", f"as posted\nby {horizons[-1]:g} s" if other is None else "last in queue", spare=1))
    cells: dict[tuple[str, str], dict[str, object]] = {}
    last = {} if other is None else {_place(rate): rate for rate in other.rates if rate.horizon_s == horizons[-1]}
    for rate in curves.rates:
        row = cells.setdefault(_place(rate), {"distance": _place(rate)[0], "queue": _place(rate)[1]})
        row |= {"orders": rate.orders, f"{rate.horizon_s:g} s": _percent(rate.standing)}
        if rate.horizon_s == horizons[-1]:
            row["posted"] = _percent(rate.posted if other is None else last[_place(rate)].standing)
    how = "followed" if found.observed else "imagined"
    title = f"{found.source}: probability of a {curves.fill} fill of an order left standing"
    return Table(title, tuple(columns), tuple(cells.values()), (_counts(curves, how), *_explained(found)))


def effects_table(model: FillModel, *, said: tuple[str, ...] = ()) -> Table:
    """One row a covariate: by what factor one standard deviation of it makes fills likelier, at each horizon.

    `said` are notes that stand elsewhere already.
    """
    columns = [Column("name", "one standard deviation of", is_number=False)]
    columns += [
        Column(f"{fit.horizon_s:g} s", f"{fit.horizon_s:g} s", spare=_spare(k, len(model.fits)))
        for k, fit in enumerate(model.fits)
    ]
    rows: list[dict[str, object]] = []
    for name in model.covariates:
        row: dict[str, object] = {"name": name}
        for fit in model.fits:
            row[f"{fit.horizon_s:g} s"] = _factor(model.effect(name, fit.horizon_s))
        rows.append(row)
    scales = "All but imbalance on logarithmic scales; imbalance is +1 where all wait on the order's own side."
    notes = (scales, *(note for note in model.notes if note not in said))
    return Table("What changes the rate of fills, as a factor", tuple(columns), tuple(rows), notes)


def calibration_table(calibration: Calibration) -> Table:
    """One row a group of later orders, of the first, middle and last horizon: what was predicted, and what became."""
    columns = (
        Column("horizon", "by"),
        Column("predicted", "predicted", formats.percent),
        Column("seen", "seen later"),
        Column("orders", "orders", formats.count, spare=1),
        Column("holds", "holds", is_number=False),
    )
    horizons = sorted({group.horizon_s for group in calibration.groups})
    shown = {horizons[0], horizons[len(horizons) // 2], horizons[-1]}
    rows = tuple(
        {
            "horizon": f"{group.horizon_s:g} s",
            "predicted": group.predicted,
            "seen": _percent(group.seen),
            "orders": group.orders,
            "holds": "yes" if group.holds else "no",
        }
        for group in calibration.groups
        if group.horizon_s in shown
    )
    held = sum(group.holds for group in calibration.groups)
    note = (
        f"Fitted to the {calibration.fitted:,} earlier orders of the day, judged by the {calibration.judged:,} later "
        f"ones: {held} of {len(calibration.groups)} groups of {len(horizons)} horizons hold, "
        f"{formats.percent(calibration.gap)} off on average."
        + (f" Shown are {len(shown)} of the horizons." if len(shown) < len(horizons) else "")
    )
    return Table("Predicted and seen", columns, rows, (note,))


def intensity_table(rates: list[Intensity]) -> Table:
    """One row a side: A and k of lambda = A exp(-k delta)."""
    columns = (
        Column("side", "side", is_number=False),
        Column("rate", "A, fills a second at the mid"),
        Column("decay", "k, per tick"),
        Column("fills", "fills", formats.count, spare=1),
        Column("lack", "worst gap, sd", formats.number),
    )
    rows = tuple(
        {
            "side": "bids" if each.side > 0 else "asks",
            "rate": _number(each.rate),
            "decay": _number(each.decay),
            "fills": each.fills,
            "lack": each.lack_of_fit,
        }
        for each in rates
    )
    worst = max(each.lack_of_fit for each in rates)
    notes = [
        "Of imagined quotes, first in their queues, that stand for ten seconds at most, meaned over the day's time."
    ]
    if worst > 4:
        notes.append("A worst gap of more than 4 says that the rates do not fall exponentially: take them one by one.")
    return Table("Rate of fills at delta ticks from the mid, A exp(-k delta)", columns, rows, tuple(notes))


def rate_rows(curves: FillCurves, pessimistic: FillCurves | None = None) -> list[dict[str, object]]:
    """Every cell and horizon as plain values."""
    ends = [("first", curves), ("last", pessimistic)] if pessimistic is not None else [("own", curves)]
    return [
        {
            "place": place,
            "distance_from": rate.distance_ticks[0],
            "distance_to": rate.distance_ticks[1],
            "queue_from": rate.queue_lots[0],
            "queue_to": rate.queue_lots[1],
            "horizon_s": rate.horizon_s,
            **_ends("standing", rate.standing),
            **_ends("posted", rate.posted),
            "highest": rate.highest,
            "orders": rate.orders,
            "fills": rate.fills,
            "cancels": rate.cancels,
            "at_risk": rate.at_risk,
            "n_effective": rate.n_effective,
            "blocks": rate.blocks,
        }
        for place, each in ends
        if each is not None
        for rate in each.rates
    ]


def _explained(found: Found) -> tuple[str, ...]:
    """What the two answers mean, and what the reader must know."""
    if found.pessimistic is None:
        means = (
            "Left standing takes those who cancel as faring like those who stay; as posted counts fills as people "
            "cancel. The truth of an order left standing is at least the latter."
        )
    else:
        means = "The columns by horizon are of the first in the queue; the truth lies between them and the last."
    return (means, *found.curves.notes, *found.refusals)


def _counts(curves: FillCurves, how: str) -> str:
    left_out = ", ".join(f"{count:,} {why}" for why, count in curves.left_out.items())
    return (
        f"{curves.orders:,} orders {how}: {curves.fills:,} filled, {curves.cancels:,} cancelled, {curves.censored:,} "
        f"still there when last seen. {f'Left out: {left_out}.' if left_out else ''}"
    ).strip()


def _place(rate: FillRate) -> tuple[str, str]:
    return _between(rate.distance_ticks), _between(rate.queue_lots)


def _between(ends: tuple[int | None, int | None]) -> str:
    low, high = ends
    if low is None:
        return "any" if high is None else ("inside" if high == -1 else f"to {high:,}")
    if high is None:
        return f"{low:,}+"
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _spare(place: int, count: int) -> int:
    """Horizons in the middle are left out first: the shortest and the longest say most."""
    return 0 if place in {0, count - 1} else 2 + min(place, count - 1 - place)


def _percent(measured: Measurement) -> str:
    if not tells(measured):
        return "not told"
    return f"{100 * measured.value:.1f}% [{100 * measured.low:.1f}, {100 * measured.high:.1f}]"


def tells(measured: Measurement) -> bool:
    """Whether a probability says anything: an interval from nothing to all does not, whatever stands in it."""
    return measured.low > 0.01 or measured.high < 0.99


def _number(measured: Measurement) -> str:
    return f"{measured.value:.3g} [{measured.low:.3g}, {measured.high:.3g}]"


def _factor(measured: Measurement) -> str:
    return f"{measured.value:.2f} [{measured.low:.2f}, {measured.high:.2f}]"


def _ends(name: str, measured: Measurement) -> Mapping[str, float]:
    return {name: measured.value, f"{name}_low": measured.low, f"{name}_high": measured.high}
