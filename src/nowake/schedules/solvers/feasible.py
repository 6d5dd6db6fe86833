"""Limits that cannot hold together: which they are, and the least that has to give.

Limits of trades alone are judged asset by asset, exactly: an asset can be traded when its lower limits sum to no more
and its upper limits to no less than its quantity. Bands are judged by a linear programme that widens them as little as
possible (phase 1 of the simplex method; HiGHS)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from nowake.domain.errors import Infeasible
from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import asset_name, band_name, sizes
from nowake.schedules.solvers.programme import Programme

SLACK = 1e-9  # Of an asset's size, that counts as nothing missing.
SHOWN = 4
MOST_ROUNDS = 200_000  # Of the simplex method, that finding the least relaxation may take.


class Relaxation(msgspec.Struct, frozen=True, kw_only=True):
    """One limit and the least change of it that helps.

    Parameters
    ----------
    limit
        Its name: "upper limit of ABC", "band dollar".
    allows, needed
        What it allows and what is needed, in its own unit (shares; the band's unit).
    factor
        What every value of it has to be multiplied by; None where a factor does not help or it is a band.
    until_bucket
        First bucket, counted from 1, until which trading would have to go on at the same limits; None where that does
        not help.
    buckets
        Buckets, counted from 1, in which a band is in the way.
    """

    limit: str
    allows: float
    needed: float
    factor: float | None = None
    until_bucket: int | None = None
    buckets: tuple[int, ...] = ()


def check_trades(programme: Programme) -> None:
    """Refuse limits of trades that cross, or within which an asset cannot be traded in full.

    Raises
    ------
    Infeasible
        Naming each asset, what its limits allow and the smallest factor and the earliest bucket that would do.
    """
    _check_order(programme)
    found = _short(programme, programme.upper, sign=1.0) + _short(programme, programme.lower, sign=-1.0)
    if found:
        found.sort(key=lambda each: -abs(math.log(each[1].factor)) if each[1].factor else -math.inf)
        raise Infeasible(_joined([words for words, _ in found]), [relaxation for _, relaxation in found])


def _check_order(programme: Programme) -> None:
    for limit, wrong in (("lower", np.inf), ("upper", -np.inf)):
        values = getattr(programme, limit)
        if values is not None and (values == wrong).any():
            t, i = np.argwhere(values == wrong)[0]
            raise Infeasible(f"{limit} limit {wrong} of {asset_name(programme, i)} in bucket {t + 1} admits no trade")
    pairs: list[tuple[str, Floats | None, str, Floats | None, Callable[[Programme, int], str]]]
    pairs = [("lower", programme.lower, "upper", programme.upper, asset_name)]
    if len(programme.bands):
        pairs.append(("band_low", programme.band_low[:-1], "band_high", programme.band_high[:-1], band_name))
    for low_name, low, high_name, high, name in pairs:
        if low is not None and high is not None and (low > high).any():
            t, i = np.argwhere(low > high)[0]
            count = int((low > high).sum())
            raise Infeasible(
                f"{low_name} {low[t, i]:,.6g} of {name(programme, int(i))} is above {high_name} {high[t, i]:,.6g} in "
                f"bucket {t + 1}; {count:,} such pair{'s' if count > 1 else ''}"
            )


def _short(programme: Programme, limits: Floats | None, *, sign: float) -> list[tuple[str, Relaxation]]:
    """Assets whose upper limits (sign 1) sum to too little, or whose lower limits (sign -1) to too much."""
    if limits is None:
        return []
    total, size = sign * limits.sum(axis=0), sizes(programme)
    need = sign * programme.quantities
    missing = np.flatnonzero(need - total > SLACK * size)
    return [_one_short(programme, int(i), sign * limits[:, i], sign) for i in missing]


def _one_short(programme: Programme, asset: int, limits: Floats, sign: float) -> tuple[str, Relaxation]:
    """`limits` are those of each bucket in the direction of `sign`, and sum to less than the need."""
    name = asset_name(programme, asset)
    kind = "upper" if sign > 0 else "lower"
    need, total = sign * float(programme.quantities[asset]), float(limits.sum())
    factor = need / total if need * total > 0 else None
    until = _until(limits, need - total) if need > 0 else None
    relaxation = Relaxation(
        limit=f"{kind} limit of {name}",
        allows=sign * total,
        needed=sign * need,
        factor=factor,
        until_bucket=until,
    )
    if need <= 0:
        other = "least trades" if factor is not None else "limits"
        way = f"multiply them by {_down(factor)}" if factor is not None else "let them include 0"
        return f"{other} of {name} force {_shares(abs(total))} of {_shares(abs(need))} shares: {way}", relaxation
    if total <= 0 or factor is None:
        return f"{name} has {_shares(need)} shares to trade and no bucket to trade in: open one to it", relaxation
    later = "" if until is None else f", or give until bucket {until}"
    words = f"cap of {name} allows {_shares(total)} of {_shares(need)} shares: raise its participation by a factor of "
    return words + _up(factor) + later, relaxation


def _until(limits: Floats, missing: float) -> int | None:
    """The bucket, counted from 1, that is reached when closed or later ones have the mean limit of the open ones."""
    open_ = np.flatnonzero(limits > 0)
    if not len(open_) or (limits < 0).any():
        return None
    return int(open_[-1]) + 1 + math.ceil(missing / float(limits[open_].mean()) - SLACK)


def _up(value: float, digits: int = 3) -> str:
    """So many digits, rounded so that the number shown is enough."""
    step = 10.0 ** (math.floor(math.log10(value)) + 1 - digits)
    rounded = math.ceil(value / step - 1e-9) * step
    return f"{rounded:,.0f}" if step >= 1 else f"{rounded:,.{digits + 1}g}"


def _down(value: float) -> str:
    step = 10.0 ** (math.floor(math.log10(value)) - 2)
    return f"{math.floor(value / step + 1e-9) * step:.4g}"


def _shares(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.6g}"


def _joined(words: Sequence[str]) -> str:
    others = len(words) - SHOWN
    more = f"; and {others:,} more asset{'s' if others > 1 else ''}" if others > 0 else ""
    return "; ".join(words[:SHOWN]) + more


def check_reach(programme: Programme) -> bool:
    """Whether each band by itself can be met in each bucket by what trades can have left; False is a proof that no.

    True is no proof: bands and buckets can still exclude each other.
    """
    if not len(programme.bands) or len(programme.impact) < 2:
        return True
    least, most = _reach(programme)
    slack = SLACK * (np.abs(programme.bands) @ sizes(programme))
    for band, room, low, high in zip(programme.bands, slack, programme.band_low.T, programme.band_high.T, strict=True):
        has = band != 0
        a = band[has]
        bottom = (np.where(a > 0, least[:, has], most[:, has]) * a).sum(axis=1)
        top = (np.where(a > 0, most[:, has], least[:, has]) * a).sum(axis=1)
        if (bottom > high[:-1] + room).any() or (top < low[:-1] - room).any():
            return False
    return True


def _reach(programme: Programme) -> tuple[Floats, Floats]:
    """(T-1, N) the least and the most of each asset that can be left after each bucket but the last."""
    none = np.full(programme.shape, np.inf)
    lower = -none if programme.lower is None else programme.lower
    upper = none if programme.upper is None else programme.upper
    after_low, after_high = (np.cumsum(limit[::-1], axis=0)[::-1][1:] for limit in (lower, upper))
    x = programme.quantities
    least = np.maximum(x - np.cumsum(upper, axis=0)[:-1], after_low)
    most = np.minimum(x - np.cumsum(lower, axis=0)[:-1], after_high)
    return least, most


def check_bands(programme: Programme) -> None:
    """Refuse bands that cannot hold together with each other and with the limits of trades.

    Raises
    ------
    Infeasible
        Naming the bands, the buckets in which they are in the way, and by how much they have to be widened: the
        least, as a sum over bands of fractions of each band's gross exposure at the start.
    """
    if not len(programme.bands) or len(programme.impact) < 2:
        return
    widths, buckets = least_widening(programme)
    relaxations = [
        Relaxation(limit=f"band {band_name(programme, m)}", allows=0.0, needed=float(width), buckets=buckets[m])
        for m, width in enumerate(widths)
        if width > 0
    ]
    if relaxations:
        ways = [
            f"widen {each.limit} by {_up(each.needed, 6)} on either side (in the way in {_listed(each.buckets)})"
            for each in relaxations
        ]
        raise Infeasible("bands cannot hold together with the limits of trades: " + " and ".join(ways), relaxations)


def _listed(buckets: tuple[int, ...]) -> str:
    shown = ", ".join(str(bucket) for bucket in buckets[:SHOWN])
    more = f" and {len(buckets) - SHOWN} more" if len(buckets) > SHOWN else ""
    return f"bucket{'s' if len(buckets) > 1 else ''} {shown}{more}"


def least_widening(programme: Programme) -> tuple[Floats, list[tuple[int, ...]]]:
    """(M,) the least by which bands must be widened, 0 where they need not, and the buckets that are in the way.

    Raises
    ------
    Infeasible
        When the linear programme is too large to be solved in time; the message says so.
    """
    from scipy import sparse  # noqa: PLC0415
    from scipy.optimize import linprog  # noqa: PLC0415

    (t, n), m = programme.shape, len(programme.bands)
    size = sizes(programme)
    gross = np.abs(programme.bands) @ size
    gross = np.where(gross > 0, gross, 1.0)
    scaled = programme.bands * size / gross[:, None]
    # Trades in fractions, exposures after each bucket but the last, widenings. Trades are limited as variables, so that
    # the equations are only one for each asset, its total, and one for each exposure, the last one less what is traded.
    whole = sparse.hstack([sparse.kron(np.ones((1, t)), sparse.eye_array(n)), sparse.csr_array((n, t * m))])
    moved = sparse.kron(sparse.eye_array(t - 1, t), sparse.csr_array(scaled))
    steps = sparse.kron(sparse.eye_array(t - 1) - sparse.eye_array(t - 1, k=-1), sparse.eye_array(m))
    chain = sparse.hstack([moved, steps, sparse.csr_array(((t - 1) * m, m))])
    start = np.concatenate([scaled @ (programme.quantities / size), np.zeros((t - 2) * m)])
    blocks, sides, places = [], [], []
    for sign, band in ((1.0, programme.band_high), (-1.0, programme.band_low)):
        limit = (band[:-1] / gross).ravel()
        rows = np.flatnonzero(np.isfinite(limit))
        exposure = sparse.eye_array((t - 1) * m).tocsr()[rows] * sign
        widen = sparse.kron(np.ones((t - 1, 1)), sparse.eye_array(m)).tocsr()[rows]
        blocks.append(sparse.hstack([sparse.csr_array((len(rows), t * n)), exposure, -widen]))
        sides.append(sign * limit[rows])
        places.append(rows)
    lower, upper = (
        np.full((t, n), none) if limit is None else limit / size
        for limit, none in ((programme.lower, -np.inf), (programme.upper, np.inf))
    )
    free = np.full((t - 1) * m, np.inf)
    result = linprog(
        np.concatenate([np.zeros(t * n + (t - 1) * m), np.ones(m)]),
        A_ub=sparse.vstack(blocks, format="csr"),
        b_ub=np.concatenate(sides),
        A_eq=sparse.vstack([whole, chain], format="csr"),
        b_eq=np.concatenate([programme.quantities / size, start]),
        bounds=np.column_stack(
            [
                np.concatenate([lower.ravel(), -free, np.zeros(m)]),
                np.concatenate([upper.ravel(), free, np.full(m, np.inf)]),
            ]
        ),
        method="highs",
        options={"maxiter": MOST_ROUNDS},
    )
    if result.x is None:
        raise Infeasible(f"bands may not hold together with the limits of trades; HiGHS ended with {result.message}")
    found = result.x[-m:]
    # What the widening would fall by if a limit were moved: 0 for limits that are not in the way.
    pushing = np.concatenate(places)[np.abs(result.ineqlin.marginals) > SLACK]
    buckets = [tuple(sorted({int(k) // m + 1 for k in pushing if k % m == band})) for band in range(m)]
    return np.where(found > SLACK, found, 0.0) * gross, buckets
