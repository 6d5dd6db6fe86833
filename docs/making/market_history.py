"""One-sided volume by way of signing it, and VPIN, its alarm and regimes through the days there are."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from sheet import Answer, Page, cell, drawn, name_of, slug_of

_WAYS = {
    "true": "true sides",
    "lee-ready": "lee-ready",
    "emo": "emo",
    "clnv": "clnv",
    "quote": "quote",
    "tick": "tick",
    "bulk, minutes": "bulk, minutes",
    "bulk, tenths of a bucket": "bulk, tenths of a bucket",
}
_FEW = 0.005  # A share of time not worth a word.


def write_toxicity(page: Page, days: Sequence[Answer]) -> None:
    """VPIN of each day by every way to sign volume."""
    told = [each for each in days if any(each["ways"].values())]
    page.say("## How one-sided volume is (VPIN)")
    if not told:
        page.say("No day fills enough buckets.")
        return
    page.say("The day's mean by every way to sign volume, with the same buckets: a hundred of a usual day's volume.")
    page.table(
        ("day", *_WAYS.values(), "most over least"),
        (
            [name_of(each), *(_value(each["ways"].get(way)) for way in _WAYS), f"{_folds(each):.1f}-fold"]
            for each in told
        ),
    )
    folds = [_folds(each) for each in told]
    page.say(
        f"**Found.** On the same prints the way of signing moves VPIN {statistics.median(folds):.1f}-fold in the "
        "median "
        f"day and {max(folds):.1f}-fold at most, most of it between prints signed one by one and volume split in bulk. "
        "Two values compare only where they were signed in one way; a level that is called toxic for one is "
        "nothing for "
        "another. Each value's own interval is in what the command prints."
    )
    _rules_alone(page, told)
    for each in drawn([day for day in told if "toxicity" in day["pictures"]], lambda day: day["prints"]):
        page.say(f"### {name_of(each)}")
        page.draw(f"{slug_of(each)}-toxicity", each["pictures"]["toxicity"])
        if "regimes" in each["pictures"]:
            page.draw(f"{slug_of(each)}-regimes", each["pictures"]["regimes"])


def _rules_alone(page: Page, told: Sequence[Answer]) -> None:
    """How far rules are from the truth, where there is one."""
    known = [each for each in told if each["ways"].get("true")]
    if not known:
        return
    said = []
    for way, words in _WAYS.items():
        ratios = [each["ways"][way][0] / each["ways"]["true"][0] for each in known if each["ways"].get(way)]
        if way != "true" and ratios:
            said.append(f"*{words}* {min(ratios):.2f} to {max(ratios):.2f}")
    page.say(f"Of what true sides give, on {len(known)} days: {'; '.join(said)}.")


def _value(found: Sequence[float] | None) -> str:
    return "-" if not found else f"{found[0]:.3f}"


def _folds(each: Answer) -> float:
    values = [found[0] for found in each["ways"].values() if found]
    return float(max(values) / min(values))


def write_days(page: Page, sources: Sequence[Answer]) -> None:
    """What the second half of the days was, by what the first half had taught."""
    told = [each for each in sources if "toxicity" in each or "regimes" in each]
    page.say("## Through many days")
    if not told:
        page.say("No source has days enough, or none of them could be told.")
        return
    page.say(
        "Learned on the first half of the days (of the last sixty), told for the second, which nobody had looked at. "
        "VPIN is of bulk volume where a source has bars only; least and most of the days that fill fifty buckets."
    )
    alarms = [each for each in told if "toxicity" in each]
    if alarms:
        head = ("source", "days read", "VPIN, least to most", "spans that rang", "stated rate of false alarms")
        page.table(head, (_alarm(each) for each in alarms))
        page.say(_rang(alarms))
    strips = [each for each in told if "regimes" in each and any(each["regimes"]["shares"])]
    if strips:
        names = strips[0]["regimes"]["names"]
        page.table(("source", "bars in regime:", *names, "least quiet day"), (_shares(each) for each in strips))
        page.say(
            "Mean probability over the bars of the days read, by a model that had not seen them. *Crisis* is unlike "
            "anything usual in the days learned, so a wild first half makes a tame second one. A regime says what sort "
            "of market it was, not where it went."
        )
    for each in drawn([source for source in told if source["pictures"]], _told):
        page.say(f"### {each['source']}")
        page.draw(f"{slug_of(each)}-history", each["pictures"]["history"])


def _told(each: Answer) -> tuple[int, float]:
    """How much a picture of a source would show: days with a value, then how far they differ."""
    values = [value for value in each["toxicity"]["vpin"] if value is not None]
    return len(values), max(values) - min(values)


def _alarm(each: Answer) -> list[str]:
    found = each["toxicity"]
    values = [value for value in found["vpin"] if value is not None]
    span = f"{min(values):.3f} to {max(values):.3f}" if values else "-"
    rang = f"{found['rang']} of {found['spans']:,} ({found['rang'] / found['spans']:.1%})" if found["spans"] else "-"
    doubt = " (spans remember each other)" if found["doubtful"] else ""
    return [each["source"], f"{len(each['dates'])}", span, rang, f"{cell(found['stated'])}{doubt}"]


def _rang(alarms: Sequence[Answer]) -> str:
    """How the stated rate did on days not learned from."""
    known = [each["toxicity"] for each in alarms if each["toxicity"]["spans"]]
    if not known:
        return "No day that was read fills a span."
    rates = [found["rang"] / found["spans"] for found in known]
    kept = sum(rate <= found["stated"][2] for rate, found in zip(rates, known, strict=True))
    doubtful = sum(found["doubtful"] for found in known)
    return (
        f"**Found.** In the median source {statistics.median(rates):.1%} of spans of ten buckets rang; in {kept} of "
        f"{len(known)} sources no more than the interval of the stated rate allows, {max(rates):.0%} at most. Where it "
        "rang more, the second half was unlike the first, which is what an alarm is for; or a name hardly traded "
        "in the "
        f"days learned, so that its buckets are far too small later. In {doubtful} sources spans remember each other, "
        "and the rate is not promised."
    )


def _shares(each: Answer) -> list[str]:
    found = each["regimes"]
    known = [(date, shares) for date, shares in zip(each["dates"], found["shares"], strict=True) if shares]
    quiet = found["names"].index("quiet sideways")
    mean = [statistics.fmean(shares[column] for _, shares in known) for column in range(len(found["names"]))]
    wild = min(known, key=lambda pair: pair[1][quiet])
    return [
        each["source"],
        f"{len(known)} days",
        *(f"{share:.0%}" if share >= _FEW else "-" for share in mean),
        f"{wild[0]} ({wild[1][quiet]:.0%} quiet)",
    ]
