"""Two messages as the whole of a process, for the cold start of `matching`: python -m benchmarks.matching_cold SIDE."""

import sys

if __name__ == "__main__":
    if sys.argv[1] == "peer":
        import nanobook

        exchange = nanobook.Exchange()
        exchange.submit_limit("sell", 100, 10)
        print(exchange.submit_limit("buy", 101, 4).trades)
    else:
        import numpy as np

        from nowake import sim

        fields = [(name, "i8") for name in ("kind", "order_id", "sequence", "price_ticks", "quantity", "side")]
        print(sim.match(np.array([(0, 1, 0, 100, 10, 1), (0, 2, 1, 101, 4, 0)], fields)))
