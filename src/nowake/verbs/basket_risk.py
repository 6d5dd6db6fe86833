"""How the lines of a basket move together: out of a file, or assumed from what the basket itself says, plainly."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Real
from typing import NamedTuple

import numpy as np

from nowake.data.basket import BasketRow
from nowake.domain.errors import BadParameter
from nowake.models.covariance import Covariance

MARKET_VOLATILITY = 0.01
CORRELATION = 0.3
_MOST_COMMON = 0.95  # Of a line's variance, where the market's volatility is only assumed.


class RiskAsked(NamedTuple):
    """What somebody says of the risk of a basket; at most one of the first two and of `correlation`.

    Parameters
    ----------
    covariance
        A covariance, or a file of one: symbols in the header and in the first column, of returns a session.
    returns
        A file of returns a session by date, a column a symbol.
    factors
        Principal factors to keep of the returns; None shrinks all correlations to their average.
    correlation
        Of all pairs alike.
    market_volatility
        Of the one market that betas are to, a fraction a session.
    """

    covariance: Covariance | str | os.PathLike[str] | None = None
    returns: str | os.PathLike[str] | None = None
    factors: int | None = None
    correlation: float | None = None
    market_volatility: float | None = None


class RiskFound(NamedTuple):
    """A covariance in the order of the rows, and what was assumed for it; empty where nothing was."""

    covariance: Covariance
    note: str = ""


NOTHING = RiskAsked()


def risk_of(rows: Sequence[BasketRow], asked: RiskAsked = NOTHING) -> RiskFound:
    """The covariance of the rows of a basket.

    Given as a matrix it is taken as it is. Of returns the correlations are taken, and the rows' own volatilities.
    Without either it is one factor by the rows' betas, or where no row has one, a common correlation.

    Raises
    ------
    BadParameter
        When several are given, or what is given is no covariance, or not of all symbols.
    NotFound, BadData
        When a file is not there, or not one.
    """
    _check_types(asked)
    ways = {"covariance": asked.covariance, "returns": asked.returns, "correlation": asked.correlation}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1:
        raise BadParameter(f"{' and '.join(given)} are given; give one of them")
    if given and asked.market_volatility is not None:
        raise BadParameter(
            f"market_volatility {asked.market_volatility} is of one factor by betas, and {given[0]} says how lines "
            "move already; give one of them"
        )
    if asked.factors is not None and asked.returns is None:
        raise BadParameter(f"factors {asked.factors} are kept of returns; give returns")
    symbols = tuple(row.symbol for row in rows)
    own = np.array([row.daily_volatility for row in rows])
    if isinstance(asked.covariance, Covariance):
        return RiskFound(asked.covariance)
    if asked.covariance is not None:
        return RiskFound(_of_matrix(asked.covariance, symbols))
    if asked.returns is not None:
        return _of_returns(asked.returns, symbols, own, asked.factors)
    if asked.correlation is None and any(row.beta is not None for row in rows):
        return _of_betas(rows, own, asked.market_volatility)
    if asked.market_volatility is not None:
        raise BadParameter(
            f"market_volatility {asked.market_volatility:g} is of one factor by betas; give the rows a column beta"
        )
    return _alike(symbols, own, asked.correlation)


def _check_types(asked: RiskAsked) -> None:
    """Refuse what is neither a number nor a file where one is meant."""
    for name in ("factors", "correlation", "market_volatility"):
        value = getattr(asked, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
            raise BadParameter(f"{name} {value!r} is of type {type(value).__name__}; give a number")
    for name in ("covariance", "returns"):
        value = getattr(asked, name)
        if value is not None and not isinstance(value, str | os.PathLike | Covariance):
            way_out = ", or Covariance.full(matrix, symbols=...)" if name == "covariance" else ""
            raise BadParameter(f"{name} of type {type(value).__name__} is no file; give its path{way_out}")


def _of_matrix(path: str | os.PathLike[str], symbols: tuple[str, ...]) -> Covariance:
    from nowake.data.covariances import read_matrix  # noqa: PLC0415

    table = read_matrix(os.fspath(path))
    return Covariance.full(table.rows, symbols=table.symbols).of(symbols)


def _of_returns(
    path: str | os.PathLike[str], symbols: tuple[str, ...], own: np.ndarray[tuple[int], np.dtype[np.float64]],
    factors: int | None,
) -> RiskFound:  # fmt: skip
    from nowake.data.covariances import read_returns  # noqa: PLC0415

    table = read_returns(os.fspath(path), symbols)
    found = Covariance.from_returns(table.rows, factors=factors, symbols=symbols)
    note = f"Correlations are of {len(table.rows):,} sessions of returns; volatilities are those of the basket file."
    return RiskFound(found.with_volatilities(own), note)


def _of_betas(
    rows: Sequence[BasketRow], own: np.ndarray[tuple[int], np.dtype[np.float64]], market_volatility: float | None
) -> RiskFound:
    symbols = tuple(row.symbol for row in rows)
    betas = np.array([1.0 if row.beta is None else row.beta for row in rows])
    if market_volatility is not None:
        return RiskFound(Covariance.one_factor(betas, market_volatility, own, symbols=symbols))
    most = np.sqrt(_MOST_COMMON) * own
    capped = np.abs(betas) * MARKET_VOLATILITY > most
    common = np.clip(betas * MARKET_VOLATILITY, -most, most)
    found = Covariance.factors(common[:, None], np.eye(1), own**2 - common**2, symbols=symbols)
    note = (
        f"No covariance was given: one factor by the betas, with an assumed market volatility of "
        f"{MARKET_VOLATILITY:.0%} a session; what that leaves of each line's volatility is taken as its own."
    )
    if capped.any():
        note += (
            f" {int(capped.sum())} of {len(rows)} volatilities are less than the beta says, and taken as "
            f"{_MOST_COMMON:.0%} market."
        )
    return RiskFound(found, note)


def _alike(
    symbols: tuple[str, ...], own: np.ndarray[tuple[int], np.dtype[np.float64]], correlation: float | None
) -> RiskFound:
    found = Covariance.alike(own, CORRELATION if correlation is None else correlation, symbols=symbols)
    if correlation is not None:
        return RiskFound(found)
    note = (
        f"No covariance, returns or betas were given: all pairs are taken as correlated alike, {CORRELATION:g}. A "
        "hedge inside the basket is then only as good as that."
    )
    return RiskFound(found, note if len(symbols) > 1 else "")
