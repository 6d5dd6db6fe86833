"""Statistics that know no market: an estimate and its interval, regressions with honest errors, resampled blocks."""
