"""nowake curves"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nowake.cli.options import check_date, check_file, json_option
from nowake.cli.screen import say, show, show_json, waiting
from nowake.domain.errors import BadData, BadParameter

if TYPE_CHECKING:
    from nowake.reports.table import Table
    from nowake.verbs.curves import Curves


@click.command("curves", short_help="When does it trade, and how much does it move? From many days.")
@click.argument("source", nargs=-1, required=True)
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--bucket", default="15m", show_default=True, help="How finely the day is cut: 5m, 30m.")
@click.option("--until", metavar="YYYY-MM-DD", help="Only days before this one, so that nothing looks ahead.")
@click.option("--picture", metavar="FILE", help="Draw both curves into an SVG file.")
@json_option
def command(
    source: tuple[str, ...], *, root: str | None, bucket: str, until: str | None, picture: str | None, as_json: bool
) -> None:
    """Volume and volatility over the day, with intervals, from all days of a SOURCE.

    Days whose volume cannot be believed are left out and special days kept apart, each with a line. The forecast that
    is updated through the day is held against the average of past days, on days neither had seen.

    Of several SOURCES, or a folder of several symbols, there is a line each: which days were used and which were not.
    """
    from nowake.verbs.curves import curves, sources  # noqa: PLC0415

    check_file(picture)
    check_date("--until", until)
    asked = [each for spec in source for each in sources(spec, root)]
    if len(asked) > 1:
        if picture is not None:
            raise BadParameter(f"--picture draws one source and {len(asked)} are asked for; name one of them")
        rows = []
        for each in asked:
            with waiting(f"measuring the days of {each}"):
                rows.append(_row(each, root=root, bucket=bucket, until=until))
        if as_json:
            show_json(rows)
        else:
            show(_sources(rows))
        return
    with waiting(f"measuring the days of {asked[0]}"):
        found = curves(asked[0], root=root, bucket=bucket, until=until)
    if picture is not None:
        found.plot().save(picture)
    if as_json:
        show_json(_plain(found))
        return
    show(_buckets(found), *([] if found.contest is None else [_contest(found)]))
    say(_summary(found))


def _row(spec: str, *, root: str | None, bucket: str, until: str | None) -> dict[str, object]:
    """What one of several sources says of its days; a refusal is news of that source alone."""
    from nowake.models.volume import Kind, Why  # noqa: PLC0415
    from nowake.verbs.curves import curves  # noqa: PLC0415

    try:
        found = curves(spec, root=root, bucket=bucket, until=until)
    except (BadData, BadParameter) as reason:
        return {"source": spec, "said": str(reason)}
    left_out = found.volume.left_out
    corrupt = [str(each.date) for each in left_out if each.kind == Why.CORRUPT]
    others = [f"{each.date} {each.reason}" for each in left_out if each.kind != Why.CORRUPT]
    return {
        "source": spec,
        "days": found.days,
        "normal": found.volume.curves[Kind.NORMAL].days,
        "corrupt": len(corrupt),
        "others": len(others),
        "corrupt_dates": corrupt,
        "other_days": others,
        "said": "; ".join([*([f"no volume on {', '.join(corrupt)}"] if corrupt else []), *others]),
    }


def _sources(rows: list[dict[str, object]]) -> Table:
    from nowake.reports import formats  # noqa: PLC0415
    from nowake.reports.table import Column, Table  # noqa: PLC0415

    columns = (
        Column("source", "source", is_number=False),
        Column("days", "days", formats.count),
        Column("normal", "normal", formats.count),
        Column("corrupt", "corrupt", formats.count),
        Column("others", "left out\notherwise", formats.count, spare=1),
        Column("said", "which, and why", is_number=False, is_prose=True),
    )
    note = "Corrupt: bars without volume although the price moved. Days neither normal nor left out are special."
    return Table("Days whose volume is believed", columns, tuple(rows), (note,))


def _buckets(found: Curves) -> Table:
    from nowake.reports import formats  # noqa: PLC0415
    from nowake.reports.table import Column, Table  # noqa: PLC0415

    rows = found.to_frame().to_dicts()
    columns = [
        Column("start", "from", is_number=False),
        Column("share", "share", formats.percent),
        Column("share_low", "low", formats.percent, spare=1),
        Column("share_high", "high", formats.percent, spare=1),
    ]
    if found.diurnal is not None:
        columns += [
            Column("volatility_factor", "volatility", formats.number),
            Column("factor_low", "low", formats.number, spare=1),
            Column("factor_high", "high", formats.number, spare=1),
        ]
    days = found.volume.curves["normal"].days
    notes = (f"Shares of continuous volume over {days} normal days; volatility against its mean over the day.",)
    return Table(f"{found.source} over the day", tuple(columns), tuple(rows), notes)


def _contest(found: Curves) -> Table:
    from nowake.reports import formats  # noqa: PLC0415
    from nowake.reports.table import Column, Table  # noqa: PLC0415

    assert found.contest is not None
    rows = [
        {
            "loss": each.name,
            "static": each.static,
            "dynamic": each.dynamic,
            "saves": each.gain.value,
            "low": each.gain.low,
            "high": each.gain.high,
            "p_value": each.p_value,
            "verdict": each.verdict,
        }
        for each in found.contest.comparisons
    ]
    columns = (
        Column("loss", "error of", is_number=False),
        Column("static", "average", formats.number),
        Column("dynamic", "updated", formats.number),
        Column("saves", "saves", formats.percent),
        Column("low", "low", formats.percent, spare=1),
        Column("high", "high", formats.percent, spare=1),
        Column("p_value", "p", formats.scientific, spare=2),
        Column("verdict", "verdict", is_number=False, is_prose=True),
    )
    dates = found.contest.dates
    note = f"On {len(dates)} days not fitted to, {dates[0]} to {dates[-1]}; p of Diebold and Mariano's test by day."
    return Table("Average curve against the forecast updated through the day", columns, tuple(rows), (note,))


def _summary(found: Curves) -> str:
    volume, level = found.volume, found.volume.total.level
    total = volume.total
    value, low, high = (
        f"{each:,.0f}" if each >= 100 else f"{each:.4g}" for each in (total.value, total.low, total.high)
    )
    rows = [f"volume     {value} a normal day [{low}, {high}]"]
    for name, auction in (("open", volume.opening_auction), ("close", volume.closing_auction)):
        if auction is not None:
            rows.append(f"auction    {name} {auction.value:.2%} of the day [{auction.low:.2%}, {auction.high:.2%}]")
    if found.volatility is not None:
        ahead, best = found.volatility.next, found.volatility.ways[0]
        rows.append(
            f"next day   volatility {ahead.value:.3%} [{ahead.low:.3%}, {ahead.high:.3%}] by {best.name}, off by "
            f"{best.error:.0%} on {best.held_out} days"
        )
    if found.whole_day is not None:
        parts = found.whole_day
        rows.append(f"nights     {parts.overnight.value:.3%}; close to close {parts.whole.value:.3%} a day")
    rows += [f"left out   {each.date} {each.reason}" for each in volume.left_out]
    rows += [f"note       {note}" for note in (*volume.notes, *found.notes)]
    return "\n".join([*rows, f"intervals  at {level:.0%}"])


def _plain(found: Curves) -> dict[str, object]:
    return {
        "source": found.source,
        "days": found.days,
        "buckets": found.to_frame().to_dicts(),
        "volume": found.volume.total,
        "opening_auction": found.volume.opening_auction,
        "closing_auction": found.volume.closing_auction,
        "contest": None if found.contest is None else [each._asdict() for each in found.contest.comparisons],
        "held_out": 0 if found.contest is None else len(found.contest.dates),
        "dynamics": None if found.dynamic is None else dict(found.dynamic.estimates),
        "volatility": None if found.volatility is None else found.volatility._asdict(),
        "left_out": [each._asdict() for each in found.volume.left_out],
        "kinds": {str(date): str(kind) for date, kind in found.volume.kinds.items()},
        "notes": [*found.volume.notes, *found.notes],
    }
