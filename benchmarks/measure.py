"""Repetitions into figures. CPU time (user + system) is what counts: other work on the machine moves it least."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def spread(seconds: Sequence[float]) -> Record:
    """The least, the median and the most of repetitions, rounded for people."""
    return {
        "min": round(min(seconds), 4),
        "median": round(statistics.median(seconds), 4),
        "max": round(max(seconds), 4),
        "repetitions": len(seconds),
    }


def verdict(
    name: str, *, ours: float, peer: float, peer_name: str, unit: str, more_is_better: bool, conditions: Record
) -> Record:
    """The record the last line prints; its ratio is above 1 when ours is better."""
    ratio = ours / peer if more_is_better else peer / ours
    return {
        "name": name,
        "ours": float(f"{ours:.4g}"),
        "peer": float(f"{peer:.4g}"),
        "peer_name": peer_name,
        "unit": unit,
        "ratio": round(ratio, 2),
        "conditions": conditions,
    }


def emit(record: Record) -> None:
    """Print the record as the last line, after the same for people."""
    print(
        f"{record['name']}: ours {record['ours']:g}, peer {record['peer']:g} {record['unit']}; {record['ratio']} times"
    )
    print(json.dumps(record), flush=True)


def machine() -> Record:
    """Where it ran, and how busy the machine was: figures of a loaded machine are interim."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average_1min": load if load is None else round(load, 2),
    }


class Worker:
    """A process that answers one JSON line with one JSON line, so that two engines can take turns."""

    def __init__(self, module: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._module = module

    def ask(self, **question: Any) -> Record:
        """Send a question and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._module} ended with status {self._process.wait()}; its message is above")
        return json.loads(line)

    def close(self) -> None:
        """End the process by ending its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def process_seconds(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of a whole process, start and exit included (POSIX only)."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, wall
