"""A state for the crisis that the history has not seen.

What was never there cannot be fitted: the wildest state of a calm history takes every crisis for one of its own bad
bars, and says so with certainty. So one state is put in, not fitted, where no fitted one is a crisis already: its mean
is `LEVEL` widths of stress in each of volatility, spread and (downwards) depth, typical in all else, its spread
`WIDTH` widths with tails of a t of `DEGREES`; it is entered once in `ENTERED` bars and lasts `LASTS`, and is left for
the others as often as they are there. These numbers are a convention, as `desk.py` is. Cost: one part in `ENTERED` of a
bar's density where there is no crisis. Wrong where bars are so short that a wild one is nothing."""

from __future__ import annotations

import numpy as np

from nowake.microstructure.regimes.chain import Chain
from nowake.microstructure.regimes.emission import Emission
from nowake.microstructure.regimes.model import HiddenMarkov

LEVEL, WIDTH, DEGREES = 3.0, 1.0, 5.0
ENTERED, LASTS = 1_000, 20
_STRESSED = {"volatility": 1.0, "spread": 1.0, "depth": -1.0}


def anchored(model: HiddenMarkov) -> HiddenMarkov:
    """A model of scaled features with one state more, the last: a crisis unseen so far."""
    states, features = model.emission.means.shape
    mean = LEVEL * np.array([_STRESSED.get(name, 0.0) for name in model.names])
    transition = np.zeros((states + 1, states + 1))
    transition[:states, :states] = model.chain.transition * (1 - 1 / ENTERED)
    transition[:states, states] = 1 / ENTERED
    transition[states, :states] = model.shares / LASTS
    transition[states, states] = 1 - 1 / LASTS
    start = np.append(model.chain.start * (1 - 1 / ENTERED), 1 / ENTERED)
    emission = Emission(
        np.vstack((model.emission.means, mean)),
        np.concatenate((model.emission.scales, WIDTH**2 * np.eye(features)[None])),
        np.append(model.emission.degrees, DEGREES),
    )
    return HiddenMarkov(Chain(start, transition), emission, model.names)
