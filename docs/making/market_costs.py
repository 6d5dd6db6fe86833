"""What trading cost and what followed: spreads, their parts and mark-outs, by day and by venue."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from sheet import Answer, Page, cell, drawn, name_of, slug_of

_AFTER = {"10 ms": 10**7, "100 ms": 10**8, "1 s": 10**9, "10 s": 10**10, "1 min": 6 * 10**10, "5 min": 3 * 10**11}
_PART = "What trading costs"
_MOST_VENUES = 10


def write(page: Page, days: Sequence[Answer]) -> None:
    """The section."""
    told = [each for each in days if _of(each, "effective spread")]
    page.say("## What trading costs")
    if not told:
        page.say("No day has prints of known side beside quotes.")
        return
    head = ("day", "quoted", "effective", "realised, 1 s", "impact, 1 s", "realised, 1 min", "impact, 1 min")
    names = ("quoted spread", "effective spread", "  realised after 1 s", "  impact after 1 s",
             "  realised after 60 s", "  impact after 60 s")  # fmt: skip
    page.table(head, ([name_of(each), *(cell(_of(each, name)) for name in names)] for each in told))
    page.say(
        "Basis points, full spreads, positive when the one who took paid. Effective is realised plus impact of the "
        "same prints: what makers kept, and how far the market went against them. Weighted by size; quoted by time."
    )
    page.say(_found(told))
    page.say("### Mark-outs", "Basis points from the price paid, positive where the one who took was right.")
    page.table(
        ("day", *_AFTER),
        (
            [name_of(each), *(cell(each["markouts"].get(f"{after}")) for after in _AFTER.values())]
            for each in told
            if each["markouts"]
        ),
    )
    page.say("They begin at minus half the effective spread. A dash: too few blocks of time know the later mid.")
    plain = [each for each in told if not each["venues"] and "markouts" in each["pictures"]]
    for each in drawn(plain, lambda day: day["prints"]):
        page.draw(f"{slug_of(each)}-markouts", each["pictures"]["markouts"])
    _venues(page, [each for each in told if each["venues"]])


def _of(each: Answer, name: str) -> list[float] | None:
    found: Answer = each["parts"].get(_PART, {}).get("found", {})
    return found.get(name)


def _found(told: Sequence[Answer]) -> str:
    """How much of the effective spread the market takes back within a minute, and who loses by then."""
    pairs = [(_of(each, "effective spread"), _of(each, "  realised after 60 s")) for each in told]
    known = [(effective, realised) for effective, realised in pairs if effective and realised]
    if not known:
        return "No day tells what came a minute later."
    both = [(quoted, effective) for each, (effective, _) in zip(told, pairs, strict=True)
            if effective and (quoted := _of(each, "quoted spread"))]  # fmt: skip
    below = sum(effective[2] < quoted[1] for quoted, effective in both)
    above = sum(effective[1] > quoted[2] for quoted, effective in both)
    lost, kept = sum(realised[2] < 0 for _, realised in known), sum(realised[1] > 0 for _, realised in known)
    middle = statistics.median(1 - realised[0] / effective[0] for effective, realised in known)
    return (
        f"**Found.** The effective spread is surely below the quoted one on {below} of {len(both)} days, where trades "
        f"wait for narrow spreads or find hidden interest, and surely above it on {above}, where orders take several "
        f"levels. A minute later the market has taken back {middle:.0%} of it in the median; then the makers' "
        "part, the "
        f"realised spread, is surely above 0 on {kept} of {len(known)} days, surely below on {lost}, and on the others "
        "nobody can say."
    )


def _venues(page: Page, told: Sequence[Answer]) -> None:
    """Of each source that names places: a table and the curves of its fullest day."""
    fullest: dict[str, Answer] = {}
    for each in told:
        known = fullest.get(each["source"])
        fullest[each["source"]] = each if known is None or each["prints"] > known["prints"] else known
    if fullest:
        page.say("### By venue")
        page.say(
            "The fullest day of each source that names venues. The quote is that of the market as a whole, not of the "
            "venue, so a venue that trades inside it looks cheap. Sides are told by a rule where the feed tells none."
        )
    for each in fullest.values():
        page.say(f"#### {name_of(each)}")
        head = ("venue", "prints", "of volume", "effective", "impact, 1 s", "impact, 1 min", "mark-out, 1 s", "1 min")
        whole = sum(venue["lots"] for venue in each["venues"])
        page.table(head, (_venue(venue, whole) for venue in each["venues"][:_MOST_VENUES]))
        page.say(*_compared(each))
        if "markouts" in each["pictures"]:
            page.draw(f"{slug_of(each)}-markouts", each["pictures"]["markouts"])


def _venue(venue: Answer, whole: int) -> list[str]:
    second, minute = f"{_AFTER['1 s']}", f"{_AFTER['1 min']}"
    at = venue["at"]
    return [
        venue["venue"] or "not named",
        f"{venue['prints']:,}",
        f"{venue['lots'] / whole:.1%}",
        cell(venue["effective"]),
        *(cell(at[after][1] if after in at else None) for after in (second, minute)),
        *(cell(venue["markouts"].get(after)) for after in (second, minute)),
    ]


def _compared(each: Answer) -> list[str]:
    """The largest and the least impact after a second, of venues whose intervals lie apart."""
    second = f"{_AFTER['1 s']}"
    impact = [
        (venue["venue"], found)
        for venue in each["venues"][:_MOST_VENUES]
        if second in venue["at"] and (found := venue["at"][second][1])
    ]
    if len(impact) < 2:
        return []
    most, least = max(impact, key=lambda pair: pair[1][0]), min(impact, key=lambda pair: pair[1][0])
    sure = "their intervals lie apart" if most[1][1] > least[1][2] else "their intervals overlap"
    return [
        f"**Found.** Within a second the market goes furthest with those who take at {most[0]} ({most[1][0]:.2f} bps) "
        f"and least at {least[0]} ({least[1][0]:.2f} bps); {sure}."
    ]
