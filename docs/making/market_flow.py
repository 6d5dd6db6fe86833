"""What order flow tells of the next move, what the spread pays for, how much trading comes of trading, how close the
mid is to a walk: one table each."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from sheet import Answer, Page, cell, drawn, name_of, percent_cell, slug_of

_FLOW, _SPREAD, _ECHO, _WALK = (
    "Order flow",
    "What the spread pays for",
    "Trading that comes of trading",
    "Efficiency",
)
_NO_FIT = "does not fit"


def write(page: Page, days: Sequence[Answer]) -> None:
    """The four sections."""
    _order_flow(page, days)
    _spread(page, [each for each in days if _found(each, _SPREAD)])
    _echo(page, [each for each in days if _found(each, _ECHO)])
    _walk(page, [each for each in days if _found(each, _WALK)])


def _found(each: Answer, part: str) -> Answer:
    """Finding -> value and interval, of one part of a day."""
    return dict(each["parts"].get(part, {}).get("found", {}))


def _notes(each: Answer, part: str) -> str:
    return " ".join(each["parts"].get(part, {}).get("notes", ()))


def _order_flow(page: Page, days: Sequence[Answer]) -> None:
    told = [each for each in days if each["r2"] or each["next_move"] or each["micro"]]
    page.say("## What order flow tells")
    if not told:
        page.say("No day has quotes and prints enough.")
        return
    head = (
        "day",
        "moves told by order flow",
        "by trades",
        "next move told by queues",
        "micro-price saves of the mid's error",
    )
    page.table((*head, "of the weighted mid's", "signs alike, 1 later", "10 later", "memory γ"), map(_flow_row, told))
    page.say(
        "*Moves told*: R² of the mid's moves over even bars (of ten seconds; of one where the day is short) on the "
        "imbalance of changes at the best quotes, and on signed trades. *Next move*: right on moves that the fit "
        "had not seen. "
        "*Saves*: squared error five seconds ahead, fitted on the first half of the quotes and held against the "
        "second; "
        "below 0 it did worse. *Signs alike*: autocorrelation of market orders' signs; it falls as lag to the minus γ."
    )
    page.say(" ".join(_said_of_flow(told)))
    for each in drawn([day for day in told if "imbalance" in day["pictures"]], lambda day: day["prints"])[:2]:
        page.draw(f"{slug_of(each)}-imbalance", each["pictures"]["imbalance"])


def _flow_row(each: Answer) -> list[str]:
    found = _found(each, _FLOW)
    r2 = each["r2"]
    micro = each["micro"] or (None, None)
    return [
        name_of(each),
        *(["-", "-"] if r2 is None else [f"{r2[0]:.0%}", f"{r2[1]:.0%}"]),
        percent_cell(each["next_move"]),
        *(percent_cell(saved) for saved in micro),
        cell(found.get("autocorrelation of signs, 1 later")),
        cell(found.get("autocorrelation of signs, 10 later")),
        cell(found.get("memory of signs, gamma")),
    ]


def _said_of_flow(told: Sequence[Answer]) -> list[str]:
    lines = ["**Found.**"]
    both = [each["r2"] for each in told if each["r2"]]
    if both:
        more = sum(flow > trades for flow, trades, _ in both)
        lines.append(f"Changes of the quotes tell more of the mid's moves than trades on {more} of {len(both)} days.")
    moves = [each["next_move"] for each in told if each["next_move"]]
    if moves:
        sure = sum(low > 0.5 for _, low, *_ in moves)
        lines.append(f"Queues tell the next move better than a coin on {sure} of {len(moves)}, surely.")
    micro = [each["micro"] for each in told if each["micro"]]
    if micro:
        gains = [(_sure(mid), _sure(weighted)) for mid, weighted in micro if mid and weighted]
        lines.append(
            f"The micro-price is surely nearer than the mid on {sum(mid > 0 for mid, _ in gains)} of {len(gains)} days "
            f"and surely farther on {sum(mid < 0 for mid, _ in gains)}; than the weighted mid nearer on "
            f"{sum(weighted > 0 for _, weighted in gains)}, farther on {sum(weighted < 0 for _, weighted in gains)}."
        )
        lines.append(
            f"In the median it saves {statistics.median(mid[0] for mid, _ in micro):.1%} of the mid's squared "
            "error five "
            "seconds ahead: most of that error is news to come. The micro-price is where the mid comes to rest "
            "after its "
            "next moves; where the mid stands still for longer than five seconds it looks too far ahead, and "
            "does worse."
        )
    return lines


def _sure(found: Sequence[float]) -> int:
    """+1 where an interval lies above 0, -1 below, else 0."""
    return (found[1] > 0) - (found[2] < 0)


def _spread(page: Page, told: Sequence[Answer]) -> None:
    page.say("## What the spread pays for", "Shares of the half-spread, by three published models of the same prints.")
    if not told:
        page.say("No day could be told.")
        return
    names = ("adverse selection, Glosten-Harris", "  Madhavan-Richardson-Roomans", "  Huang-Stoll",
             "inventory, Huang-Stoll", "order processing, Huang-Stoll")  # fmt: skip
    head = ("day", "adverse: Glosten-Harris", "Madhavan et al.", "Huang-Stoll", "inventory", "order processing")
    page.table(head, ([name_of(each), *(cell(_found(each, _SPREAD).get(name)) for name in names)] for each in told))
    apart = 0
    for each in told:
        known = [found for name in names[:3] if (found := _found(each, _SPREAD).get(name))]
        apart += len(known) > 1 and max(found[1] for found in known) > min(found[2] for found in known)
    odd = sum(_NO_FIT in _notes(each, _SPREAD) for each in told)
    page.say(
        f"**Found.** On {apart} of {len(told)} days the models' intervals of adverse selection lie apart, and on {odd} "
        "one gives a share outside [0, 1], which is shown and not clipped: there the model is not of this market. The "
        "models do not mean the same by the word; none is proven by another."
    )


def _echo(page: Page, told: Sequence[Answer]) -> None:
    page.say("## Trading that comes of trading", "A Hawkes process of market buys and sells, by day.")
    if not told:
        page.say("No day could be told.")
        return
    names = ("branching ratio", "buys after a buy", "  sells after a buy", "sells after a sell", "  buys after a sell")
    head = (
        "day",
        "branching ratio",
        "buys after a buy",
        "sells after a buy",
        "sells after a sell",
        "buys after a sell",
    )
    page.table(
        (*head, "fits"),
        (
            [
                name_of(each),
                *(cell(_found(each, _ECHO).get(name)) for name in names),
                "no" if _NO_FIT in _notes(each, _ECHO) else "not refuted",
            ]
            for each in told
        ),
    )
    ratios = [_found(each, _ECHO)["branching ratio"][0] for each in told if "branching ratio" in _found(each, _ECHO)]
    fits = sum(_NO_FIT not in _notes(each, _ECHO) for each in told)
    page.say(
        f"**Found.** {min(ratios):.0%} to {max(ratios):.0%} of market orders (median {statistics.median(ratios):.0%}) "
        f"are echoes of earlier ones by this model, which change of time refutes on {len(told) - fits} of {len(told)} "
        "days: read the ratio as a summary, not as a law."
    )


def _walk(page: Page, told: Sequence[Answer]) -> None:
    page.say("## How close the mid is to a random walk")
    if not told:
        page.say("No day could be told.")
        return
    head = (
        "day",
        "variance ratio, 2 steps",
        "16 steps",
        "autocorrelation, lag 1",
        "Hurst exponent",
        "a step",
        "p of a walk",
    )
    page.table(head, (_walk_row(each) for each in told))
    known = [found for each in told if (found := _found(each, _WALK).get("variance ratio, 2 steps"))]
    above, below = sum(found[1] > 1 for found in known), sum(found[2] < 1 for found in known)
    refuted = [p for each in told if (p := _p_of(each)) is not None]
    page.say(
        "Of about two thousand even steps of the mid through the day. A walk has ratio 1, correlation 0, Hurst "
        "0.5; *p* "
        "is of all ratios taken together (Chow-Denning)."
    )
    page.say(
        f"**Found.** By two steps, moves surely go on on {above} days and surely come back on {below}; on "
        f"{len(known) - above - below} they cannot be told from a walk's. The walk is refuted at 5 % on "
        f"{sum(p < 0.05 for p in refuted)} of {len(refuted)} days; one in twenty would be by chance. That is no "
        "profit: "
        "it pays no spread and no fee."
    )


def _walk_row(each: Answer) -> list[str]:
    found, p = _found(each, _WALK), _p_of(each)
    notes = _notes(each, _WALK)
    step = notes.partition("Of the mid every ")[2].partition(" s;")[0]
    names = (
        "variance ratio, 2 steps",
        "variance ratio, 16 steps",
        "autocorrelation of returns, lag 1",
        "Hurst exponent",
    )
    return [
        name_of(each),
        *(cell(found.get(name)) for name in names),
        f"{step} s" if step else "-",
        "-" if p is None else f"{p:.2g}",
    ]


def _p_of(each: Answer) -> float | None:
    said = _notes(each, _WALK).partition("p = ")[2].split(" ")[0]
    return float(said) if said else None
