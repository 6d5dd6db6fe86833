"""Five words a desk uses, as a stated mapping of fitted states: trending, quiet sideways, volatile sideways, crisis,
recovery. The mapping is ours and a convention; the states are what the data told.

A state k has a mean in scaled features: widths above what is typical of the history at that time of day (`scaling.py`).
With the logistic function s(x) = 1 / (1 + exp(-x / softness)), so that a state exactly at a threshold counts half,

    stress_k   = mean of volatility_k, spread_k and -depth_k, those there are
    crisis_k   = s(stress_k - 2)           typical + 2 widths is exceeded by one row in forty of a normal
    trending_k = s(trend_k - 0.75)         the trend of a random walk is there one row in four; a state's MEAN is not
    volatile_k = s(volatility_k - 0.5)     half way from typical to the third part of wild rows
    raised_k   = s(volatility_k - 0)       not yet back to typical

A state is a crisis by crisis_k; what is left of it is trending by trending_k, and what is left of that volatile or
quiet by volatile_k. A state is several of them with weights. Recovery depends on what came before: with p the filtered
probabilities, the memory of a crisis is

    m_t = max(c_t, d m_{t-1}),     c_t = sum p_k crisis_k,     d = 2^(-1 / memory_bars)

and a share d m_{t-1} raised_k of what is not crisis in state k is recovery, before trend and volatility are asked.
(The likeliest bar counts, not how many there were: probabilities of bars in a row are not independent chances.) So the
five sum to 1 at every row, and know nothing of later rows. Wrong where the history itself was a crisis: typical
is then wild, and the next crisis is called quiet."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.microstructure.regimes.chain import Floats

TRENDING, QUIET, VOLATILE, CRISIS, RECOVERY = range(5)
DESK_REGIMES = ("trending", "quiet sideways", "volatile sideways", "crisis", "recovery")


class DeskRules(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the mapping, in widths above typical; the module says why each is what it is.

    Parameters
    ----------
    crisis, trending, volatile, raised
        Where a state counts half as each.
    softness
        Widths over which it goes from a quarter to three quarters, about twice this; above 0.
    memory_bars
        Half-life of the memory of a crisis, in bars, above 0.

    Raises
    ------
    BadParameter
        When one is out of its range.
    """

    crisis: float = 2.0
    trending: float = 0.75
    volatile: float = 0.5
    raised: float = 0.0
    softness: float = 0.25
    memory_bars: float = 30.0

    def __post_init__(self) -> None:
        for name in ("crisis", "trending", "volatile", "raised", "softness", "memory_bars"):
            value = getattr(self, name)
            if not math.isfinite(value) or (name in {"softness", "memory_bars"} and value <= 0):
                raise BadParameter(f"{name} {value} must be finite, and softness and memory_bars above 0")
        if self.crisis <= self.volatile:
            raise BadParameter(f"crisis {self.crisis} must be above volatile {self.volatile}; a crisis is wilder")

    @property
    def decay(self) -> float:
        """What is left of the memory a bar later."""
        return float(2.0 ** (-1.0 / self.memory_bars))


class DeskWeights(msgspec.Struct, frozen=True, kw_only=True):
    """What each state counts as.

    Parameters
    ----------
    weights
        float64[K, 5], rows sum to 1: without the memory of a crisis, so that recovery is 0.
    raised
        float64[K]: share of a state that is recovery where a crisis has just been.
    decay
        Of the memory.
    """

    weights: Floats
    raised: Floats
    decay: float


def desk_weights(means: Floats, names: tuple[str, ...], rules: DeskRules | None = None) -> DeskWeights:
    """The mapping for states of given scaled means.

    Parameters
    ----------
    means
        float64[K, d], in widths above typical.
    names
        Of the d features; volatility must be among them. Without trend nothing is called trending.

    Raises
    ------
    BadParameter
        When volatility is not among the names.
    """
    by = rules or DeskRules()
    if "volatility" not in names:
        raise BadParameter(f"features {', '.join(names)} lack volatility, without which no desk regime is told")
    level = {name: means[:, column] for column, name in enumerate(names)}
    stressed = [level["volatility"], *([level["spread"]] if "spread" in level else [])]
    stressed += [-level["depth"]] if "depth" in level else []
    crisis = _soft(np.mean(stressed, axis=0) - by.crisis, by.softness)
    trending = _soft(level["trend"] - by.trending, by.softness) if "trend" in level else np.zeros(len(means))
    volatile = _soft(level["volatility"] - by.volatile, by.softness)
    weights = np.zeros((len(means), 5))
    weights[:, CRISIS] = crisis
    weights[:, TRENDING] = (1 - crisis) * trending
    weights[:, VOLATILE] = (1 - crisis) * (1 - trending) * volatile
    weights[:, QUIET] = (1 - crisis) * (1 - trending) * (1 - volatile)
    raised = _soft(level["volatility"] - by.raised, by.softness)
    return DeskWeights(weights=weights, raised=raised, decay=by.decay)


def desk_step(mapping: DeskWeights, probability: Floats, memory: float) -> tuple[Floats, float]:
    """The five probabilities of one row, (5,), and the memory of a crisis after it, from that before it."""
    states = probability.tolist()
    recent = mapping.decay * memory
    told = [0.0] * 5
    for chance, weights, raised in zip(states, mapping.weights.tolist(), mapping.raised.tolist(), strict=True):
        recovering = recent * raised * (1 - weights[CRISIS])
        kept = 1 - recent * raised
        told[CRISIS] += chance * weights[CRISIS]
        told[RECOVERY] += chance * recovering
        for regime in (TRENDING, QUIET, VOLATILE):
            told[regime] += chance * weights[regime] * kept
    return np.array(told), max(told[CRISIS], recent)


def desk_path(mapping: DeskWeights, probability: Floats) -> Floats:
    """The five probabilities of every row, (n, 5), from filtered probabilities of states (n, K)."""
    told, memory = np.empty((len(probability), 5)), 0.0
    for row, states in enumerate(probability):
        told[row], memory = desk_step(mapping, states, memory)
    return told


def _soft(above: Floats, softness: float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(above / softness, -500, 500))))
