"""Events that beget events: self- and mutually exciting processes, simulated, fitted and judged."""
