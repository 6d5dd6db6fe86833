"""Real days: what any stock's or coin's bars show, not what the numbers are."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from nowake.data.load import load_day
from nowake.data.readers import bars as reader
from nowake.data.readers.contract import Wanted
from nowake.domain.market import select
from nowake.domain.units import NS_PER_MINUTE
from nowake.microstructure.regimes import (
    DESK_REGIMES,
    Features,
    Scaling,
    bar_features,
    choose_states,
    fit_regimes,
    regime_strip,
    tape_features,
)


def days_of(root: Path, folder: str, most: int) -> list[Features]:
    """Bars of recordings of several days, those in session, as features."""
    paths = [path for path in sorted((root / folder).rglob("*")) if path.is_file() and reader.recognises(path)]
    if not paths:
        pytest.skip(f"no bars under {root / folder}")
    return [_features(path) for path in itertools.islice(paths, most)]


def _features(path: Path) -> Features:
    (recording,) = reader.recordings([path])
    days = []
    for piece in reader.pieces(recording, Wanted()):
        session, table = piece.instrument.session, piece.bars
        assert table is not None
        inside = select(table, (table.time_ns >= session.open_ns) & (table.end_ns <= session.close_ns))
        if len(inside):
            days.append(bar_features(inside))
    return Features.of_days(days)


def test_states_foretell_later_bars_of_stocks_better_than_one_alone(data_root: Path) -> None:
    for features in days_of(data_root, "bars/yahoo_5m", 2):
        rows = Scaling.of(features).scaled(features)
        choice = choose_states(rows, (3,), begins=features.begins, names=features.names, shape="diagonal", starts=2)
        assert 3 == choice.by_bic == choice.by_held_out


def test_the_wildest_days_of_a_coin_are_told_apart_by_a_model_of_the_days_before(data_root: Path) -> None:
    """The days of largest range after the first week, found by content."""
    features = days_of(data_root, "bars/crypto_202303", 4)[-1]
    first = int(features.begins[7])
    model = fit_regimes(features.head(first), states=3, tails="normal", starts=2)
    told = model.read(features)
    stirred = told.probability[:, [DESK_REGIMES.index(name) for name in ("volatile sideways", "crisis", "recovery")]]
    edges = np.append(features.begins[7:], len(features))
    volatility = features.values[:, features.names.index("volatility")]
    by_day = [(volatility[a:z].mean(), stirred[a:z].sum(axis=1).mean()) for a, z in itertools.pairwise(edges)]
    ordered = np.array([share for _, share in sorted(by_day)])
    assert ordered[-2:].mean() > 0.5
    assert ordered[-2:].mean() > ordered[:5].mean() + 0.2


def test_regimes_go_through_a_day_of_quotes(data_root: Path) -> None:
    try:
        day = load_day("lobster:AMZN:1", root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))
    session = day.instrument.session
    features = tape_features(
        day.quotes, day.trades, start_ns=session.open_ns, end_ns=session.close_ns, bar_ns=NS_PER_MINUTE
    )
    told = regime_strip(features, states=3, tails="normal", starts=2)
    np.testing.assert_allclose(told.probability[told.known].sum(axis=1), 1.0, atol=1e-12)
    assert told.known.sum() >= len(features) - 120
    # The day's open is wilder than the rest of it, and the model knows no earlier day.
    assert told.states[0].levels["volatility"] < told.states[-1].levels["volatility"]
