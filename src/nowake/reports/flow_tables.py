"""What the market told, as tables: findings by part, rules against the truth, venues, mark-outs, VPIN, states."""

from __future__ import annotations

from nowake.microstructure.classify import Accuracy, Share
from nowake.microstructure.reading.flow import FlowReading
from nowake.microstructure.reading.heard import Part, sentence
from nowake.microstructure.regimes.strip import RegimeStrip
from nowake.microstructure.spreads.effective import EffectiveSpreads
from nowake.microstructure.toxicity import SensitivityRow
from nowake.microstructure.toxicity.markouts import MarkOuts
from nowake.reports import formats
from nowake.reports.findings import findings_table
from nowake.reports.table import Column, Table
from nowake.statistics.measurement import Measurement


def part_table(part: Part, *, level: float) -> Table:
    """The numbers of one part."""
    return findings_table(part.name, part.findings, part.notes, level=level)


def rules_table(rules: dict[str, Accuracy]) -> Table:
    """How often each rule is right, overall and by place in the spread."""
    columns = (
        Column("rule", "rule", is_number=False),
        Column("where", "where", is_number=False),
        Column("prints", "prints", formats.count),
        Column("right", "right, of\nprints", formats.percent),
        Column("low", "from", formats.percent, spare=1),
        Column("high", "to", formats.percent, spare=1),
        Column("by_volume", "right, of\nvolume", formats.percent),
        Column("undecided", "not told", formats.count, spare=1),
    )
    rows = [
        {"rule": rule if where == "all" else "", "where": where, **_share(share)}
        for rule, each in rules.items()
        for where, share in [("all", each.overall), *((place.words, share) for place, share in each.by_place.items())]
    ]
    notes = ("Of prints that the rule decided; those it did not are counted apart.",)
    return Table("Rules against the truth", columns, tuple(rows), notes)


def _share(share: Share) -> dict[str, object]:
    right = share.by_prints
    return {
        "prints": share.prints,
        "right": None if right is None else right.value,
        "low": None if right is None else right.low,
        "high": None if right is None else right.high,
        "by_volume": None if share.by_volume is None else share.by_volume.value,
        "undecided": share.undecided,
    }


def venues_table(spreads: EffectiveSpreads) -> Table:
    """Spreads of each venue, the largest first, with realised spread and impact at every horizon."""
    horizons = [at.horizon_ns for at in spreads.groups[0].at] if spreads.groups else []
    spares = {horizon: place + 1 for place, horizon in enumerate(horizons[1:-1])}  # The ends are kept longest.
    columns = [
        Column("venue", "venue", is_number=False),
        Column("prints", "prints", formats.count),
        Column("effective", "effective\nbps", formats.number),
    ]
    for horizon in horizons:
        after = formats.duration(horizon)
        spare = spares.get(horizon, 0)
        columns.append(Column(_key("realised", after), f"realised\n{after}", formats.number, spare=spare))
        columns.append(Column(_key("impact", after), f"impact\n{after}", formats.number, spare=spare))
    rows = []
    for group in sorted(spreads.groups, key=lambda each: -each.lots):
        row: dict[str, object] = {"venue": group.labels[0] or "not named", "prints": group.prints}
        row |= _with_ends("effective", group.effective_bps)
        for at in group.at:
            after = formats.duration(at.horizon_ns)
            row |= _with_ends(_key("realised", after), at.realised_bps)
            row |= _with_ends(_key("impact", after), at.impact_bps)
        rows.append(row)
    notes = ("In bps of the mid, weighted by size, by volume; n/a where too few blocks of time hold prints.",)
    return Table("Spreads by venue", tuple(columns), tuple(rows), notes)


def _key(name: str, after: str) -> str:
    return f"{name}_{after.replace(' ', '')}"


def _with_ends(name: str, measured: Measurement | None) -> dict[str, object]:
    if measured is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: measured.value, f"{name}_low": measured.low, f"{name}_high": measured.high}


def markouts_table(found: MarkOuts) -> Table:
    """Mean mark-outs by horizon, with their intervals."""
    columns = (
        Column("group", "of", is_number=False),
        Column("after", "after", is_number=False),
        Column("value", "bps", formats.number),
        Column("low", "from", formats.number),
        Column("high", "to", formats.number),
        Column("known", "trades", formats.count, spare=1),
    )
    rows = [
        {
            "group": " ".join(curve.labels) or "all",
            "after": formats.duration(horizon),
            "value": mean.value,
            "low": mean.low,
            "high": mean.high,
            "known": known,
        }
        for curve in found.curves
        for horizon, mean, known in zip(found.horizons_ns, curve.mean_bps, curve.known, strict=True)
        if mean is not None
    ]
    notes = (f"Of the {found.view}, from the {found.anchor}, weighted by {found.weight}; positive is good for them.",)
    return Table("Mark-outs", columns, tuple(rows), notes)


def sensitivity_table(rows: tuple[SensitivityRow, ...], *, level: float) -> Table:
    """VPIN by every way to sign volume, and every size of bucket."""
    columns = (
        Column("sides", "volume signed by", is_number=False),
        Column("bucket", "bucket, lots", formats.count),
        Column("mean", "mean VPIN", formats.number),
        Column("low", f"{100 * level:.4g}%\nfrom", formats.number, spare=1),
        Column("high", "\nto", formats.number, spare=1),
        Column("undecided", "not signed", formats.percent, spare=1),
        Column("refused", "why not", is_number=False, is_prose=True, spare=2),
    )
    made = [
        {
            "sides": row.sides,
            "bucket": row.bucket_lots,
            "mean": None if row.mean is None else row.mean.value,
            "low": None if row.mean is None else row.mean.low,
            "high": None if row.mean is None else row.mean.high,
            "undecided": row.undecided,
            "refused": row.refused or "",
        }
        for row in rows
    ]
    notes = ("The way volume is signed moves VPIN more than most markets do: compare values of one way only.",)
    return Table("VPIN by way of signing", columns, tuple(made), notes)


def states_table(strip: RegimeStrip) -> Table:
    """The fitted states behind the regimes."""
    names = list(strip.states[0].levels) if strip.states else []
    columns = (
        Column("state", "state", is_number=False),
        Column("share", "share of\nbars", formats.percent),
        Column("duration", "lasts,\nbars", formats.number),
        *(Column(name, name, formats.number, spare=1) for name in names),
        Column("counts", "counts as", is_number=False, is_prose=True),
    )
    rows = tuple(
        {
            "state": state.name,
            "share": state.share,
            "duration": state.duration_bars,
            **state.levels,
            "counts": ", ".join(f"{name} {weight:.0%}" for name, weight in state.weights.items() if weight >= 0.05),
        }
        for state in strip.states
    )
    return Table("Fitted states", columns, rows, strip.notes)


def said_of(found: FlowReading) -> tuple[str, ...]:
    """Parts that have sentences and no numbers, and what could not be told."""
    parts = (f"{part.name}: {' '.join(part.notes)}" for part in found.parts if not part.findings)
    return (*parts, *(f"Not told: {refused(reason)}" for reason in found.refusals))


def refused(reason: str) -> str:
    """A reason as a sentence with readable durations."""
    return sentence(formats.durations(reason))


def flow_tables(found: FlowReading) -> tuple[Table, ...]:
    """What the terminal shows: a table a part, and venues where the feed names them."""
    parts = tuple(part_table(part, level=found.options.level) for part in found.parts if part.findings)
    venues = () if found.spreads_by_venue is None else (venues_table(found.spreads_by_venue),)
    curves = () if found.markouts is None else (markouts_table(found.markouts),)
    return (*parts, *curves, *venues)
