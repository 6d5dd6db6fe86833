"""The one stateful loop: view, evolve, reconcile, gate, journal."""
