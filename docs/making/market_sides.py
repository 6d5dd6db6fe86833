"""Who took: every rule that signs prints, held against feeds that tell the truth."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from sheet import Answer, Page, name_of, percent_cell

_RULES = ("tick", "quote", "lee-ready", "emo", "clnv")
_PLACES = ("at the touch", "inside the spread", "at the mid", "outside the spread", "locked market", "hidden")
_MANY = 0.1  # Of a day's prints: so many outside the spread want a word.
_FEWEST = 20  # Prints of a place in a row of the table.


def write(page: Page, days: Sequence[Answer]) -> None:
    """The section."""
    told = [each for each in days if each["truth"]]
    page.say("## Who took: rules against the truth", "How often each rule finds the side, where the feed tells it.")
    if not told:
        page.say("No day both tells its sides and has quotes.")
        return
    head = ("day", "where", "prints", *(f"{rule}, %" for rule in _RULES))
    page.table(head, (row for each in told for row in _rows(each)), texts=2)
    page.say(
        f"Share of the prints that a rule decides; places with fewer than {_FEWEST} are left out, *hidden* prints have "
        "a row of their own and are no part of the places. Rules that look ahead are not here. Intervals are from "
        "blocks of time, for errors come in runs."
    )
    page.say(*_found(told), *_sweeps(told))
    _bulk(page, [each for each in told if each["bulk"]])


def _rows(each: Answer) -> list[list[str]]:
    by_rule = each["truth"]
    rows = []
    for where in ("all", *_PLACES):
        shares = [by_rule[rule].get(where) for rule in _RULES]
        if shares[0] is None or shares[0]["prints"] < _FEWEST:
            continue
        name = f"**{name_of(each)}**" if where == "all" else ""
        cells = [percent_cell(share["right"]).replace(" %", "") for share in shares]  # Five columns: the head says it.
        rows.append([name, where, f"{shares[0]['prints']:,}", *cells])
    return rows


def _found(told: Sequence[Answer]) -> list[str]:
    """What the table says, in sentences."""
    whole = {rule: _right(told, rule, "all") for rule in _RULES}
    middle = {rule: statistics.median(values) for rule, values in whole.items() if values}
    if not middle:
        return []
    best, worst = max(middle, key=lambda rule: middle[rule]), min(middle, key=lambda rule: middle[rule])
    lines = [
        f"**Found.** Over {len(told)} days the median of *{best}* is {middle[best]:.1%}, of *lee-ready* "
        f"{middle['lee-ready']:.1%}, of *{worst}* {middle[worst]:.1%}."
    ]
    for where in _PLACES:
        rights = {rule: values for rule in ("tick", "lee-ready") if (values := _right(told, rule, where))}
        if len(rights) == 2:
            said = " and ".join(f"*{rule}* {_range(values)}" for rule, values in rights.items())
            lines.append(f"{where[0].upper()}{where[1:]}: {said} ({_days(len(rights['tick']))}).")
    return [" ".join(lines)]


def _sweeps(told: Sequence[Answer]) -> list[str]:
    """Days whose prints often trade through the quote, and why that is."""
    through = [share["prints"] / each["truth"]["quote"]["all"]["prints"] for each in told
               if (share := each["truth"]["quote"].get("outside the spread"))]  # fmt: skip
    if not through or max(through) < _MANY:
        return []
    return [
        f"Up to {max(through):.0%} of a day's prints lie outside the spread: one order takes several levels, and "
        "its prints "
        "meet the quote from before it. They are the easiest to sign and cost many quoted spreads."
    ]


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.1%}", f"{max(values):.1%}"
    return low if low == high else f"{low} to {high}"


def _right(told: Sequence[Answer], rule: str, where: str) -> list[float]:
    """How often a rule is right at a place, a day each that has enough prints there."""
    shares = (each["truth"][rule].get(where) for each in told)
    return [share["right"][0] for share in shares if share and share["right"] and share["prints"] >= _FEWEST]


def _bulk(page: Page, told: Sequence[Answer]) -> None:
    if not told:
        return
    page.say("### Bulk volume", "Minutes of volume, split by how far the price went.")
    page.table(
        ("day", "volume on its true side", "split in half"),
        ([name_of(each), percent_cell(each["bulk"]["bulk"]), percent_cell(each["bulk"]["half"])] for each in told),
    )
    better = [each for each in told if each["bulk"]["bulk"][1] > each["bulk"]["half"][2]]
    page.say(
        f"**Found.** A split in half, which knows nothing, is the yardstick. Bulk volume puts more on its true side on "
        f"{sum(each['bulk']['bulk'][0] > each['bulk']['half'][0] for each in told)} of {_days(len(told))}, and "
        "surely so, "
        f"with intervals that lie apart, on {len(better)}."
    )
