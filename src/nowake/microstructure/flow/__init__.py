"""What orders and trades lean to: order flow, queues, the micro-price, the memory of signs, metaorders' footprints."""

from nowake.microstructure.flow.autocorrelation import (
    MarketOrders,
    SignAutocorrelation,
    VolumeAutocorrelation,
    autocorrelation,
    market_orders,
    sample_autocorrelation,
)
from nowake.microstructure.flow.footprints import Footprint, Footprints, footprints, splitting_exponent
from nowake.microstructure.flow.levels import LevelFit, LevelResponse, level_response
from nowake.microstructure.flow.memory import memory_exponent
from nowake.microstructure.flow.microprice import (
    MicroPrice,
    MicroPriceErrors,
    MicroPriceGauge,
    fit_microprice,
    microprice_errors,
    microprice_of,
)
from nowake.microstructure.flow.microprice_counts import MicroPriceCounts, spread_classes
from nowake.microstructure.flow.monitor import FlowHistory, FlowMonitor, flow_history
from nowake.microstructure.flow.orderflow import FlowBars, OrderFlow, flow_bars, level_flows, order_flow
from nowake.microstructure.flow.queue import (
    ImbalanceBin,
    ImbalanceResponse,
    QueueImbalance,
    imbalance_response,
    queue_imbalance,
)
from nowake.microstructure.flow.slope import OrderFlowSlope, imbalance, orderflow_slope
from nowake.microstructure.flow.trades import TradeImbalance, trade_imbalance

__all__ = [
    "FlowBars",
    "FlowHistory",
    "FlowMonitor",
    "Footprint",
    "Footprints",
    "ImbalanceBin",
    "ImbalanceResponse",
    "LevelFit",
    "LevelResponse",
    "MarketOrders",
    "MicroPrice",
    "MicroPriceCounts",
    "MicroPriceErrors",
    "MicroPriceGauge",
    "OrderFlow",
    "OrderFlowSlope",
    "QueueImbalance",
    "SignAutocorrelation",
    "TradeImbalance",
    "VolumeAutocorrelation",
    "autocorrelation",
    "fit_microprice",
    "flow_bars",
    "flow_history",
    "footprints",
    "imbalance",
    "imbalance_response",
    "level_flows",
    "level_response",
    "market_orders",
    "memory_exponent",
    "microprice_errors",
    "microprice_of",
    "order_flow",
    "orderflow_slope",
    "queue_imbalance",
    "sample_autocorrelation",
    "splitting_exponent",
    "spread_classes",
    "trade_imbalance",
]
