"""Which function answers which kind of job, and how long it took: what a worker process is handed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import discovery_jobs
import flow_jobs
import history_jobs
import jobs

KINDS: dict[str, Callable[[Any, Path], list[jobs.Answer]]] = {
    "days": jobs.days,
    "curves": jobs.curves,
    "flow": flow_jobs.flow,
    "history": history_jobs.history,
    "prices": discovery_jobs.prices,
    "discover": discovery_jobs.discover,
}


Asked = jobs.Job | discovery_jobs.Group


def timed(job: Asked, root: Path) -> tuple[Asked, list[jobs.Answer], float]:
    """A job, its answers, and how many seconds they took."""
    start = time.perf_counter()
    return job, KINDS[job.kind](job, root), time.perf_counter() - start
