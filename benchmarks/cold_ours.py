"""A tiny replay as the whole of a process: our side of `cold_start`."""

import sys

import numpy as np
from benchmarks import replay_ours
from benchmarks.workload import STEP_NS

if __name__ == "__main__":
    print(replay_ours.run(np.load(sys.argv[1]), strategy="quote", step_ns=STEP_NS).touch_sum)
