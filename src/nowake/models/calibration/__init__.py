"""Models fitted to data, with intervals that hold what they promise, and refusals where the data cannot tell."""
