"""The page of measured days: answers of jobs as sentences, tables and pictures, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pictures
from nowake.models.volume import Why
from sheet import Answer, Page, cell, drawn, name_of, percent_cell, slug_of, time_cell

Pick = Callable[[Answer], Sequence[float] | None]
_LEAST_DAYS = 10  # Of a source, for its row under volume.
_MOST_SHOWN = 3  # Days of one source named for reasons other than corrupt volume.

_HEAD = """# Fitted on real days

`make docs` made this page from {what}, found by content and not by name. Nothing of it is in the repository: on
another data folder the same page says other things. Intervals are 95 %; each command shown prints more than is here.

What the tape tells is the impact of everybody's trades, on average. It is evidence about what an order of your own
will cost, not an answer: a parent order's trades are not a sample of the tape. For your own, [fit your own
orders](../fitting.md).
"""
_GENERATED = """
!!! warning "No market data here"
    There is no data folder (`NOWAKE_DATA`, `../shared/data` by default), so this page was made from generated days.
    No order of theirs moves the price; what looks like impact below is trades that follow it. Every number says
    something of the generator and nothing of a market.
"""


def build(answers: Sequence[Answer], left_out: Sequence[str], *, generated: bool) -> Page:
    """The whole page."""
    days = [each for each in answers if each["kind"] == "day"]
    sources = [each for each in answers if each["kind"] == "curves" and each.get("days", _LEAST_DAYS) >= _LEAST_DAYS]
    answers = [each for each in answers if each["kind"] in ("day", "curves")]
    page = Page()
    page.say(_HEAD.format(what=f"{len(days)} days of quotes and trades and {len(sources)} sources of several days"))
    if generated:
        page.say(_GENERATED)
    _impact(page, [each for each in days if each["tape"]])
    _fills(page, [each for each in days if each["fills"]])
    _volume(page, [each for each in sources if "days" in each])
    _volatility(page, [each for each in days if each["volatility"]])
    _nights(page, [each for each in sources if each.get("next")])
    _refused(page, answers, left_out)
    return page


def _impact(page: Page, days: list[Answer]) -> None:
    page.say("## What the tape tells about impact", "One day: `nowake tape SOURCE --date DATE`.")
    if not days:
        page.say("No day carries enough quotes and trades.")
        return
    head = ("day", "market orders", "λ of a minute, bps per 1 % of a day", "order-flow slope × 2 depth")
    page.table(
        (*head, "flow explains", "trades explain"),
        ([name_of(each), f"{each['tape']['orders']:,}", *_impact_cells(each["tape"])] for each in days),
    )
    page.say(
        "*λ*: what net buying of 1 % of a day's volume within a minute moves the mid by; a dash where the tape is less "
        "than a twentieth of a session. *Order-flow slope × 2 depth*: 1 where a book of even depth explains all. *Flow "
        "explains*: share of the variance of ten-second moves told by changes of the best quotes; *trades explain*: by "
        "trades alone."
    )
    remembered = ("day", "impact left", "orders later", "memory γ", "half-life of spread", "of depth")
    page.table(remembered, ([name_of(each), *_memory_cells(each["tape"])] for each in days))
    page.say(
        "*Impact left*: what is there of an order's peak so many orders later, the furthest that day can tell. "
        "*Memory*: signs of market orders forget as lag to the minus γ. *Half-lives*: of the slow part, where there "
        "are two."
    )
    lambdas = ("Kyle's lambda", "bps per 1 % of a day's volume")
    _forest(page, days, "lambda", lambdas, pick=lambda tape: tape["minute"], reference=0.0)
    slopes = ("Slope on order flow × 2 depth", "1 in an even book")
    _forest(page, days, "orderflow-slopes", slopes, pick=_finding("  times twice the depth"), reference=1.0)
    left = ("What is left of an order's impact", "share of its peak")
    _forest(page, days, "impact-left", left, pick=_finding("impact left"), reference=1.0)
    for each in drawn(days, lambda day: day["tape"]["orders"]):
        page.say(f"### {name_of(each)}")
        for name, picture in each["tape"]["pictures"].items():
            page.draw(f"{slug_of(each)}-{name}", picture)
        page.say(*(f"Not told: {reason}" for reason in each["tape"]["refusals"]))


def _finding(name: str) -> Pick:
    return lambda tape: tape["findings"].get(name)


def _impact_cells(tape: Answer) -> list[str]:
    explained = ["-", "-"] if tape["r2"] is None else [f"{share:.0%}" for share in tape["r2"]]
    return [cell(tape["minute"]), cell(tape["findings"].get("  times twice the depth")), *explained]


def _memory_cells(tape: Answer) -> list[str]:
    found = tape["findings"]
    left = found.get("impact left")
    return [
        cell(left),
        "-" if left is None else left[4].split(", ")[-1].removesuffix(" orders later"),
        cell(found.get("memory of signs, gamma")),
        time_cell(found.get("half-life of the spread")),
        time_cell(found.get("half-life of the depth") or found.get("half-life of the depth, slow part")),
    ]


def _fills(page: Page, days: list[Answer]) -> None:
    page.say("## How likely a limit order is filled", "One day: `nowake fills SOURCE --date DATE`.")
    if not days:
        page.say("No day carries enough orders, or quotes and trades.")
        return
    head = ("day", "orders", "who", "left standing, 10 s", "60 s", "as posted, 60 s", "rate falls a tick, bids")
    page.table(head, ([name_of(each), *_fill_cells(each["fills"])] for each in days))
    page.say(
        "Orders at the touch, of the group of queues that holds most of them. *Left standing*: had nobody cancelled. "
        "*As posted*: as people cancel. *Imagined* orders are the first in their queues, the optimistic end, and are "
        "never cancelled. *Rate falls a tick*: k of A exp(-k δ); where the rates do not fall like that, the command "
        "says so."
    )
    for each in drawn(days, lambda day: (day["fills"]["observed"], day["fills"]["orders"])):
        for name, picture in each["fills"]["pictures"].items():
            page.draw(f"{slug_of(each)}-{name}", picture)
        page.say(*(f"{name_of(each)}: {line}" for line in [each["fills"]["judged"]] if line))


def _fill_cells(found: Answer) -> list[str]:
    ten, minute = found["touch"].get("10"), found["touch"].get("60")
    return [
        f"{found['orders']:,}",
        "real" if found["observed"] else "imagined",
        percent_cell(ten and ten["standing"]),
        percent_cell(minute and minute["standing"]),
        percent_cell(minute and minute["posted"]) if found["observed"] else "-",
        cell(found["decay"][0]),
    ]


def _volume(page: Page, sources: list[Answer]) -> None:
    page.say("## When it trades", "One source: `nowake curves SOURCE`.")
    if not sources:
        page.say("No source has days enough for a curve.")
        return
    head = ("source", "days", "normal", "left out", "closing auction", "days held out", "share error saved", "p")
    page.table((*head, "VWAP miss saved", "p"), (_curve_cells(each) for each in sources))
    page.say(
        "*Saved*: how much of the static average's error the forecast that is updated through the day saves, on days "
        "neither had seen; below 0 it loses. *p* is Diebold and Mariano's by day: above 0.05 the two cannot be told "
        "apart. With this many sources about one in twenty would look different by luck."
    )
    rows = [(each["source"], *_gain(each, "share")[:3]) for each in sources if each["contest"]]
    if rows:
        page.draw("forecast", pictures.forest("Error of volume shares the forecast saves", "share of it", rows,
                                              reference=0.0))  # fmt: skip
    _bad_volume(page, sources)
    for each in drawn(sources, lambda source: source["normal"]):
        page.say(f"### {each['source']}")
        page.draw(f"{slug_of(each)}-curves", each["pictures"]["curves"])
        if each["apart"]:
            page.say("\n".join(f"- {line}" for line in each["apart"]))


def _bad_volume(page: Page, sources: list[Answer]) -> None:
    page.say("### Volume that cannot be believed")
    corrupt = {each["source"]: [day for day, _, kind in each["left_out"] if kind == Why.CORRUPT] for each in sources}
    named = [(name, f"{len(dates)}", ", ".join(dates)) for name, dates in corrupt.items() if dates]
    if named:
        page.say("Bars without volume although the price moved. These days are in no curve and no forecast.")
        page.table(("source", "days", "which"), named)
    else:
        page.say("No source has bars without volume whose price moved.")
    others = [(each["source"], [row for row in each["left_out"] if row[2] != Why.CORRUPT]) for each in sources]
    if any(days for _, days in others):
        page.say("Left out for other reasons, the first of each source:")
        page.table(
            ("source", "days", "why"), ((name, f"{len(days)}", _first_of(days)) for name, days in others if days)
        )


def _first_of(days: Sequence[Sequence[str]]) -> str:
    more = len(days) - _MOST_SHOWN
    return "; ".join(f"{day} {why}" for day, why, *_ in days[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _curve_cells(each: Answer) -> list[str]:
    share, vwap = _gain(each, "share"), _gain(each, "VWAP")
    return [
        each["source"],
        f"{each['days']}",
        f"{each['normal']}",
        f"{len(each['left_out'])}",
        percent_cell(each["close"]),
        f"{each['held_out']}" if each["contest"] else "-",
        percent_cell(share and share[:3]),
        f"{share[3]:.2g}" if share else "-",
        percent_cell(vwap and vwap[:3]),
        f"{vwap[3]:.2g}" if vwap else "-",
    ]


def _gain(each: Answer, name: str) -> list[float]:
    """What the forecast saves of one error: value, ends, and p."""
    row = next((row for row in each["contest"] if row[0].startswith(name)), None)
    return [] if row is None else [row[3], row[4], row[5], row[7]]


def _volatility(page: Page, days: list[Answer]) -> None:
    page.say("## How much it moves, through the noise")
    if not days:
        page.say("No day carries enough prices.")
        return
    head = ("day", "5 min, mids", "kernel, mids", "kernel, prints", "noise of a print, bps")
    page.table((*head, "in jumps (p)"), ([name_of(each), *_volatility_cells(each)] for each in days))
    page.say(
        "Percent of the price per √session of continuous trading. A tape that is a small part of a session is scaled "
        "up to it, which is wrong by the hour of the day. *In jumps*: share of the variance, and p of none."
    )
    for each in drawn(days, lambda day: day["tape"]["orders"] if day["tape"] else 0)[:2]:
        for name, picture in each["volatility"]["pictures"].items():
            page.say(f"### {name_of(each)}")
            page.draw(f"{slug_of(each)}-{name}", picture)


def _volatility_cells(each: Answer) -> list[str]:
    values = each["volatility"]["values"]
    jumped = values.get("jumps")
    names = ("5 min", "kernel", "kernel of prints")
    return [
        *(percent_cell(values.get(name), digits=2) for name in names),
        cell(values.get("noise")),
        "-" if jumped is None else f"{jumped[0]:.0%} ({jumped[1]:.2g})",
    ]


def _nights(page: Page, sources: list[Answer]) -> None:
    if not sources:
        return
    page.say("### Nights, and the next session")
    head = ("source", "from close to open", "next session, forecast")
    page.table(head, ([each["source"], percent_cell(each["nights"], digits=2), percent_cell(each["next"], digits=2)]
                      for each in sources))  # fmt: skip
    page.say(
        "Percent of the price per night and per √session. The forecast is the way that did best on days held out, its "
        "interval from the errors it made there. A night is told apart from twenty days on."
    )


def _refused(page: Page, answers: Sequence[Answer], left_out: Sequence[str]) -> None:
    reasons = [f"{name_of(each)}, {name}: {why}" for each in answers for name, why in each["refused"]]
    reasons += [f"{name_of(each)}, curves: {each['notes'][0]}" for each in answers if each.get("notes")]
    if reasons or left_out:
        page.say("## What could not be told")
        page.say("\n".join(f"- {line}" for line in [*reasons, *left_out]))


def _forest(page: Page, days: list[Answer], name: str, words: tuple[str, str], *, pick: Pick, reference: float) -> None:
    """Intervals of one number of the tape, a row a day; `words` are the title and what the axis says."""
    title, axis = words
    rows = [(name_of(each), found[0], found[1], found[2]) for each in days if (found := pick(each["tape"])) is not None]
    if len(rows) > 1:
        page.draw(name, pictures.forest(title, axis, rows, reference=reference))
