"""The page of what the markets told: answers of `flow_jobs`, `history_jobs` and `discovery_jobs`, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

import market_costs
import market_discovery
import market_flow
import market_history
import market_sides
from sheet import Answer, Page, name_of

_HEAD = """# What the markets told

`make docs` made this page from {what}, found by content and not by name. Nothing of it is in the repository: on
another data folder the same page says other things. Intervals are 95 %. What each measure is, and when it is the wrong
one: [which measure when](../microstructure/index.md). One day of your own: `nowake flow SOURCE --date DATE`; several
markets: `nowake discover SOURCE SOURCE`.
"""
_GENERATED = """
!!! warning "No market data here"
    There is no data folder (`NOWAKE_DATA`, `../shared/data` by default), so this page was made from generated days.
    Their traders know nothing and their price is one market's: every number says something of the generator and nothing
    of a market.
"""
_NAMED = 3  # Days that a refusal names.


def build(answers: Sequence[Answer], left_out: Sequence[str], *, generated: bool) -> Page:
    """The whole page."""
    told = [each for each in answers if each["kind"] == "flow"]
    days = [each for each in told if "parts" in each]
    histories = [each for each in answers if each["kind"] == "history"]
    groups = [each for each in answers if each["kind"] == "discover"]
    page = Page()
    what = f"{len(days)} days with prints, {len(histories)} sources of many days and {len(groups)} groups of markets"
    page.say(_HEAD.format(what=f"{what} of one asset"))
    if generated:
        page.say(_GENERATED)
    market_sides.write(page, days)
    market_costs.write(page, days)
    market_history.write_toxicity(page, days)
    market_history.write_days(page, histories)
    market_flow.write(page, days)
    market_discovery.write(page, groups)
    _refused(page, [*told, *groups], histories, left_out)
    return page


def _refused(page: Page, days: Sequence[Answer], histories: Sequence[Answer], left_out: Sequence[str]) -> None:
    """Every reason once, with the first days it is of."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for each in days:
        for reason in each["refused"]:
            alike.setdefault(_kind_of(reason), []).append((_whose(each), reason))
    for each in histories:
        for part, reason in each["refused"]:
            alike.setdefault(_kind_of(f"{part} {reason}"), []).append((each["source"], f"{part}: {reason}"))
    if not alike and not left_out:
        return
    page.say("## What could not be told", "A refusal beats a number without meaning. Each reason as the first put it:")
    rows = []
    for found in alike.values():
        names = list(dict.fromkeys(name for name, _ in found))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        rows.append((found[0][1], ", ".join(names[:_NAMED]) + more))
    page.table(("reason", "where"), rows, texts=2)
    page.say("\n".join(f"- {line}" for line in left_out))


def _whose(each: Answer) -> str:
    return name_of(each) if each["kind"] == "flow" else each["source"]


def _kind_of(reason: str) -> str:
    """A reason without its numbers and names, so that the same one said of two days is one."""
    head, _, rest = reason.partition(":")
    return head + re.sub(r"[\d.,e+\-\[\]%]+|\b[A-Z]\w*\b", "", rest)[:60]
