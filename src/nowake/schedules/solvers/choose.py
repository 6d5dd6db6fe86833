"""Who solves a programme: this one place decides, checks what it gets, and says in the certificate who it was.

The order is from the most special to the most general: exact, first-order, PIQP, Clarabel; the smallest programmes go
to a general solver before the first-order method, which is no faster there. A method that does not apply, fails, or
cannot prove its answer good enough is followed by the next, and in the end by the first-order method at length. The
trades of one may be proved good by the bound of another: the best of both counts."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter, Infeasible
from nowake.schedules.solvers.binding import violation
from nowake.schedules.solvers.certify import cost_scale
from nowake.schedules.solvers.convexity import check_convex, check_size
from nowake.schedules.solvers.feasible import check_bands, check_reach, check_trades
from nowake.schedules.solvers.programme import Programme, Solution

Method = Literal["exact", "first-order", "PIQP", "Clarabel"]
METHODS: tuple[Method, ...] = ("exact", "first-order", "PIQP", "Clarabel")
Way = Method | Literal["first-order at length"]
GENERAL = {"PIQP", "Clarabel"}
AT_LENGTH: Way = "first-order at length"

GOOD = 1e-6  # Gap that is taken without asking the next method.
POOR = 1e-3  # Gap above which no answer is better than a refusal.
KEPT = 1e-9  # Breach of a limit, as a fraction of the asset's size, that counts as none.
# Cells (assets times buckets) of quadratic programmes, and of others, up to which a general solver takes about 10 ms,
# whatever the numbers are; and up to which it takes less than thousands of first-order steps.
SMALL = (1_000, 200)
MIDDLING = (10_000, 4_000)
QUICK, LONG = 450, 3_000  # First-order steps before general solvers are asked, and after.
LONGEST, LONG_CELLS = 20_000, 3_000_000  # Where cells are few there may be more of them: so many, or steps times cells.
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
    return _Search(programme).through(_order(programme) if method is None else _alone(method))


def _order(programme: Programme) -> tuple[Way, ...]:
    if _is_below(SMALL, programme):
        return ("exact", "PIQP", "Clarabel", "first-order", AT_LENGTH)
    if _is_below(MIDDLING, programme):
        return (*METHODS, AT_LENGTH)
    return ("exact", "first-order", AT_LENGTH, "PIQP", "Clarabel")


def _alone(method: Method) -> tuple[Way, ...]:
    return ("first-order", AT_LENGTH) if method == "first-order" else (method,)


def _is_below(cells: tuple[int, int], programme: Programme) -> bool:
    return programme.impact.size <= cells[0 if programme.exponent == 2 else 1]


class _Search:
    """What the methods asked so far have given: the best trades, the highest bound, and the failures."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self._best: Solution | None = None
        self._best_way: Way | None = None
        self._bound, self._bound_way = -np.inf, ""
        self._failures: list[tuple[Way, str]] = []
        self._can_hold = not len(programme.bands)

    def through(self, ways: tuple[Way, ...]) -> Solution:
        """The first answer that is proved good, else the best that is not poor; the history goes with it."""
        for way in ways:
            if way == AT_LENGTH:
                self._check_bands()
            try:
                solution = _ask(way, self._programme)
                if solution is None:
                    continue
                words = self._take(way, solution)
            except Infeasible:
                raise
            except BadParameter as error:
                words = f"failed: {error}"
                found = getattr(error, "solution", None)
                if found is not None:
                    self._take(way, found)
            proved = self._proved()
            if proved is not None and proved.certificate.value <= GOOD:
                return proved
            self._failures.append((way, f"{way} {words}"))
            if way in GENERAL:
                self._check_bands()
        proved = self._proved()
        if proved is not None and proved.certificate.value <= POOR:
            return proved
        if not self._failures:
            raise BadParameter(f"method {ways[0]!r} does not apply to this programme; leave method out")
        way_out = (
            "; limits that leave room for one point only need a millionth more" if len(self._programme.bands) else ""
        )
        raise BadParameter(
            f"no method could solve the programme: {'; '.join(words for _, words in self._failures)}{way_out}"
        )

    def _check_bands(self) -> None:
        """Before more is spent: can the bands hold at all? Trades that keep them say so for nothing."""
        if not self._can_hold:
            check_bands(self._programme)
            self._can_hold = True

    def _take(self, way: Way, solution: Solution) -> str:
        """Keep what is better than what was; what it came to, in words."""
        programme, certificate = self._programme, solution.certificate
        breach, value = violation(programme, solution.trades), certificate.value
        if certificate.kind == "duality gap":
            bound = programme.objective(solution.trades) - value * cost_scale(programme, solution.trades)
            if bound > self._bound:
                self._bound, self._bound_way = bound, way
        if breach <= KEPT:
            self._can_hold = True
            best = self._best
            if best is None or value <= GOOD or programme.objective(solution.trades) < programme.objective(best.trades):
                self._best, self._best_way = solution, way
        return f"came to a gap of {value:.1e} with limits kept to {breach:.1e}"

    def _proved(self) -> Solution | None:
        """The best trades by the best bound, whoever found either; its method tells which others failed before."""
        if self._best is None:
            return None
        programme, trades, certificate = self._programme, self._best.trades, self._best.certificate
        value, told = certificate.value, certificate.method
        if certificate.kind == "duality gap" and self._bound_way != self._best_way:
            gap = max(programme.objective(trades) - self._bound, 0.0) / cost_scale(programme, trades)
            if gap < value:
                value, told = gap, f"{told}, proved by {self._bound_way}"
        if not self._failures and told == certificate.method:
            return self._best
        others = [words for way, words in self._failures if way != self._best_way]
        told = f"{told} (before it, {'; '.join(others)})" if others else told
        certificate = msgspec.structs.replace(certificate, value=value, method=told)
        return msgspec.structs.replace(self._best, certificate=certificate)


def _ask(way: Way, programme: Programme) -> Solution | None:
    """One method's answer; None where it does not apply."""
    if way == "exact":
        from nowake.schedules.solvers.exact import solve_exact  # noqa: PLC0415  # Each loads its own libraries.

        return solve_exact(programme)
    if way in {"first-order", AT_LENGTH}:
        from nowake.schedules.solvers.first_order import solve_first_order  # noqa: PLC0415

        if way == "first-order":
            return solve_first_order(programme, max_iterations=QUICK)
        steps = min(max(LONG, LONG_CELLS // programme.impact.size), LONGEST)
        return solve_first_order(programme, max_iterations=steps, is_accelerated=False)
    _check_numbers(programme)
    if way == "PIQP":
        from nowake.schedules.solvers.general_qp import solve_qp  # noqa: PLC0415

        return solve_qp(programme) if programme.exponent == 2 else None
    from nowake.schedules.solvers.conic import solve_conic  # noqa: PLC0415

    return solve_conic(programme)


def _check_numbers(programme: Programme) -> None:
    """Refuse matrices that a general solver cannot hold."""
    t, n = programme.shape
    rows = 8 + programme.loadings.shape[1] + len(programme.bands) + (n if programme.cross is not None else 0)
    if t * n * rows > MOST_NUMBERS:
        raise BadParameter(
            f"{n:,} assets in {t:,} buckets with {programme.loadings.shape[1]} factors are {t * n * rows:,} numbers; "
            f"a general solver takes {MOST_NUMBERS:,}: use fewer buckets or factors, or plan in parts"
        )
