"""Which limits hold a solution back, by name: what a trader can ask to have relaxed; and whether all are kept.

A limit binds in a bucket when the solution lies on it to `NEAR` of the asset's size (of the band's width for a band).
That tells where it touches, not what the touch costs: a limit that the optimum would meet anyway counts too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.models.terms import Floats
from nowake.schedules.solvers.programme import Programme

NEAR = 1e-7

Flags = npt.NDArray[np.bool_]


def binding_limits(programme: Programme, trades: Floats) -> dict[str, int]:
    """Names of the limits that (T, N) trades lie on, with how many buckets, most buckets first.

    Names are "upper limit of ABC" and "lower limit of ABC"; "no reversal of ABC" where the limit is 0 and would be
    crossed by trading back; "closed buckets of ABC" where both limits are 0 (after a deadline); "upper band of dollar"
    and "lower band of dollar" for bands of what is left after all buckets but the last.
    """
    found = _of_trades(programme, trades) | _of_bands(programme, trades)
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def violation(programme: Programme, trades: Floats) -> float:
    """The worst breach of any limit or sum, as a fraction of the asset's (of the band's) size, in `sizes`."""
    size = sizes(programme, trades)
    worst = float((np.abs(trades.sum(axis=0) - programme.quantities) / size).max(initial=0.0))
    if programme.lower is not None:
        worst = max(worst, float(((programme.lower - trades) / size).max(initial=0.0)))
    if programme.upper is not None:
        worst = max(worst, float(((trades - programme.upper) / size).max(initial=0.0)))
    if len(programme.bands) and len(trades) > 1:
        held = (programme.left(trades) @ programme.bands.T)[:-1]
        reach = np.abs(programme.bands) @ size
        reach = np.where(reach > 0, reach, 1.0)
        over = np.maximum(programme.band_low[:-1] - held, held - programme.band_high[:-1])
        worst = max(worst, float((over / reach).max(initial=0.0)))
    return worst


def sizes(programme: Programme, trades: Floats | None = None) -> Floats:
    """(N,) shares that tolerances of an asset are fractions of: its quantity, or its largest limit, or 1.

    With (T, N) trades, the largest of them where that is more: a hedge of no quantity may trade any amount, and its sum
    is 0 only to the rounding of that.
    """
    size = np.abs(programme.quantities)
    for limit in (programme.lower, programme.upper):
        if limit is not None:
            finite = np.where(np.isfinite(limit), np.abs(limit), 0.0).max(axis=0)
            size = np.where(size > 0, size, finite)
    size = np.where(size > 0, size, 1.0)
    return size if trades is None else np.maximum(size, np.abs(trades).max(axis=0))


def asset_name(programme: Programme, asset: int) -> str:
    """Its name, or its number where the programme names none."""
    return programme.names[asset] if asset < len(programme.names) else f"asset {asset}"


def band_name(programme: Programme, band: int) -> str:
    """Its name, or its number where the programme names none."""
    return programme.band_names[band] if band < len(programme.band_names) else f"band {band}"


def _of_trades(programme: Programme, trades: Floats) -> dict[str, int]:
    if programme.lower is None and programme.upper is None:
        return {}
    near = NEAR * sizes(programme, trades)
    nothing = np.zeros(trades.shape, dtype=bool)
    lower, upper = programme.lower, programme.upper
    on_lower = nothing if lower is None else np.asarray(trades - lower <= near)
    on_upper = nothing if upper is None else np.asarray(upper - trades <= near)
    closed = nothing if lower is None or upper is None else np.asarray((lower == 0) & (upper == 0))
    side = np.sign(programme.quantities)
    back_lower = nothing if lower is None else np.asarray((lower == 0) & (side >= 0) & ~closed)
    back_upper = nothing if upper is None else np.asarray((upper == 0) & (side <= 0) & ~closed)
    kinds = {
        "closed buckets of": closed,
        "no reversal of": (on_lower & back_lower) | (on_upper & back_upper),
        "lower limit of": on_lower & ~back_lower & ~closed,
        "upper limit of": on_upper & ~back_upper & ~closed,
    }
    return {
        f"{kind} {asset_name(programme, int(asset))}": int(count)
        for kind, flags in kinds.items()
        for asset, count in _counted(flags)
    }


def _of_bands(programme: Programme, trades: Floats) -> dict[str, int]:
    if not len(programme.bands) or len(trades) < 2:
        return {}
    held = (programme.left(trades) @ programme.bands.T)[:-1]
    low, high = programme.band_low[:-1], programme.band_high[:-1]
    near = NEAR * (np.abs(programme.bands) @ sizes(programme, trades))
    kinds = {"lower band of": held - low <= near, "upper band of": high - held <= near}
    return {
        f"{kind} {band_name(programme, int(band))}": int(count)
        for kind, flags in kinds.items()
        for band, count in _counted(flags)
    }


def _counted(flags: Flags) -> list[tuple[int, int]]:
    """Columns with a flag, and how many."""
    counts = flags.sum(axis=0)
    return [(int(column), int(counts[column])) for column in np.nonzero(counts)[0]]
