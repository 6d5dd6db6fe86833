"""Which state the market is in, as probabilities that never look ahead."""
