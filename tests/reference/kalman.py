"""The filter of several sources with textbook matrices: prediction, gain and update, one report at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.microstructure.fusion import PriceModel, Reports

Floats = np.ndarray[Any, np.dtype[np.float64]]


def filtered(reports: Reports, model: PriceModel) -> tuple[Floats, Floats, float]:
    """State after each report, its covariance, and the log likelihood of all but the first."""
    size = len(model.sources) + 1
    state, covariance = np.zeros(size), np.diag([0.0, *(source.offset_sd**2 for source in model.sources)])
    states, covariances, total, last = [], [], 0.0, None
    for source, value, sd, time_ns in zip(reports.source, reports.value, reports.sd, reports.time_ns, strict=True):
        place = model.names.index(reports.names[source])
        noise = (model.sources[place].noise_sd if np.isnan(sd) else sd) ** 2
        seen = np.zeros((1, size))
        seen[0, 0] = seen[0, place + 1] = 1.0
        if last is None:
            # The price is value - offset - noise, whatever it was thought to be.
            turn = np.eye(size)
            turn[0, :] = 0.0
            turn[0, place + 1] = -1.0
            state = turn @ state + np.eye(size)[0] * value
            covariance = turn @ covariance @ turn.T
            covariance[0, 0] += noise
        else:
            covariance[0, 0] += model.drift_sd**2 * (time_ns - last) / 1e9
            expected = (seen @ covariance @ seen.T).item() + noise
            surprise = value - (seen @ state).item()
            gain = covariance @ seen.T / expected
            state = state + gain[:, 0] * surprise
            covariance = (np.eye(size) - gain @ seen) @ covariance
            total -= 0.5 * (np.log(2 * np.pi * expected) + surprise**2 / expected)
        last = time_ns
        states.append(state)
        covariances.append(covariance.copy())
    return np.array(states), np.array(covariances), float(total)
