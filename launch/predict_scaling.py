#!/usr/bin/env python3
"""Predicts how data-parallel training scales, from a step of one rank and measured times of all-reduce.

    launch/predict_scaling.py --step-ms 0.65 --batch-size 128 --bucket-mb 6,1 --all-reduce one-host.csv four-hosts.csv

The tables are those of fer_doctor --all-reduce: CSV of backend, hosts, ranks, bytes, seconds, busbw_gb_per_second. Best
are several sizes from 256 KiB to 64 MiB, with several numbers of ranks on one host, and on three hosts or more: on two,
a tree of NCCL can look faster than the network is (NVIDIA/nccl-tests#196).

Each rank keeps its batch size (weak scaling). With N ranks a step takes

    compute = step of one rank * max(1, N / devices)
    exposed = t(last bucket) + max(0, t(other buckets) - overlap * compute)
    step    = (compute + exposed) * (1 + straggler * log2 N)

where t is the time of an all-reduce: from a table that has this number of ranks and hosts, else by a model that is
fitted to all tables (class AllReduce). Efficiency is the step of one rank over that of N.

How many ranks are useful is limited by efficiency and by the dataset. Whether a net learns from larger batches in as
few epochs differs widely (Shallue et al., JMLR 20(112), 2019): --largest-batch, 4,096, is a rule of thumb, above which
we claim nothing about the time to an accuracy. It leaves 7 full steps of the 28,709 samples of FER2013, and
--fewest-steps asks the same of other datasets: that no update takes much more than a seventh of an epoch.

Exit codes: 0; 2 for wrong options or too few measurements; 65 for a table that cannot be read.
"""

from __future__ import annotations  # the hosts of a cluster may have Python 3.9

import argparse
import json
import math
import statistics
import sys
from collections import defaultdict
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from tuning.errors import BAD_INPUT, UserError

HEADER = "backend,hosts,ranks,bytes,seconds,busbw_gb_per_second"
LIMITS = ("steps", "batch", "efficiency")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, default, text in (
            ("step-ms", positive, None, "median time of a step of one rank, without communication"),
            ("batch-size", count, None, "samples per rank and step"),
            ("bucket-mb", sizes, None, "gradients in 10^6 bytes, in the order of their reduction, as in 6,1; the last "
                                       "is reduced after the backward pass"),
            ("ranks", counts, "8,16,32,64,128,256,512", "default: %(default)s"),
            ("ranks-per-host", count, 8, "default: %(default)s"),
            ("overlap", share, 0.55, "share of compute that hides all buckets but the last; default: %(default)s, an "
                                     "assumption for GPUs; 0: all is exposed, as on CPUs whose cores reduce too"),
            ("straggler", share, 0, "share lost per doubling of ranks; default: %(default)s; to assume a loss of 2 %% "
                                    "at 64 ranks and 5 %% at 512, 0.003 to 0.006"),
            ("samples", count, 28709, "of an epoch; default: %(default)s"),
            ("fewest-steps", count, 7, "per epoch; default: %(default)s"),
            ("largest-batch", count, 4096, "of all ranks; default: %(default)s"),
            ("least-efficiency", positive, 80, "in percent; default: %(default)s")):
        parser.add_argument(f"--{name}", type=kind, default=default, required=default is None, metavar="X", help=text)
    parser.add_argument("--all-reduce", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--backend", metavar="NAME", help="which one's times to take, where tables have several")
    parser.add_argument("--devices", type=count, metavar="X",
                        help="GPUs or cores that more ranks use by turns, here and in the tables")
    parser.add_argument("--network-latency-us", type=positive, metavar="X",
                        help="of a hop between hosts, instead of a table of several")
    parser.add_argument("--network-gb-per-second", type=positive, metavar="X", help="of a host, each way; 10^9 bytes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if (options.network_latency_us is None) != (options.network_gb_per_second is None):
        parser.error("--network-latency-us and --network-gb-per-second go together")
    return options


def positive(text: str) -> float:
    if not 0 < float(text) < math.inf:
        raise ValueError
    return float(text)


def share(text: str) -> float:
    if not 0 <= float(text) <= 1:
        raise ValueError
    return float(text)


def count(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


def counts(text: str) -> list[int]:
    return sorted({count(part) for part in text.split(",")})


def sizes(text: str) -> list[float]:
    return [positive(part) for part in text.split(",")]


class Measurement(NamedTuple):
    """A row of a table: what an all-reduce of so many bytes on each rank took."""

    backend: str
    hosts: int
    ranks: int
    bytes: int
    seconds: float


def read_table(path: Path) -> list[Measurement]:
    """Several tables may follow one another in a file, each with its header."""
    lines = path.read_text(errors="replace").splitlines() or [""]
    if lines[0] != HEADER:
        raise UserError(f"'{path}', line 1: '{lines[0]:.80}' is not the header of a table, {HEADER}.", BAD_INPUT)
    rows = []
    for number, line in enumerate(lines, 1):
        if line in ("", HEADER):
            continue
        try:
            backend, hosts, ranks, size, seconds, _ = line.split(",")
            rows.append(Measurement(backend, count(hosts), count(ranks), count(size), positive(seconds)))
            if rows[-1].hosts > rows[-1].ranks:
                raise ValueError
        except ValueError:
            raise UserError(f"'{path}', line {number}: '{line:.80}' is not {HEADER} with positive numbers and no more "
                            "hosts than ranks.", BAD_INPUT) from None
    return rows


class Fit(NamedTuple):
    """Latency of a hop in seconds, 1 / bandwidth, how many measurements these are fitted to, and the worst error."""

    latency: float
    seconds_per_byte: float
    measurements: int = 0
    worst_error: float = 0  # relative

    def __str__(self) -> str:
        bandwidth = 1e-9 / self.seconds_per_byte if self.seconds_per_byte else math.inf
        origin = (f"fitted to {self.measurements} times, at worst {self.worst_error:.0%} off" if self.measurements
                  else "given; not more than on a host")
        return f"{1e6 * self.latency:.3g} us per hop, {bandwidth:.4g} GB/s ({origin})"


def fit(points: list[tuple[float, float, float, float]]) -> Fit | None:
    """The a >= 0 and s >= 0 of seconds = fixed + hops * a + volume * s, with the least squares of relative errors.

    @param points  (fixed, hops, volume in bytes, seconds)
    @return None if the points leave a and s open
    """
    scaled = [(hops / seconds, volume / seconds, 1 - fixed / seconds) for fixed, hops, volume, seconds in points]
    xx, xy, yy, xz, yz = (sum(p[i] * p[j] for p in scaled) for i, j in ((0, 0), (0, 1), (1, 1), (0, 2), (1, 2)))
    determinant = xx * yy - xy * xy
    if determinant <= 1e-9 * xx * yy:  # one size only, or no point
        return None

    def errors(solution: tuple[float, float]) -> list[float]:
        return [abs(solution[0] * x + solution[1] * y - z) for x, y, z in scaled]

    best = ((xz * yy - yz * xy) / determinant, (yz * xx - xz * xy) / determinant)
    if min(best) < 0:  # then the best that is allowed has a = 0 or s = 0
        best = min((0.0, max(0.0, yz / yy)), (max(0.0, xz / xx), 0.0), key=lambda edge: math.hypot(*errors(edge)))
    return Fit(*best, len(scaled), max(errors(best)))


def interpolate(times: dict[int, float], size: float) -> float:
    """Seconds for a size in bytes, log-log between those measured, by size. What is smaller takes as long as the
    smallest, and what is larger has the bandwidth of the largest, either of which is rather too slow."""
    if size <= min(times):
        return times[min(times)]
    if size >= max(times):
        return times[max(times)] * size / max(times)
    low, high = max(known for known in times if known <= size), min(known for known in times if known > size)
    part = math.log(size / low) / math.log(high / low)
    return times[low] ** (1 - part) * times[high] ** part


class AllReduce:
    """Times of an all-reduce of S bytes on each of N ranks, g on each of H hosts.

    One host of GPUs, a ring: t = 2 (N - 1) a + 2 (N - 1) / N * S / B, with the latency a of a hop and the bus bandwidth B of a
    rank (Patarasuk and Yuan, J. Parallel Distrib. Comput. 69, 2009; NVIDIA/nccl-tests, doc/PERFORMANCE.md).
    Several, chains inside and a tree between: t = 2 (g - 1) a + 2 log2(H) a_net + 2 S / B_net, with the bandwidth B_net
    of a host (NVIDIA/nccl v2.28.9, src/graph/tuning.cc).
    """

    def __init__(self, rows: list[Measurement], network: Fit | None = None) -> None:
        """@param network  a_net and 1 / B_net, instead of a fit to the rows of several hosts"""
        self.shares_memory = any(row.backend == "mpi" for row in rows)
        times = defaultdict(lambda: defaultdict(list))
        for row in rows:
            times[row.ranks, row.hosts][row.bytes].append(row.seconds)
        self.measured = {key: {size: statistics.median(repeats) for size, repeats in by_size.items()}
                         for key, by_size in times.items()}
        terms = [(*self.terms(row.bytes, row.ranks, row.hosts), row.seconds) for row in rows if row.ranks > 1]
        self.local = fit([(0, near, volume, seconds) for near, far, volume, seconds in terms if not far])
        a, s = self.local[:2] if self.local else (0, 0)
        self.network = fit([(near * a, far, volume, seconds) for near, far, volume, seconds in terms if far])
        if network:  # a network does not reduce faster than the hosts at its ends
            self.network = network._replace(seconds_per_byte=max(network.seconds_per_byte, s))

    @staticmethod
    def terms(size: float, ranks: int, hosts: int) -> tuple[float, float, float]:
        """Hops inside hosts, hops between hosts, and bytes to be divided by the bandwidth."""
        if hosts == 1:
            return 2 * (ranks - 1), 0, 2 * (ranks - 1) / ranks * size
        return 2 * (math.ceil(ranks / hosts) - 1), 2 * math.log2(hosts), 2 * size

    def seconds(self, size: float, ranks: int, hosts: int) -> float:
        """@param size  in bytes"""
        if ranks == 1:
            return 0
        if (ranks, hosts) in self.measured:
            return interpolate(self.measured[ranks, hosts], size)
        if hosts == 1 and self.shares_memory:
            raise UserError(f"{ranks} ranks of one host add up through its memory, for which there is no model. Run "
                            f"fer_doctor --all-reduce with {ranks} ranks and give its table to --all-reduce.")
        near, far, volume = self.terms(size, ranks, hosts)
        if near and not self.local:
            raise UserError(f"{ranks} ranks: there are too few times of ranks on one host. Run fer_doctor --all-reduce "
                            "with two ranks or more on one host, of several sizes, and give its table to --all-reduce.")
        if far and not self.network:
            raise UserError(f"{ranks} ranks need {hosts} hosts, and there are too few times between hosts. Run "
                            "fer_doctor --all-reduce on several hosts and give its table to --all-reduce, or give "
                            "--network-latency-us and --network-gb-per-second. Else ask for fewer --ranks, or for more "
                            "--ranks-per-host.")
        latency = (near and near * self.local.latency) + (far and far * self.network.latency)
        return latency + volume * (self.network if far else self.local).seconds_per_byte


class Prediction(NamedTuple):
    """Of one number of ranks. Efficiency is a share; times says if those of all-reduce are a table's or a model's."""

    ranks: int
    hosts: int
    all_reduce_ms: float
    exposed_ms: float
    step_ms: float
    images_per_second: float
    efficiency: float
    global_batch: int
    steps_per_epoch: int
    times: str


def predict(ranks: int, options: argparse.Namespace, all_reduce: AllReduce) -> Prediction:
    """By the formulas at the top. Steps are counted as training does: the last one may be short, but not of one sample,
    which then joins the step before."""
    hosts = math.ceil(ranks / options.ranks_per_host)
    *others, last = (1e3 * all_reduce.seconds(1e6 * megabytes, ranks, hosts) for megabytes in options.bucket_mb)
    compute = options.step_ms * max(1, ranks / (options.devices or ranks))
    exposed = last + max(0, sum(others) - options.overlap * compute)
    step = (compute + exposed) * (1 + options.straggler * math.log2(ranks))
    batch = ranks * options.batch_size
    steps = max(1, options.samples // batch + (options.samples % batch > 1))
    times = "table" if (ranks, hosts) in all_reduce.measured else "model"
    return Prediction(ranks, hosts, sum(others) + last, exposed, step, images_per_second=1e3 * batch / step,
                      efficiency=options.step_ms / step, global_batch=batch, steps_per_epoch=steps, times=times)


def broken_limits(p: Prediction, options: argparse.Namespace) -> dict[str, str]:
    """Those of LIMITS that forbid so many ranks, and how they say it."""
    rules = {"steps": (p.steps_per_epoch < options.fewest_steps,
                       f"{p.steps_per_epoch} steps per epoch are fewer than {options.fewest_steps}"),
             "batch": (p.global_batch > options.largest_batch,
                       f"a global batch of {p.global_batch:,} is larger than {options.largest_batch:,}"),
             "efficiency": (100 * p.efficiency < options.least_efficiency,
                            f"an efficiency of {100 * p.efficiency:.4g} % is less than {options.least_efficiency:g} %")}
    return {limit: text for limit, (broken, text) in rules.items() if broken}


def largest_useful(predictions: list[Prediction], options: argparse.Namespace) -> dict:
    """For each limit and for all: the last number of ranks before the first that is forbidden, 0 where none is."""
    limits = {limit: max((p.ranks for p in takewhile(lambda p: limit not in broken_limits(p, options), predictions)),
                         default=0) for limit in LIMITS}
    useful = min(limits.values())
    more = next((p for p in predictions if p.ranks > useful), None)
    reason = "no limit is exceeded"
    if more:
        reason = f"with {more.ranks}, " + " and ".join(broken_limits(more, options).values())
    return {"ranks": useful, "reason": reason, "limits": limits}


def print_table(predictions: list[Prediction], useful: dict, all_reduce: AllReduce) -> None:
    print("ranks  hosts  all-reduce ms  exposed ms   step ms    images/s  efficiency  global batch  steps/epoch  times")
    for p in predictions:
        print(f"{p.ranks:5}{p.hosts:7}{p.all_reduce_ms:15.3f}{p.exposed_ms:12.3f}{p.step_ms:10.3f}"
              f"{p.images_per_second:12,.0f}{p.efficiency:12.1%}{p.global_batch:14,}{p.steps_per_epoch:13,}  {p.times}")
    print(f"\nOn a host: {all_reduce.local or 'no model'}.\nBetween hosts: {all_reduce.network or 'no model'}.")
    print(f"Largest useful number of these ranks: {useful['ranks'] or 'none'}; {useful['reason']}.")
    print("By steps per epoch {steps}, by global batch {batch}, by efficiency {efficiency}.".format(**useful["limits"]))


def answer(options: argparse.Namespace) -> None:
    rows = [row for path in options.all_reduce for row in read_table(path) if options.backend in (None, row.backend)]
    if len(backends := {row.backend for row in rows}) > 1:
        raise UserError(f"the tables are of {' and '.join(sorted(backends))}: choose one by --backend.")
    latency, bandwidth = options.network_latency_us, options.network_gb_per_second
    all_reduce = AllReduce(rows, Fit(1e-6 * latency, 1e-9 / bandwidth) if latency else None)
    predictions = [predict(ranks, options, all_reduce) for ranks in options.ranks]
    useful = largest_useful(predictions, options)
    if not options.json:
        print_table(predictions, useful, all_reduce)
        return
    models = {"host": all_reduce.local, "network": all_reduce.network}
    print(json.dumps({"predictions": [p._asdict() for p in predictions], "useful": useful,
                      "models": {name: model and model._asdict() for name, model in models.items()}}, indent=2))


def main() -> int:
    options = read_options()
    try:
        answer(options)
    except (UserError, OSError) as error:
        print(f"predict_scaling.py: {error}", file=sys.stderr)
        return error.code if isinstance(error, UserError) else BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
