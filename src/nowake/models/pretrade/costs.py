"""What orders cost by impact models: every part, every doubt, for one order or for arrays of them, in one pass.

Three doubts are kept apart, in basis points and as one standard deviation each:

    parameters      sqrt(g' C g): the model's covariance C through the gradient g of its cost (delta method)
    inputs          each measured input moved by its own standard deviation, up and down; half of the difference;
                    the volume by its logarithm, for it is never near 0
    timing          sigma sqrt(T / 3): the market moves while an order is traded evenly over T sessions
                    (Almgren & Chriss 2000, equation 11, the limit of many steps)

They are taken as independent where an interval combines them, and as normal but for the volume: a cost that falls with
it reaches further up than down. Both moves tell the power beta of it, e^(s beta) = up / down for a log-volume of
deviation s, and so where z deviations take the cost: up (e^(z s beta) - 1) / (e^(s beta) - 1). More data shrink the
first two, only faster trading the third. Wrong where the order is not traded evenly, prices trend, or it is a large
part of the volume."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.doubt import EXACT, Doubt
from nowake.models.impact.contract import Impact
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.terms import Floats, Size, Terms
from nowake.statistics.measurement import z_of

VOLUME = "daily_volume"


class CostParts(msgspec.Struct, frozen=True, kw_only=True):
    """Expected cost and its doubts in basis points of the arrival price, positive when bad: numbers or arrays.

    Parameters
    ----------
    spread_bps, temporary_bps, permanent_bps, fees_bps
        Half the spread, the two parts of impact, and fees; they sum to `expected_bps`.
    parameter_sd_bps
        One standard deviation of the expected cost from the model's covariance.
    input_sd_bps
        The same from the intervals of volatility, spread and volume.
    volume_sd_bps, volume_skew
        The volume's part of it, and how many times further the volume takes the cost up than down.
    timing_risk_bps
        One standard deviation of the cost from the market's moves while trading.
    """

    spread_bps: Size
    temporary_bps: Size
    permanent_bps: Size
    parameter_sd_bps: Size
    input_sd_bps: Size
    timing_risk_bps: Size
    fees_bps: Size = 0.0
    volume_sd_bps: Size = 0.0
    volume_skew: Size = 1.0

    @property
    def expected_bps(self) -> Size:
        """Expected cost."""
        return self.spread_bps + self.temporary_bps + self.permanent_bps + self.fees_bps

    @property
    def expected_sd_bps(self) -> Size:
        """One standard deviation of the EXPECTED cost: parameters and inputs."""
        return (self.parameter_sd_bps**2 + self.input_sd_bps**2) ** 0.5

    def interval(self, level: float = 0.95) -> tuple[Size, Size]:
        """Where the cost of this one order will lie, in basis points: all doubts, taken as independent."""
        return self._ends(level, self.expected_sd_bps**2 + self.timing_risk_bps**2)

    def expected_interval(self, level: float = 0.95) -> tuple[Size, Size]:
        """Where the EXPECTED cost lies, in basis points: the doubt about parameters and inputs only."""
        return self._ends(level, self.expected_sd_bps**2)

    def _ends(self, level: float, variance: Size) -> tuple[Size, Size]:
        """What is normal to both sides, and the volume to each as far as it goes, by the root of their squares."""
        z, log_skew = z_of(level), np.log(self.volume_skew)
        # Of the move by one deviation, up; where cost is in proportion to it, that of z deviations is z of it.
        even = np.abs(log_skew) < 1e-9
        slope = np.where(even, 1.0, log_skew)
        one = 2 * self.volume_sd_bps * self.volume_skew / (1 + self.volume_skew)
        up, down = (one * np.where(even, z, side * np.expm1(side * z * slope) / np.expm1(slope)) for side in (1, -1))
        normal = z**2 * np.maximum(variance - self.volume_sd_bps**2, 0.0)
        return self.expected_bps - (normal + down**2) ** 0.5, self.expected_bps + (normal + up**2) ** 0.5

    def risk_adjusted_bps(self, risk_aversion: float) -> Size:
        """Expected cost + lambda x timing risk; lambda has no unit: bps of cost accepted to lose a bp of risk.

        At 1.645 it is the cost that one order in twenty exceeds (Almgren & Chriss 2000, section 3.2, L-VaR).

        Raises
        ------
        BadParameter
            When lambda is negative or not finite.
        """
        return self.expected_bps + check_aversion(risk_aversion) * self.timing_risk_bps

    def variance_adjusted_bps(self, risk_aversion: float, *, value: Size) -> Size:
        """(E + lambda V) over the order's value, E and V in currency: the objective of Almgren & Chriss 2000, eq. 15.

        Parameters
        ----------
        risk_aversion
            lambda, per unit of currency, as for `schedules.AlmgrenChriss`.
        value
            Of the order, currency.

        Raises
        ------
        BadParameter
            When lambda is negative or not finite.
        """
        return self.expected_bps + check_aversion(risk_aversion) * value * self.timing_risk_bps**2 / 1e4


class Costs(CostParts, frozen=True, kw_only=True):
    """The costs of arrays of orders by one model, of `name` and `version`."""

    name: str
    version: str


def costs(
    models: Sequence[Impact],
    terms: Terms,
    *,
    doubt: Doubt = EXACT,
    fees: Fees = NO_FEES,
    multiplier: Size = 1.0,
) -> tuple[Costs, ...]:
    """What orders cost by each of some models.

    Parameters
    ----------
    models
        Each answers for all the orders.
    terms
        One order or n of them; the answer has their shape.
    doubt
        One standard deviation of the measured inputs.
    fees, multiplier
        What is charged, and currency of one unit for one unit of price.

    Raises
    ------
    BadParameter
        When a model needs what the terms do not say, or as for `Fees.cost_bps`.
    """
    moved = _Moved(terms, doubt)
    fees_bps, timing_bps = fees.cost_bps(terms, multiplier), timing_risk_bps(terms.volatility, terms.days)
    return tuple(_costs(model, terms, moved, fees_bps, timing_bps) for model in models)


def timing_risk_bps(daily_volatility: Size, days: Size) -> Size:
    """One standard deviation of the cost of an order traded evenly: sigma sqrt(T / 3), in basis points."""
    return daily_volatility * (days / 3) ** 0.5 * 1e4


def check_aversion(value: float) -> float:
    """Refuse a risk aversion below 0 or not finite."""
    if not 0 <= value < float("inf"):
        raise BadParameter(f"risk aversion {value} must be finite and 0 or more; 0 looks at cost alone")
    return value


def _costs(model: Impact, terms: Terms, moved: _Moved, fees_bps: Size, timing_bps: Size) -> Costs:
    spread, temporary = model.half_spread_bps(moved.terms), model.temporary_bps(moved.terms)
    permanent = model.permanent_bps(moved.terms)
    total = spread + temporary + permanent
    volume_sd, volume_skew = moved.volume(total)
    parts = {
        "spread_bps": moved.base(spread),
        "temporary_bps": moved.base(temporary),
        "permanent_bps": moved.base(permanent),
        "parameter_sd_bps": model.parameter_sd_bps(terms),
        "input_sd_bps": moved.sd(total),
        "volume_sd_bps": volume_sd,
        "volume_skew": volume_skew,
        "timing_risk_bps": timing_bps,
        "fees_bps": fees_bps,
    }
    return Costs(name=model.name, version=model.version, **{name: moved.shaped(part) for name, part in parts.items()})


class _Moved:
    """The terms in row 0, and below them, for each doubtful input, a row with it moved up and one with it down.

    All models are then asked once, whatever the number of inputs.
    """

    def __init__(self, terms: Terms, doubt: Doubt) -> None:
        given = {name: getattr(terms, name) for name in terms.__struct_fields__ if getattr(terms, name) is not None}
        sds = {name: np.asarray(getattr(doubt, name)) for name in doubt.__struct_fields__}
        sds = {name: sd for name, sd in sds.items() if sd.any()}
        self.shape = np.broadcast_shapes(*map(np.shape, given.values()), *map(np.shape, sds.values()))
        rows = 1 + 2 * len(sds)
        columns = {name: np.broadcast_to(value, (rows, *self.shape)) for name, value in given.items()}
        self.scales: list[Floats] = []
        self.volume_row = 0  # Of the volume moved up, below which it is moved down; 0 where it is exact.
        for k, (name, sd) in enumerate(sds.items()):
            value = columns[name][0]
            if name == VOLUME:
                self.volume_row = 1 + 2 * k
                self.scales.append(np.ones(self.shape))
                factor = np.exp(np.sqrt(np.log1p((sd / value) ** 2)))
                for volume in {VOLUME, "window_volume"} & set(columns):
                    columns[volume] = _moved_to(
                        columns[volume], k, columns[volume][0] * factor, columns[volume][0] / factor
                    )
                continue
            # Down to zero at most: neither volatility nor spread can be negative.
            step = np.minimum(sd, value)
            self.scales.append(np.divide(sd, step, out=np.zeros(self.shape), where=step > 0))
            columns[name] = _moved_to(columns[name], k, value + step, value - step)
        self.terms = Terms(**columns)

    def base(self, answer: Size) -> Floats:
        """The answer for the terms as they are."""
        return np.asarray(self._whole(answer)[0])

    def sd(self, answer: Size) -> Size:
        """One standard deviation of the answer from all doubtful inputs, taken as independent."""
        whole = self._whole(answer)
        effects = (((whole[1 + 2 * k] - whole[2 + 2 * k]) / 2 * scale) ** 2 for k, scale in enumerate(self.scales))
        return sum(effects, start=np.zeros(self.shape)) ** 0.5

    def volume(self, answer: Size) -> tuple[Size, Size]:
        """One standard deviation of the answer from the volume, and how many times further up than down it goes."""
        if not self.volume_row:
            return 0.0, 1.0
        base, more, less = self._whole(answer)[[0, self.volume_row, self.volume_row + 1]]
        ups, downs = np.maximum(less, more) - base, base - np.minimum(less, more)
        # Where cost does not go one way with volume, no power tells how far it goes.
        known = (ups > 0) & (downs > 0)
        skew = np.divide(ups, downs, out=np.ones(self.shape), where=known)
        return np.abs(less - more) / 2, skew

    def shaped(self, answer: Size) -> Size:
        """A plain number for one order, an array for many."""
        return np.array(np.broadcast_to(answer, self.shape)) if self.shape else float(answer)

    def _whole(self, answer: Size) -> Floats:
        wanted = (1 + 2 * len(self.scales), *self.shape)
        whole = np.asarray(answer)
        # Broadcasting costs as much as a model's formula; most answers have the shape already.
        return whole if whole.shape == wanted else np.broadcast_to(whole, wanted)


def _moved_to(column: Floats, k: int, up: Floats, down: Floats) -> Floats:
    """A column with its k-th pair of rows moved up and down."""
    column = np.array(column, dtype=np.float64)
    column[1 + 2 * k], column[2 + 2 * k] = up, down
    return column
