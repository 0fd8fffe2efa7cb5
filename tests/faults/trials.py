#!/usr/bin/env python3
"""Breaks runs on purpose, again and again, and counts what goes otherwise than promised.

    tests/faults/trials.py [--bin build/bin] [GROUP...]     default: all of them

What is done is kept in tests/faults/results/, by a digest of what it depends on: the same call goes on. Prints a table; exit
code 1 if a trial failed. Hours for all groups.
"""

import argparse
import functools
import hashlib
import inspect
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asked_to_stop
import broken_disks
import broken_ranks
import cables
import disagreements
import slurm_trials
from rehearsal import ROOT, Bench, Trial, kill_all_of

RESULTS = ROOT / "tests/faults/results"


def without(*programs: str) -> str:
    """Why these programs of root's cannot be used here; empty where they can."""
    if os.geteuid() != 0:
        return "it wants root"
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        return f"there is no {', '.join(missing)}"
    allowed = subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, text=True)
    return allowed.stderr.strip()


@dataclass(frozen=True)
class Group:
    trial: Trial
    count: int
    why_not: Callable[[], str] = lambda: ""  # why it cannot be done here


GROUPS = {
    "killed": Group(broken_ranks.killed, 50),
    "hung": Group(broken_ranks.hung, 60),
    "slow": Group(broken_ranks.slow, 3),
    "signals": Group(asked_to_stop.signals, 100),
    "worlds": Group(broken_ranks.worlds, 32),
    "values": Group(broken_ranks.values, 100),
    "saves": Group(broken_disks.saves, broken_disks.EACH_CALL + 200, broken_disks.why_not_broken),
    "errors": Group(broken_disks.errors, broken_disks.EACH_CALL + 60, broken_disks.why_not_broken),
    "slow-disk": Group(broken_disks.slow_disk, 3, lambda: without("strace")),
    "full-disk": Group(broken_disks.full_disk, 50, without),
    "cables": Group(cables.cable, 60, lambda: without("ip", "ss", "unshare")),
    "hosts": Group(cables.host, 20, lambda: without("ip", "unshare")),
    "options": Group(disagreements.option, 61),
    "datasets": Group(disagreements.dataset, 40),
    "slurm": Group(slurm_trials.slurm, slurm_trials.EACH * len(slurm_trials.KINDS_OF_MPIRUN), slurm_trials.why_not),
    "srun": Group(slurm_trials.srun, slurm_trials.EACH * len(slurm_trials.KINDS), slurm_trials.why_not),
}

# What a trial's outcome depends on, beside the file that it is in.
SOURCES = ("src/**/*", "cluster/*.sbatch", "cluster/job.sh", "cluster/requeue.py", "launch/env.sh",
           "launch/recipes/*.ini", "tests/faults/rehearsal.py", "tests/faults/leavings.py", "tests/faults/*.cpp",
           "tests/support/saved_tensors.py", "tests/support/mpirun.sh")
SOURCES_OF_SLURM = ("tests/support/slurm_*.py",)


def sources(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())


@functools.cache  # what is imported and built by now is what is tried, whatever becomes of the files meanwhile
def results_of(group: str) -> Path:
    """Its folder, named after the digest of its sources."""
    digest = hashlib.sha256()
    trial = GROUPS[group].trial
    more = SOURCES_OF_SLURM if group in ("slurm", "srun") else ()
    for path in [*sources(*SOURCES, *more), Path(inspect.getfile(trial))]:
        digest.update(path.read_bytes())
    return RESULTS / digest.hexdigest()[:12]


def is_built(programs: Path) -> bool:
    """Whatever source was changed last, some program has been linked since."""
    changed = max(path.stat().st_mtime for path in sources("src/**/*"))
    return max((path.stat().st_mtime for path in programs.iterdir()), default=0) > changed


def run_group(name: str, bench: Bench, count: int) -> None:
    results = results_of(name)
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"{name}.jsonl"
    done = len(path.read_text().splitlines()) if path.exists() else 0
    for number in range(done, count):
        out = bench.folder / f"{name}-{number}"
        try:
            row = {"trial": number, "seconds": GROUPS[name].trial(bench, out, random.Random(f"{name}-{number}"), number)}
        except Exception as failure:  # a damaged file, a program that does not end: what trials are there to find
            row = {"trial": number, "failure": f"{type(failure).__name__}: {failure}"}
            if out.exists():
                shutil.copytree(out, results / f"failed-{name}-{number}", dirs_exist_ok=True)
        kill_all_of(out)
        row |= {"date": time.strftime("%Y-%m-%d %H:%M"), "commit": commit()}
        print(json.dumps({"group": name} | row), file=sys.stderr)
        with open(path, "a") as file:
            file.write(json.dumps(row) + "\n")
        shutil.rmtree(out, ignore_errors=True)


def commit() -> str:
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def all_rows() -> dict[str, list[dict]]:
    """By group."""
    paths = [path for name in GROUPS if (path := results_of(name) / f"{name}.jsonl").exists()]
    return {path.stem: [json.loads(line) for line in path.read_text().splitlines()] for path in paths}


def table(done: dict[str, list[dict]]) -> str:
    dated = sorted((row["date"], row["commit"]) for rows in done.values() for row in rows[-1:])
    lines = [f"The newest of these trials: {', commit '.join(dated[-1]) if dated else 'there is none'}.", "",
             "| group | what | trials | planned | failed | worst, s |", "|---|---|---:|---:|---:|---:|"]
    for name, group in GROUPS.items():
        rows = done.get(name, [])
        failures = sum("failure" in row for row in rows)
        worst = max((row.get("seconds", 0) for row in rows), default=0)
        lines.append(f"| `{name}` | {' '.join(group.trial.__doc__.split())} | {len(rows)} | {group.count} | {failures} | "
                     f"{f'{worst:.1f}' if worst else ''} |")
    return "\n".join(lines)


def in_namespace_of_its_own() -> None:
    """Where that is allowed: what is mounted goes with the last process, however that ends."""
    if "FER_TRIALS_APART" not in os.environ and not without():
        os.environ["FER_TRIALS_APART"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", default=list(GROUPS))
    parser.add_argument("--bin", type=Path, default=ROOT / "build/bin")
    parser.add_argument("--trials", type=int, help="of each group, instead of all")
    options = parser.parse_args()
    if not is_built(options.bin):
        parser.error(f"{options.bin} is older than the sources; build first")
    for name in GROUPS:
        results_of(name)  # what is there now is what is tried
    with tempfile.TemporaryDirectory(prefix="fer-faults-") as folder:
        bench = Bench(options.bin.resolve(), Path(folder))
        for name in options.groups:
            if reason := GROUPS[name].why_not():
                print(f"{name}: left out, {reason}", file=sys.stderr)
            else:
                run_group(name, bench, min(options.trials or GROUPS[name].count, GROUPS[name].count))
    done = all_rows()
    text = table(done)
    (RESULTS / "table.md").write_text(text + "\n")
    print(text)
    return int(any("failure" in row for rows in done.values() for row in rows))


if __name__ == "__main__":
    in_namespace_of_its_own()
    sys.exit(main())
