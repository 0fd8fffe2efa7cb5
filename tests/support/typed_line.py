"""What an interactive shell makes of a line when Tab is pressed."""

import os
import pty
import select
import signal
import time
from pathlib import Path

SHOW = b"\x18b"  # Control-X b writes down what the line has become
CLEAR = b"\x15"  # Control-U
SECONDS = 120  # in which a program answers --help on a machine with other work

BASH = """bind -x '"\\C-xb": printf "%s\\n" "$READLINE_LINE" > "$SHOWN"'"""
ZSH = """show() { print -r -- "$BUFFER" > $SHOWN }
zle -N show
bindkey '^Xb' show
bindkey '^U' kill-whole-line"""


class TypedLine:
    """A shell on a terminal of its own.

    @param command  starts it, without its user's settings
    @param setup    lines that it reads first, BASH or ZSH among them
    @param folder   where it runs, and what has become of a line is written down
    """

    def __init__(self, command: list[str], setup: str, folder: Path, environment: dict[str, str]) -> None:
        self.shown = folder / ".shown"
        self.said = b""
        (folder / ".setup").write_text(setup)
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment | {"SHOWN": str(self.shown), "TERM": "dumb"})
        os.write(self.terminal, b". ./.setup; echo ready > $SHOWN\n")
        self.wait()

    def wait(self) -> str:
        """Reads on, so that the shell does not wait for us, until it has written down a line."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if select.select([self.terminal], [], [], 0.02)[0]:
                self.said += os.read(self.terminal, 4096)
            elif self.shown.exists() and (line := self.shown.read_text()).endswith("\n"):
                self.shown.unlink()
                return line.removesuffix("\n")
        raise TimeoutError(f"the shell said {self.said!r}")

    def press_tab(self, line: str) -> str:
        os.write(self.terminal, CLEAR + line.encode() + b"\t" + SHOW)
        return self.wait()

    def close(self) -> None:
        os.close(self.terminal)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
