#!/usr/bin/env bash
# Seconds and peak memory of making a dataset of a CSV file of faces: fer_dataset import on one core and on two, two
# ways by pandas and h5py on one core, and `wc -w`, which only counts the numbers. Interleaved, so that all meet the
# same machine; the file lies in the system's cache. Prints a table, and keeps the single figures in
# tests/bench/results/. Leave the machine alone meanwhile.
#
#   tests/bench/import_csv.sh CSV
#
# Environment: ROUNDS (3), BIN (build/bin), PYTHON (.venv-peers/bin/python), SCRATCH (a new folder of /tmp).
set -euo pipefail
shopt -s inherit_errexit
source="$(realpath "${1:?CSV is missing: tests/bench/import_csv.sh CSV}")"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly source rounds="${ROUNDS:-3}" binary="${BIN:-build/bin}/fer_dataset" python="${PYTHON:-.venv-peers/bin/python}"

need() { [ -e "$1" ] || { echo "import_csv.sh: there is no $1. $2" >&2; exit 66; }; }
need "$source" "Name a CSV file with a header, as in emotion,pixels,Usage."
need "$binary" "Build the project first."
[ -x "$python" ] || tests/bench/setup.sh

# shellcheck source=/dev/null
[ -f launch/env.sh ] && source launch/env.sh
scratch="$(mktemp -d ${SCRATCH:+--tmpdir="$SCRATCH"})"
trap 'rm -rf "$scratch"' EXIT
results=tests/bench/results
mkdir -p "$results"
figures="$results/import-csv-$(date -u +%Y%m%dT%H%M%SZ).csv"
echo "name,seconds,kilobytes" >"$figures"

# measure NAME CORES COMMAND...: its seconds and peak memory as a line of the figures. What earlier ones wrote reaches
# the disk first, so that nobody pays for another.
measure() {
  local name="$1" cores="$2"
  shift 2
  rm -rf "$scratch/out"
  mkdir "$scratch/out"
  sync
  "$python" - "$name" "$cores" "$figures" "$@" <<'EOP'
import os, resource, subprocess, sys, time
name, cores, figures, *command = sys.argv[1:]
os.sched_setaffinity(0, map(int, cores.split(",")))
os.environ["OMP_NUM_THREADS"] = str(len(cores.split(",")))
start = time.perf_counter()
subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - start
kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
line = f"{name},{seconds:.3f},{kilobytes}"
print(line, file=open(figures, "a"))
print(line, file=sys.stderr)
EOP
}

ours() {  # ours THREADS CORES
  measure "fer_dataset import; threads: $1" "$2" \
    "$binary" import "$source" --out "$scratch/out/d" --threads "$1" --quiet
}
peer() { measure "pandas + $1 + h5py" 0 "$python" tests/bench/import_csv_peers.py "$1" "$source" "$scratch/out/d.h5"; }

cat "$source" >/dev/null  # into the cache
for _ in $(seq "$rounds"); do
  ours 1 0
  ours 2 0,1
  peer split
  peer fromstring
  measure "wc -w" 0 wc -w "$source"
done

"$python" - "$figures" "$source" <<'EOP'
import csv, os, statistics, sys
seconds, kilobytes = {}, {}
for row in csv.DictReader(open(sys.argv[1])):
    seconds.setdefault(row["name"], []).append(float(row["seconds"]))
    kilobytes.setdefault(row["name"], []).append(int(row["kilobytes"]))
ours = statistics.median(seconds["fer_dataset import; threads: 1"])
size = os.path.getsize(sys.argv[2])
print(f"{os.path.basename(sys.argv[2])}, {size / 1e6:.0f} MB\n")
print("| import of a CSV file | rounds | s, median | min - max | MB/s | it / ours, 1 thread | peak MiB |")
print("|---|---:|---:|---:|---:|---:|---:|")
for name, values in seconds.items():
    median = statistics.median(values)
    print(f"| {name} | {len(values)} | {median:.2f} | {min(values):.2f} - {max(values):.2f} "
          f"| {size / 1e6 / median:.0f} | {median / ours:.2f} | {max(kilobytes[name]) / 1024:.0f} |")
EOP
