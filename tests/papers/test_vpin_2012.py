"""Easley, Lopez de Prado & O'Hara 2012: what VPIN should be in the model it is made for.

Noise traders buy and sell at rate eps each; in a share alpha of periods informed ones come on one side at rate mu. The
paper's section 1.2: VPIN is about alpha mu / (alpha mu + 2 eps), the probability of informed trading; that is exact
where a bucket holds so many prints that noise averages out and lies within one period. The paper prints no small table
that VPIN could be computed from, so its model stands in for one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from nowake.domain.market import Trades
from nowake.microstructure.classify import bulk_bought, volume_bars
from nowake.microstructure.classify.bulk import BulkBars
from nowake.microstructure.toxicity import vpin, vpin_of_bars

ALPHA, MU, EPS = 0.4, 3.0, 1.0
PERIOD = 20_000  # Prints of noise on one side in a period.


def tape(side: np.ndarray) -> Trades:
    flags = np.zeros(len(side), np.bool_)
    return Trades(
        time_ns=np.arange(len(side)),
        price_ticks=10_000 + np.cumsum(side.astype(np.int64)),
        lots=np.ones(len(side), np.int64),
        aggressor=side.astype(np.int8),
        hidden=flags,
        auction=flags,
    )


def informed_market(rng: np.random.Generator, periods: int) -> np.ndarray:
    """Sides of prints, period after period; exactly a share alpha of periods has news, in no order."""
    news = rng.permutation(np.arange(periods) < ALPHA * periods)
    flow = []
    for has_news in news:
        way = rng.choice([-1, 1])
        noise = rng.choice([-1, 1], int(2 * EPS * PERIOD))
        informed = np.full(int(MU * PERIOD) if has_news else 0, way)
        flow.append(rng.permutation(np.concatenate((noise, informed))))
    return np.concatenate(flow)


def test_vpin_is_the_probability_of_informed_trading_of_its_model() -> None:
    side = informed_market(np.random.default_rng(5), periods=40)
    found = vpin(tape(side), bucket_lots=4_000, window=50)
    # Buckets of 4,000: noise adds at most sqrt(2 / (pi 4000)) = 0.013 in quiet ones.
    assert ALPHA * MU / (ALPHA * MU + 2 * EPS) == pytest.approx(found.mean.value, abs=0.015)


def test_volume_cut_more_finely_before_it_is_signed_has_a_lower_vpin() -> None:
    """The authors' own remark (2011, quoted by Andersen & Bondarenko 2014, appendix): finer bars reduce VPIN."""
    side = np.random.default_rng(6).choice([-1, 1], 200_000)
    levels = [
        vpin_of_bars(volume_bars(tape(side), bar_lots=lots), bucket_lots=2_000, window=50).mean.value
        for lots in (50, 200, 1_000, 2_000)
    ]
    assert sorted(levels) == levels
    assert levels[-1] > 4 * levels[0]


def test_a_bar_a_bucket_long_has_the_mean_of_a_uniform_law() -> None:
    """With one bar a bucket and normal changes Z is uniform, so |2 Z - 1| is a half on average, whatever the flow."""
    change = np.random.default_rng(7).normal(0, 3, 20_000)
    bars = BulkBars(end_ns=np.arange(20_000), lots=np.full(20_000, 100), close=np.cumsum(change))
    assert vpin_of_bars(bars, bucket_lots=100).mean.value == pytest.approx(0.5, abs=0.01)
    wanted = norm.cdf(np.diff(bars.close) / 3.0)
    np.testing.assert_allclose(bulk_bought(bars, sigma=3.0)[1:], wanted, rtol=1e-12)
