"""Slippage in many dimensions: what trades cost by time of day, size, venue, side, volatility, spread and urgency, cell
by cell, where many cells hold a few trades only.

    y_i = mu + sum_d alpha_d[level of i] + gamma[cell of i] + e_i,
    alpha_d ~ N(0, tau_d^2),    gamma ~ N(0, tau^2),    e ~ N(0, sigma^2)

A cell is one combination of levels. Its mean is pulled towards what its levels add up to, the more the fewer trades it
holds, and levels that hardly differ are pulled towards each other: partial pooling, with the variances by restricted
maximum likelihood (Patterson & Thompson 1971, Biometrika 58), kept off 0 by the penalty of Chung, Rabe-Hesketh, Dorie,
Gelman & Liu 2013 (Psychometrika 78; their gamma(2) prior on each standard deviation). Predictions and their errors are
Henderson's (1975, Biometrics 31), the doubt of mu in them. sigma^2 is pooled from within cells. With weights, a cell's
mean is the weighted one, and it counts as (sum w)^2 / sum w^2 trades: its effective number. gamma is 0 where there is
one dimension, whose cells are its levels.

The mean and the effects are of the levels and cells SEEN, each alike: two sides tell what they cost between them, but
next to nothing of mu, the mean of all sides there might be, so no figure is given of that.

Costs are positive when bad. Wrong where: trades of one order are told one by one (they are not independent: give
orders), the noise differs much from cell to cell, or what put a trade into a cell also made it dear (urgent orders
chase prices): a cell's mean describes, it does not say what another choice would have cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.market_orders import Floats, Ints
from nowake.microstructure.spreads.means import Labels
from nowake.statistics.measurement import Measurement, check_level, t_of

MIN_TRADES = 30
_MIN_WITHIN = 10
_STARTS = (0.3, 1.0)


class LevelEffect(msgspec.Struct, frozen=True, kw_only=True):
    """How much dearer one level of one dimension is than the mean of its levels seen, other dimensions held alike.

    Parameters
    ----------
    dimension, level
        Which.
    effect
        In the unit of the costs.
    trades
        How many had it.
    """

    dimension: str
    level: str
    effect: Measurement
    trades: int


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One combination of levels.

    Parameters
    ----------
    labels
        One level a dimension.
    trades, effective
        How many it holds, and what they count as when weighted.
    plain
        Its own (weighted) mean.
    shrunk
        The mean after pooling, with its interval.
    own_share
        How much `shrunk` moves with `plain`, 0 to 1: the rest comes from other cells.
    """

    labels: tuple[str, ...]
    trades: int
    effective: float
    plain: float
    shrunk: Measurement
    own_share: float


class Slippage(msgspec.Struct, frozen=True, kw_only=True):
    """Mean costs by cell and by level.

    Parameters
    ----------
    names
        Dimensions.
    cells, levels
        Cells that hold trades, dearest first; effects of levels.
    mean
        Of the levels and cells seen, each alike, however many trades they hold.
    noise_sd
        Standard deviation of one trade within its cell.
    level_sd
        Between the levels of each dimension.
    cell_sd
        Of cells around what their levels add up to.
    trades, unknown
        Trades used, and those left out because their cost is NaN.
    """

    names: tuple[str, ...]
    cells: tuple[Cell, ...]
    levels: tuple[LevelEffect, ...]
    mean: Measurement
    noise_sd: float
    level_sd: tuple[float, ...]
    cell_sd: float
    trades: int
    unknown: int

    def of(self, *labels: str) -> Cell:
        """The cell of these levels.

        Raises
        ------
        BadParameter
            When no trade fell into it.
        """
        for cell in self.cells:
            if cell.labels == labels:
                return cell
        raise BadParameter(f"no trade fell into {dict(zip(self.names, labels, strict=False))}")

    def __str__(self) -> str:
        left = f" ({self.unknown:,} more of unknown cost left out)" if self.unknown else ""
        lines = [
            f"{self.trades:,} trades{left} in {len(self.cells):,} cells of {', '.join(self.names)}; "
            f"mean of the cells' {self.mean}"
        ]
        lines += [
            f"{' '.join(cell.labels)}: {cell.shrunk.value:.3g} [{cell.shrunk.low:.3g}, {cell.shrunk.high:.3g}], alone "
            f"{cell.plain:.3g} of {cell.trades:,}"
            for cell in self.cells
        ]
        return "\n".join(lines)


def slippage(
    costs: Floats, dimensions: Mapping[str, Labels], *, weights: Floats | None = None, level: float = 0.95
) -> Slippage:
    """Mean cost of each cell and each level, pooled as far as the data say.

    Parameters
    ----------
    costs
        float64[n], positive when bad, in any unit; NaN where not known.
    dimensions
        Name -> a label for each trade; see `means.size_classes` and its neighbours.
    weights
        float64[n], above 0: what each trade counts for within its cell; None for all alike.

    Raises
    ------
    BadData
        When columns differ in length, a weight is not above 0, or a cost is infinite.
    Unidentified
        When there are fewer than 30 trades, hardly any share a cell, no dimension has two levels, or costs are all one.
    """
    check_level(level)
    table = _read(costs, dimensions, weights)
    model = _fitted(table)
    predicted = _predict(table, model)
    return _told(table, model, predicted, level)


_Measured = Callable[[Floats, Floats, int], Measurement]


class _Table(NamedTuple):
    """Sums of trades by cell, and which level of each dimension a cell has."""

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    sizes: tuple[int, ...]
    codes: Ints
    design: Floats
    mean: Floats
    effective: Floats
    trades: Ints
    noise: float
    within: int
    unknown: int


class _Model(NamedTuple):
    """Standard deviations: of the levels of each dimension, and of cells."""

    level_sd: Floats
    cell_sd: float


class _Predicted(NamedTuple):
    """Of the intercept and levels: values and the covariance of their errors; of cells: what they add, and its share.

    `own` is the share of a cell's distance from what its levels add up to that is kept; `design` has a row a cell.
    """

    values: Floats
    covariance: Floats
    beyond: Floats
    own: Floats
    design: Floats
    precision: Floats


def _read(costs: Floats, dimensions: Mapping[str, Labels], weights: Floats | None) -> _Table:
    costs = np.asarray(costs, dtype=np.float64)
    if not dimensions:
        raise BadParameter("dimensions {} is empty; give one or more, each a label for every trade")
    weights = np.ones(costs.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    columns = {"costs": costs, "weights": weights, **{name: np.asarray(each) for name, each in dimensions.items()}}
    for name, column in columns.items():
        if column.ndim != 1 or column.shape != costs.shape:
            raise BadData(f"{name} is of shape {column.shape}; give one for each of {costs.size} costs")
    if np.isinf(costs).any() or not np.all((weights > 0) & np.isfinite(weights)):
        raise BadData("a cost is infinite, or a weight is not above 0 and finite; leave such trades out")
    known = np.isfinite(costs)
    costs, weights = costs[known], weights[known]
    if len(costs) < MIN_TRADES:
        raise Unidentified(f"{len(costs)} trades with a known cost are fewer than {MIN_TRADES}; give more")
    found = [np.unique(columns[name][known], return_inverse=True) for name in dimensions]
    every = np.column_stack([code for _, code in found])
    codes, cell = np.unique(every, axis=0, return_inverse=True)
    cell = cell.ravel()
    sizes = tuple(len(levels) for levels, _ in found)
    if max(sizes) < 2:
        raise Unidentified(f"none of {list(dimensions)} has two levels; all trades are in one cell, take their mean")
    total = np.bincount(cell, weights)
    mean = np.bincount(cell, weights * costs) / total
    trades = np.bincount(cell)
    within = len(costs) - len(codes)
    if within < _MIN_WITHIN:
        raise Unidentified(
            f"{len(costs)} trades fall into {len(codes)} cells, so that hardly any share one; give fewer dimensions or "
            "coarser levels"
        )
    plain = np.bincount(cell, costs) / trades
    noise = float(np.sqrt(((costs - plain[cell]) ** 2).sum() / within))
    if noise <= 0:
        raise Unidentified("costs do not differ within any cell; they are not measured, take them as they are")
    return _Table(
        names=tuple(dimensions),
        labels=tuple(
            tuple(str(levels[code]) for (levels, _), code in zip(found, row, strict=True)) for row in codes.tolist()
        ),
        sizes=sizes,
        codes=codes,
        design=np.hstack([np.eye(size)[codes[:, d]] for d, size in enumerate(sizes)]),
        mean=mean,
        effective=total**2 / np.bincount(cell, weights**2),
        trades=trades,
        noise=noise,
        within=within,
        unknown=int((~known).sum()),
    )


def _fitted(table: _Table) -> _Model:
    """Standard deviations by penalised restricted maximum likelihood, in units of a typical cell's noise."""
    from scipy.optimize import minimize  # noqa: PLC0415

    unit = table.noise / np.sqrt(float(np.median(table.effective)))
    # Cells of one dimension are its levels: nothing is left for them to add.
    count = len(table.sizes) + (len(table.mean) > max(table.sizes))
    starts = [np.full(count, np.log(start * max(unit, float(table.mean.std())))) for start in _STARTS]
    bounds = [(np.log(1e-4 * unit), np.log(1e3 * max(unit, float(table.mean.std()))))] * count
    found = [minimize(_misfit, start, args=(table,), method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda each: float(each.fun))
    return _model(best.x, table)


def _model(log_sd: Floats, table: _Table) -> _Model:
    sd = np.exp(log_sd)
    levels = len(table.sizes)
    return _Model(level_sd=sd[:levels], cell_sd=float(sd[levels]) if len(sd) > levels else 0.0)


def _misfit(log_sd: Floats, table: _Table) -> float:
    """Minus the penalised restricted log-likelihood of cell means, by a system of the size of all levels."""
    model = _model(log_sd, table)
    precision = _precision(table, model)
    system, load = _system(table, model, precision)
    _, log_determinant = np.linalg.slogdet(system)
    explained = float(load @ np.linalg.solve(system, load))
    squares = float((precision * table.mean**2).sum())
    likelihood = -0.5 * (
        -np.log(precision).sum()
        + 2 * sum(size * log for size, log in zip(table.sizes, log_sd.tolist(), strict=False))
        + log_determinant
        + squares
        - explained
    )
    # A gamma(2) prior on each standard deviation, flat but for its zero at 0.
    return -float(likelihood + log_sd.sum())


def _precision(table: _Table, model: _Model) -> Floats:
    """1 / variance of a cell's mean about what its levels add up to."""
    return 1 / (table.noise**2 / table.effective + model.cell_sd**2)


def _system(table: _Table, model: _Model, precision: Floats) -> tuple[Floats, Floats]:
    """Henderson's equations of the mean and of all levels."""
    design = np.column_stack((np.ones(len(table.mean)), table.design))
    system = design.T @ (precision[:, None] * design)
    prior = np.concatenate([np.full(size, 1 / sd**2) for size, sd in zip(table.sizes, model.level_sd, strict=True)])
    system[1:, 1:] += np.diag(prior)
    return system, design.T @ (precision * table.mean)


def _predict(table: _Table, model: _Model) -> _Predicted:
    """Best linear predictions and the variances of their errors."""
    precision = _precision(table, model)
    system, load = _system(table, model, precision)
    covariance = np.asarray(np.linalg.inv(system), dtype=np.float64)
    values = covariance @ load
    design = np.column_stack((np.ones(len(table.mean)), table.design))
    own = model.cell_sd**2 * precision
    beyond = own * (table.mean - design @ values)
    return _Predicted(values, covariance, beyond, own, design, precision)


def _told(table: _Table, model: _Model, predicted: _Predicted, level: float) -> Slippage:
    quantile = t_of(level, table.within)
    free = model.cell_sd**2 * (1 - predicted.own)

    def measured(of_levels: Floats, of_cells: Floats, n: int) -> Measurement:
        """A sum of the intercept, levels and what cells add: its prediction, and the error of that."""
        through = of_levels - (predicted.own * of_cells) @ predicted.design
        value = float(of_levels @ predicted.values + of_cells @ predicted.beyond)
        variance = float(through @ predicted.covariance @ through + (of_cells**2 * free).sum())
        half = quantile * float(np.sqrt(max(variance, 0.0)))
        return Measurement(
            value=value, low=value - half, high=value + half, level=level, n=n, method="partial pooling, REML"
        )

    alike = np.concatenate([[1.0], *(np.full(size, 1 / size) for size in table.sizes)])
    trades = int(table.trades.sum())
    return Slippage(
        names=table.names,
        cells=_cells(table, predicted, measured),
        levels=_levels(table, measured),
        mean=measured(alike, np.full(len(table.mean), 1 / len(table.mean)), trades),
        noise_sd=table.noise,
        level_sd=tuple(model.level_sd.tolist()),
        cell_sd=model.cell_sd,
        trades=trades,
        unknown=table.unknown,
    )


def _cells(table: _Table, predicted: _Predicted, measured: _Measured) -> tuple[Cell, ...]:
    """Cells, dearest first."""
    design, own = predicted.design, predicted.own
    leverage = np.einsum("ij,jk,ik->i", design, predicted.covariance, design) * predicted.precision
    share = own + (1 - own) * leverage
    every = np.eye(len(own))
    cells = [
        Cell(
            labels=labels,
            trades=int(table.trades[c]),
            effective=float(table.effective[c]),
            plain=float(table.mean[c]),
            shrunk=measured(design[c], every[c], int(table.trades[c])),
            own_share=float(share[c]),
        )
        for c, labels in enumerate(table.labels)
    ]
    return tuple(sorted(cells, key=lambda cell: -cell.shrunk.value))


def _levels(table: _Table, measured: _Measured) -> tuple[LevelEffect, ...]:
    """Each level against the mean of all levels of its dimension, what their cells add included."""
    found, place = [], 1
    for d, (name, size) in enumerate(zip(table.names, table.sizes, strict=True)):
        has = np.eye(size)[table.codes[:, d]]
        within = (has / has.sum(axis=0)).T
        for code in range(size):
            of_levels = np.zeros(1 + sum(table.sizes))
            of_levels[place : place + size] = (np.arange(size) == code) - 1 / size
            trades = int(table.trades @ has[:, code])
            found.append(
                LevelEffect(
                    dimension=name,
                    level=table.labels[int(has[:, code].argmax())][d],
                    effect=measured(of_levels, within[code] - within.mean(axis=0), trades),
                    trades=trades,
                )
            )
        place += size
    return tuple(found)
