"""Any programme with linear impact (exponent 2) by PIQP, a proximal interior-point method for sparse quadratic
programmes (Schwan, Jiang, Kuhn & Jones, "PIQP: a proximal interior-point quadratic programming solver", CDC 2023).

Right for every form of programme; slower than the structured methods where those apply, by 10 to 100 times."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import binding_limits
from nowake.schedules.solvers.certify import certified
from nowake.schedules.solvers.programme import Programme, Solution
from nowake.schedules.solvers.sparse_form import Frame, Quadratic, quadratic
from nowake.schedules.solvers.totals import exactly
from nowake.schedules.solvers.trading import limits_of

TIGHT = 1e-12  # Of the basket: a line of a millionth of it is planned only a million times less exactly.


def solve_qp(programme: Programme) -> Solution:
    """The optimum by PIQP.

    Raises
    ------
    BadParameter
        When the exponent is not 2, or the solver ends without a solution, with its status.
    """
    if programme.exponent != 2:
        raise BadParameter(f"exponent {programme.exponent} is not a quadratic programme; solve it with Clarabel")
    frame = Frame.of(programme)
    iterations, prices = 0, None
    z = np.zeros(0)
    if frame.count:
        z, iterations, prices = _solved(quadratic(frame), frame)
    trades = exactly(frame.trades(z), programme.quantities, limits_of(programme))
    return Solution(
        trades=trades,
        certificate=certified(programme, trades, method="PIQP", iterations=iterations, band_prices=prices),
        binding=binding_limits(programme, trades),
    )


def _solved(form: Quadratic, frame: Frame) -> tuple[Floats, int, Floats]:
    import piqp  # noqa: PLC0415

    solver = piqp.SparseSolver()
    settings = solver.settings
    settings.eps_abs = settings.eps_rel = settings.eps_duality_gap_abs = settings.eps_duality_gap_rel = TIGHT
    equal, rows = (form.equal, form.equal_to), (form.rows, form.low, form.high)
    solver.setup(
        _matrix(form.hessian),
        form.slope,
        *((_matrix(equal[0]), equal[1]) if len(form.equal_to) else (None, None)),
        *((_matrix(rows[0]), rows[1], rows[2]) if len(form.low) else (None, None, None)),
    )
    status = solver.solve()
    result = solver.result
    x = np.array(result.x)
    is_near = status in {piqp.PIQP_MAX_ITER_REACHED, piqp.PIQP_NUMERICS} and np.isfinite(x).all()
    if status != piqp.PIQP_SOLVED and not is_near:
        raise BadParameter(f"PIQP ended with {status.name.removeprefix('PIQP_').lower()} and has no solution")
    prices = np.zeros((len(frame.programme.impact), len(form.band_norms)))
    for places, multipliers in ((form.band_equations, result.y), (form.band_rows, result.z_u - result.z_l)):
        row, bucket, band = places.T
        prices[bucket, band] = np.asarray(multipliers)[row] * frame.worth / form.band_norms[band]
    return x[: frame.count], int(result.info.iter), prices


def _matrix(array: object) -> object:
    from scipy import sparse  # noqa: PLC0415

    return sparse.csc_matrix(array)
