"""Make the pictures and the pages of measured days that mkdocs then picks up: `python docs/making`.

They are written into docs/measured, which git ignores. Answers are kept there by the hash of the data, the code and
the libraries, so that a second `make docs` asks only what changed. Without a data folder the page is made of generated
days and says so. The same data and code give the same bytes."""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # One process a core; more threads only get in each other's way.

import discovery_jobs
import jobs
import market_page
import page
import pictures
import work
from nowake.data.load import data_root
from sheet import Page
from work import Asked

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src" / "nowake"
OUT = HERE.parent / "measured"
PAGES = ("index.md", "market.md")
GENERATED_DAYS, GENERATED_EVENTS = 18, 40_000


def main(arguments: list[str]) -> None:
    """Write pages and pictures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--root", help="data folder; by default $NOWAKE_DATA, else ../shared/data")
    options.add_argument("--out", type=Path, default=OUT, help="where to write")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = options.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    root = data_root(asked.root)
    if root.exists():
        made, names = _measure(root, asked.out / ".kept", workers=asked.workers, generated=False)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _generate(Path(folder))
            made, names = _measure(Path(folder), asked.out / ".kept", workers=asked.workers, generated=True)
    _write(asked.out, made)
    for stale in asked.out.glob(".kept/*.json"):
        if stale.name not in names:
            stale.unlink()
    print(f"{' and '.join(PAGES)} in {asked.out.name}, {sum(len(each.files) for each in made)} pictures")


def _write(out: Path, made: Sequence[Page]) -> None:
    files = (
        {name: text for each in made for name, text in each.files.items()}
        | {
            "cost-by-size.svg": pictures.words(pictures.cost_by_size())[2],
            "price-paths.svg": pictures.words(pictures.price_paths())[2],
        }
        | {name: each.text for name, each in zip(PAGES, made, strict=True)}
    )
    for stale in out.glob("*.svg"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")


def _measure(root: Path, kept: Path, *, workers: int, generated: bool) -> tuple[list[Page], set[str]]:
    """The pages of a data folder, and the names of the answers kept for the next time."""
    kept.mkdir(exist_ok=True)
    ask = functools.partial(_answers, root=root, kept=kept, code=_hash_of_code(), workers=workers)
    asked, left_out = jobs.find_jobs(root)
    answers, names = ask(asked)
    # Which sources are one asset is known when their prices are.
    of_groups, more_names = ask(discovery_jobs.groups(asked, answers, root))
    told = [*answers, *of_groups]
    made = [page.build(told, left_out, generated=generated), market_page.build(told, left_out, generated=generated)]
    return made, names | more_names


def _answers(
    asked: Sequence[Asked], *, root: Path, kept: Path, code: str, workers: int
) -> tuple[list[jobs.Answer], set[str]]:
    """The answers to all jobs in their order: kept from the last time, or made now; and what they are kept as."""
    files = {place: kept / f"{_key(job, root, code)}.json" for place, job in enumerate(asked)}
    missing = [place for place in files if not files[place].exists()]
    print(f"measuring {len(missing)} sources, {len(asked) - len(missing)} kept from the last time", flush=True)
    done = _work([asked[place] for place in missing], root, workers)
    for count, (place, (job, answers, seconds)) in enumerate(zip(missing, done, strict=True), 1):
        whole = files[place].with_suffix(".part")
        whole.write_text(json.dumps(answers), encoding="utf-8")
        whole.replace(files[place])  # A run that is stopped leaves no half answer behind.
        print(f"[{count}/{len(missing)}] {job.kind} of {jobs.shown(job.spec, root)}, {seconds:.1f} s", flush=True)
    told = [answer for file in files.values() for answer in json.loads(file.read_text(encoding="utf-8"))]
    return told, {file.name for file in files.values()}


def _work(missing: list[Asked], root: Path, workers: int) -> Iterator[tuple[Asked, list[jobs.Answer], float]]:
    """The jobs done, in their order; in this process where there is one or one worker."""
    if min(workers, len(missing)) <= 1:
        yield from map(work.timed, missing, [root] * len(missing))
        return
    # Started anew and not forked: polars has threads, which a fork would leave behind with their locks held.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work.timed, missing, [root] * len(missing))


def _key(job: Asked, root: Path, code: str) -> str:
    """What an answer depends on: the job, its files, the code and the libraries."""
    about = hashlib.sha256(f"{job.kind} {jobs.shown(job.spec, root)} {job.symbol} {code}".encode())
    for file in (file for recording in job.recordings for file in recording.files):
        about.update(hashlib.sha256(file.read_bytes()).digest())
    return about.hexdigest()[:32]


def _hash_of_code() -> str:
    about = hashlib.sha256()
    for file in sorted([*SOURCE.rglob("*.py"), *HERE.glob("*.py")]):
        about.update(file.read_bytes())
    for library in ("numpy", "scipy", "polars", "numba", "matplotlib"):
        about.update(version(library).encode())
    return about.hexdigest()


def _generate(root: Path) -> None:
    """A data folder of generated days of one stock, on weekdays in a row."""
    import datetime as dt  # noqa: PLC0415

    from nowake.data.generated import MONDAY, generate_day  # noqa: PLC0415
    from nowake.data.store import write_day  # noqa: PLC0415

    print(f"no data folder: generating {GENERATED_DAYS} days", flush=True)
    for place in range(GENERATED_DAYS):
        date = MONDAY + dt.timedelta(days=place // 5 * 7 + place % 5)
        write_day(generate_day(place + 1, date=date, events=GENERATED_EVENTS), root)


if __name__ == "__main__":
    main(sys.argv[1:])
