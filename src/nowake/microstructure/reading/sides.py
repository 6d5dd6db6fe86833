"""How sides were told, and how often the rules are right where the feed tells the truth."""

from __future__ import annotations

from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.classify import RULES, Accuracy, accuracy, classify
from nowake.microstructure.classify.clocks import clocks_apart
from nowake.microstructure.reading.heard import Heard, Part, known


def rules_held_to_truth(heard: Heard) -> dict[str, Accuracy]:
    """Rule -> how often it is right, of the rules that do not look ahead; empty where the feed tells no sides.

    Hidden prints count here: those against undisplayed interest are the hard ones.
    """
    truth, lots = heard.every.aggressor, heard.every.lots
    if not truth.any():
        return {}
    found = {}
    for name, rule in RULES.items():
        if rule.looks_ahead or name == "true":
            continue
        told = classify(heard.every, heard.quotes, rule=name, keep_true=False)
        found[name] = accuracy(told.side, truth, lots, place=told.place, level=heard.options.level)
    return found


def sides(heard: Heard, rules: dict[str, Accuracy]) -> Part:
    """The part."""
    undecided = int((heard.side == 0).sum())
    notes = [f"{len(heard.trades):,} prints, sides by {heard.signed_by}; {undecided:,} without a side."]
    if heard.left_out:
        notes.append(f"Left out, of auctions or against hidden interest: {heard.left_out:,}.")
    if not rules:
        notes.append("The feed tells no sides, so nothing says how often a rule is right here.")
    else:
        notes.append(f"Rules are held to the truth on {len(heard.every):,} prints, hidden ones among them.")
    apart = clocks_apart(heard.trades, heard.quotes)
    if apart is not None:
        notes.append(
            f"CLOCKS DISAGREE: {apart.share:.0%} of prints would trade at the touch were the quotes stamped "
            f"{abs(apart.shift_ns) / NS_PER_SECOND:g} s {'later' if apart.shift_ns > 0 else 'earlier'}, "
            f"{apart.share_now:.0%} do now; whatever needs both tables is wrong until they agree."
        )
    rows = [(f"{name} right", "of prints", each.overall.by_prints) for name, each in rules.items()]
    return Part("Who took", known(rows), tuple(notes))
