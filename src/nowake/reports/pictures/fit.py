"""A fitted law against what was paid: cost by size of the order, with error bars and the law's band."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.goodness import Bucket
from nowake.models.calibration.problem import terms_of
from nowake.models.calibration.result import Fit
from nowake.models.impact.contract import Impact
from nowake.reports.pictures import canvas
from nowake.statistics.measurement import z_of

Floats = npt.NDArray[np.float64]


def cost_by_size(fit: Fit[Impact], orders: Metaorders) -> canvas.Picture:
    """Mean impact of orders of about one size, and what the law says of the same orders.

    Each bucket has its own mix of symbols, volatilities and durations, so the line need not be smooth. The band is the
    doubt about the law's parameters, not the noise of an order.
    """
    size = np.array([100 * bucket.share_of_day for bucket in fit.buckets])
    seen, low, high, law = (
        np.array([getattr(bucket, name) for bucket in fit.buckets])
        for name in ("observed_bps", "low_bps", "high_bps", "fitted_bps")
    )
    half = z_of(fit.level) * _doubt_bps(fit, orders)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.axhline(0, color=canvas.MUTED, linewidth=0.8)
        axes.fill_between(size, law - half, law + half, color=canvas.SKY, alpha=0.35, linewidth=0)
        axes.plot(size, law, color=canvas.BLUE, label=fit.model.name)
        ends = np.where(np.isfinite(high), high, seen), np.where(np.isfinite(low), low, seen)
        axes.vlines(size, ends[1], ends[0], color=canvas.ORANGE, linewidth=1.2)
        axes.plot(size, seen, "o", color=canvas.ORANGE, markersize=4.5, linestyle="none", label="what was paid")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("size of the order, % of the day's volume")
        axes.set_title(f"impact, bps; bars and band are {fit.level:.0%} intervals")
        canvas.legend(axes)

    return canvas.draw("Cost against size", _in_words(fit), paint)


def _doubt_bps(fit: Fit[Impact], orders: Metaorders) -> Floats:
    """One standard deviation of the law's mean in each bucket, by the delta method."""
    for name in fit.model.needs:
        column = getattr(orders, name)
        orders = orders if column is None else orders.take(np.isfinite(column))
    terms = terms_of(orders)
    slopes = np.array([np.broadcast_to(slope, len(orders)) for slope in fit.model.gradient_bps(terms)])
    # The law's own: the spread is in neither the points nor the line.
    rows = fit.model.covariance
    covariance = np.array(rows).reshape(len(rows), len(rows))[: len(slopes), : len(slopes)]
    edges = np.sqrt(np.array([a.share_of_day * b.share_of_day for a, b in itertools.pairwise(fit.buckets)]))
    place = np.searchsorted(edges, np.broadcast_to(terms.share_of_day, len(orders)))
    doubt = []
    for number in range(len(fit.buckets)):
        here = place == number
        mean = slopes[:, here].mean(axis=1) if here.any() else np.zeros(len(slopes))
        doubt.append(math.sqrt(max(float(mean @ covariance @ mean), 0.0)) if covariance.size else 0.0)
    return np.array(doubt)


def _in_words(fit: Fit[Impact]) -> str:
    def told(bucket: Bucket) -> str:
        size = f"{100 * bucket.share_of_day:.2g} %"
        return f"orders of {size} of the day paid {bucket.observed_bps:.1f} bps, the law says {bucket.fitted_bps:.1f}"

    inside = sum(bucket.low_bps <= bucket.fitted_bps <= bucket.high_bps for bucket in fit.buckets)
    return (
        f"{told(fit.buckets[0])}; {told(fit.buckets[-1])}; in {inside} of {len(fit.buckets)} sizes the law lies inside "
        "the interval of what was paid."
    )
