"""The worlds a plan may meet: a model and a market whose doubted numbers take other values than their estimates.

What is doubted is what a calibration left uncertain: the parameters of the impact model (its covariance) and the
volatility, the spread and the volume of the market (their standard deviations). A number whose standard deviation is 0
is taken as exact. Volume is taken as lognormal, all else as normal, cut to the range it may have."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.policy import OptimalPolicy
from nowake.statistics.measurement import Measurement, check_level, z_of

MAX_DOUBTED = 10  # 1,024 corners.
MOST_DRAWS = 10_000  # Each is planned for.


class World(NamedTuple):
    """What a policy would be told if the doubted numbers were these."""

    policy: OptimalPolicy
    market: MarketState


class Doubted(NamedTuple):
    """One uncertain number: a parameter of the model (`of_model`) or a field of the market."""

    name: str
    value: float
    low: float
    high: float
    of_model: bool


def model_of(policy: OptimalPolicy) -> Impact | None:
    """The impact model a policy plans with, where it has one."""
    model = getattr(policy, "model", None)
    return model if isinstance(model, Impact) else None


def doubted(policy: OptimalPolicy, market: MarketState, *, level: float = 0.95) -> tuple[Doubted, ...]:
    """Every number of a policy's model and its market that has a standard deviation, with its interval.

    Raises
    ------
    BadParameter
        When nothing is doubted, or the level is not between 0 and 1.
    """
    check_level(level)
    z = z_of(level)
    model = model_of(policy)
    found = []
    if model is not None:
        for parameter, value in zip(model.doubted, model.doubted_values, strict=True):
            half = z * model.se(parameter.name)
            low, high = max(parameter.low, value - half), min(parameter.high, value + half)
            found.append(Doubted(parameter.name, value, low, high, of_model=True))
    found += [_of_market(market, name, z) for name in ("volatility", "spread_bps", "daily_volume")]
    uncertain = tuple(each for each in found if each.high > each.low)
    if not uncertain:
        raise BadParameter(
            "neither the model nor the market has a standard deviation: there is nothing to be uncertain about; "
            "fit the model to orders, or give errors with model.known_to(...) and MarketState.given(..._sd=...)"
        )
    return uncertain


def world(policy: OptimalPolicy, market: MarketState, values: dict[str, float]) -> World:
    """The policy and the market with other values of doubted numbers."""
    return World(*_with(policy, market, values))


def corners(policy: OptimalPolicy, market: MarketState, *, level: float = 0.95) -> tuple[World, ...]:
    """Every combination of the ends of the intervals: 2^k worlds of k doubted numbers.

    Raises
    ------
    BadParameter
        As for `doubted`, and with more than 10 doubted numbers.
    """
    numbers = doubted(policy, market, level=level)
    if len(numbers) > MAX_DOUBTED:
        raise BadParameter(f"{len(numbers)} doubted numbers have too many combinations; doubt {MAX_DOUBTED} at most")
    ends = np.array(np.meshgrid(*[(each.low, each.high) for each in numbers], indexing="ij")).reshape(len(numbers), -1)
    names = [each.name for each in numbers]
    return tuple(world(policy, market, dict(zip(names, map(float, row), strict=True))) for row in ends.T)


def check_draws(n: int, seed: int) -> None:
    """Refuse a number of draws that is odd, below 2 or beyond patience, and a seed nothing can be drawn with."""
    for name, value in (("worlds", n), ("seed", seed)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadParameter(f"{name} {value!r} must be a whole number")
    if not 2 <= n <= MOST_DRAWS or n % 2:
        raise BadParameter(f"{n} draws must be an even number of 2 to {MOST_DRAWS:,}")
    if seed < 0:
        raise BadParameter(f"seed {seed} must be 0 or more")


def draws(policy: OptimalPolicy, market: MarketState, *, n: int, seed: int) -> tuple[World, ...]:
    """Worlds drawn at random, n in pairs of opposite luck; a model's parameters together, by their covariance.

    Raises
    ------
    BadParameter
        As for `doubted` and `check_draws`.
    """
    check_draws(n, seed)
    numbers = doubted(policy, market)
    luck = np.random.default_rng(seed)
    model = model_of(policy)
    roots = _root(model)
    made = []
    for _ in range(n // 2):
        of_model, of_market = luck.standard_normal(len(roots)), luck.standard_normal(3)
        for sign in (1.0, -1.0):
            values = _drawn(numbers, model, sign * (roots @ of_model), sign * of_market)
            made.append(world(policy, market, values))
    return tuple(made)


def plannable(worlds: tuple[World, ...], order: ParentOrder) -> tuple[World, ...]:
    """The worlds the policy can serve: one without any cost of speed, say, has no best schedule.

    Raises
    ------
    BadParameter
        When there is none, with the policy's own words.
    """
    kept, refusal = [], None
    for each in worlds:
        try:
            each.policy.solved(order, each.market)
        except BadParameter as error:
            refusal = error
        else:
            kept.append(each)
    if not kept:
        raise BadParameter(f"the policy can serve none of {len(worlds)} worlds: {refusal}") from refusal
    return tuple(kept)


def _drawn(numbers: tuple[Doubted, ...], model: Impact | None, moved: Floats, luck: Floats) -> dict[str, float]:
    """One draw of each doubted number, kept inside the range a parameter may have."""
    values = {}
    if model is not None:
        for place, parameter in enumerate(model.doubted):
            value = model.doubted_values[place] + float(moved[place])
            values[parameter.name] = min(max(value, parameter.low), parameter.high)
    z = z_of(0.95)
    for each in numbers:
        if each.of_model:
            continue
        chance = float(luck[("volatility", "spread_bps", "daily_volume").index(each.name)])
        if each.name == "daily_volume":
            values[each.name] = each.value * math.exp(chance * math.log(each.high / each.value) / z)
        else:
            values[each.name] = max(0.0, each.value + chance * (each.high - each.value) / z)
    kept = {each.name for each in numbers}
    return {name: value for name, value in values.items() if name in kept}


def _root(model: Impact | None) -> Floats:
    """A square root of the covariance of a model's parameters; (0, 0) without one."""
    if model is None or not model.covariance:
        return np.zeros((0 if model is None else len(model.doubted), 0 if model is None else len(model.doubted)))
    values, vectors = np.linalg.eigh(np.array(model.covariance))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _of_market(market: MarketState, name: str, z: float) -> Doubted:
    doubt = market.doubt
    if name == "daily_volume":
        log_sd = math.log1p(float(doubt.daily_volume) / market.daily_volume)
        factor = math.exp(z * log_sd)
        return Doubted(name, market.daily_volume, market.daily_volume / factor, market.daily_volume * factor, False)
    measured = market.daily_volatility if name == "volatility" else market.spread_bps
    half = z * measured.sd
    return Doubted(name, measured.value, max(0.0, measured.value - half), measured.value + half, False)


def _with(policy: OptimalPolicy, market: MarketState, values: dict[str, float]) -> tuple[OptimalPolicy, MarketState]:
    model = model_of(policy)
    names = () if model is None else tuple(parameter.name for parameter in model.doubted)
    of_model = {name: value for name, value in values.items() if name in names}
    if model is not None and of_model:
        changed: Any = policy
        policy = msgspec.structs.replace(changed, model=msgspec.structs.replace(model, **of_model))
    fields: dict[str, Any] = {}
    if "volatility" in values:
        fields["daily_volatility"] = Measurement.given(values["volatility"])
    if "spread_bps" in values and "spread_bps" not in names:
        fields["spread_bps"] = Measurement.given(values["spread_bps"])
    if "daily_volume" in values:
        factor = values["daily_volume"] / market.daily_volume
        fields["daily_volume"] = values["daily_volume"]
        fields["window_volume"] = None if market.window_volume is None else market.window_volume * factor
    return policy, msgspec.structs.replace(market, **fields) if fields else market
