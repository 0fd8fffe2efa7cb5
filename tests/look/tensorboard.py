"""Starts TensorBoard on the events of runs, asks it for their scalars, and keeps a picture of its page.

    .venv-look/bin/python tests/look/tensorboard.py --out FILE.png FOLDER

Each run below FOLDER must have scalars, one of them with a point for each row of its history.csv. Exit code 1 otherwise.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser import Browser, open_browser

PATIENCE_SECONDS = 120


@contextmanager
def tensorboard_on(folder: Path) -> Iterator[str]:
    """Its address, at a free port of this machine alone."""
    program = Path(sys.executable).with_name("tensorboard")
    command = [program, "--logdir", folder, "--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        said = ""
        while not (found := re.search(r"at (http://127\.0\.0\.1:\d+/)", said)):
            line = server.stderr.readline()
            if not line:
                sys.exit(f"tensorboard.py: TensorBoard does not start:\n{said}")
            said += line
        yield found[1]
    finally:
        server.terminate()
        server.wait()


def ask(address: str, path: str, **query: str) -> object:
    with urllib.request.urlopen(f"{address}data/plugin/scalars/{path}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)


def tags_of_runs(address: str, runs: set[str]) -> dict[str, list[str]]:
    """Once it has read them all."""
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE_SECONDS:
        tags = ask(address, "tags")
        if runs <= {run for run in tags if tags[run]}:
            break
        time.sleep(1)
    return {run: sorted(found) for run, found in tags.items()}


def epochs_of(run: Path) -> int:
    with open(run / "history.csv", newline="") as file:
        return len(list(csv.DictReader(file)))


def faults_of_run(address: str, folder: Path, run: str, tags: list[str]) -> list[str]:
    points = {tag: len(ask(address, "scalars", run=run, tag=tag)) for tag in tags}
    print(f"{run}: " + (", ".join(f"{tag} ({count})" for tag, count in points.items()) or "nothing"))
    epochs = epochs_of(folder / run)
    return [] if epochs in points.values() else [f"{run}: no scalar has {epochs} points, one for each epoch"]


def shows_curves(browser: Browser) -> bool:
    """Its elements lie within each other's shadows."""
    return bool(browser.ask("""(function any(root) {
      return [...root.querySelectorAll('*')].some(e =>
        (e.matches('line-chart svg path, line-chart canvas')) || (e.shadowRoot && any(e.shadowRoot)));
    })(document)"""))


def take_picture(address: str, path: Path) -> None:
    with open_browser() as browser:
        browser.look_as(width=1280, height=900)
        browser.open(f"{address}#timeseries")
        start = time.monotonic()
        while not shows_curves(browser):
            if time.monotonic() - start > PATIENCE_SECONDS:
                browser.picture(path, whole=False)
                sys.exit(f"tensorboard.py: no curves appear on the page; see {path}")
            time.sleep(1)
        time.sleep(3)  # for curves to have been drawn
        browser.picture(path, whole=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    runs = {str(path.parent.relative_to(options.folder)) for path in options.folder.rglob("history.csv")}
    if not runs:
        sys.exit(f"tensorboard.py: there are no runs below {options.folder}.")
    with tensorboard_on(options.folder) as address:
        tags = tags_of_runs(address, runs)
        faults = [fault for run in sorted(runs) for fault in faults_of_run(address, options.folder, run, tags.get(run, []))]
        take_picture(address, options.out)
    print("\n".join(faults) or f"TensorBoard shows the scalars of {len(runs)} runs: {options.out}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
