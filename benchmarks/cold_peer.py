"""A tiny replay as the whole of a process: hftbacktest's side of `cold_start`.

    python -m benchmarks.cold_peer ROWS.npy watch|quote compiled|interpreted

`interpreted` calls the same strategy as plain Python, where numba compiles only the methods it touches: the
quicker of the two counts. Nothing is asked of the backtest afterwards, for each method asked is one more to compile."""

import sys

import numpy as np
from benchmarks.replay_peer import STRATEGIES, backtest
from benchmarks.workload import STEP_NS

if __name__ == "__main__":
    rows_path, strategy, way = sys.argv[1:]
    rows = np.load(rows_path)  # Kept by name: the backtest holds only its address.
    decide = STRATEGIES[strategy]
    if way == "interpreted":
        decide = decide.py_func
    print(*decide(backtest(rows, "hash"), STEP_NS))
