#!/usr/bin/env bash
# What it costs to tell what a run does and learned, medians of rounds:
#   - the live line, the table, events, history and checkpoints of ten epochs of S0's net, as a share of their time: of two
#     ranks of one thread, once with and once without in each round, and what the training thread spends in them;
#   - the page of fer_evaluate --report about 3,589 faces, as many as FER2013's tests have: its size, and the time of
#     fer_evaluate with and without it;
#   - fer_predict of 1,000 pictures of 256x256 in colours.
# Prints them, and keeps the single figures in tests/bench/results/. Leave the machine alone meanwhile. Exit code 1 if the
# first takes over 1 % of a run, or a report over 5 s or 5 MB.
#
#   tests/bench/telling.sh [DATASET]      default: datasets/demo
#
# Environment: ROUNDS (5), EPOCHS (10), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly dataset="${1:-datasets/demo}" rounds="${ROUNDS:-5}" epochs="${EPOCHS:-10}" bin="${BIN:-build/bin}"
# shellcheck source=tests/bench/workplace.sh
source tests/bench/workplace.sh
need "$bin/recorder_cost" "Build the tests first."
need_dataset "$dataset"
figures=$(file_for_figures)

OMP_NUM_THREADS=1 mpirun -np 2 "$bin/recorder_cost" "$dataset" "$scratch/run" "$epochs" "$rounds" | tr '\r' '\n' |
  sed -n 's/^\([0-9]*,[0-9.]*,[0-9.]*,[0-9.]*\)$/recorder,\1/p' >"$figures"

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
def told(values, form="{:.2f}"):
    return f"{form} ({form} to {form})".format(statistics.median(values), min(values), max(values))
runs = rows["recorder"]
print("seconds of training, nothing told: " + told([silent for silent, _, _ in runs]))
print("all told, over that in %:          " + told([100 * all_ / silent - 100 for silent, all_, _ in runs]))
calls = [100 * calls / all_ for _, all_, calls in runs]
print("in calls of the training thread, %:" + told(calls))
print("seconds of fer_evaluate:           " + told([plain for plain, _, _ in rows["report"]]))
pages = [page - plain for plain, page, _ in rows["report"]]
size = max(size for _, _, size in rows["report"])
print("its report besides:                " + told(pages))
print(f"bytes of report.html:              {size:.0f}")
print("seconds of fer_predict:            " + told([seconds for seconds, in rows["predict"]]))
if statistics.median(calls) > 1 or statistics.median(pages) > 5 or size > 5e6:
    sys.exit("telling.sh: telling takes over 1 % of a run, or a report over 5 s or 5 MB.")
EOF
