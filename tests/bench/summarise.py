"""Makes Markdown tables of the figures that cpu.sh and loader.sh collect: model,precision,round,name,images_per_second
and, of cpu.sh, peak_memory_mib."""

import argparse
import csv
import os
import platform
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

import torch

# Processes x threads.
TITLES = {
    "ours_2x1": "ours, 2x1",
    "ours_1x2": "ours, 1x2",
    "plain_2x1": "ours, plain, 2x1",
    "peer_2x1": "PyTorch, 2x1",
    "peer_1x2": "PyTorch, 1x2",
    "tuned_2x1": "PyTorch tuned, 2x1",
    "tuned_1x2": "PyTorch tuned, 1x2",
    "loader0_2x1": "DataLoader, 2x1",
    "loader1_2x1": "DataLoader, 2x1, 1 worker each",
    "loader2_2x1": "DataLoader, 2x1, 2 workers each",
    "loader0_1x2": "DataLoader, 1x2",
    "loader1_1x2": "DataLoader, 1x2, 1 worker",
    "loader2_1x2": "DataLoader, 1x2, 2 workers",
}
# Titles of ours over a peer, by how the names of the peer's forms begin.
RATIOS = {"peer": "ours / PyTorch", "tuned": "ours / PyTorch tuned", "loader": "ours / DataLoader"}

Net = tuple[str, str]  # model and precision
Values = dict[int, float]  # by round
Figures = dict[Net, dict[str, Values]]


def read_figures(path: Path, column: str) -> Figures:
    """Returns the values of a column by net, name and round; of a column that is not there, none."""
    figures: Figures = defaultdict(lambda: defaultdict(dict))
    with path.open() as file:
        for row in csv.DictReader(file):
            if column in row:
                figures[row["model"], row["precision"]][row["name"]][int(row["round"])] = float(row[column])
    return figures


def spread(values: Values) -> str:
    return f"{median(values.values()):,.0f} ({min(values.values()):,.0f} - {max(values.values()):,.0f})"


def ratio(programs: dict[str, Values], peer: str) -> str:
    """Ours over the best form of a peer, as a ratio of medians and as the range of the rounds' own ratios."""
    ours = programs["ours_2x1"]
    forms = [values for name, values in programs.items() if name.startswith(peer)]
    best = max(forms, key=lambda values: median(values.values()))
    ratios = [ours[i] / best[i] for i in ours]
    return f"{median(ours.values()) / median(best.values()):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"


def table(figures: Figures, cell: Callable[[Values], str], ratios: dict[str, str]) -> str:
    """A line per net, a column per program, and further columns of ours over each peer that was measured."""
    measured = {name for programs in figures.values() for name in programs}
    names = [name for name in TITLES if name in measured]
    peers = [peer for peer in ratios if any(name.startswith(peer) for name in names)]
    titles = [*(TITLES[name] for name in names), *(ratios[peer] for peer in peers)]
    lines = [f"| model | precision | {' | '.join(titles)} |", f"|---|---|{'---:|' * len(titles)}"]
    for (model, precision), programs in figures.items():
        cells = [model, precision]
        cells += [cell(programs[name]) if name in programs else "" for name in names]
        cells += [ratio(programs, peer) for peer in peers]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def first_line(*command: str) -> str:
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (output.splitlines() or [""])[0]


def commit() -> str:
    name = first_line("git", "rev-parse", "--short", "HEAD")
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no")
    return name if changed in ("", "unknown") else f"{name} with changes"


def cpu() -> str:
    """What the processor calls itself; its flags tell the vector units where a virtual machine hides the model."""
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    units = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if f" {flag} " in text.replace("\n", " ")]
    return f"{model[1].strip() if model else platform.machine()} ({', '.join(units)})"


def environment(dataset: str, load: str) -> str:
    return "\n".join(
        [
            f"- {cpu()}, {len(os.sched_getaffinity(0))} cores; load average at the start {load}",
            f"- PyTorch {torch.__version__.split('+')[0]}; {first_line('mpirun', '--version')}; "
            f"Python {platform.python_version()}; Linux {platform.release()}",
            f"- {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, commit {commit()}, dataset {dataset}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--load", required=True)
    options = parser.parse_args()
    speeds = read_figures(options.figures, "images_per_second")
    rounds = max(len(values) for programs in speeds.values() for values in programs.values())
    print(f"Images per second, medians of {rounds} rounds in turn (min - max); processes x threads. Ratios are of")
    print("ours, 2x1, to the fastest form of the peer (min - max over the rounds).\n")
    print(table(speeds, spread, RATIOS))
    if memory := read_figures(options.figures, "peak_memory_mib"):
        print("\nPeak memory of a process, MiB, the most of all rounds.\n")
        print(table(memory, lambda values: f"{max(values.values()):,.0f}", {}))
    print()
    print(environment(options.dataset, options.load))


if __name__ == "__main__":
    main()
