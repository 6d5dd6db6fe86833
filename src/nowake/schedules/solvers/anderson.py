"""Fewer rounds of a fixed-point method: from the last few, guess where it is going, and go there if that was right.

Of the last rounds x_k -> g_k the combination is taken whose residuals g_k - x_k nearly cancel (Anderson 1965; Walker &
Ni 2011, type II). A guess from which the next residual is worse than twice what it was is taken back, so that the
method underneath decides (Zhang, O'Donoghue & Boyd 2020, "Globally convergent type-I Anderson acceleration", section
4). Wrong where the map has kinks everywhere, as with costs that are nearly linear: then guesses are lost rounds."""

from __future__ import annotations

import numpy as np

from nowake.models.terms import Floats

MEMORY = 15
"""Rounds that are remembered, and rounds between guesses."""
RIDGE = 1e-10
WORSE = 2.0


class Anderson:
    """What the last rounds were, in one long vector each."""

    def __init__(self) -> None:
        self._residuals: list[Floats] = []
        self._images: list[Floats] = []
        self._rounds = 0
        self._on_trial: tuple[float, Floats] | None = None

    def forget(self) -> None:
        """The map has changed."""
        self.__init__()  # type: ignore[misc]

    def after(self, point: Floats, image: Floats) -> Floats | None:
        """Where to go on from after the round `point` -> `image`; None for the image itself."""
        residual = image - point
        size = float(np.linalg.norm(residual))
        trial, self._on_trial = self._on_trial, None
        if trial is not None and not size <= WORSE * trial[0]:
            self.forget()
            return trial[1]
        self._residuals = [*self._residuals[-MEMORY:], residual]
        self._images = [*self._images[-MEMORY:], image]
        self._rounds += 1
        if self._rounds % MEMORY:
            return None
        guess = self._guess(residual, image)
        if not np.isfinite(guess).all():
            return None
        self._on_trial = (size, image)
        return guess

    def _guess(self, residual: Floats, image: Floats) -> Floats:
        falls = np.diff(np.array(self._residuals), axis=0)
        products = falls @ falls.T
        products[np.diag_indices_from(products)] += RIDGE * np.trace(products) + np.finfo(float).tiny
        parts = np.linalg.solve(products, falls @ residual)
        # The sum of parts times differences of images, without holding the differences.
        shares = np.diff(parts, prepend=0.0, append=0.0)
        return np.asarray(image + shares @ np.array(self._images))
