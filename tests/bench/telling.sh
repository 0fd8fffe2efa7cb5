#!/usr/bin/env bash
# What it costs to tell what a run does and learned, medians of rounds and their range, of shares also means:
#   - the checkpoints of ten epochs of S0's net, as a share of their time, and its live line, table, events and history
#     besides: two ranks of one thread train silently, with checkpoints alone and with all of it in each round; and what
#     of that the training thread spends in calls;
#   - the page of fer_evaluate --report about 3,589 faces, as many as FER2013's tests have: its size, and the time of
#     fer_evaluate with and without it;
#   - fer_predict of 1,000 pictures of 256x256 in colours.
# Prints them, and keeps the single figures in tests/bench/results/. Leave the machine alone meanwhile. Exit code 1 if
# what is told takes over 1 % of a run, a report over 5 s or 5 MB, or the 1,000 labels over 5 s.
#
#   tests/bench/telling.sh [DATASET]      default: datasets/demo
#
# Environment: ROUNDS (30), EPOCHS (10), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly dataset="${1:-datasets/demo}" rounds="${ROUNDS:-30}" epochs="${EPOCHS:-10}" bin="${BIN:-build/bin}"
# shellcheck source=tests/bench/workplace.sh
source tests/bench/workplace.sh
need "$bin/recorder_cost" "Build the tests first."
need_dataset "$dataset"
figures=$(file_for_figures)

OMP_NUM_THREADS=1 mpirun -np 2 "$bin/recorder_cost" "$dataset" "$scratch/run" "$epochs" "$rounds" | tr '\r' '\n' |
  sed -n 's/^\([0-9]*\(,[0-9.]*\)\{5\}\)$/recorder,\1/p' >"$figures"

"$bin/fer_dist_train" --dataset "$dataset" --epochs 2 --quiet --out "$scratch/net"
"$bin/fer_dataset" synth --train 100 --validation 0 --test 3589 --out "$scratch/faces" >&2
"$bin/fer_dataset" export "$scratch/faces" --out "$scratch/faces.csv" >&2
python3 tests/bench/write_pictures.py "$scratch/faces.csv" 1000 "$scratch/pictures"

seconds() {  # seconds COMMAND...
  local start
  start=$(date +%s.%N)
  "$@" >&2
  echo "$(date +%s.%N) $start" | awk '{ printf "%.3f", $1 - $2 }'
}
score() {
  "$bin/fer_evaluate" --checkpoint "$scratch/net/checkpoints/best.safetensors" --dataset "$scratch/faces" --split test \
    --quiet --out "$scratch/scores" "$@"
}
label() {
  "$bin/fer_predict" --checkpoint "$scratch/net/checkpoints/best.safetensors" "$scratch/pictures" --format csv \
    --out "$scratch/labels.csv"
}
for round in $(seq "$rounds"); do
  plain=$(seconds score)
  with_report=$(seconds score --report)
  echo "report,$round,$plain,$with_report,$(stat -c %s "$scratch/scores/report.html")"
  labels=$(seconds label)
  echo "predict,$round,$labels"
done >>"$figures"

python3 - "$figures" <<'EOF'
import csv, statistics, sys
rows = {}
for kind, _, *values in csv.reader(open(sys.argv[1])):
    rows.setdefault(kind, []).append([float(value) for value in values])
def told(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
def mean(values):
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f", mean {statistics.mean(values):.2f} with a standard error of {error:.2f}"
runs = rows["recorder"]
saving = [100 * (saved - silent) / saved for silent, saved, *_ in runs]
telling = [100 * (all_ - saved) / all_ for _, saved, all_, _, _ in runs]
print("seconds of training, silently:     " + told([silent for silent, *_ in runs]))
print("checkpoints, of a run in %:        " + told(saving) + mean(saving))
print("  in calls of the training thread: " + told([100 * calls / saved for _, saved, _, calls, _ in runs]))
print("what is told besides, in %:        " + told(telling) + mean(telling))
print("  in calls of the training thread: "
      + told([100 * (calls - of_saving) / all_ for _, _, all_, of_saving, calls in runs]))
print("seconds of fer_evaluate:           " + told([plain for plain, _, _ in rows["report"]]))
pages = [page - plain for plain, page, _ in rows["report"]]
size = max(size for _, _, size in rows["report"])
print("its report besides:                " + told(pages))
print(f"bytes of report.html:              {size:.0f}")
labels = [seconds for seconds, in rows["predict"]]
print("seconds of fer_predict:            " + told(labels))
if statistics.median(telling) > 1 or statistics.median(pages) > 5 or size > 5e6 or statistics.median(labels) > 5:
    sys.exit("telling.sh: telling takes over 1 % of a run, a report over 5 s or 5 MB, or labels over 5 s.")
EOF
