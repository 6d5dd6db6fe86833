"""Who solves a programme: this one place decides, checks what it gets, and says in the certificate who it was.

The order is from the most special to the most general: exact, first-order, PIQP, Clarabel; the smallest programmes go
to a general solver before the first-order method, which is no faster there. A method that does not apply, fails, or
cannot prove its answer good enough is followed by the next."""

from __future__ import annotations

from typing import Literal

import msgspec

from nowake.domain.errors import BadParameter, Infeasible
from nowake.schedules.solvers.convexity import check_convex, check_size
from nowake.schedules.solvers.feasible import check_bands, check_reach, check_trades
from nowake.schedules.solvers.programme import Programme, Solution
from nowake.schedules.solvers.repair import violation

Method = Literal["exact", "first-order", "PIQP", "Clarabel"]
METHODS: tuple[Method, ...] = ("exact", "first-order", "PIQP", "Clarabel")
GENERAL = {"PIQP", "Clarabel"}

GOOD = 1e-6  # Gap that is taken without asking the next method.
POOR = 1e-3  # Gap above which no answer is better than a refusal.
KEPT = 1e-9  # Breach of a limit, as a fraction of the asset's size, that counts as none.
# Cells (assets times buckets) of quadratic programmes, and of others, up to which a general solver takes about 10 ms,
# whatever the numbers are; and up to which it takes less than thousands of first-order steps.
SMALL = (1_000, 200)
MIDDLING = (10_000, 4_000)
QUICK, LONG = 400, 3_000  # First-order steps before and after it is asked whether limits can hold at all.
MOST_NUMBERS = 20_000_000  # Of a general solver's matrices; its factors take some 100 bytes for each.


def solve(programme: Programme, *, method: Method | None = None) -> Solution:
    """The best trades of a programme.

    Parameters
    ----------
    programme
        In raw shares and currency; nothing has to be scaled.
    method
        One of `METHODS` to insist on it; None lets the form and the size decide.

    Returns
    -------
    Solution
        Trades that keep every limit to 1e-9 of the asset's size, with a certificate: its `method` tells who found them
        and whose failure came before, its `value` the duality gap.

    Raises
    ------
    Infeasible
        When limits cannot hold together: which, and the least that has to give.
    BadParameter
        When the programme is not convex, too large, or no method could solve it.
    """
    if method is not None and method not in METHODS:
        raise BadParameter(f"method {method!r} is not one of {', '.join(METHODS)}")
    check_size(programme)
    check_convex(programme)
    check_trades(programme)
    if not check_reach(programme):
        check_bands(programme)
    return _first_good(programme, _order(programme) if method is None else (method,))


def _order(programme: Programme) -> tuple[Method, ...]:
    return ("exact", "PIQP", "Clarabel", "first-order") if _is_below(SMALL, programme) else METHODS


def _is_below(cells: tuple[int, int], programme: Programme) -> bool:
    return programme.impact.size <= cells[0 if programme.exponent == 2 else 1]


def _first_good(programme: Programme, methods: tuple[Method, ...]) -> Solution:
    """The first answer that is proved good, else the best that is not poor; the history goes into its certificate."""
    failures: list[str] = []
    best: Solution | None = None
    for method in methods:
        try:
            solution = _ask(method, programme)
        except Infeasible:
            raise
        except BadParameter as error:
            failures.append(f"{method} failed: {error}")
            if method in GENERAL:
                check_bands(programme)
            continue
        if solution is None:
            continue
        breach, gap = violation(programme, solution.trades), solution.certificate.value
        if breach <= KEPT and gap <= GOOD:
            return _with_history(solution, failures)
        failures.append(f"{method} came to a gap of {gap:.1e} with limits kept to {breach:.1e}")
        if breach <= KEPT and (best is None or gap < best.certificate.value):
            best = solution
        elif breach > KEPT and method in GENERAL:
            check_bands(programme)
    if best is not None and best.certificate.value <= POOR:
        return _with_history(best, failures)
    if not failures:
        raise BadParameter(f"method {methods[0]!r} does not apply to this programme; leave method out")
    way = "; limits that leave room for one point only need a millionth more" if len(programme.bands) else ""
    raise BadParameter(f"no method could solve the programme: {'; '.join(failures)}{way}")


def _ask(method: Method, programme: Programme) -> Solution | None:
    """One method's answer; None where it does not apply."""
    if method == "exact":
        from nowake.schedules.solvers.exact import solve_exact  # noqa: PLC0415  # Each loads its own libraries.

        return solve_exact(programme)
    if method == "first-order":
        return _by_first_order(programme)
    _check_numbers(programme)
    if method == "PIQP":
        from nowake.schedules.solvers.general_qp import solve_qp  # noqa: PLC0415

        return solve_qp(programme) if programme.exponent == 2 else None
    from nowake.schedules.solvers.conic import solve_conic  # noqa: PLC0415

    return solve_conic(programme)


def _by_first_order(programme: Programme) -> Solution:
    """A few steps; then, unless a general solver is quicker, many, if limits can hold at all."""
    from nowake.schedules.solvers.first_order import solve_first_order  # noqa: PLC0415
    from nowake.schedules.solvers.linear_step import Stalled  # noqa: PLC0415

    try:
        return solve_first_order(programme, max_iterations=QUICK)
    except Stalled:
        check_bands(programme)
        if _is_below(MIDDLING, programme):
            raise
    return solve_first_order(programme, max_iterations=LONG)


def _check_numbers(programme: Programme) -> None:
    """Refuse matrices that a general solver cannot hold."""
    t, n = programme.shape
    rows = 8 + programme.loadings.shape[1] + len(programme.bands) + (n if programme.cross is not None else 0)
    if t * n * rows > MOST_NUMBERS:
        raise BadParameter(
            f"{n:,} assets in {t:,} buckets with {programme.loadings.shape[1]} factors are {t * n * rows:,} numbers; "
            f"a general solver takes {MOST_NUMBERS:,}: use fewer buckets or factors, or plan in parts"
        )


def _with_history(solution: Solution, failures: list[str]) -> Solution:
    """The same, its method telling who failed before."""
    if not failures:
        return solution
    told = f"{solution.certificate.method} (before it, {'; '.join(failures)})"
    certificate = msgspec.structs.replace(solution.certificate, method=told)
    return msgspec.structs.replace(solution, certificate=certificate)
