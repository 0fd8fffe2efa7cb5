#!/usr/bin/env bash
# Images per second of fer_dist_train and of PyTorch DDP, interleaved in one run so that both meet the same machine:
# 2 ranks of 1 thread, 64 samples per rank, fp32, the same net and dataset. Prints a table, and keeps it with the single
# figures in tests/bench/results/.
#
#   tests/bench/throughput.sh [DATASET]      default: datasets/demo
#
# Environment: ROUNDS (5), STEPS (150) and WARMUP (20) of the peer, BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly dataset="${1:-datasets/demo}" rounds="${ROUNDS:-5}" steps="${STEPS:-150}" warmup="${WARMUP:-20}"
readonly binary="${BIN:-build/bin}/fer_dist_train" python=.venv-peers/bin/python
readonly ranks=2 batch_size=64
# What fer_dist_train sets for itself in src/base/allocator.h and a little more: freed memory stays, in large pages.
readonly tuned="glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=8589934592:\
glibc.malloc.top_pad=268435456"

need() { [ -e "$1" ] || { echo "throughput.sh: there is no $1. $2" >&2; exit 66; }; }
need "$binary" "Build the project first."
need "$python" "Run tests/bench/setup.sh first."
need "$dataset/dataset.json" "Make a dataset with fer_dataset synth --out $dataset."

# Nothing else may run: waits up to a minute for the load to fall, then measures anyway and says so.
load() { cut -d ' ' -f 1 /proc/loadavg; }
quiet() { awk -v load="$(load)" 'BEGIN { exit !(load <= 0.5) }'; }
wait_until_quiet() {
  for _ in $(seq 12); do
    if quiet; then return; fi
    sleep 5
  done
  echo "throughput.sh: warning: the load average is $(load), so something else is running." >&2
}

ours() {  # ours ROUND: the mean, which is the median, of epochs 2 and 3; the first one warms up
  mpirun -np "$ranks" "$binary" --dataset "$dataset" --model cnn3-mlp --batch-size "$batch_size" --threads 1 \
    --epochs 3 --out "$scratch/ours-$1" --checkpoint-every 1000 --quiet >&2
  awk -F , 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "images_per_second") column = i }
            $1 >= 2 && $1 <= 3 { sum += $column; ++rows } END { print sum / rows }' "$scratch/ours-$1/history.csv"
}

peer() {  # peer [TUNABLES]
  env OMP_NUM_THREADS=1 ${1:+GLIBC_TUNABLES="$1"} "$python" tests/bench/ddp_s0.py --processes "$ranks" --threads 1 \
    --batch-size "$batch_size" --dataset "$dataset" --steps "$steps" --warmup "$warmup" |
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["images_per_second"])'
}

record() { echo "$1,$2,$3" | tee -a "$figures" >&2; }  # record ROUND NAME IMAGES_PER_SECOND

# shellcheck source=/dev/null
[ -f launch/env.sh ] && source launch/env.sh
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
results=tests/bench/results
mkdir -p "$results"
stamp="$(date -u +%Y%m%dT%H%M%SZ)"
figures="$results/throughput-$stamp.csv"

wait_until_quiet
load_before="$(load)"
echo "round,name,images_per_second" >"$figures"
for round in $(seq "$rounds"); do
  value="$(ours "$round")"
  record "$round" ours "$value"
  value="$(peer)"
  record "$round" peer "$value"
  value="$(peer "$tuned")"
  record "$round" peer_tuned "$value"
done
"$python" tests/bench/summarise.py "$figures" --dataset "$dataset" --load "$load_before" |
  tee "$results/throughput-$stamp.md"
