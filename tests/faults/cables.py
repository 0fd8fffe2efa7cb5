"""Two hosts inside this machine, and the cable between them, which is cut. Wants root."""

import os
import random
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from leavings import expect
from rehearsal import MPIRUN, PEER, Bench

ADDRESSES = ("10.77.0.1", "10.77.0.2")
LOST_HOST = 205  # of mpirun


class Hosts:
    """Network namespaces on a bridge that has one of its own, so that the machine's firewall stays out of it."""

    def __init__(self, folder: Path) -> None:
        self.names = [f"fer-{os.getpid()}-{what}" for what in ("a", "b", "switch")]
        self.agent = folder / "agent.sh"  # what mpirun takes for ssh
        self.agent.write_text(f'#!/bin/sh\nshift\nexec {" ".join(self.inside(1))} sh -c "$*"\n')
        self.agent.chmod(0o755)

    def __enter__(self) -> "Hosts":
        try:
            self.connect()
        except subprocess.CalledProcessError:
            self.__exit__()
            raise
        return self

    def connect(self) -> None:
        for name in self.names:
            ip("netns", "add", name)
        ip("-n", self.names[2], "link", "add", "bridge", "type", "bridge")
        ip("-n", self.names[2], "link", "set", "bridge", "up")
        for host, address in enumerate(ADDRESSES):
            name = self.names[host]
            ip("-n", self.names[2], "link", "add", f"port{host}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", self.names[2], "link", "set", f"port{host}", "master", "bridge", "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")

    def __exit__(self, *_: object) -> None:
        if left := self.processes():
            subprocess.run(["kill", "-KILL", *left])
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def inside(self, host: int) -> list[str]:
        """A host has a name of its own: Open MPI takes two of one name for the same."""
        return ["ip", "netns", "exec", self.names[host], "unshare", "--uts", "sh", "-c", f"'hostname fer{host}; exec \"$@\"'",
                "sh"]

    def processes(self) -> list[str]:
        told = [subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True) for name in self.names[:2]]
        return [process for one in told for process in one.stdout.split()]

    def kill(self, host: int) -> None:
        subprocess.run(["kill", "-KILL", *ip("netns", "pids", self.names[host]).split()])

    def cut(self, how: str) -> None:
        if how == "silence":  # carrier and addresses stay, packets go nowhere
            ip("-n", self.names[2], "link", "set", "port1", "nomaster")
        elif how == "link down":
            ip("-n", self.names[1], "link", "set", "eth0", "down")
        else:  # each side's connections to the other are reset
            for host in (0, 1):
                subprocess.run(["ip", "netns", "exec", self.names[host], "ss", "-K", "dst", ADDRESSES[1 - host]],
                               capture_output=True, check=True)


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


class FarBench(Bench):
    """Its second rank is on the other host."""

    hosts: Hosts

    def command(self, out: Path, ranks: int, more: dict[str, object]) -> list[str]:
        settings = ["--mca", "plm_rsh_agent", self.hosts.agent, "--host", f"{ADDRESSES[0]}:1,{ADDRESSES[1]}:1", "--mca",
                    "oob_tcp_if_include", "eth0", "--mca", "btl_tcp_if_include", "eth0"]
        words = [word.strip("'") for word in self.hosts.inside(0)]
        return [*map(str, (*words, MPIRUN, "-np", ranks, *settings, *self.program(out, more)))]


def far_bench(bench: Bench) -> FarBench:
    return FarBench(bench.programs, bench.folder)


def broken(far: FarBench, out: Path, draw: random.Random, within: float, wreck: Callable[[Hosts], None], named: str,
           **more: object) -> float:
    """A run on both hosts is wrecked, which are then empty; put together again they go on with it.

    @param named  ranks of which one is to be named with its host; empty: mpirun ends the job ahead of the watchdog, with a
                  code of its own, and the record stays as that of a run that vanished
    """
    with Hosts(far.folder) as far.hosts:
        job = far.start(out, 2, epochs=200, **more)
        job.wait_for_ranks(2)
        time.sleep(draw.uniform(0.2, 2))
        job.expect_running()
        wreck(far.hosts)
        start = time.monotonic()
        code, _, errors = job.end(within)
        while far.hosts.processes() and time.monotonic() - start < within:
            time.sleep(0.1)
        record = job.record()
        about = f"ends with {code}: {record.get('why')} {errors}"
        expect(code != 0, about)
        if named:
            who = rf"rank ([{named}]) on fer\1 has died"
            expect(re.search(who, errors), about)
            expect((record["state"], record["exit_code"]) == ("failed", PEER) and re.match(who, record["why"]), about)
        else:
            expect(code == LOST_HOST and "has died" not in errors, about)
            expect((record["state"], record["exit_code"]) == ("running", None), about)
        expect(not far.hosts.processes(), "processes are left behind")
        seconds = time.monotonic() - start
    with Hosts(far.folder) as far.hosts:
        far.run_to_end(out, 2, epochs=job.record().get("epochs_done", 0) + 1)
    return seconds


def cable(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """The cable between two hosts falls silent, is pulled, or resets its connections, however early the watchdog is
    asked for: both hosts are empty in 45 s; mpirun's code says that a host is lost, or where connections are reset a rank is
    named; the run goes on once it is mended."""
    how = ("silence", "link down", "resets")[number % 3]
    return broken(far_bench(bench), out, draw, 45, lambda hosts: hosts.cut(how), "01" if how == "resets" else "",
                  watchdog=(30, 5)[number % 2])


def host(bench: Bench, out: Path, draw: random.Random, number: int) -> float:
    """All processes of a host are killed: the other is empty in 5 s, its rank is named, and the run goes on."""
    return broken(far_bench(bench), out, draw, 5, lambda hosts: hosts.kill(1), "1")
