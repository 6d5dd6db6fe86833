"""Price discovery: which market of one asset moves the common price, which moves first, and how surely."""

from nowake.microstructure.discovery.clocks import Skew, clock_skew, on_recorder_clock
from nowake.microstructure.discovery.cointegration import Cointegration
from nowake.microstructure.discovery.estimation import Discovery, MarketShares, discover
from nowake.microstructure.discovery.gauge import SharesGauge, SharesNow, recent_shares
from nowake.microstructure.discovery.grid import Grid, Market, Staleness, align
from nowake.microstructure.discovery.leads import Covariation, LeadLag, hayashi_yoshida, lead_lag
from nowake.microstructure.discovery.shares import (
    InformationShares,
    component_shares,
    information_shares,
    leadership_shares,
    modified_shares,
    shares_in_order,
    walk_variance,
)
from nowake.microstructure.discovery.simulated import correcting_markets, delayed_markets
from nowake.microstructure.discovery.sweeps import Point, skew_sensitivity, sweep

__all__ = [
    "Cointegration",
    "Covariation",
    "Discovery",
    "Grid",
    "InformationShares",
    "LeadLag",
    "Market",
    "MarketShares",
    "Point",
    "SharesGauge",
    "SharesNow",
    "Skew",
    "Staleness",
    "align",
    "clock_skew",
    "component_shares",
    "correcting_markets",
    "delayed_markets",
    "discover",
    "hayashi_yoshida",
    "information_shares",
    "lead_lag",
    "leadership_shares",
    "modified_shares",
    "on_recorder_clock",
    "recent_shares",
    "shares_in_order",
    "skew_sensitivity",
    "sweep",
    "walk_variance",
]
