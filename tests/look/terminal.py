"""Trains in terminals as people do, keeps what they show, and says what is wrong with it.

    .venv-look/bin/python tests/look/terminal.py --out FOLDER [--bin FOLDER] [--dataset FOLDER]

Wants pyte, a terminal in Python, and tmux. The trainer runs in pyte with 80 columns, with 40, and in a window that
shrinks while it trains; and in tmux. No line may wrap: with 80 columns none at all, in narrower ones none that is
redrawn, for tables have a width of their own; and of what is redrawn nothing may stay behind. `terminal.html` shows the
screens, in elements `within` (an epoch), `end`, `narrow`, `tmux` and `tmux-end`; `terminal.txt` all that was printed in
80 columns. Exit code 1 if something is wrong.
"""

import argparse
import fcntl
import html
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parents[2]
LINES = 24
PATIENCE_SECONDS = 540
LIVE_LINE = re.compile(r"^Epoch \d+/\d+ ")
OF_STEPS = re.compile(r"^Epoch [2-9]/\d+ .*?(\d+)/(\d+)", re.MULTILINE)  # behind the first row of the table
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>fer_dist_train in a terminal</title>
<style>
  body {{ margin: 24px; background: #fff; }}
  pre {{ width: max-content; margin: 0 0 24px; padding: 12px 16px; border-radius: 6px; background: #1e1e1e;
         color: #e6e6e6; font: 15px/1.3 "DejaVu Sans Mono", monospace; }}
</style>
{}
</html>
"""


def is_half_way(screen: str) -> bool:
    """Through an epoch."""
    found = OF_STEPS.search(screen)
    return found is not None and 2 * int(found[1]) >= int(found[2])


class WatchedScreen(pyte.Screen):
    """A screen that remembers the lines that it had to wrap."""

    def __init__(self, columns: int) -> None:
        self.wrapped: list[str] = []
        self.lines_before: list[str] = []  # that have left it at the top
        super().__init__(columns, LINES)

    def draw(self, data: str) -> None:
        for character in data:
            if self.cursor.x == self.columns:
                self.wrapped.append(self.display[self.cursor.y] + character)
            super().draw(character)

    def index(self) -> None:
        if self.cursor.y == self.lines - 1:
            self.lines_before.append(self.display[0].rstrip())
        super().index()

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.display).rstrip()

    def everything(self) -> list[str]:
        return [*self.lines_before, *self.text().split("\n")]


class Watch:
    """A command in a terminal of pyte's, from its start to its end."""

    def __init__(self, command: list[str], columns: int, shrinks_to: int = 0) -> None:
        self.screen = WatchedScreen(columns)
        self.within = ""  # the screen in the middle of an epoch
        self.shrinks_to = shrinks_to
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.pop("COLUMNS", None)
            os.execvp(command[0], command)
        self.set_size(columns)
        self.stream = pyte.ByteStream(self.screen)
        self.code = self.run()

    def set_size(self, columns: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        self.screen.resize(LINES, columns)

    def shrink(self) -> None:
        """What is under way was made for the width before, and is shown first."""
        os.kill(self.process, signal.SIGSTOP)
        while self.has_more(seconds=0.2):
            self.read()
        self.set_size(self.shrinks_to)
        os.kill(self.process, signal.SIGCONT)

    def has_more(self, seconds: float) -> bool:
        return bool(select.select([self.terminal], [], [], seconds)[0])

    def read(self) -> bool:
        try:
            block = os.read(self.terminal, 4096)
        except OSError:  # what Linux answers when the last writer has left the terminal
            return False
        self.stream.feed(block)
        return bool(block)

    def run(self) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if not self.has_more(seconds=1):
                continue
            if not self.read():
                break
            if not self.within and is_half_way(self.screen.text()):
                self.within = self.screen.text()
                if self.shrinks_to:
                    self.shrink()
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"terminal.py: {what} took too long.")
        time.sleep(0.05)


class Tmux:
    """A command in a window of tmux's, whose shell writes down its exit code and stays: tmux itself may not hear of an end."""

    SHELL = '"$@"; echo $? > "$0"; sleep infinity'

    def __init__(self, command: list[str], columns: int) -> None:
        self.server = ["tmux", "-L", f"fer-look-{os.getpid()}", "-f", "/dev/null"]
        self.ended = Path("tmux-exit-code")
        self.ended.unlink(missing_ok=True)
        self.tell("new-session", "-d", "-x", str(columns), "-y", str(LINES), "-s", "look", "bash", "-c", self.SHELL,
                  str(self.ended.resolve()), *command)
        try:
            wait_until(lambda: is_half_way(self.shown()) or self.has_ended(), "an epoch in tmux")
            self.within = self.shown()
            wait_until(self.has_ended, "the training in tmux")
            self.code = int(self.ended.read_text())
            self.end = self.shown()
            # Lines as they were written; and as they are shown, one more where one wrapped.
            self.written, self.seen = (len(re.findall(r"^.*\S", self.shown("-S", "-", *more), re.MULTILINE))
                                       for more in (("-J",), ()))
        finally:
            self.tell("kill-server")

    def tell(self, *words: str) -> str:
        return subprocess.run([*self.server, *words], capture_output=True, text=True, check=True).stdout

    def shown(self, *options: str) -> str:
        return self.tell("capture-pane", "-p", "-t", "look", *options).rstrip()

    def has_ended(self) -> bool:
        return self.ended.exists() and self.ended.read_text() != ""


def faults_at_the_end(name: str, code: int, end: str) -> list[str]:
    lines = end.split("\n")
    faults = [f"{name}: ends with {code}"] if code != 0 else []
    faults += [f"{name}: is still there at the end: {line}" for line in lines if LIVE_LINE.match(line)]
    if not any(line.startswith("done ") for line in lines):
        faults.append(f"{name}: does not say that it is done:\n{end}")
    return faults


def faults_of_watch(name: str, watch: Watch, of_tables: bool) -> list[str]:
    wrapped = [line for line in watch.screen.wrapped if of_tables or LIVE_LINE.match(line)]
    faults = faults_at_the_end(name, watch.code, "\n".join(watch.screen.everything()))
    if not watch.within:
        faults.append(f"{name}: shows no line while it trains")
    return faults + [f"{name}: wraps: {line}" for line in wrapped]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bin", type=Path, default=ROOT / "build/bin")
    parser.add_argument("--dataset", type=Path, default=ROOT / "datasets/demo")
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    program, dataset = str(options.bin.resolve() / "fer_dist_train"), str(options.dataset.resolve())
    options.out.mkdir(parents=True, exist_ok=True)
    os.chdir(options.out)
    shutil.rmtree("runs", ignore_errors=True)
    if not Path("faces").exists():
        Path("faces").symlink_to(dataset)  # a short name, as people's are

    def command(run: str, ranks: int) -> list[str]:
        launcher = [str(ROOT / "tests/support/mpirun.sh"), "-np", str(ranks)] if ranks > 1 else []
        return [*launcher, program, "--dataset", "faces", "--epochs", "4", "--out", f"runs/{run}"]

    wide = Watch(command("wide", options.ranks), 80)
    alone = Watch(command("alone", 1), 80)
    narrow = Watch(command("narrow", options.ranks), 40)
    shrinking = Watch(command("shrinking", 1), 100, shrinks_to=50)
    tmux = Tmux(command("tmux", options.ranks), 80)
    faults = [*faults_of_watch("80 columns", wide, of_tables=True),
              *faults_of_watch("80 columns, one rank", alone, of_tables=True),
              *faults_of_watch("40 columns", narrow, of_tables=False),
              *faults_of_watch("a window that shrinks", shrinking, of_tables=False),
              *faults_at_the_end("tmux", tmux.code, tmux.end)]
    if tmux.written != tmux.seen:
        faults.append(f"tmux: shows {tmux.seen} lines of {tmux.written}: some wrap")

    screens = {"within": wide.within, "end": wide.screen.text(), "narrow": narrow.within, "tmux": tmux.within,
               "tmux-end": tmux.end}
    Path("terminal.html").write_text(
        PAGE.format("\n".join(f'<pre id="{name}">{html.escape(text)}</pre>' for name, text in screens.items())))
    Path("terminal.txt").write_text("\n".join(wide.screen.everything()) + "\n")
    print("\n".join(faults) or f"5 terminals: no faults. Their screens are in {options.out}/terminal.html.")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
