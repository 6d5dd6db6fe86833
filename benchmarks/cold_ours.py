"""A tiny replay as the whole of a process: our side of `cold_start`.

python -m benchmarks.cold_ours EVENTS.npy watch|quote
"""

import sys

import numpy as np
from benchmarks import replay_ours
from benchmarks.workload import STEP_NS

if __name__ == "__main__":
    events_path, strategy = sys.argv[1:]
    print(replay_ours.run(np.load(events_path), strategy=strategy, step_ns=STEP_NS))
