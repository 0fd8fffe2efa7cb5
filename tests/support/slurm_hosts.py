"""Two hosts of a Slurm cluster within this machine, to be killed, cut off and started again.

Slurm and munge are real. A host is a set of namespaces: processes, mounts, a network and a name of its own. Nothing of it
has a name on the machine, neither a link nor a mount nor a port, so that several clusters may run side by side, and beside
the machine's own Slurm. All of it ends with the process that made it, were that killed; but for the folder, which then stays.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ADDRESSES = {"ctl": "10.213.77.1", "n1": "10.213.77.11", "n2": "10.213.77.12"}
COMPUTE = ("n1", "n2")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "munged", "mpirun", "ip", "unshare", "nsenter", "setpriv")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
OWN = ("--mount", "--uts", "--ipc", "--pid")  # and a network, which outlives the host

# cred_expire is also how long a job that was requeued waits, by default two minutes. Controller and daemons keep their
# state in /run, where each host has its own: one that starts again must find no socket of its last life there, or `srun
# --mpi=pmix` fails with "Address already in use". One CPU a host, so that two jobs never share one.
SLURM_CONF = f"""
ClusterName=test
SlurmctldHost=ctl({ADDRESSES["ctl"]})
SlurmUser=root
SlurmdUser=root
AuthInfo=cred_expire=10
StateSaveLocation=/run/slurmctld
SlurmdSpoolDir=/run/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=6
SlurmdTimeout=10
MessageTimeout=5
ReturnToService=2
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmctldParameters=preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=n1 NodeAddr={ADDRESSES["n1"]} CPUs=1 RealMemory=2000
NodeName=n2 NodeAddr={ADDRESSES["n2"]} CPUs=1 RealMemory=2000
PartitionName=low Nodes=n1,n2 Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=10
PartitionName=high Nodes=n1,n2 PriorityTier=10 PreemptMode=OFF
"""

# linuxproc needs no cgroup, but slurmd loads the plugin, whose own search gives up where both versions are mounted.
CGROUP_CONF = "CgroupPlugin=cgroup/v1\n"

# Process 1 of a host: NAME FOLDER SHARED... It says its number once munge answers, and stays whatever becomes of the
# daemons. /tmp and /dev/shm are private, for there PMIx and Open MPI meet who is on one host; what is shared of them comes
# back. A host's name must not lead to the loopback, which Slurm passes over.
BOOT = r"""
set -eu
umask 022
name=$1 folder=$2
shift
exec 3>&1 >&2
read -r number rest < /proc/self/stat  # as the machine counts, whose /proc this still is
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
for private in /tmp /dev/shm; do
  mkdir -p "/run$private"
  mount -t tmpfs -o mode=1777 tmpfs "/run$private"
  for path in "$@"; do
    if [[ $path == $private/* ]]; then
      mkdir -p "/run$path"
      mount --bind "$path" "/run$path"
    fi
  done
  mount --move "/run$private" "$private"
done
mount --bind "$folder/hosts" /etc/hosts
hostname "$name"
cd /
mkdir -p /run/munge /run/slurmctld /run/slurmd
munged --foreground --force --key-file="$folder/munge.key" --log-file="$folder/$name-munge.log" \
  --pid-file=/run/munge/munged.pid --seed-file=/run/munge/munged.seed 3>&- &
until [ -S /run/munge/munge.socket.2 ]; do
  kill -0 $!
  sleep 0.05
done
if [ "$name" = ctl ]; then slurmctld -D 3>&- & else slurmd -D 3>&- & fi
echo "$number" >&3
exec 3>&-
sleep infinity &
while :; do wait; done  # process 1 takes leave of whoever ends in its host, and stays
"""


def why_not() -> str:
    """Why there can be no such hosts here; empty where there can."""
    if os.geteuid() != 0:
        return "only root can make hosts"
    if missing := [program for program in PROGRAMS if not shutil.which(program, path=PATH)]:
        return f"there is no {', '.join(missing)} here"
    probe = ("mount -t proc proc /proc && mount -t sysfs sysfs /sys && "
             "ip link add probe0 type bridge && ip link add probe1 type veth peer name probe2")
    tried = subprocess.run(["unshare", *OWN, "--net", "--fork", "sh", "-c", probe], capture_output=True, text=True,
                           env=os.environ | {"PATH": PATH})
    return f"this machine gives no namespaces: {tried.stderr.strip()}" if tried.returncode else ""


def wait_until(condition: Callable[[], object], seconds: float) -> float:
    """Returns how long it took. @throws TimeoutError"""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - start


def new_network() -> int:
    """A network namespace, which lives as long as its descriptor is open or a process is in it."""
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        cat.stdin.write(b"\n")
        cat.stdin.flush()
        cat.stdout.readline()  # it answers from in there
        return os.open(f"/proc/{cat.pid}/ns/net", os.O_RDONLY)


class Host:
    def __init__(self, network: str, boot: Sequence[object], log: Path, environment: dict[str, str]) -> None:
        command = ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={network}", "unshare", *OWN, "--fork", "--kill-child",
                   "bash", "-c", BOOT, "host", *map(str, boot)]
        with open(log, "a") as errors:
            self.parent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                           env=environment, start_new_session=True)
        self.first = 0  # its process 1

    def wait_for_boot(self) -> bool:
        self.first = int(self.parent.stdout.readline() or 0)
        return self.first > 0

    def kill(self) -> None:
        """Its process 1 ends last, and unshare behind it: once that is gone nothing is left."""
        if self.parent.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.first or self.parent.pid, signal.SIGKILL)
            self.parent.wait(timeout=30)
        self.parent.stdout.close()


class SlurmHosts:
    """A controller `ctl` and two hosts `n1` and `n2`, with partitions `low` and `high`, whose jobs preempt those of `low`.

    @param shared  folders that the hosts see as the machine does, which matters within /tmp and /dev/shm
    """

    def __init__(self, shared: Sequence[Path]) -> None:
        self.shared = [path.resolve() for path in shared]
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> "SlurmHosts":
        with contextlib.ExitStack() as undo:
            self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="fer-slurm-"))).resolve()
            self.environment = os.environ | {"PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf")}
            self.write_configuration()
            self.networks = {}
            for name in ADDRESSES:
                descriptor = new_network()
                undo.callback(os.close, descriptor)
                self.networks[name] = f"/proc/{os.getpid()}/fd/{descriptor}"
            self.connect()
            undo.callback(self.kill_all)
            for name in ADDRESSES:
                self.boot(name)
            try:
                wait_until(lambda: self.node_states() == ["idle", "idle"], 60)
            except TimeoutError:
                raise RuntimeError(f"Slurm does not start:\n{self.report()}") from None
            self.undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.undo.close()

    def write_configuration(self) -> None:
        (self.folder / "slurm.conf").write_text(SLURM_CONF)
        (self.folder / "cgroup.conf").write_text(CGROUP_CONF)
        names = [f"{address} {name}\n" for name, address in ADDRESSES.items()]
        (self.folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(names))
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))

    def ip(self, network: str, words: str) -> None:
        subprocess.run(["nsenter", f"--net={self.networks[network]}", "ip", *words.split()], check=True,
                       env=self.environment)

    def connect(self) -> None:
        """By a bridge at the controller."""
        self.ip("ctl", "link add eth0 type bridge")
        for name in COMPUTE:
            self.ip("ctl", f"link add {name} type veth peer name eth0 netns {self.networks[name]}")
            self.ip("ctl", f"link set {name} master eth0 up")
        for name, address in ADDRESSES.items():
            self.ip(name, f"address add {address}/24 dev eth0")
            self.ip(name, "link set eth0 up")
            self.ip(name, "link set lo up")

    def boot(self, name: str) -> None:
        environment = {"PATH": PATH, "HOME": "/root", "LANG": "C", "SLURM_CONF": self.environment["SLURM_CONF"]}
        self.hosts[name] = Host(self.networks[name], [name, self.folder, *self.shared], self.folder / f"{name}.log",
                                environment)
        if not self.hosts[name].wait_for_boot():
            raise RuntimeError(f"{name} does not start:\n{self.report()}")

    def kill(self, name: str) -> None:
        """As if the power went: no process is left, its connections are closed, /tmp and /run are forgotten."""
        self.hosts.pop(name).kill()

    def kill_all(self) -> None:
        for name in reversed(list(self.hosts)):
            self.kill(name)

    def cut(self, name: str) -> None:
        """As if its cable were pulled at the switch: silence, and nobody is told."""
        self.ip("ctl", f"link set {name} nomaster")

    def heal(self, name: str) -> None:
        self.ip("ctl", f"link set {name} master eth0")

    def call(self, *command: object) -> str:
        """Runs a command at the controller, in its root folder. @throws RuntimeError"""
        enter = ["nsenter", f"--target={self.hosts['ctl'].first}", *OWN, "--net"]
        done = subprocess.run([*enter, *map(str, command)], capture_output=True, text=True, timeout=60, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"{command[0]} ends with {done.returncode}: {done.stderr}")
        return done.stdout.strip()

    def node_states(self) -> list[str]:
        with contextlib.suppress(RuntimeError):  # until the controller answers
            return self.call("sinfo", "--noheader", "--Node", "--partition=low", "--format=%T").split()
        return []

    def submit(self, *options: object, **environment: object) -> str:
        """A job of one task on each host; its number."""
        given = [f"{name}={value}" for name, value in environment.items()]
        return self.call("env", *given, "sbatch", "--parsable", "--nodes=2", "--ntasks-per-node=1",
                         f"--chdir={self.folder}", *options)

    def job(self, number: str) -> dict[str, str]:
        """What Slurm says of it: JobState, Restarts ..."""
        words = self.call("scontrol", "--oneliner", "show", "job", number).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def report(self) -> str:
        """The last lines of each log."""
        logs = {path.name: path.read_text(errors="replace").splitlines()[-15:] for path in sorted(self.folder.glob("*.log"))}
        return "\n".join("\n".join([f"-- {name}", *lines]) for name, lines in logs.items())
