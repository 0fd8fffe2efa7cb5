"""Makes a Markdown table of the figures that throughput.sh collects: round,name,images_per_second."""

import argparse
import csv
import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

import torch

TITLES = {
    "ours": "fer_dist_train, MPI",
    "peer": "PyTorch DDP, gloo",
    "peer_tuned": "PyTorch DDP, gloo, glibc tuned",
}


def read_figures(path: Path) -> dict[str, dict[int, float]]:
    """Returns images per second by name and round."""
    figures: dict[str, dict[int, float]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            figures.setdefault(row["name"], {})[int(row["round"])] = float(row["images_per_second"])
    return figures


def table(figures: dict[str, dict[int, float]]) -> str:
    """One line per program; ours over each, as a ratio of medians and as the range of the rounds' own ratios."""
    lines = [
        "| program | rounds | img/s, median | min - max | ours / it | in single rounds |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    ours = figures["ours"]
    for name, title in TITLES.items():
        if name not in figures:
            continue
        values = figures[name]
        line = f"| {title} | {len(values)} | {median(values.values()):,.0f} "
        line += f"| {min(values.values()):,.0f} - {max(values.values()):,.0f} "
        if name == "ours":
            line += "| | |"
        else:
            ratios = [ours[i] / values[i] for i in sorted(values.keys() & ours.keys())]
            ratio = median(ours.values()) / median(values.values())
            line += f"| {ratio:.2f} | {min(ratios):.2f} - {max(ratios):.2f} |"
        lines.append(line)
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
    print("S0's net, 2 ranks of 1 thread, 64 samples per rank and step, fp32, the programs in turn.\n")
    print(table(read_figures(options.figures)))
    print()
    print(environment(options.dataset, options.load))


if __name__ == "__main__":
    main()
