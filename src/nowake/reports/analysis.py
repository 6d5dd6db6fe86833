"""What was asked of one order before trading, and its tables. The page made of it is `pretrade.build_page`."""

from __future__ import annotations

import dataclasses

import msgspec

from nowake.domain.errors import BadParameter
from nowake.microstructure.spreads.resilience import Resilience
from nowake.models.estimate import CostEstimate
from nowake.models.liquidity import Liquidity, Score
from nowake.models.pretrade.capacity import Capacity
from nowake.models.pretrade.strategies import StrategyCost
from nowake.models.pretrade.urgency import BestRate, UrgencyCurve
from nowake.reports import estimate_tables as shown
from nowake.reports import tables
from nowake.reports.table import Table


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of one order before trading. What nobody asked is empty.

    Parameters
    ----------
    estimates
        By each model, the one to lean on first.
    absent
        Models that could not answer, and why.
    curves, best, capacities, ways
        Urgency, best rates, capacities and ways to trade, each with the name of its model.
    liquidity, resilience, resilience_because, scores
        Of the book; the reason where resilience could not be told.
    risk_aversion
        Lambda of the best rates.
    level
        Of all intervals.
    """

    estimates: tuple[CostEstimate, ...]
    absent: dict[str, str] = {}
    curves: tuple[tuple[str, UrgencyCurve], ...] = ()
    best: tuple[tuple[str, BestRate], ...] = ()
    capacities: tuple[tuple[str, Capacity], ...] = ()
    ways: tuple[tuple[str, tuple[StrategyCost, ...]], ...] = ()
    liquidity: Liquidity | None = None
    resilience: Resilience | None = None
    resilience_because: str = ""
    scores: tuple[Score, ...] = ()
    risk_aversion: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        if not self.estimates:
            raise BadParameter("there is no estimate to show; give at least one model")

    @property
    def tables(self) -> tuple[Table, ...]:
        """All there is to show, in the order it is read."""
        found = [tables.estimates_table(self.estimates, level=self.level, risk_aversion=self.risk_aversion)]
        found += [shown.best_table(self.best)] if self.best else []
        found += [
            shown.urgency_table(name, curve, risk_aversion=self.risk_aversion, level=self.level)
            for name, curve in self.curves
        ]
        found += [shown.capacity_table(self.capacities)] if self.capacities else []
        found += [shown.strategies_table(name, ways, risk_aversion=self.risk_aversion) for name, ways in self.ways]
        if self.liquidity is not None:
            found.append(shown.liquidity_table(self.liquidity, self.resilience, self.resilience_because))
        found += [shown.scores_table(self.scores)] if self.scores else []
        found += [shown.absent_table(self.absent)] if self.absent else []
        return tuple(found)

    @property
    def short_tables(self) -> tuple[Table, ...]:
        """The same with the models that could not answer in a line under the first."""
        first, *rest = self.tables
        if self.absent:
            line = f"{len(self.absent)} other models need a fit or more data; --model all (in Python: absent) says why."
            first, rest = dataclasses.replace(first, notes=(*first.notes, line)), rest[:-1]
        return (first, *rest)
