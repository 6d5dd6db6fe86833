"""A tiny replay as the whole of a process: hftbacktest's side of `cold_start`.

    python cold_peer.py ROWS.npy compiled|interpreted

`interpreted` calls the same strategy as plain Python, where numba compiles only the methods it touches: the
quicker of the two counts."""

import sys

import numpy as np
from benchmarks import replay_peer
from benchmarks.workload import STEP_NS

if __name__ == "__main__":
    if sys.argv[2] == "interpreted":
        replay_peer.STRATEGIES["quote"] = replay_peer.quote.py_func
    print(replay_peer.run(np.load(sys.argv[1]), strategy="quote", book="hash", step_ns=STEP_NS).touch_sum)
