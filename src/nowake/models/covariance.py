"""How the returns of many assets move together: factors that all share, and what is each asset's own.

    C = F F' + diag(d)          of returns a session, fraction of the price squared

F are (N, K) loadings on K uncorrelated factors of variance 1, d the (N,) specific variances. A full matrix is a root
of it as F, with d = 0. Kept apart, the two make a portfolio of thousands of assets cheap to plan (Woodbury's identity),
and they never form the N x N matrix.

Sources: one factor, Sharpe 1963 ("A simplified model for portfolio analysis", Management Science 9). Shrinkage of
measured correlations towards their average, Ledoit & Wolf 2004 ("Honey, I shrunk the sample covariance matrix",
Journal of Portfolio Management 30, appendix B), on standardised returns, so that a volatile asset does not set the
intensity for all. Principal factors: the largest eigenvectors of the measured correlations; what they leave of each
variance is specific (Connor & Korajczyk 1993).

Wrong where correlations of the coming hours are not those of the sessions looked at: they rise when markets fall. The
largest eigenvalues of few sessions of many assets are too large, and what looks like a hedge in them is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats

Flags = npt.NDArray[np.bool_]

LEAST_SESSIONS = 20
SESSIONS_PER_FACTOR = 5  # For each factor and the mean.
ROUNDING = 1e-8  # Of correlations.
SHOWN = 8
_LONG = 60


class InCurrency(NamedTuple):
    """Covariance of price moves in currency^2 per unit^2 per session: `loadings` (N, K), `specific` (N,)."""

    loadings: Floats
    specific: Floats


class Covariance(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Covariance of returns a session. Made with one of the class methods.

    Parameters
    ----------
    loadings
        (N, K) F: return for one standard deviation of each factor.
    specific
        (N,) d: variance that is an asset's own, 0 or more.
    symbols
        N names, or empty: rows are then in the order of whatever it is used with.
    method
        How it was made, in words.
    has_factors
        Whether the columns of `loadings` are factors one can name and limit, not only a root of some matrix.

    Raises
    ------
    BadParameter
        When shapes disagree, a number is NaN or below 0 where it must not be, or an asset has no variance.
    """

    loadings: Floats
    specific: Floats
    symbols: tuple[str, ...] = ()
    method: str = "given"
    has_factors: bool = True

    def __post_init__(self) -> None:
        count = len(self.specific)
        if self.loadings.ndim != 2 or self.loadings.shape[0] != count or self.specific.ndim != 1 or not count:
            raise BadParameter(
                f"loadings {self.loadings.shape} and specific variances {self.specific.shape} of a covariance must be "
                "(N, K) and (N,), of one asset or more"
            )
        if self.symbols and (len(self.symbols) != count or len(set(self.symbols)) < count):
            raise BadParameter(f"{count} assets of a covariance need {count} different symbols, not {self.symbols}")
        _check_finite(self.loadings, "loadings", self.symbols)
        _check_finite(self.specific, "specific variance", self.symbols)
        _refuse_where(self.specific < 0, "specific variance {} of {} must be 0 or more", self.specific, self.symbols)
        _refuse_where(
            self.variances <= 0,
            "variance {} of {} must be above 0: an asset that never moves cannot be planned with risk; "
            "give its volatility, or leave it out",
            self.variances,
            self.symbols,
        )

    # How one is made.

    @classmethod
    def full(cls, matrix: Floats | Sequence[Sequence[float]], *, symbols: Sequence[str] = ()) -> Self:
        """From an (N, N) matrix.

        Raises
        ------
        BadParameter
            When it is not square, finite, symmetric and positive semi-definite, or an asset has no variance.
        """
        values, vectors, scale = _correlations_of(matrix, tuple(symbols))
        if values[0] < -ROUNDING * len(values):
            worst = vectors[:, 0] / scale
            raise BadParameter(
                f"covariance must be positive semi-definite; the smallest eigenvalue of its correlations is "
                f"{values[0]:.3g}: holding {_weights(worst / np.abs(worst).max(), tuple(symbols))} would have a "
                "variance below 0. Estimate it from more sessions than assets (Covariance.from_returns shrinks it), "
                "or take the nearest one by Covariance.repaired(matrix)"
            )
        return cls._of_spectrum(values, vectors, scale, tuple(symbols), method="full matrix")

    @classmethod
    def repaired(cls, matrix: Floats | Sequence[Sequence[float]], *, symbols: Sequence[str] = ()) -> Self:
        """From an (N, N) symmetric matrix that is not quite a covariance: eigenvalues below 0 are cut off.

        The correlations' eigenvalues are cut at 0 and each variance restored (Rebonato & Jaeckel 1999, "The most
        general methodology to create a valid correlation matrix"); errors as for `full`, but for that one.
        """
        values, vectors, scale = _correlations_of(matrix, tuple(symbols))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        root /= np.sqrt((root**2).sum(axis=1, keepdims=True))
        method = f"full matrix, {int((values < 0).sum())} eigenvalue(s) cut at 0"
        return cls._of_root(root * scale[:, None], tuple(symbols), method=method)

    @classmethod
    def factors(
        cls, loadings: Floats, factor_covariance: Floats, specific: Floats, *, symbols: Sequence[str] = ()
    ) -> Self:
        """From a factor model: (N, K) loadings, (K, K) covariance of the factors, (N,) specific variances.

        Of one factor loadings may be (N,) and its variance a number.

        Raises
        ------
        BadParameter
            When shapes disagree, or the factors' covariance is none.
        """
        exposures, own = _table(loadings, "loadings"), _table(specific, "specific variances")
        if exposures.ndim == 1:
            exposures = exposures[:, None]
        between = np.atleast_2d(_table(factor_covariance, "factor covariance"))
        if exposures.ndim != 2 or own.shape != exposures.shape[:1]:
            raise BadParameter(
                f"loadings {exposures.shape} and specific variances {own.shape} of factors must be (N, K) and (N,)"
            )
        if between.shape != (exposures.shape[1], exposures.shape[1]):
            raise BadParameter(
                f"loadings {exposures.shape} on {exposures.shape[1]} factors need a factor covariance of as many rows "
                f"and columns, not {between.shape}"
            )
        values, vectors, scale = _correlations_of(between, (), what="factor covariance")
        if values[0] < -ROUNDING * len(values):
            raise BadParameter(
                f"factor covariance must be positive semi-definite; the smallest eigenvalue of its correlations is "
                f"{values[0]:.3g}"
            )
        root = vectors * np.sqrt(np.maximum(values, 0.0)) * scale[:, None]
        return cls(
            loadings=exposures @ root,
            specific=own,
            symbols=tuple(symbols),
            method=f"{_counted(len(between), 'factor')} and specific variances",
        )

    @classmethod
    def one_factor(
        cls,
        betas: Floats | Sequence[float],
        market_volatility: float,
        volatilities: Floats | Sequence[float],
        *,
        symbols: Sequence[str] = (),
    ) -> Self:
        """From betas to one market and each asset's own total volatility a session (Sharpe 1963).

        Raises
        ------
        BadParameter
            When a beta alone would move its asset more than its volatility says.
        """
        beta, total = _vector(betas, "betas"), _vector(volatilities, "volatilities", like=len(betas))
        if not 0 < market_volatility < math.inf:
            raise BadParameter(f"market volatility {market_volatility} must be above 0 and finite, 0.01 for 1 %")
        common = np.abs(beta) * market_volatility
        _refuse_where(
            common > total * (1 + 1e-9),
            "beta of {1} makes it move {0} a session through the market alone, more than its volatility of "
            "{2}; lower the beta or the market's volatility",
            common,
            tuple(symbols),
            total,
        )
        return cls(
            loadings=(beta * market_volatility)[:, None],
            specific=np.maximum(total**2 - common**2, 0.0),
            symbols=tuple(symbols),
            method=f"one factor by betas, market volatility {market_volatility:.3g}",
        )

    @classmethod
    def alike(cls, volatilities: Floats | Sequence[float], correlation: float, *, symbols: Sequence[str] = ()) -> Self:
        """All pairs correlated alike, from 0 to 1: what to take, and to say, where nothing is known.

        Raises
        ------
        BadParameter
            When the correlation is not between 0 and 1, or a volatility not above 0.
        """
        total = _vector(volatilities, "volatilities")
        if not 0 <= correlation <= 1:
            raise BadParameter(f"correlation {correlation} common to all must be between 0 and 1")
        return cls(
            loadings=(math.sqrt(correlation) * total)[:, None],
            specific=(1 - correlation) * total**2,
            symbols=tuple(symbols),
            method=f"all correlations {correlation:.3g}",
        )

    @classmethod
    def uncorrelated(cls, volatilities: Floats | Sequence[float], *, symbols: Sequence[str] = ()) -> Self:
        """No correlations: too safe a view of a one-sided basket, too harsh a one of a hedged basket."""
        total = _vector(volatilities, "volatilities")
        return cls(loadings=np.zeros((len(total), 0)), specific=total**2, symbols=tuple(symbols), method="uncorrelated")

    @classmethod
    def from_returns(
        cls,
        returns: Floats | Sequence[Sequence[float]],
        *,
        factors: int | None = None,
        shrink: float | None = None,
        symbols: Sequence[str] = (),
    ) -> Self:
        """From measured returns of a session each.

        Parameters
        ----------
        returns
            (T, N) fractions, one row a session, one column an asset, without gaps.
        factors
            Principal factors to keep; what they leave is specific. The choice for many assets: planning then takes
            time in proportion to N K.
        shrink
            Without `factors`: how far correlations are drawn to their average, from 0 (as measured) to 1; by default
            the intensity that Ledoit & Wolf 2004 estimate. The average is taken as 0 where it is below.

        Raises
        ------
        BadParameter
            With fewer than 20 sessions, or than five for each factor and the mean; when a number is not finite, an
            asset never moves, or both options are given.
        """
        table = _table(returns, "returns")
        names = tuple(symbols)
        _check_returns(table, factors, names)
        if factors is not None and shrink is not None:
            raise BadParameter(f"give factors or shrink, not both (factors {factors}, shrink {shrink})")
        if shrink is not None and not 0 <= shrink <= 1:
            raise BadParameter(f"shrink {shrink} must be between 0 and 1")
        centred = table - table.mean(axis=0)
        volatility = centred.std(axis=0, ddof=1)
        _refuse_where(
            ~(volatility > 0), "{1} never moved in the returns; leave it out, or give a covariance", volatility, names
        )
        z = centred / centred.std(axis=0)
        if factors is not None:
            return cls._principal(z, volatility, factors, names)
        return cls._shrunk(z, volatility, shrink, names)

    @classmethod
    def _principal(cls, z: Floats, volatility: Floats, factors: int, symbols: tuple[str, ...]) -> Self:
        """The largest `factors` eigenvectors of the correlations of (T, N) standardised returns."""
        _, singular, rows = np.linalg.svd(z / math.sqrt(len(z)), full_matrices=False)
        root = rows[:factors].T * singular[:factors]
        return cls(
            loadings=root * volatility[:, None],
            specific=np.maximum(1 - (root**2).sum(axis=1), 0.0) * volatility**2,
            symbols=symbols,
            method=f"{_counted(factors, 'principal factor')} of {len(z)} sessions",
        )

    @classmethod
    def _shrunk(cls, z: Floats, volatility: Floats, shrink: float | None, symbols: tuple[str, ...]) -> Self:
        average, intensity = shrinkage(z)
        weight = intensity if shrink is None else shrink
        # A root of the measured correlations: by assets, or by sessions where these are fewer.
        root = z.T / math.sqrt(len(z))
        if root.shape[1] > root.shape[0]:
            left, singular, _ = np.linalg.svd(root, full_matrices=False)
            root = left * singular
        common = np.full((len(volatility), 1), math.sqrt(weight * average))
        return cls(
            loadings=np.hstack((math.sqrt(1 - weight) * root, common)) * volatility[:, None],
            specific=weight * (1 - average) * volatility**2,
            symbols=symbols,
            method=f"{len(z)} sessions, correlations drawn {weight:.0%} to their average of {average:.2f}",
            has_factors=False,
        )

    @classmethod
    def _of_spectrum(
        cls, values: Floats, vectors: Floats, scale: Floats, symbols: tuple[str, ...], *, method: str
    ) -> Self:
        kept = values > ROUNDING * values[-1] * 1e-4
        return cls._of_root(vectors[:, kept] * np.sqrt(values[kept]) * scale[:, None], symbols, method=method)

    @classmethod
    def _of_root(cls, root: Floats, symbols: tuple[str, ...], *, method: str) -> Self:
        specific = np.zeros(len(root))
        return cls(loadings=root, specific=specific, symbols=symbols, method=method, has_factors=False)

    # What all have.

    @property
    def variances(self) -> Floats:
        """(N,) of returns a session."""
        return np.asarray((self.loadings**2).sum(axis=1) + self.specific)

    @property
    def volatilities(self) -> Floats:
        """(N,) fractions per sqrt(session)."""
        return np.sqrt(self.variances)

    @property
    def matrix(self) -> Floats:
        """(N, N) C."""
        return np.asarray(self.loadings @ self.loadings.T + np.diag(self.specific))

    @property
    def correlations(self) -> Floats:
        """(N, N)."""
        return np.asarray(self.matrix / np.outer(self.volatilities, self.volatilities))

    def risk(self, values: Floats) -> float:
        """One standard deviation a session, in currency, of (N,) signed positions in currency."""
        return math.sqrt(float(((self.loadings.T @ values) ** 2).sum() + self.specific @ values**2))

    def contributions(self, values: Floats) -> Floats:
        """(N,) what each position adds to `risk`; they sum to it (Euler; Litterman 1996)."""
        risk = self.risk(values)
        pull = self.loadings @ (self.loadings.T @ values) + self.specific * values
        return np.asarray(values * pull / risk if risk > 0 else np.zeros_like(values))

    def in_currency(self, prices: Floats | Sequence[float]) -> InCurrency:
        """Of price moves instead of returns: each asset scaled by what one unit of it is worth."""
        worth = _vector(prices, "prices", like=len(self))
        return InCurrency(self.loadings * worth[:, None], self.specific * worth**2)

    def with_volatilities(self, volatilities: Floats | Sequence[float]) -> Self:
        """The same correlations with other volatilities, such as those of each line's market today."""
        factor = _vector(volatilities, "volatilities", like=len(self)) / self.volatilities
        return msgspec.structs.replace(
            self,
            loadings=self.loadings * factor[:, None],
            specific=self.specific * factor**2,
            method=f"{self.method}; volatilities given",
        )

    def of(self, symbols: Sequence[str]) -> Self:
        """The rows of some symbols, in their order.

        Raises
        ------
        BadParameter
            When the covariance names none, or lacks one of them.
        """
        if not self.symbols:
            raise BadParameter("this covariance names no symbols; give symbols=... where it is made")
        places = {symbol: place for place, symbol in enumerate(self.symbols)}
        missing = [symbol for symbol in symbols if symbol not in places]
        if missing:
            raise BadParameter(
                f"the covariance has no {', '.join(missing[:SHOWN])} ({len(missing)} of {len(symbols)} symbols missing)"
            )
        rows = [places[symbol] for symbol in symbols]
        return msgspec.structs.replace(
            self, loadings=self.loadings[rows], specific=self.specific[rows], symbols=tuple(symbols)
        )

    def __len__(self) -> int:
        return len(self.specific)

    def __str__(self) -> str:
        low, high = float(self.volatilities.min()), float(self.volatilities.max())
        return (
            f"covariance of {_counted(len(self), 'asset')}, {_counted(self.loadings.shape[1], 'factor')}: "
            f"{self.method}; volatility {low:.2%} to {high:.2%} a session"
        )


def shrinkage(z: Floats) -> tuple[float, float]:
    """Average correlation and shrinkage intensity of (T, N) standardised returns (mean 0, variance 1 over T).

    Ledoit & Wolf 2004, appendix B, where all variances are 1:
        pi = sum_ij AsyVar(sqrt(T) r_ij), rho = sum_i pi_ii + rbar sum_{i != j} theta_ii,ij, gamma = sum (f_ij - r_ij)^2
        intensity = (pi - rho) / gamma / T, within [0, 1]
    The sums over pairs are done through the sums over sessions, so that no N x N matrix is made.
    """
    t, n = z.shape
    if n == 1:
        return 0.0, 0.0
    gram = z @ z.T / t  # (T, T); its entries squared sum to the sum of squared correlations.
    squares = float((gram**2).sum())
    total = float((z.sum(axis=1) ** 2).sum() / t)  # Sum of all correlations.
    average = min(max((total - n) / (n * (n - 1)), 0.0), 1.0)
    pi = float(((z**2).sum(axis=1) ** 2).sum() / t) - squares
    own = float((z**4).mean(axis=0).sum()) - n  # Sum of pi_ii.
    cubes = float(((z**3).sum(axis=1) * z.sum(axis=1)).sum() / t)  # Sum over i, j of mean z_i^3 z_j.
    theta = cubes - float((z**4).mean(axis=0).sum()) - (total - n)
    rho = own + average * theta
    gamma = squares - n - 2 * average * (total - n) + average**2 * n * (n - 1)
    if gamma <= 1e-12 * squares:
        return average, 1.0
    return average, min(max((pi - rho) / gamma / t, 0.0), 1.0)


def _check_returns(table: Floats, factors: int | None, symbols: tuple[str, ...]) -> None:
    if table.ndim != 2 or not table.shape[1]:
        raise BadParameter(f"returns {table.shape} must be (sessions, assets)")
    sessions, assets = table.shape
    if symbols and len(symbols) != assets:
        raise BadParameter(f"{assets} columns of returns need {assets} symbols, not {len(symbols)}")
    if factors is not None and not 1 <= factors <= assets:
        raise BadParameter(f"factors {factors} must be between 1 and the number of assets, {assets}")
    needed = max(LEAST_SESSIONS, SESSIONS_PER_FACTOR * ((factors or 0) + 1))
    if sessions < needed:
        raise BadParameter(
            f"{sessions} session(s) of returns cannot tell how {assets:,} asset(s) move together; give {needed} or "
            "more, or a structure that needs none: Covariance.one_factor(betas, ...) or Covariance.alike(volatilities, "
            "correlation)"
        )
    _check_finite(table.T, "return", symbols)


def _correlations_of(
    matrix: Floats | Sequence[Sequence[float]], symbols: tuple[str, ...], *, what: str = "covariance"
) -> tuple[Floats, Floats, Floats]:
    """Eigenvalues (rising) and eigenvectors of a matrix's correlations, and its volatilities."""
    table = _table(matrix, what)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not len(table):
        raise BadParameter(f"{what} must be square, not {table.shape}")
    _check_finite(table, what, symbols)
    variances = np.diagonal(table)
    _refuse_where(
        ~(variances > 0),
        "variance {} of {} must be above 0: what never moves cannot be planned with risk; give its volatility, or "
        "leave it out",
        variances,
        symbols,
    )
    scale = np.sqrt(variances)
    unit = table / np.outer(scale, scale)
    gap = np.abs(unit - unit.T)
    if gap.max() > ROUNDING:
        i, j = (int(place) for place in np.unravel_index(int(np.argmax(gap)), gap.shape))
        raise BadParameter(
            f"{what} must be symmetric: row {_name(i, symbols)} of {_name(j, symbols)} is {table[i, j]:.6g}, row "
            f"{_name(j, symbols)} of {_name(i, symbols)} {table[j, i]:.6g}; give (C + C') / 2"
        )
    values, vectors = np.linalg.eigh((unit + unit.T) / 2)
    return values, vectors, scale


def _vector(values: Floats | Sequence[float], what: str, *, like: int | None = None) -> Floats:
    array = _table(values, what)
    if array.ndim != 1 or (like is not None and len(array) != like):
        wanted = "each asset" if like is None else f"each of {like} assets"
        raise BadParameter(f"{what} must be one number for {wanted}, not of shape {array.shape}")
    if not np.isfinite(array).all() or (what != "betas" and not (array > 0).all()):
        wanted = "finite" if what == "betas" else "finite and above 0"
        bad = ~np.isfinite(array) if what == "betas" else ~(np.isfinite(array) & (array > 0))
        place = int(np.argmax(bad))
        raise BadParameter(f"{what} must be {wanted}; number {place + 1} of {len(array)} is {array[place]}")
    return array


def _table(values: object, what: str) -> Floats:
    """An array of numbers; one clear line for what is none, such as measurements in place of their values."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        first = next((each for each in np.array(values, dtype=object).ravel() if not isinstance(each, int | float)), "")
        hint = "; give its .value" if hasattr(first, "value") else ""
        shown = f"{type(first).__name__} {first}" if len(str(first)) < _LONG else type(first).__name__
        raise BadParameter(f"{what} must be numbers, in rows of one length; there is {shown}{hint}") from None


def _check_finite(table: Floats, what: str, symbols: tuple[str, ...]) -> None:
    bad = np.array([not np.isfinite(row).all() for row in table])
    if bad.any():
        named = ", ".join(_name(int(i), symbols) for i in np.flatnonzero(bad)[:SHOWN])
        raise BadParameter(f"{what} of {named} holds NaN or infinity ({int(bad.sum())} of {len(bad)} assets do)")


def _refuse_where(
    bad: Flags,
    words: str,
    values: Floats,
    symbols: tuple[str, ...],
    others: Floats | None = None,
) -> None:
    """Refuse with the first bad asset's value, its name, and its value in `others`."""
    if bad.any():
        place = int(np.argmax(bad))
        other = "" if others is None else f"{others[place]:.4g}"
        raise BadParameter(words.format(f"{values[place]:.4g}", _name(place, symbols), other))


def _weights(holdings: Floats, symbols: tuple[str, ...]) -> str:
    largest = np.argsort(-np.abs(holdings))[:SHOWN]
    return ", ".join(f"{holdings[i]:+.2g} {_name(int(i), symbols)}" for i in sorted(largest))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _name(place: int, symbols: tuple[str, ...]) -> str:
    return symbols[place] if symbols else f"asset {place + 1}"
