"""Any programme by Clarabel, an interior-point method for conic programmes (Goulart & Chen, "Clarabel: an
interior-point solver for conic programs with quadratic objectives", 2024).

Impact |v|^a with 1 < a < 2 is put into power cones, tau^(1/a) 1^(1-1/a) >= |v|; with a = 2 it stays quadratic. The last
resort: it takes every form, and is the slowest."""

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import binding_limits
from nowake.schedules.solvers.certify import certified
from nowake.schedules.solvers.programme import Programme, Solution
from nowake.schedules.solvers.sparse_form import Frame, Quadratic, quadratic
from nowake.schedules.solvers.totals import exactly
from nowake.schedules.solvers.trading import limits_of

TIGHT = 1e-10
USABLE = ("Solved", "AlmostSolved", "InsufficientProgress", "MaxIterations")


def solve_conic(programme: Programme) -> Solution:
    """The optimum by Clarabel.

    Raises
    ------
    BadParameter
        When the solver ends without a solution, with its status.
    """
    frame = Frame.of(programme)
    iterations, prices = 0, None
    z = np.zeros(0)
    if frame.count:
        z, iterations, prices = _solved(frame)
    trades = exactly(frame.trades(z), programme.quantities, limits_of(programme))
    return Solution(
        trades=trades,
        certificate=certified(programme, trades, method="Clarabel", iterations=iterations, band_prices=prices),
        binding=binding_limits(programme, trades),
    )


def _solved(frame: Frame) -> tuple[Floats, int, Floats]:
    import clarabel  # noqa: PLC0415
    from scipy import sparse  # noqa: PLC0415

    has_cones = frame.programme.exponent < 2
    form = quadratic(frame, has_impact=not has_cones)
    blocks, sides, cones = _limits(form)
    hessian, slope = form.hessian, form.slope
    if has_cones:
        rows, side, costs = _power_rows(frame, len(slope))
        extra = len(costs)
        blocks = [sparse.hstack([block, sparse.csc_array((block.shape[0], extra))]) for block in blocks]
        blocks, sides = [*blocks, rows], [*sides, side]
        cones += [clarabel.PowerConeT(1 / frame.programme.exponent)] * extra
        hessian = sparse.block_diag([hessian, sparse.csc_array((extra, extra))], format="csc")
        slope = np.concatenate([slope, costs])
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TIGHT
    stacked = sparse.csc_matrix(sparse.vstack(blocks))
    upper = sparse.csc_matrix(sparse.triu(hessian))
    result = clarabel.DefaultSolver(upper, slope, stacked, np.concatenate(sides), cones, settings).solve()
    x = np.array(result.x)
    if str(result.status) not in USABLE or not np.isfinite(x).all():
        raise BadParameter(f"Clarabel ended with {result.status} and has no solution")
    return x[: frame.count], int(result.iterations), _band_prices(form, frame, np.array(result.z))


def _limits(form: Quadratic) -> tuple[list[Any], list[Floats], list[Any]]:
    """Equations, upper and lower limits as rows + s = side with s in a cone."""
    import clarabel  # noqa: PLC0415

    high, low = np.isfinite(form.high), np.isfinite(form.low)
    blocks = [form.equal, form.rows[high], -form.rows[low]]
    sides = [form.equal_to, form.high[high], -form.low[low]]
    cones = [clarabel.ZeroConeT(len(sides[0]))] if len(sides[0]) else []
    count = len(sides[1]) + len(sides[2])
    return blocks, sides, cones + ([clarabel.NonnegativeConeT(count)] if count else [])


def _power_rows(frame: Frame, width: int) -> tuple[Any, Floats, Floats]:
    """Rows that put (tau, 1, typical trades) into a power cone each, and what a unit of tau costs.

    tau is measured in what an even trade costs, so that it is near 1 however many buckets there are.
    """
    from scipy import sparse  # noqa: PLC0415

    e, even = frame.programme.exponent, 1 / len(frame.programme.impact)
    flows, known = frame.flows()
    cells = np.flatnonzero(frame.free.ravel())
    count = len(cells)
    costs = (frame.programme.impact * (frame.units * even) ** e / frame.worth).ravel()[cells]
    moved = sparse.coo_array(flows[cells] / even)
    rows = np.concatenate([3 * np.arange(count), 3 * moved.row + 2])
    columns = np.concatenate([width + np.arange(count), moved.col])
    values = np.concatenate([-np.ones(count), -moved.data])
    side = np.column_stack([np.zeros(count), np.ones(count), known[cells] / even]).ravel()
    return sparse.csc_array((values, (rows, columns)), shape=(3 * count, width + count)), side, costs


def _band_prices(form: Quadratic, frame: Frame, z: Floats) -> Floats:
    """(T, M) multipliers of the bands in the programme's own units."""
    prices = np.zeros((len(frame.programme.impact), len(form.band_norms)))
    equations = len(form.equal_to)
    high, low = np.isfinite(form.high), np.isfinite(form.low)
    inequality = np.zeros(len(form.high))
    inequality[high] += z[equations : equations + high.sum()]
    inequality[low] -= z[equations + high.sum() : equations + high.sum() + low.sum()]
    for places, multipliers in ((form.band_equations, z), (form.band_rows, inequality)):
        row, bucket, band = places.T
        prices[bucket, band] = multipliers[row] * frame.worth / form.band_norms[band]
    return prices
