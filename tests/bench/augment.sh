#!/usr/bin/env bash
# Augmented images per second of one core, ours and torchvision's, interleaved so that both meet the same machine: flip,
# affine (10 degrees, shift 0.1, zoom 0.8 to 1.2), crop 44, erase 0.5, on 48 x 48 pixels. Prints medians, and keeps the
# single figures in tests/bench/results/.
#
#   tests/bench/augment.sh
#
# Environment: ROUNDS (5), BIN (build/bin), PYTHON (.venv-peers/bin/python; torchvision is installed there if missing).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly rounds="${ROUNDS:-5}" binary="${BIN:-build/bin}/augment_speed" python="${PYTHON:-.venv-peers/bin/python}"

[ -e "$binary" ] || { echo "augment.sh: there is no $binary. Build the project first." >&2; exit 66; }
[ -x "$python" ] || tests/bench/setup.sh
"$python" -c 'import torchvision' 2>/dev/null || "$python" -m pip install --quiet torchvision==0.26.0

results=tests/bench/results
mkdir -p "$results"
figures="$results/augment-$(date -u +%Y%m%dT%H%M%SZ).csv"
echo "name,images_per_second" >"$figures"
for _ in $(seq "$rounds"); do
  "$binary" >>"$figures"
  OMP_NUM_THREADS=1 "$python" tests/bench/augment_peers.py >>"$figures"
done

"$python" - "$figures" <<'EOP'
import csv, statistics, sys
figures = {}
for row in csv.DictReader(open(sys.argv[1])):
    figures.setdefault(row["name"], []).append(float(row["images_per_second"]))
ours = statistics.median(figures["ours"])
print("| augmentation, one core | rounds | img/s, median | min - max | ours / it |\n|---|---:|---:|---:|---:|")
for name, values in figures.items():
    median = statistics.median(values)
    print(f"| {name} | {len(values)} | {median:.0f} | {min(values):.0f} - {max(values):.0f} | {ours / median:.1f} |")
EOP
