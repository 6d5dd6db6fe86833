"""A simulated world that fits engine.ports."""
