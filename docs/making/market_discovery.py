"""Where the price of one asset was made: shares, the sweep over steps, leads, what clocks may change, day by day."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from nowake.reports.formats import duration
from sheet import Answer, Page, percent_cell, slug_of, span_cell

_MANY = 0.25  # Of the days of pairs: where more are refused, all days at once are no better for being many.


def write(page: Page, groups: Sequence[Answer]) -> None:
    """The section."""
    page.say("## Where the price is made")
    if not groups:
        page.say("No two sources are of one asset: none overlap in time, stay within a few per cent and move together.")
        return
    page.say(
        "Sources are one asset where they overlap in time, stay within 5 % of each other and move together; "
        "their names "
        "were not asked. The market that adjusts less to the others has the larger share. *Information share*: "
        "half-way "
        "between its bounds over all orders of the markets; bounds far apart mean that the step is too long to "
        "tell who "
        "was first. *Component share* may leave [0, 1]."
    )
    for each in groups:
        page.say(f"### {each['source']}")
        if "names" in each:
            _together(page, each)
        _daily(page, each)


def _together(page: Page, each: Answer) -> None:
    """All markets of a group at once."""
    clock = "the recorder's clock" if each["clock"] == "recorder" else "the venues' clocks"
    page.say(f"All at once: {_when(each['dates'])}, on {clock}.")
    _shares(page, each)
    _sweep(page, each)
    _leads(page, each)
    _skews(page, each)


def _when(dates: Sequence[str]) -> str:
    return dates[0] if len(dates) == 1 else f"{len(dates)} days from {dates[0]} to {dates[-1]}"


def _shares(page: Page, each: Answer) -> None:
    if each["shares"] is None:
        page.say(f"Refused: {next(iter(each['refused']), '')}.")
        return
    page.table(
        ("market", "information share", "bounds over orders", "component share", "leadership share"),
        (
            [
                one["market"],
                percent_cell(one["information"]),
                _bounds(one),
                percent_cell(one["component"]),
                percent_cell(one["leadership"]),
            ]
            for one in each["shares"]
        ),
    )
    notes = "".join(f" {note[:1].upper()}{note[1:]}{'' if note.endswith('.') else '.'}" for note in each["notes"])
    page.say(f"Every {duration(each['every_ns'])}, {each['rows']:,} rows.{notes}")
    cells = [found for _, row in (each["daily"] or {"rows": []})["rows"] for found in row if found]
    refused = sum(not found["share"] for found in cells)
    if refused > _MANY * len(cells):
        page.say(
            f"Do not lean on these: of the days of single pairs below {refused} of {len(cells)} are refused, so "
            "over the "
            "whole time the gaps wandered, and came back only in the end."
        )


def _bounds(one: Answer) -> str:
    low, high = one["bounds"]
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def _sweep(page: Page, each: Answer) -> None:
    points = [(every_ns, made, refused) for every_ns, made, refused in each["sweep"] if made]
    refused = [(every_ns, why) for every_ns, made, why in each["sweep"] if not made]
    if len(points) > 1:
        page.table(
            ("step", *(f"{name}: information share, bounds" for name in each["names"])),
            ([duration(every_ns), *(_with_bounds(one) for one in made)] for every_ns, made, _ in points),
        )
        first, last = points[0], points[-1]
        page.say(
            f"**Found.** Bounds are {_widest(first[1]):.0%} apart at most at a step of {duration(first[0])} and "
            f"{_widest(last[1]):.0%} at {duration(last[0])}."
        )
        page.draw(f"{slug_of(each)}-shares", each["pictures"]["shares"])
    if refused:
        steps = ", ".join(duration(every_ns) for every_ns, _ in refused)
        same = refused[0][1] in " ".join(each["refused"])
        page.say(f"Steps refused: {steps}" + (", for the same reason." if same else f". The first: {refused[0][1]}."))


def _with_bounds(one: Answer) -> str:
    return f"{100 * one['information'][0]:.0f} % ({_bounds(one)})"


def _widest(made: Sequence[Answer]) -> float:
    return max(float(one["bounds"][1] - one["bounds"][0]) for one in made)


def _leads(page: Page, each: Answer) -> None:
    if not each["leads"]:
        return
    page.table(
        ("first, second", "the first leads by", "correlation there", "lead-lag ratio"),
        (
            [f"{one}, {other}", span_cell(lead), f"{peak[0]:.2f}", f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]"]
            for one, other, lead, peak, ratio in each["leads"]
        ),
    )
    said = [_lead_words(*row[:3]) for row in each["leads"]]
    page.say(f"**Found.** {' '.join(said)} Below 0 the second leads (Hayashi-Yoshida on ticks as they came).")
    if "leads" in each["pictures"]:
        page.draw(f"{slug_of(each)}-leads", each["pictures"]["leads"])


def _lead_words(one: str, other: str, lead: Sequence[float]) -> str:
    if lead[1] <= 0 <= lead[2]:
        return f"Neither of {one} and {other} surely leads."
    ahead, behind = (one, other) if lead[0] > 0 else (other, one)
    return f"{ahead} leads {behind} by {duration(abs(lead[0]))}."


def _skews(page: Page, each: Answer) -> None:
    """Whether the larger share stays with one market were a clock wrong."""
    known = [(skew_ns, made) for skew_ns, made, _ in each["skews"] if made]
    if len(known) < 2:
        return
    page.table(
        (f"{each['names'][1]} moved later by", *(f"{name}: component share" for name in each["names"])),
        (
            [duration(skew_ns) if skew_ns else "0", *(percent_cell(one["component"]) for one in made)]
            for skew_ns, made in known
        ),
    )
    leaders = sorted({max(made, key=lambda one: one["component"][0])["market"] for _, made in known})
    turn = (
        f"the largest share stays with {leaders[0]}"
        if len(leaders) == 1
        else f"the largest share goes from one to another ({', '.join(leaders)}): it is in doubt by as much as "
        "clocks are"
    )
    page.say(f"Were the clocks wrong by up to {duration(max(abs(skew_ns) for skew_ns, _ in known))}, {turn}.")


def _daily(page: Page, each: Answer) -> None:
    """A table of all pairs on all days, and what it says."""
    daily = each["daily"]
    if not daily:
        return
    symbols = [symbol for symbol, _ in daily["markets"]]
    told_apart = len(set(symbols)) == len(symbols)
    names = symbols if told_apart else [f"{symbol}@{venue}" for symbol, venue in daily["markets"]]
    pairs = list(itertools.combinations(names, 2))
    page.say(
        "Day by day, pair by pair: the first market's component share with its interval, of the same few past steps on "
        "every day; in brackets how far the first was above the second, in basis points, least to most over "
        "the day."
    )
    page.table(
        ("day", *(f"{one}, {other}" for one, other in pairs)),
        ([date, *(_daily_cell(found) for found in cells)] for date, cells in daily["rows"]),
    )
    columns = [
        (f"{one}, {other}", [(date, cells[place]) for date, cells in daily["rows"] if cells[place]])
        for place, (one, other) in enumerate(pairs)
    ]
    page.say(*_said_of_days([column for column in columns if column[1]]))


def _said_of_days(columns: Sequence[tuple[str, list[tuple[str, Answer]]]]) -> list[str]:
    """Which pairs were refused on which days and why, who leads, and when a pair lay furthest apart."""
    lines = []
    for pair, found in columns:
        refused = [(date, each["why"]) for date, each in found if not each["share"]]
        shares = [each["share"]["component"] for _, each in found if each["share"]]
        ahead, behind = sum(share[1] > 0.5 for share in shares), sum(share[2] < 0.5 for share in shares)
        drifted = sum("cointegration" in why for _, why in refused)
        told = f"told on {len(shares)} of {len(found)} days"
        open_ended = sum(share[1] <= 0 and share[2] >= 1 for share in shares)
        said = f"*{pair}*: {told}, the first surely ahead on {ahead}, behind on {behind}"
        said += f", any share possible on {open_ended}" if open_ended else ""
        if refused:
            said += f"; no common price on {drifted}, too few rows or moves on {len(refused) - drifted}"
        lines.append(f"- {said}.")
    wide = [
        (each["apart"][2] - each["apart"][1], date, pair)
        for pair, found in columns
        for date, each in found
        if each["apart"]
    ]
    if not wide:
        return ["**Found.**", "\n".join(lines)]
    far, date, pair = max(wide)
    return [
        "**Found.**",
        "\n".join(lines),
        f"The gap moved most within a day on {date}: {pair}, over {far:,.0f} bps. A day on which the gap itself "
        "wanders is "
        "a day without one price to share, and its shares are refused rather than guessed.",
    ]


def _daily_cell(found: Answer | None) -> str:
    if found is None:
        return "-"
    gap = "" if not found["apart"] else f" ({found['apart'][1]:.0f} to {found['apart'][2]:.0f})"
    return f"refused{gap}" if not found["share"] else f"{percent_cell(found['share']['component'])}{gap}"
