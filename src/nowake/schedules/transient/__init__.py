"""Schedules for impact that decays: what a trade pays depends on when the others were made."""

from nowake.schedules.transient.liquidation import TransientLiquidation
from nowake.schedules.transient.obizhaeva_wang import ObizhaevaWang, ResilientBook
from nowake.schedules.transient.propagator import Propagator

__all__ = ["ObizhaevaWang", "Propagator", "ResilientBook", "TransientLiquidation"]
