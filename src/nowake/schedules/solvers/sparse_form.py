"""A programme as sparse matrices for a general solver: scaled, and with everything that is already known taken out.

The variables are what is left of each asset between its free trades, in units of the asset; a trade whose limits are
equal (after a deadline) is no variable. Exposures to factors are variables of their own, tied to holdings by equations,
so that the risk of thousands of assets stays sparse. Costs are in units of what even trading would cost. So shares from
1 to 1e9 and currencies of any size give numbers near 1, and nobody tunes anything."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import sizes
from nowake.schedules.solvers.programme import Programme

Sparse = Any  # scipy's csc_array; scipy is loaded when a general solver is asked.

EQUAL = 1e-12  # Limits closer than this fraction of an asset's size leave no choice.
INSIDE = 2e-10  # Bands are aimed at this fraction of their size inside, so that clean-up does not cross them.


class Frame(msgspec.Struct, frozen=True, eq=False):
    """Which numbers are still open, and their units.

    With z the open numbers, what is left at the T+1 instants is units * (known + z[index]) where index is 0 or more.

    Parameters
    ----------
    programme
        What it is a frame of.
    units
        (N,) shares that count as 1.
    worth
        Currency that counts as 1.
    lower, upper
        (T, N) limits of trades in units, infinite where there are none.
    free
        (T, N) whether a trade is still open.
    index
        (T+1, N) number of the variable that an instant's holding rests on, -1 where it is known.
    known
        (T+1, N) the rest of the holding, in units.
    count
        How many variables.
    """

    programme: Programme
    units: Floats
    worth: float
    lower: Floats
    upper: Floats
    free: npt.NDArray[np.bool_]
    index: npt.NDArray[np.int64]
    known: Floats
    count: int

    @classmethod
    def of(cls, programme: Programme) -> Frame:
        """Scale a programme and find what is open."""
        units = units_of(programme)
        none = np.full(programme.shape, np.inf)
        lower = -none if programme.lower is None else programme.lower / units
        upper = none if programme.upper is None else programme.upper / units
        lower, upper = tightened(lower, upper, programme.quantities / units)
        free = upper - lower > EQUAL
        fixed = np.where(free, 0.0, np.where(np.isfinite(lower), lower, 0.0))
        index, known, count = _open(free, fixed, programme.quantities / units)
        return cls(programme, units, worth_of(programme, units), lower, upper, free, index, known, count)

    def trades(self, z: Floats) -> Floats:
        """(T, N) shares of trades; every asset's sum is its quantity to rounding."""
        held = self.known + np.where(self.index >= 0, np.append(z, 0.0)[self.index], 0.0)
        return np.asarray((held[:-1] - held[1:]) * self.units)

    def holdings(self) -> tuple[Sparse, Floats]:
        """Matrix and constant of the T-1 inner instants' holdings, in units, instants slow and assets fast."""
        return self._rows(self.index[1:-1], self.known[1:-1])

    def _rows(self, index: npt.NDArray[np.int64], known: Floats) -> tuple[Sparse, Floats]:
        from scipy import sparse  # noqa: PLC0415

        flat = index.ravel()
        row = np.flatnonzero(flat >= 0)
        matrix = sparse.csc_array((np.ones(len(row)), (row, flat[row])), shape=(len(flat), self.count))
        return matrix, known.ravel()

    def flows(self) -> tuple[Sparse, Floats]:
        """Matrix and constant of all T x N trades, in units."""
        before, known_before = self._rows(self.index[:-1], self.known[:-1])
        after, known_after = self._rows(self.index[1:], self.known[1:])
        matrix = (before - after).tocsc()
        matrix.eliminate_zeros()
        return matrix, known_before - known_after


def units_of(programme: Programme) -> Floats:
    """(N,) shares that count as 1: the quantity, or without one the largest limit, or a trade that costs the rest."""
    units = sizes(programme)
    aimless = (programme.quantities == 0) & (units == 1)
    if not aimless.any():
        return units
    mean = programme.impact.mean(axis=0)
    e = programme.exponent
    typical = float((mean * np.abs(programme.quantities) ** e).max()) * len(programme.impact) ** (1 - e)
    if programme.drift is not None:
        gain = np.abs(programme.drift).sum(axis=0)
        typical = max(typical, float((gain ** (e / (e - 1)) / mean ** (1 / (e - 1))).max()))
    natural = (typical / mean) ** (1 / e)
    return np.where(aimless & (natural > 0), natural, units)


def worth_of(programme: Programme, units: Floats) -> float:
    """Currency that counts as 1: impact and risk of even trading of the units, above 0."""
    t, _ = programme.shape
    even = units / t
    impact = float((programme.impact * even**programme.exponent).sum())
    left = np.where(programme.quantities == 0, 0.0, programme.quantities)
    factor = float(((left @ programme.loadings) ** 2).sum() + (left**2 * programme.specific).sum())
    inner = programme.risk_weights[:-1]
    risk = factor * float((inner * (1 - np.arange(1, t) / t) ** 2).sum())
    return max(impact + risk, np.finfo(float).tiny)


def tightened(lower: Floats, upper: Floats, quantities: Floats) -> tuple[Floats, Floats]:
    """Limits where those of the other buckets leave no choice: caps that are just enough are all used.

    Only assets whose limits leave less than 1e-9 of a unit are touched: others keep their interior.
    """
    over, under = upper.sum(0) - quantities, quantities - lower.sum(0)
    lower = np.where(over <= 1e-9, upper, lower)
    upper = np.where((under <= 1e-9) & (over > 1e-9), lower, upper)
    return lower, upper


def _open(free: npt.NDArray[np.bool_], fixed: Floats, quantities: Floats) -> tuple[npt.NDArray[np.int64], Floats, int]:
    """Number the holdings between free trades; those before an asset's first and after its last are known."""
    t, n = free.shape
    done = np.zeros((t + 1, n))
    np.cumsum(fixed, axis=0, out=done[1:])
    seen = np.cumsum(free, axis=0)
    is_last = free & (seen == seen[-1])
    starts = free & ~is_last
    number = np.cumsum(starts.ravel()).reshape(t, n) - 1
    index = np.full((t + 1, n), -1, dtype=np.int64)
    level = np.zeros((t + 1, n))
    level[0] = quantities
    for k in range(t):
        index[k + 1] = np.where(starts[k], number[k], np.where(is_last[k], -1, index[k]))
        level[k + 1] = np.where(starts[k], 0.0, np.where(is_last[k], done[-1], level[k]))
    return index, level - done, int(starts.sum())


class Quadratic(msgspec.Struct, frozen=True, eq=False):
    """minimise 1/2 y' P y + q' y over equal y = equal_to, low <= rows y <= high, y = (z, exposures, sizes of trades).

    Parameters
    ----------
    hessian, slope
        P, with both triangles, and q, in units of the frame's worth.
    equal, equal_to, rows, low, high
        Equations and inequalities.
    band_equations, band_rows
        For each band and bucket that is among the equations or the inequalities, (row, bucket, band).
    band_norms
        (M,) what each band was divided by.
    """

    hessian: Sparse
    slope: Floats
    equal: Sparse
    equal_to: Floats
    rows: Sparse
    low: Floats
    high: Floats
    band_equations: npt.NDArray[np.int64]
    band_rows: npt.NDArray[np.int64]
    band_norms: Floats


def quadratic(frame: Frame, *, has_impact: bool = True) -> Quadratic:
    """All of a programme but its constant; without `has_impact` the impact is left to cones over the trades."""
    from scipy import sparse  # noqa: PLC0415

    flows, flow_known = frame.flows()
    held, held_known = frame.holdings()
    hessian, slope = _own_terms(frame, (flows, flow_known), (held, held_known), has_impact=has_impact)
    exposures, exposure_weights, exposure_known = _exposures(frame, held, held_known)
    kinks, kink_costs, spread_slope = _kinks(frame, flows)
    slope = slope + spread_slope
    width = (frame.count, len(exposure_weights), len(kink_costs))
    boxes = _boxes(frame, flows, flow_known)
    bands = _bands(frame, held, held_known)
    same = bands.high - bands.low <= EQUAL
    kink_flow, kink_known = flows[kinks], flow_known[kinks]
    ones = sparse.eye_array(width[2])

    def pad(matrix: Any) -> Any:
        return sparse.hstack([matrix, sparse.csc_array((matrix.shape[0], width[1] + width[2]))])

    between = sparse.csc_array((width[2], width[1]))
    rows = [pad(boxes.rows), pad(bands.rows[~same])]
    rows += [sparse.hstack([-kink_flow, between, ones]), sparse.hstack([kink_flow, between, ones])]
    none = np.full(width[2], np.inf)
    tie = sparse.hstack([exposures, -sparse.eye_array(width[1]), sparse.csc_array((width[1], width[2]))])
    places = np.column_stack([bands.bucket, bands.band])
    count = len(boxes.low)
    return Quadratic(
        hessian=sparse.block_diag(
            [hessian, sparse.diags_array(exposure_weights), sparse.csc_array((width[2], width[2]))], format="csc"
        ),
        slope=np.concatenate([slope, np.zeros(width[1]), kink_costs]),
        equal=sparse.vstack([tie, pad(bands.rows[same])], format="csc"),
        equal_to=np.concatenate([-exposure_known, (bands.low + bands.high)[same] / 2]),
        rows=sparse.vstack(rows, format="csc"),
        low=np.concatenate([boxes.low, bands.low[~same], kink_known, -kink_known]),
        high=np.concatenate([boxes.high, bands.high[~same], none, none]),
        band_equations=np.column_stack([width[1] + np.arange(same.sum()), places[same]]),
        band_rows=np.column_stack([count + np.arange((~same).sum()), places[~same]]),
        band_norms=bands.norms,
    )


def _own_terms(
    frame: Frame, flow: tuple[Sparse, Floats], hold: tuple[Sparse, Floats], *, has_impact: bool
) -> tuple[Sparse, Floats]:
    """Impact, cross-impact, specific risk and drift: Hessian and slope in the open holdings."""
    from scipy import sparse  # noqa: PLC0415

    programme, units, worth = frame.programme, frame.units, frame.worth
    (flows, flow_known), (held, held_known) = flow, hold
    specific = 2 * np.outer(programme.risk_weights[:-1], programme.specific * units**2).ravel() / worth
    hessian = held.T @ sparse.diags_array(specific) @ held
    slope = held.T @ (specific * held_known)
    if programme.drift is not None:
        slope = slope - held.T @ (programme.drift[:-1] * units / worth).ravel()
    curvature = 2 * (programme.impact * units**2 / worth).ravel() if has_impact else np.zeros(len(flow_known))
    pull = sparse.diags_array(curvature)
    if programme.cross is not None and programme.cross_weights is not None:
        block = programme.cross * np.outer(units, units) * (2 / worth)
        pull = pull + sparse.kron(sparse.diags_array(programme.cross_weights), sparse.csc_array(block))
    hessian = hessian + flows.T @ pull @ flows
    return hessian.tocsc(), np.asarray(slope + flows.T @ (pull @ flow_known))


def _exposures(frame: Frame, held: Sparse, held_known: Floats) -> tuple[Sparse, Floats, Floats]:
    """Equations F' x of the inner instants, the weights of their squares, and their known parts."""
    from scipy import sparse  # noqa: PLC0415

    programme = frame.programme
    weights = programme.risk_weights[:-1]
    mean = weights.mean() if weights.any() else 1.0
    scaled = programme.loadings * frame.units[:, None] * np.sqrt(mean / frame.worth)
    t = np.flatnonzero(weights > 0)
    pick = sparse.csr_array((np.ones(len(t)), (np.arange(len(t)), t)), shape=(len(t), len(weights)))
    matrix = (sparse.kron(pick, sparse.csr_array(scaled.T)) @ held).tocsc()
    known = (held_known.reshape(len(weights), -1)[t] @ scaled).ravel()
    return matrix, np.repeat(2 * weights[t] / mean, scaled.shape[1]), known


def _kinks(frame: Frame, flows: Sparse) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Trades that may have either sign and pay a spread, its cost, and the slope of the spread of the others."""
    programme = frame.programme
    if programme.spread is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(frame.count)
    cost = (programme.spread * frame.units / frame.worth).ravel()
    lower, upper = frame.lower.ravel(), frame.upper.ravel()
    is_kink = frame.free.ravel() & (cost > 0) & (lower < 0) & (upper > 0)
    sign = np.where(lower >= 0, 1.0, -1.0)
    slope = flows.T @ np.where(is_kink, 0.0, sign * cost)
    kinks = np.flatnonzero(is_kink)
    return kinks, cost[kinks], np.asarray(slope)


class _Rows(msgspec.Struct, frozen=True, eq=False):
    rows: Sparse
    low: Floats
    high: Floats
    bucket: npt.NDArray[np.int64]
    band: npt.NDArray[np.int64]
    norms: Floats


def _boxes(frame: Frame, flows: Sparse, known: Floats) -> _Rows:
    limited = frame.free & (np.isfinite(frame.lower) | np.isfinite(frame.upper))
    cells = np.flatnonzero(limited.ravel())
    low, high = frame.lower.ravel()[cells] - known[cells], frame.upper.ravel()[cells] - known[cells]
    nothing = np.zeros(0, dtype=np.int64)
    return _Rows(flows[cells], low, high, nothing, nothing, np.ones(0))


def _bands(frame: Frame, held: Sparse, held_known: Floats) -> _Rows:
    """Rows A x of the inner instants that are limited and can still move, divided by their norms."""
    from scipy import sparse  # noqa: PLC0415

    programme = frame.programme
    m, t = len(programme.bands), len(programme.impact) - 1
    if not m or not t:
        nothing = np.zeros(0, dtype=np.int64)
        return _Rows(sparse.csc_array((0, frame.count)), np.zeros(0), np.zeros(0), nothing, nothing, np.ones(m))
    scaled = programme.bands * frame.units
    norms = np.sqrt((scaled**2).sum(axis=1))
    norms = np.where(norms > 0, norms, 1.0)
    scaled = scaled / norms[:, None]
    rows = (sparse.kron(sparse.eye_array(t), sparse.csr_array(scaled)) @ held).tocsr()
    known = (held_known.reshape(t, -1) @ scaled.T).ravel()
    low, high = programme.band_low[:-1] / norms, programme.band_high[:-1] / norms
    margin = np.minimum(INSIDE * np.abs(scaled).sum(axis=1), (high - low) / 4)
    limited = np.isfinite(low + margin) | np.isfinite(high - margin)
    keep = np.flatnonzero(limited.ravel() & (np.diff(rows.indptr) > 0))
    low, high = (low + np.nan_to_num(margin)).ravel()[keep], (high - np.nan_to_num(margin)).ravel()[keep]
    return _Rows(rows[keep].tocsc(), low - known[keep], high - known[keep], keep // m, keep % m, norms)
