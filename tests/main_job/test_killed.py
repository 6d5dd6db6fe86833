"""kill -9 at any moment leaves a journal that replays up to its last durable record."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nowake.verbs.replay import replay

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
from nowake import algos
from nowake.data.generated import generate_day
from nowake.verbs.simulate import simulate
from tests.main_job.test_main_job import order_of
day = generate_day(seed=3, events=60_000)
for n in range(1_000):
    algorithm = algos.Participate(order_of(day), rate=0.05, clip_size=5)
    simulate(algorithm, day, seed=n, journal=f"{sys.argv[1]}/{n}.journal")
"""


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3, 0.7])
def test_a_killed_run_replays_up_to_its_last_durable_record(after_s: float, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT)
    while not any(tmp_path.glob("*.journal")):
        assert process.poll() is None
        time.sleep(0.005)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    journals = sorted(tmp_path.glob("*.journal"), key=lambda path: int(path.stem))
    for path in journals:
        result = replay(path)
        assert result.same
        assert result.is_complete or path == journals[-1]
