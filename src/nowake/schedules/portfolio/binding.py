"""Which limits hold a basket's plan back, in the desk's words: what one can ask to have relaxed.

It tells where the optimum touches a limit, not what the touch costs. An iterative solver ends near a limit and not on
it, so that near is told here by fractions of the limit itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.portfolio.basket import Basket
from nowake.schedules.portfolio.costing import Costing
from nowake.schedules.portfolio.exposures import Exposure
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.portfolio.timeline import Flags

NEAR_CAP, NEAR_BAND, NOTHING = 1e-4, 1e-3, 1e-7


def binding_of(
    basket: Basket, costs: Costing, limits: Limits, exposures: tuple[Exposure, ...], trades: Floats, *, largest: Floats
) -> dict[str, int]:
    """Name of a limit -> in how many buckets it is met by trades of at most (T, N) units, most first.

    Names are "participation of ABC", "largest child of ABC", "no reversal of ABC" (buckets in which nothing trades
    where it might), and "band of dollar" or of any other exposure.
    """
    found = dict(_of_lines(basket, costs, limits, np.abs(trades), largest))
    for each in exposures:
        count = _touches(each, basket, trades)
        if count:
            found[f"band of {each.name}"] = count
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _of_lines(basket: Basket, costs: Costing, limits: Limits, sizes: Floats, most: Floats) -> Iterator[tuple[str, int]]:
    on_cap = costs.tradable & np.isfinite(most) & (sizes >= most * (1 - NEAR_CAP))
    by_value = np.zeros_like(on_cap)
    if limits.max_child_value is not None:
        a_lot = [line.lot_size for line in basket.lines]
        by_value = on_cap & (most + a_lot > limits.max_child_value / basket.worths)
    idle: Flags = costs.tradable & (most > 0) & (sizes <= NOTHING * np.abs(basket.quantities))
    kinds = {
        "participation of": on_cap & ~by_value,
        "largest child of": by_value,
        "no reversal of": idle if limits.no_reversal else np.zeros_like(idle),
    }
    for kind, flags in kinds.items():
        for i in np.flatnonzero(flags.any(axis=0)):
            yield f"{kind} {basket.symbols[i]}", int(flags[:, i].sum())


def _touches(exposure: Exposure, basket: Basket, trades: Floats) -> int:
    """Buckets but the last at whose end an exposure lies on its band."""
    if not exposure.is_limited:
        return 0
    values = exposure.values(basket.quantities, basket.quantities - np.cumsum(trades, axis=0))[:-1]
    low, high = exposure.low[:-1], exposure.high[:-1]
    size = float(np.abs(exposure.weights) @ np.abs(basket.quantities))
    width = np.where(np.isfinite(low) & np.isfinite(high), high - low, np.minimum(np.abs(low), np.abs(high)))
    near = np.maximum(NEAR_BAND * width, NOTHING * size)
    return int(((values >= high - near) | (values <= low + near)).sum())
