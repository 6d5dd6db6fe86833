"""What a level's loss that no trade explains means for an order of ours in its queue.

A feed by price level says how much a level displays, not whose lots went. Of `cancelled` lots a queue model says which
share left behind our order; the rest left ahead of it, and what one part does not have the other gives:

    share behind = f(behind) / (f(behind) + f(ahead))

with f the model's (Rigtorp 2013, "Estimating order queue position", rigtorp.se; as "probability queue models" in
hftbacktest's documents, the first of their three forms). Trades always take from the front. What none of them knows:
that young orders are cancelled sooner than old ones, and who is at a level because of whom. How wrong each is on a
tape whose queues are known says `nowake.sim.queue_score`."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.kernels import ladder_state

_MOST_EXPONENT = 20.0


@dataclasses.dataclass(frozen=True, slots=True)
class RiskAverse:
    """Cancels leave from behind us: only trades, and a level smaller than our estimate, move us forward.

    The most cautious: it fills late, never early. Known to trading platforms as the conservative queue estimate.
    """

    def __str__(self) -> str:
        return "risk-averse"


@dataclasses.dataclass(frozen=True, slots=True)
class Proportional:
    """Cancels are spread evenly over the queue: f(x) = x."""

    def __str__(self) -> str:
        return "proportional"


@dataclasses.dataclass(frozen=True, slots=True)
class PowerProbability:
    """f(x) = x ** exponent: above 1 cancels come from the longer part more than evenly, below 1 less.

    Raises
    ------
    BadParameter
        When the exponent is not above 0 and at most 20.

    Examples
    --------
    >>> share_behind(PowerProbability(2), ahead=10, behind=30)
    0.9
    """

    exponent: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.exponent <= _MOST_EXPONENT:
            raise BadParameter(f"exponent {self.exponent} must be above 0 and at most {_MOST_EXPONENT:g}")

    def __str__(self) -> str:
        return f"power {self.exponent:g}"


@dataclasses.dataclass(frozen=True, slots=True)
class LogProbability:
    """f(x) = log(1 + x): the two parts weigh nearly alike unless one is very short.

    The one model that depends on the size of a lot, because the logarithm does.
    """

    def __str__(self) -> str:
        return "log"


QueueModel = RiskAverse | Proportional | PowerProbability | LogProbability

DEFAULT = RiskAverse()  # It flatters least, and is nearest the truth where every change of a level is told.

ALL = (
    RiskAverse(),
    Proportional(),
    PowerProbability(0.5),
    PowerProbability(2.0),
    PowerProbability(3.0),
    LogProbability(),
)

_CODES = {
    RiskAverse: ladder_state.RISK_AVERSE,
    Proportional: ladder_state.PROPORTIONAL,
    PowerProbability: ladder_state.POWER,
    LogProbability: ladder_state.LOGARITHM,
}


def code_of(model: QueueModel) -> tuple[int, float]:
    """A model as the kernels take it: its number and its exponent.

    Raises
    ------
    BadParameter
        When it is not one of ours: kernels cannot call Python.
    """
    if type(model) not in _CODES:
        raise BadParameter(f"queue model {model!r} is not one of {', '.join(kind.__name__ for kind in _CODES)}")
    return _CODES[type(model)], getattr(model, "exponent", 1.0)


def model_of(text: str) -> QueueModel:
    """The model of a text: "risk-averse", "proportional", "power" (of 2), "power:3" or "log", in any case.

    Raises
    ------
    BadParameter
        When it names none.
    """
    plain: dict[str, QueueModel] = {str(model): model for model in (RiskAverse(), Proportional(), LogProbability())}
    name, colon, exponent = text.strip().lower().replace("_", "-").partition(":")
    if not colon and name in plain | {"power": None}:
        return plain.get(name, PowerProbability())
    try:
        number = float(exponent if name == "power" else "")
    except ValueError:
        said = f"queue model {text!r} is not one of risk-averse, proportional, power:EXPONENT, log"
        raise BadParameter(said) from None
    return PowerProbability(number)


def share_behind(model: QueueModel, *, ahead: float, behind: float) -> float:
    """Which share of a cancel left behind an order, with so many lots of others ahead of it and behind it.

    Nobody behind gives 0, nobody ahead 1. For looking and for drawing: replays have it compiled.
    """
    if isinstance(model, RiskAverse) or ahead <= 0:
        return 1.0
    if behind <= 0:
        return 0.0
    if isinstance(model, PowerProbability):
        with np.errstate(over="ignore"):  # Infinite odds leave 0, which is right.
            return float(1 / (1 + np.float64(ahead / behind) ** model.exponent))
    if isinstance(model, LogProbability):
        return math.log1p(behind) / (math.log1p(behind) + math.log1p(ahead))
    return behind / (behind + ahead)
