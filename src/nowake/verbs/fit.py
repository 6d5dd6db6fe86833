"""Before verb 1: what did our orders cost? A model of impact fitted to them."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Any

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration import fit as fits
from nowake.models.calibration import result
from nowake.models.impact import Impact
from nowake.verbs.load_orders import load_orders
from nowake.verbs.parameters import model_named, save_model
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    from nowake.reports.pictures.canvas import Picture


class Fit(result.Fit[Impact], frozen=True, kw_only=True):
    """A fitted model, how far to trust it, and the orders it was fitted to. Prints as a table."""

    of: Metaorders

    __repr__ = result.Fit.__str__

    def plot(self) -> Picture:
        """Cost against size: what was paid, with error bars, and the fitted law with its band."""
        from nowake.reports.pictures.fit import cost_by_size  # noqa: PLC0415

        return cost_by_size(self, self.of)

    def save(
        self, path: str | os.PathLike[str], *, name: str = "desk", as_of: dt.date | str | None = None, symbol: str = ""
    ) -> int:
        """Keep the model in a parameter store, and give its number there; see `nowake.verbs.parameters.save_model`."""
        saved = save_model(
            path,
            self.model,
            self.of,
            name=name,
            symbol=symbol,
            as_of=as_of,
            orders=self.orders,
            clusters=self.clusters,
            method=self.method,
            data_hash=self.data_hash,
            seen=msgspec.to_builtins(self.seen),
        )
        return saved.id


def fit(model: type[Impact] | Impact | str, orders: Metaorders | str | os.PathLike[str], **options: Any) -> Fit:
    """A model of impact fitted to executed orders.

    Parameters
    ----------
    model
        A class ("square-root", `impact.SquareRoot`), or a record whose settings are kept.
    orders
        As `load_orders` gives them, or a file in our own column names.
    options
        As for `nowake.models.calibration.fit.fit`: level, spread, hold, loss, cluster, interval, replicates, seed,
        later.

    Raises
    ------
    Unidentified
        When the orders cannot tell the parameters; the message says why and what would help.
    BadParameter
        When the model is none of ours, or an option none of those.

    Examples
    --------
    >>> found = nw.fit("square-root", nw.load_orders("desk.parquet"))
    >>> found.save("params.db", name="desk")
    >>> nw.estimate(order, day, found)
    """
    if isinstance(orders, str | os.PathLike):
        orders = load_orders(orders)
    if not isinstance(orders, Metaorders):
        raise BadParameter(f"{type(orders).__name__} is not a record of executed orders; read one with load_orders")
    chosen = model_named(model) if isinstance(model, str) else model
    if not (isinstance(chosen, Impact) or (isinstance(chosen, type) and issubclass(chosen, Impact))):
        raise BadParameter(f"{chosen!r} is no model of impact; give a name such as square-root, or a class")
    return promote(fits.fit(chosen, orders, **options), Fit, of=orders)
