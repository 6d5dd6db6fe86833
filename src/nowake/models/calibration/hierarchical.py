"""One law, a parameter set a symbol: fits in which a symbol with few orders borrows from the others.

    log prefactor_s, exponent_s  ~  N(mu, Omega)      over symbols;      cost = model(order; parameters_s) + noise

A symbol alone knows little of its own parameters, all symbols together hide that they differ. Partial pooling weighs
the two by what each knows: a symbol with many orders keeps its own answer, a thin one takes nearly the pool's, and one
never seen takes the pool's with the spread over symbols as doubt. Prefactors (0 or more) are normal in their log.

The model is linearised and solved again until all rest (as in Lindstrom & Bates 1990, "Nonlinear mixed effects models
for repeated measures data", Biometrics 46). A symbol's own parameters are found around themselves. The distribution
over symbols must not be, where symbols are thin: luck that raises a prefactor would raise its slope and so its weight,
and the middle would lie too high. Until its own orders tell a symbol to a seventh of what symbols differ by, it stands
there at the mean prefactor, the same for all, and log-normal multiples of that (mean exp(mu + tau² / 2), variance over
its square exp(tau²) - 1) take the place of normal logs.

The middle is a median. Half of the symbols have a larger prefactor, and their mean is exp(tau² / 2) times as large.
Errors of a symbol and day share their luck: the correlation is estimated once from all symbols, for a thin one cannot
tell its own. Orders' noise scale is one law for all symbols.

With a dozen orders a symbol and two parameters the distribution's spread is hard to see: it is found too wide (0.5 for
0.3 in simulation), the median prefactor then a tenth too low, its interval true, and that of the middle exponent holds
the truth 88 times in 100. Where logs of prefactors differ by a standard deviation of 1, it is found too narrow (0.7).

Wrong where symbols fall into kinds (large and small caps): fit the kinds apart. Shocks shared by all symbols of a day
are not in the intervals, which are too short then: a note says so. Only the cost is used, not the move after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.cluster import doubt_of
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.noise import Noise, fit_line
from nowake.models.calibration.problem import SPREAD, Problem, Spread
from nowake.models.calibration.random_effects import Between, Evidence, Own, between_interval, fit_between, own_values
from nowake.models.calibration.refusals import check_problem, check_solution
from nowake.models.calibration.shared_days import days_share
from nowake.models.calibration.solve import Solution, solve
from nowake.models.impact.contract import Impact
from nowake.models.terms import Floats
from nowake.statistics.measurement import Measurement, check_level, t_of

if TYPE_CHECKING:
    import polars as pl

_FEWEST_SYMBOLS = 3
_CORRELATED_FROM = 5  # Symbols a varying parameter, from which differences may be correlated.
_ROUNDS = 50
_STILL = 1e-3  # Largest move of a symbol, in standard deviations over symbols, at which all rest.
_NEARLY_STILL = 1e-2
_KNOWN = 0.02  # The pool's share in a prefactor at the middle, below which a symbol's own orders tell it.
_LONGEST_STEP = 1.0  # In logs: a linearised step further than this is not trusted at once.
_METHOD = "partial pooling over symbols, restricted maximum likelihood"


class SymbolFit(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's parameters.

    Parameters
    ----------
    symbol, orders
        Who, and how many orders.
    model
        With the symbol's parameters and their covariance.
    estimates
        Each parameter with its interval.
    pool_share
        By parameter, how much of the estimate is the pool's: 0 for a symbol that knows better, 1 for one that knows
        nothing.
    alone
        What the symbol's own orders say without the others; None where they cannot tell.
    """

    symbol: str
    orders: int
    model: Impact
    estimates: dict[str, Measurement]
    pool_share: dict[str, float]
    alone: dict[str, Measurement] | None


class Hierarchy(msgspec.Struct, frozen=True, kw_only=True):
    """A law fitted to several symbols at once. Prints as a table.

    Parameters
    ----------
    unseen
        The model for a symbol without orders: the middle of the symbols, with the doubt that they differ.
    middle
        Parameters of the middle symbol (of prefactors the median), with the interval the middle is known to.
    predicted
        Parameters of a symbol not seen, with the interval it will lie in.
    between
        Standard deviation over symbols: of the log for prefactors, else of the parameter itself.
    pooled
        Parameters when all orders are one symbol's: full pooling, for comparison.
    symbols
        Each symbol's own, by name.
    spread_share
        Quoted spreads paid an order, one for all symbols; None where it was not fitted.
    level, orders, method, notes
        As for `Fit`.
    """

    unseen: Impact
    middle: dict[str, Measurement]
    predicted: dict[str, Measurement]
    between: dict[str, Measurement]
    pooled: dict[str, float]
    symbols: tuple[SymbolFit, ...]
    spread_share: float | None
    level: float
    orders: int
    method: str
    notes: tuple[str, ...] = ()

    def model(self, symbol: str) -> Impact:
        """The model of a symbol; that of an unseen one where it had no orders."""
        return next((each.model for each in self.symbols if each.symbol == symbol), self.unseen)

    def to_frame(self) -> pl.DataFrame:
        """One row a symbol and parameter: orders, value, low, high, pool_share, alone."""
        import polars as pl  # noqa: PLC0415

        rows = [
            {
                "symbol": each.symbol,
                "orders": each.orders,
                "parameter": name,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "pool_share": each.pool_share[name],
                "alone": None if each.alone is None else each.alone[name].value,
            }
            for each in self.symbols
            for name, found in each.estimates.items()
        ]
        return pl.DataFrame(rows, schema_overrides={"alone": pl.Float64})

    def __str__(self) -> str:
        names = list(self.middle)
        head = f"{self.unseen.name} fitted to {self.orders:,} orders of {len(self.symbols)} symbols, partial pooling"
        columns = "".join(f"{name + f' [{self.level:.0%}]':<28}{'alone':<20}{'pool':<6}" for name in names)
        rows = [head, f"  {'symbol':<12}{'orders':>7}  {columns}".rstrip()]
        for each in self.symbols:
            cells = ""
            for name in names:
                alone = "-" if each.alone is None else f"{each.alone[name].value:.3g} ± {each.alone[name].sd:.2g}"
                cells += f"{_cell(each.estimates[name]):<28}{alone:<20}{each.pool_share[name]:<6.0%}"
            rows.append(f"  {each.symbol:<12}{each.orders:>7,}  {cells}".rstrip())
        for title, found in (("middle", self.middle), ("unseen", self.predicted)):
            cells = "".join(f"{_cell(found[name]):<54}" for name in names)
            rows.append(f"  {title:<12}{'':>7}  {cells}".rstrip())
        spread = [f"sd over symbols of {_in_words(self.unseen, n)}: {_cell(self.between[n])}" for n in names]
        return "\n".join([*rows, *spread, self.method, *(f"- {note}" for note in self.notes)])


def fit_by_symbol(
    model: type[Impact] | Impact,
    orders: Metaorders,
    *,
    level: float = 0.95,
    spread: Spread | None = None,
    hold: dict[str, float] | None = None,
    loss: Loss | None = None,
) -> Hierarchy:
    """Fit a model to all symbols at once, each with parameters of its own that borrow from the others.

    Parameters
    ----------
    model
        A class of impact model, or a record whose settings are kept.
    orders
        Executed parents of three symbols or more.
    level
        Confidence of the intervals.
    spread, hold, loss
        As for `fit`. A share of the spread that is fitted is one for all symbols.

    Raises
    ------
    Unidentified
        With fewer than three symbols, and where all orders together cannot tell the parameters.
    BadParameter
        As for `fit`.
    """
    check_level(level)
    problem = Problem.of(model, orders, spread=spread, hold=hold, later=False)
    if (count := len(np.unique(problem.symbol))) < _FEWEST_SYMBOLS:
        raise Unidentified(
            f"{count} symbols cannot tell how much symbols differ; give {_FEWEST_SYMBOLS} or more, or fit them as one"
        )
    check_problem(problem, "day-symbol")
    pooled = solve(problem, loss=loss)
    check_solution(problem, pooled)
    study = _Study(problem, pooled)
    try:
        return _reported(study, orders, level)
    except BadParameter as error:
        raise Unidentified(
            f"parameters of {problem.prototype.name} by symbol leave what the model allows: {error}; hold one of them"
        ) from None


def _reported(study: _Study, orders: Metaorders, level: float) -> Hierarchy:
    """What was found, as a user reads it."""
    problem, pooled, count = study.whole, study.pooled, len(study.parts)
    between, own, evidence, converged = study.run()
    names = [orders.symbols[place] for place in np.unique(orders.symbol[problem.rows])]
    report = _Report(study, between, level, count)
    told = dict(zip(study.names, range(len(study.names)), strict=True))
    return Hierarchy(
        unseen=report.model(between.mean, between.covariance + between.mean_covariance),
        middle=report.measured(between.mean, between.mean_covariance, len(problem)),
        predicted=report.measured(between.mean, between.covariance + between.mean_covariance, len(problem)),
        between=report.between(evidence),
        pooled={name: value for name, value in pooled.named().items() if name != SPREAD},
        symbols=tuple(report.symbol(place, name, own) for place, name in enumerate(names)),
        spread_share=float(between.mean[told[SPREAD]]) if SPREAD in told else None,
        level=level,
        orders=len(problem),
        method=f"{_METHOD}; errors of one day and symbol correlate by {study.shared:.2f}",
        notes=(*study.notes(converged=converged), *_of_days(problem, pooled, orders)),
    )


def _of_days(problem: Problem, pooled: Solution, orders: Metaorders) -> Iterator[str]:
    if days_share(problem, pooled, orders.side[problem.rows]):
        yield "orders of a day share more than their symbol: the intervals are too short; fit all symbols as one"


class _Study:
    """The search: parameters of every symbol, in the scale in which they are normal over symbols."""

    def __init__(self, problem: Problem, pooled: Solution) -> None:
        self.whole, self.pooled, self.loss = problem, pooled, pooled.loss
        self.names = pooled.names
        codes = np.unique(problem.symbol)
        self.parts = [problem.take(problem.symbol == code) for code in codes]
        self.varying = tuple(place for place, name in enumerate(self.names) if name != SPREAD)
        self.correlated = len(codes) >= _CORRELATED_FROM * len(self.varying) and len(self.varying) > 1
        self.is_log = (problem.low == 0) & np.isinf(problem.high)
        logs = [place for place in self.varying if self.is_log[place]]
        self.telling = logs or list(self.varying)
        self.noise, self.size, self.bend, self.shared = pooled.noise, 1.0, 1.0, 0.0

    def run(self) -> tuple[Between, Own, Evidence, bool]:
        """The distribution over symbols, each symbol given that, and again until none moves."""
        mu, tau = self.scaled(self.pooled.values), np.zeros(len(self.names))
        phi = np.tile(mu, (len(self.parts), 1))
        known = np.zeros(len(self.parts), dtype=np.bool_)
        for number in range(_ROUNDS):
            self.learn_noise(phi)
            evidence = self.evidence_of_all(phi, known, mu, tau)
            between = fit_between(evidence, self.varying, correlated=self.correlated)
            own = own_values(self.evidence(phi), between)
            spread = np.sqrt(np.diag(between.covariance))
            sd = np.sqrt(spread**2 + np.diag(between.mean_covariance))
            step, drift = self.within(own.values) - phi, self.within(between.mean) - mu
            largest = max(float((np.abs(each) / sd).max()) for each in (step, drift, spread - tau))
            now_known = known | self.would_be_known(between)
            if largest < _STILL and (now_known == known).all():
                return self.with_doubt_of_tau(between, evidence, known), own, evidence, True
            for each in (step, drift):
                each[..., self.is_log] = np.clip(each[..., self.is_log], -_LONGEST_STEP, _LONGEST_STEP)
            pace = 1.0 if number < _ROUNDS // 3 else 0.5  # What swings to and fro comes to rest by half steps.
            phi, mu, tau, known = phi + pace * step, mu + pace * drift, tau + pace * (spread - tau), now_known
        return self.with_doubt_of_tau(between, evidence, known), own, evidence, largest < _NEARLY_STILL

    def with_doubt_of_tau(self, between: Between, evidence: Evidence, known: npt.NDArray[np.bool_]) -> Between:
        """The median's doubt has a part from the mean's distance to it, tau² / 2, where symbols stand at the mean.

        The variance of tau² is 2 / sum_s (tau² + v_s)^-2 by its likelihood, v_s the variance of a symbol's own value.
        """
        regular = evidence.information[[_is_regular(each) for each in evidence.information]]
        if not len(regular):
            return between
        own = np.einsum("sii->si", np.linalg.inv(regular))
        total = 1 / np.maximum((1 / (np.diag(between.covariance) + own) ** 2).sum(axis=0), np.finfo(float).tiny)
        shift = np.where(self.is_log & (np.diag(between.covariance) > 0), (1 - known.mean()) ** 2 * total / 2, 0.0)
        return dataclasses.replace(between, mean_covariance=between.mean_covariance + np.diag(shift))

    def would_be_known(self, between: Between) -> npt.NDArray[np.bool_]:
        """(S,) whether a symbol's orders tell it, were it like the middle: its own luck must not decide."""
        share = own_values(self.evidence(np.tile(between.mean, (len(self.parts), 1))), between).pool_share
        return np.asarray(share[:, self.telling].max(axis=1) < _KNOWN)

    def evidence_of_all(self, phi: Floats, known: npt.NDArray[np.bool_], mu: Floats, tau: Floats) -> Evidence:
        """What symbols say of their distribution: those known around themselves, the others around the mean."""
        log_tau = np.where(self.is_log, np.minimum(tau, _LONGEST_STEP), 0.0)
        multiple = np.where(log_tau > 0, np.sqrt(np.expm1(log_tau**2)) / np.where(log_tau > 0, log_tau, 1.0), 1.0)
        mean = self.within(mu + log_tau**2 / 2)
        return self.evidence(
            np.where(known[:, None], phi, mu),
            at=np.where(known[:, None], phi, mean),
            stretched=np.where(known[:, None], 1.0, multiple),
        )

    def notes(self, *, converged: bool) -> Iterator[str]:
        """What a user must know, one sentence each."""
        yield from (f"{count:,} orders left out: {reason}" for reason, count in self.whole.dropped.items())
        if not self.correlated and len(self.varying) > 1:
            yield f"{len(self.parts)} symbols are too few to tell whether parameters differ together; taken as apart"
        if not converged:
            yield "parameters of some symbols did not come to rest; take these numbers as a start"

    def learn_noise(self, phi: Floats) -> None:
        """The noise's scale, and how much orders of a day and symbol share, around each symbol's own parameters."""
        values = [self.natural(row) for row in phi]
        residuals = [part.cost_bps - part.predict(at) for part, at in zip(self.parts, values, strict=True)]
        self.noise = self.noise_of(residuals)
        z = [r / np.sqrt(self.noise.variance(part.risk_bps**2)) for part, r in zip(self.parts, residuals, strict=True)]
        psi = [self.loss.psi(each) for each in z]
        self.size = float(np.mean(np.concatenate(psi) ** 2))
        self.bend = float(np.mean(self.loss.slope(np.concatenate(z))))
        self.shared = _shared(psi, [part.cell for part in self.parts], self.size)

    def evidence(self, phi: Floats, *, at: Floats | None = None, stretched: Floats | None = None) -> Evidence:
        """What each symbol says of its parameters, linear around `phi`.

        Parameters
        ----------
        phi
            (S, p) scaled parameters.
        at
            (S, p) where the model is asked instead.
        stretched
            (S, p) how much steeper than there the model is taken to be.
        """
        at = phi if at is None else at
        stretched = np.ones_like(phi) if stretched is None else stretched
        information, pull = [], []
        for part, around, point, steeper in zip(self.parts, phi, at, stretched, strict=True):
            z, slopes = self.unit_rows(part, self.natural(point))
            slopes = slopes * steeper
            sums = np.stack([np.bincount(part.cell, slopes[:, j]) for j in range(len(around))], axis=1)
            square = slopes.T @ slopes
            curvature = self.bend * square
            meat = self.size * ((1 - self.shared) * square + self.shared * sums.T @ sums)
            back = curvature @ _pinv(meat)
            information.append(back @ curvature)
            pull.append(back @ (curvature @ around + slopes.T @ self.loss.psi(z)))
        return Evidence(np.array(information), np.array(pull))

    def unit_rows(self, part: Problem, at: Floats) -> tuple[Floats, Floats]:
        """Residuals of unit scale, and slopes by the scaled parameters in the same units."""
        sd = np.sqrt(self.noise.variance(part.risk_bps**2))
        return (part.cost_bps - part.predict(at)) / sd, part.jacobian(at) * self.stretch(at) / sd[:, None]

    def noise_of(self, residuals: list[Floats]) -> Noise:
        """The noise scale at these residuals, one law for all symbols."""
        risk = np.concatenate([part.risk_bps for part in self.parts])
        slope, floor = fit_line(
            np.concatenate(residuals), risk**2, self.loss, weights=None, start=(self.noise.slope, self.noise.floor)
        )
        return msgspec.structs.replace(self.noise, slope=slope, floor=floor)

    def scaled(self, values: Floats) -> Floats:
        """Parameters on the scale on which they are normal over symbols: prefactors by their log."""
        return np.where(self.is_log, np.log(np.where(self.is_log, values, 1.0)), values)

    def natural(self, phi: Floats) -> Floats:
        """The way back, inside the model's ranges."""
        values = np.where(self.is_log, np.exp(np.where(self.is_log, phi, 0.0)), phi)
        return np.clip(values, self.whole.low, self.whole.high)

    def stretch(self, values: Floats) -> Floats:
        """Slope of a parameter by its scaled self."""
        return np.where(self.is_log, values, 1.0)

    def within(self, phi: Floats) -> Floats:
        """Scaled parameters inside the model's ranges."""
        low = np.where(self.is_log, -np.inf, self.whole.low)
        high = np.where(self.is_log, np.inf, self.whole.high)
        return np.clip(phi, low, high)


@dataclasses.dataclass(frozen=True, slots=True)
class _Report:
    """From scaled parameters to what a user reads."""

    study: _Study
    between_symbols: Between
    level: float
    count: int

    def model(self, phi: Floats, covariance: Floats) -> Impact:
        """The model at scaled parameters; the covariance by the delta method."""
        values = self.study.natural(phi)
        stretch = self.study.stretch(values)
        return self.study.whole.model_at(values, covariance * np.outer(stretch, stretch))

    def measured(self, phi: Floats, covariance: Floats, n: int) -> dict[str, Measurement]:
        """Parameters with intervals that are symmetric where they are normal."""
        half = t_of(self.level, self.count - 1) * np.sqrt(np.diag(covariance))
        ends = np.stack([self.study.natural(end) for end in (phi, phi - half, phi + half)], axis=1)
        return {
            name: Measurement(value=at, low=low, high=high, level=self.level, n=n, method=_METHOD)
            for name, (at, low, high) in zip(self.study.names, ends.tolist(), strict=True)
            if name != SPREAD
        }

    def between(self, evidence: Evidence) -> dict[str, Measurement]:
        """Standard deviations over symbols, with the interval of the Q-profile."""
        known = [place for place, each in enumerate(evidence.information) if _is_regular(each)]
        inverse = [np.linalg.inv(evidence.information[place]) for place in known]
        found = {}
        for at in self.study.varying:
            sd = float(np.sqrt(self.between_symbols.covariance[at, at]))
            low, high = 0.0, max(sd, np.finfo(float).tiny) * 1e3
            if len(known) > 1:
                values = np.array([each @ evidence.pull[s] for each, s in zip(inverse, known, strict=True)])[:, at]
                variances = np.array([each[at, at] for each in inverse])
                low, high = between_interval(values, variances, self.level)
            found[self.study.names[at]] = Measurement(
                value=sd,
                low=min(low, sd),
                high=max(high, sd),
                level=self.level,
                n=len(known),
                method="restricted maximum likelihood, interval by the Q-profile",
            )
        return found

    def symbol(self, place: int, name: str, own: Own) -> SymbolFit:
        """One symbol's row."""
        part = self.study.parts[place]
        shares = own.pool_share[place]
        return SymbolFit(
            symbol=name,
            orders=len(part),
            model=self.model(own.values[place], own.covariance[place]),
            estimates=self.measured(own.values[place], own.covariance[place], len(part)),
            pool_share={self.study.names[at]: float(np.clip(shares[at], 0, 1)) for at in self.study.varying},
            alone=self.alone(part),
        )

    def alone(self, part: Problem) -> dict[str, Measurement] | None:
        """What the symbol's own orders say; None where they cannot tell."""
        try:
            check_problem(part, "day-symbol")
            solution = solve(part, loss=self.study.loss, noise=self.study.noise)
            check_solution(part, solution)
            doubt = doubt_of(part, solution)
        except Unidentified:
            return None
        found = {}
        for name, value, se, degrees in zip(solution.names, solution.values, doubt.se, doubt.degrees, strict=True):
            half = t_of(self.level, max(1, int(degrees))) * float(se)
            found[name] = Measurement(
                value=float(value),
                low=float(value) - half,
                high=float(value) + half,
                level=self.level,
                n=len(part),
                method="own orders alone, clustered sandwich (CR2)",
            )
        return found


def _shared(psi: list[Floats], cells: list[np.ndarray], size: float) -> float:
    """Correlation of two errors of one day and symbol, by moments over all symbols."""
    over = pairs = 0.0
    for pulls, cell in zip(psi, cells, strict=True):
        count = np.bincount(cell)
        over += float((np.bincount(cell, pulls) ** 2).sum() - (pulls**2).sum())
        pairs += float((count * (count - 1)).sum())
    return float(np.clip(over / (pairs * size), 0.0, 0.95)) if pairs else 0.0


def _pinv(matrix: Floats) -> Floats:
    """The pseudo-inverse, judged after every parameter has unit size."""
    size = np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    return np.asarray(np.linalg.pinv(matrix / np.outer(size, size), rcond=1e-9, hermitian=True) / np.outer(size, size))


def _is_regular(information: Floats) -> bool:
    size = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    return bool(np.linalg.eigvalsh(information / np.outer(size, size)).min() > 1e-6)


def _cell(found: Measurement) -> str:
    return f"{found.value:.3g} [{found.low:.3g}, {found.high:.3g}]"


def _in_words(model: Impact, name: str) -> str:
    parameter = next(each for each in model.parameters if each.name == name)
    return f"log {name}" if parameter.low == 0 and parameter.high == float("inf") else name
