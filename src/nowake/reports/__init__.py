"""Documents made of TCA results."""
