"""Several sources into one price and one belief, each trusted as it has predicted."""
