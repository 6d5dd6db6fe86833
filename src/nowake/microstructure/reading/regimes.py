"""Which regime the day was in, each bar told by what came before it: by earlier days where there are any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nowake.domain.errors import BadData
from nowake.microstructure.reading.heard import Heard, Part
from nowake.microstructure.regimes.features import Features, bar_features, tape_features
from nowake.microstructure.regimes.strip import RegimeStrip, fit_regimes, regime_strip

_WARM_UP = 60  # Rows before the first fit. Fixed: by the length of the day it would look ahead.
_FEW = "cannot be told"  # Notes of this kind come with every fit; one of them says it.


def features_of(heard: Heard) -> Features:
    """Features of the window's quotes and prints, or of its bars where there are no quotes.

    Raises
    ------
    BadData
        When there are neither.
    """
    if len(heard.quotes):
        return tape_features(
            heard.quotes,
            heard.signed_trades if len(heard.trades) else None,
            start_ns=heard.start_ns,
            end_ns=heard.end_ns,
            bar_ns=heard.options.bar_ns,
            depth=heard.depth,
            open_ns=heard.instrument.session.open_ns,
        )
    if heard.bars is None or not len(heard.bars):
        raise BadData("neither quotes nor bars in the window; nothing to read regimes from")
    return bar_features(heard.bars, opens_ns=np.array([heard.instrument.session.open_ns]))


def strip_of(heard: Heard, history: Sequence[Heard] = ()) -> RegimeStrip:
    """Probabilities of the five desk regimes, bar by bar: by a model of earlier days, else of the bars before each."""
    features = features_of(heard)
    if history:
        return fit_regimes(Features.of_days([features_of(past) for past in history]), seed=heard.options.seed).read(
            features
        )
    if len(features) <= _WARM_UP:
        raise BadData(
            f"{len(features)} bars are no more than the {_WARM_UP} that the first fit needs; take shorter bars, or "
            "earlier days to learn on"
        )
    return regime_strip(features, warm_up=_WARM_UP, seed=heard.options.seed)


def regimes(strip: RegimeStrip | None) -> Part:
    """The part: what was told, in sentences, for shares of time are in the table of the strip."""
    if strip is None or not strip.known.any():
        return Part("Regimes")
    shares = sorted(strip.shares.items(), key=lambda pair: -pair[1])
    said = ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.005)
    few = [note for note in strip.notes if _FEW in note]
    others = tuple(note for note in strip.notes if _FEW not in note)
    by = f"by {len(strip.states)} states" if strip.states else "by no states"
    told = f"Of {int(strip.known.sum()):,} bars told {by}: {said}."
    return Part("Regimes", notes=(told, *dict.fromkeys(others), *few[:1]))
