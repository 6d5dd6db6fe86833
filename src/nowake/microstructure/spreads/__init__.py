"""What a trade costs beside the mid, and what the book holds: spreads, depth, lambda, slippage in many dimensions."""

from nowake.microstructure.spreads.abdi_ranaldo import AbdiRanaldoGauge, abdi_ranaldo, abdi_ranaldo_rolling
from nowake.microstructure.spreads.amihud import Amihud, AmihudGauge, amihud
from nowake.microstructure.spreads.bar_spreads import BarSpread, BarSpreadGauge
from nowake.microstructure.spreads.corwin_schultz import CorwinSchultzGauge, corwin_schultz, corwin_schultz_rolling
from nowake.microstructure.spreads.edge import EdgeGauge, edge, edge_rolling
from nowake.microstructure.spreads.effective import (
    EffectiveSpreads,
    PrintSpreads,
    SpreadGroup,
    SpreadsAt,
    effective_spreads,
    means_of,
    print_spreads,
)
from nowake.microstructure.spreads.kyle import KyleLambda, kyle_lambda, kyle_lambda_by_volume
from nowake.microstructure.spreads.kyle_live import KyleGauge, kyle_by_bars
from nowake.microstructure.spreads.later import HORIZONS_NS, Mids, mids_around, rows_at
from nowake.microstructure.spreads.live import LaterMids, SpreadGauge
from nowake.microstructure.spreads.means import side_names, size_classes, time_classes
from nowake.microstructure.spreads.quoted import QuotedSpread, quoted_spread
from nowake.microstructure.spreads.resilience import Resilience, resilience, resilience_of
from nowake.microstructure.spreads.roll import RollGauge, roll, roll_rolling
from nowake.microstructure.spreads.shape import BookShape, ShapeGauge, ShapePlan, book_shape
from nowake.microstructure.spreads.slippage import Slippage, slippage

__all__ = [
    "HORIZONS_NS",
    "AbdiRanaldoGauge",
    "Amihud",
    "AmihudGauge",
    "BarSpread",
    "BarSpreadGauge",
    "BookShape",
    "CorwinSchultzGauge",
    "EdgeGauge",
    "EffectiveSpreads",
    "KyleGauge",
    "KyleLambda",
    "LaterMids",
    "Mids",
    "PrintSpreads",
    "QuotedSpread",
    "Resilience",
    "RollGauge",
    "ShapeGauge",
    "ShapePlan",
    "Slippage",
    "SpreadGauge",
    "SpreadGroup",
    "SpreadsAt",
    "abdi_ranaldo",
    "abdi_ranaldo_rolling",
    "amihud",
    "book_shape",
    "corwin_schultz",
    "corwin_schultz_rolling",
    "edge",
    "edge_rolling",
    "effective_spreads",
    "kyle_by_bars",
    "kyle_lambda",
    "kyle_lambda_by_volume",
    "means_of",
    "mids_around",
    "print_spreads",
    "quoted_spread",
    "resilience",
    "resilience_of",
    "roll",
    "roll_rolling",
    "rows_at",
    "side_names",
    "size_classes",
    "slippage",
    "time_classes",
]
