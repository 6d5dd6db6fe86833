"""Verb 2 for many orders at once: when to trade how much of each, by what they cost and risk together."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from nowake.domain.errors import BadParameter, NowakeError
from nowake.schedules.portfolio import (
    Basket,
    BasketPlan,
    BasketPoint,
    EvenBasket,
    Limits,
    OptimalBasket,
    RiskParityBasket,
    Setting,
    basket_frontier,
)
from nowake.verbs.load_basket import read_basket_file, told_of
from nowake.verbs.promote import promote
from nowake.verbs.urgency_words import URGENCY_WORDS, parse_aversion

if TYPE_CHECKING:
    from nowake.algos.follow import Follow
    from nowake.reports.basket_page import BasketDocument
    from nowake.reports.pictures.canvas import Picture

BasketPolicy = OptimalBasket | EvenBasket | RiskParityBasket
BASKET_KINDS = {
    "optimal": "least cost plus risk of the whole, within limits",
    "even": "every line evenly through its window",
    "risk-parity": "lines come to share the risk alike while it falls in a straight line",
    "risk-kept": "the same, but every line keeps its share: of lines that end together the even plan",
}
_RISK_SHARES: dict[str, Literal["kept", "equal"]] = {"risk-parity": "equal", "risk-kept": "kept"}
_POINTS = 12
_FEW_POINTS = 7
_SHOWN = 8
_LARGE = 10_000  # Trades; each point is solved anew.


class PlannedBasket(BasketPlan, frozen=True, kw_only=True, eq=False):
    """A basket's plan one can look at and follow. Prints as tables; `html` writes one self-contained page.

    Parameters
    ----------
    policy
        What made it.
    even
        Every line evenly through its window, costed alike: what it is held against.
    others, absent
        Plans that were asked for beside it, and why those that could not be made were not.
    source, command, assumed
        What it was made of, the command that makes it again, and what was assumed before it was planned.
    """

    policy: BasketPolicy
    even: BasketPlan
    others: tuple[BasketPlan, ...] = ()
    absent: dict[str, str] = {}  # noqa: RUF012  # msgspec copies it.
    source: str = ""
    command: str = ""
    assumed: tuple[str, ...] = ()

    def frontier(self, n: int = _POINTS) -> tuple[BasketPoint, ...]:
        """The efficient frontier under the same limits: `n` points, each solved anew.

        Raises
        ------
        BadParameter, Infeasible
            As for `schedules.portfolio.basket_frontier`.
        """
        return basket_frontier(self.basket, _optimal(self.policy), n=n)

    def plot(self) -> Picture:
        """What is left of the whole, of buys and of sells, and the even plan beside it."""
        from nowake.reports.pictures.basket import basket_paths  # noqa: PLC0415

        return basket_paths(self, self.even)

    def follow(self) -> tuple[Follow, ...]:
        """An algorithm for each line that works its part of the plan.

        Raises
        ------
        BadParameter
            When a line stands for no parent order (the basket has no date, or the line goes on to another day), or
            trades against its side in some bucket.
        """
        from nowake.algos.follow import Follow  # noqa: PLC0415

        missing = [line.symbol for line in self.basket.lines if line.order is None]
        if missing:
            raise BadParameter(
                f"{', '.join(missing[:_SHOWN])} ({len(missing)} of {len(self.basket)} lines) stand for no parent "
                "order, so there is nothing to follow: a basket needs its day (load_basket(..., date='YYYY-MM-DD'), or "
                "Basket.of(orders, ...)), and a line an end on that day"
            )
        return tuple(Follow(schedule) for schedule in self.schedules)

    def html(self, path: str | os.PathLike[str]) -> Path:
        """Write the page as HTML that opens without network: frontier, paths, exposures, risk, lines, limits."""
        from nowake.reports import html  # noqa: PLC0415
        from nowake.reports.basket_page import build_page  # noqa: PLC0415

        return html.write(path, build_page(self.document()))

    def document(self) -> BasketDocument:
        """What the page is made of, the frontier solved for it."""
        from nowake.reports.basket_page import BasketDocument  # noqa: PLC0415

        points: tuple[BasketPoint, ...] = ()
        because = ""
        try:
            points = self.frontier(_POINTS if self.lots.size <= _LARGE else _FEW_POINTS)
        except NowakeError as error:
            because = str(error)
        return BasketDocument(
            plan=self,
            even=self.even,
            others=self.others,
            absent=self.absent,
            frontier=points,
            frontier_because=because,
            assumed=self.assumed,
            source=self.source,
            command=self.command,
        )

    def __str__(self) -> str:
        from nowake.reports import basket_tables, tables  # noqa: PLC0415

        shown = basket_tables.plan_tables(self, self.even, self.others, self.absent)
        return "\n\n".join(tables.render(table) for table in shown)

    __repr__ = __str__


def plan_basket(
    basket: Basket | str | os.PathLike[str],
    policy: BasketPolicy | str = "optimal",
    *,
    risk_aversion: float | str = "neutral",
    limits: Limits = Limits(),  # noqa: B008  # Frozen.
    compare: Sequence[str] = (),
) -> PlannedBasket:
    """When to trade how much of every order of a basket.

    Parameters
    ----------
    basket
        A basket, or a file of one, read as `load_basket` does.
    policy
        `OptimalBasket(risk_aversion=..., limits=...)`, `RiskParityBasket()` or `EvenBasket()`; or by name, "optimal",
        "even", "risk-parity" or "risk-kept", made of the parameters that follow.
    risk_aversion
        Of a policy by name: per unit of currency, or passive, neutral, aggressive or get-done.
    limits
        Of a policy by name: participation, bands, smallest and largest trade.
    compare
        Plans to stand beside it, with its model, buckets and limits: other names, and words for the risk aversion, each
        an optimal basket. Those that cannot be made are told with their reason.

    Raises
    ------
    Infeasible
        When the limits cannot hold together; it names them and the least that has to give.
    BadParameter
        When something is no basket or no policy, or as for `OptimalBasket.plan`.
    """
    if not isinstance(limits, Limits):
        raise BadParameter(f"limits of type {type(limits).__name__} are none; give Limits(max_participation=0.1), say")
    setting = Setting()
    if isinstance(basket, str | os.PathLike):
        found = read_basket_file(basket)
        if told := told_of(found):
            warnings.warn(f"{Path(basket).name}: {'; '.join(told)}", stacklevel=2)
        setting = Setting(drift_bps=found.drift_bps or None)
        if isinstance(policy, str):
            policy = policy_named(policy, found.basket, setting, risk_aversion=risk_aversion, limits=limits)
        made = plan_basket(found.basket, policy, limits=limits, compare=compare)
        return msgspec.structs.replace(made, source=Path(basket).name, assumed=found.notes)
    if not isinstance(basket, Basket):
        raise BadParameter(f"{type(basket).__name__} is no basket; read one with load_basket, or make Basket.of(...)")
    if isinstance(policy, str):
        policy = policy_named(policy, basket, setting, risk_aversion=risk_aversion, limits=limits)
    elif isinstance(policy, type):
        raise BadParameter(f"{policy.__name__} is a kind of policy, not one; write {policy.__name__}(...)")
    elif not isinstance(policy, BasketPolicy):
        raise BadParameter(f"{type(policy).__name__} plans no basket; give OptimalBasket(...), EvenBasket() or a name")
    check_compared(*compare)
    if isinstance(policy, OptimalBasket):
        _check_spreads(basket, policy)
    others, absent = _beside(basket, policy, compare)
    plan = policy.plan(basket)
    plan = msgspec.structs.replace(
        plan, notes=(*plan.notes, *_small_lines(basket, getattr(policy, "limits", Limits())))
    )
    return promote(plan, PlannedBasket, policy=policy, even=_even(policy).plan(basket), others=others, absent=absent)


def _check_spreads(basket: Basket, setting: Setting) -> None:
    """Refuse lines without a spread where speed is priced by it."""
    free = [line.symbol for line in basket.lines if line.market.spread_bps.value == 0]
    if free and setting.model is None:
        more = f" and {len(free) - _SHOWN:,} more" if len(free) > _SHOWN else ""
        raise BadParameter(
            f"spread_bps 0 of {', '.join(free[:_SHOWN])}{more}: by the rule of thumb speed then costs nothing, so "
            "there is no best schedule; give a spread, or a model (--model, Setting(model=...))"
        )


def _small_lines(basket: Basket, limits: Limits) -> tuple[str, ...]:
    """Lines a smallest trade leaves no choice: all of each is traded at once."""
    least = limits.min_child_value
    small = [line.symbol for line in basket.lines if least is not None and line.value < 2 * least]
    if not small:
        return ()
    more = f" and {len(small) - _SHOWN:,} more" if len(small) > _SHOWN else ""
    return (
        f"{', '.join(small[:_SHOWN])}{more} would not make two trades of the smallest, {least:,.6g} {basket.currency}: "
        "each is traded at once, which costs far more; take a smaller min_child_value (--min-child)",
    )


def check_compared(*names: str) -> None:
    """Refuse what is neither a basket's schedule nor a word for the risk aversion."""
    known = (*BASKET_KINDS, *URGENCY_WORDS)
    for name in names:
        if name not in known:
            raise BadParameter(f"{name!r} is not known beside a basket's plan; choose from {', '.join(known)}")


def _beside(
    basket: Basket, policy: BasketPolicy, compare: Sequence[str]
) -> tuple[tuple[BasketPlan, ...], dict[str, str]]:
    """Plans by other names or words under the same limits, and why some could not be made; even stands there anyway."""
    made: list[BasketPlan] = []
    absent: dict[str, str] = {}
    limits = getattr(policy, "limits", Limits())
    for name in dict.fromkeys(each for each in compare if each != "even"):
        kind, aversion = (name, policy.risk_aversion) if name in BASKET_KINDS else ("optimal", name)
        try:
            other = policy_named(kind, basket, policy, risk_aversion=aversion, limits=limits).plan(basket)
            made.append(other if name in BASKET_KINDS else msgspec.structs.replace(other, name=f"optimal, {name}"))
        except NowakeError as error:
            absent[name] = str(error)
    return tuple(made), absent


def policy_named(
    name: str, basket: Basket, setting: Setting, *, risk_aversion: float | str, limits: Limits
) -> BasketPolicy:
    """A policy by its name, with buckets, model and the rest as of a setting.

    Raises
    ------
    BadParameter
        When there is none of that name, or the risk aversion is neither a number nor a word.
    """
    if name not in BASKET_KINDS:
        raise BadParameter(f"basket schedule {name!r} is not known; choose from {', '.join(BASKET_KINDS)}")
    fields = {field: getattr(setting, field) for field in Setting.__struct_fields__}
    _check_spreads(basket, setting)
    aversion = basket_aversion(risk_aversion, basket, setting)
    if name in _RISK_SHARES:
        return RiskParityBasket(shares=_RISK_SHARES[name], risk_aversion=aversion, limits=limits, **fields)
    kind = OptimalBasket if name == "optimal" else EvenBasket
    return kind(risk_aversion=aversion, limits=limits, **fields)


def basket_aversion(asked: float | str, basket: Basket, setting: Setting) -> float:
    """Lambda per unit of currency, from a number or a word for this basket.

    A word is kappa T as for one order, of the basket taken as one asset: even trading of one asset has temporary cost
    eta X^2 / T and variance sigma^2 X^2 T / 3, so kappa^2 T^2 = lambda sigma^2 T^2 / eta is three times lambda variance
    over cost (Almgren & Chriss 2000, equations 10, 11 and 18, for many steps).
    """
    aversion = parse_aversion(asked)
    if isinstance(aversion, float):
        return aversion
    even = _even(setting).plan(basket)
    cost, variance = even.cost_parts["temporary"], even.risk**2
    return URGENCY_WORDS[aversion] ** 2 / 3 * cost / variance if variance > 0 else 0.0


def _even(setting: Setting) -> EvenBasket:
    """The even policy with everything another has, caps and bands apart."""
    fields = {field: getattr(setting, field) for field in Setting.__struct_fields__}
    return EvenBasket(risk_aversion=getattr(setting, "risk_aversion", 0.0), **fields)


def _optimal(policy: BasketPolicy) -> OptimalBasket:
    if isinstance(policy, OptimalBasket):
        return policy
    fields = {field: getattr(policy, field) for field in Setting.__struct_fields__}
    return OptimalBasket(risk_aversion=policy.risk_aversion, limits=policy.limits, **fields)
