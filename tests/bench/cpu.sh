#!/usr/bin/env bash
# Images per second and peak memory of fer_dist_train and of PyTorch on two cores, net by net, in fp32 and in bf16,
# interleaved in one run so that all meet the same machine: two ranks of one thread and one process of two, 128 samples
# a step, of fast-s 256. Prints tables, and keeps them with the single figures in tests/bench/results/. Hours for
# all nets.
#
#   tests/bench/cpu.sh DATASET [MODEL...]      default: cnn3-mlp fast-s cnn9 cnn7 fer-resnet18
#
# Some 6,000 pictures are enough, of large nets 2,000. Environment: ROUNDS (5), STEPS (40) and WARMUP (8) of the peer,
# PRECISIONS (fp32 bf16), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly rounds="${ROUNDS:-5}" steps="${STEPS:-40}" warmup="${WARMUP:-8}" precisions="${PRECISIONS:-fp32 bf16}"
# What fer_dist_train sets for itself in src/base/allocator.h and a little more: freed memory stays, in large pages.
readonly tuned="glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=8589934592:\
glibc.malloc.top_pad=268435456"
# shellcheck source=tests/bench/common.sh
. tests/bench/common.sh
need "$binaries/fer_dist_train" "Build the project first."

peak_memory() {  # peak_memory COMMAND...: runs it and prints the MiB of the largest process among those it started
  "$python" -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr)
print(round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))' "$@"
}

ours() {  # ours RANKS THREADS OPTION...: images per second, of epochs 2 and 3, since the first warms up; peak MiB
  local out="$scratch/ours" peak
  rm -rf "$out"
  peak="$(peak_memory mpirun -np "$1" "$binaries/fer_dist_train" --dataset "$dataset" --model "$model" \
    --precision "$precision" --batch-size "$(batch_size_of "$model" "$1")" --threads "$2" --epochs 3 --out "$out" \
    --checkpoint-every 1000 --quiet "${@:3}")"
  awk -F , -v peak="$peak" 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "images_per_second") column = i }
            $1 >= 2 && $1 <= 3 { sum += $column; ++rows } END { print sum / rows "," peak }' "$out/history.csv"
}

theirs() {  # theirs PROCESSES THREADS: images per second, peak MiB
  peer "$model" "$precision" "$1" "$2" --steps "$steps" --warmup "$warmup" |
    "$python" -c 'import json, sys
result = json.load(sys.stdin)
print(round(result["images_per_second"], 1), round(result["peak_memory_mib"]), sep=",")'
}

results=tests/bench/results
mkdir -p "$results"
stamp="$(date -u +%Y%m%dT%H%M%SZ)"
figures="$results/cpu-$stamp.csv"

wait_until_quiet
load_before="$(load)"
echo "model,precision,round,name,images_per_second,peak_memory_mib" >"$figures"
for model in "${models[@]}"; do
  for precision in $precisions; do
    for round in $(seq "$rounds"); do
      measure ours_2x1 ours 2 1
      measure ours_1x2 ours 1 2
      if [ "$precision" = fp32 ]; then measure plain_2x1 ours 2 1 --engine plain; fi
      measure peer_2x1 theirs 2 1
      measure peer_1x2 theirs 1 2
      GLIBC_TUNABLES="$tuned" measure tuned_2x1 theirs 2 1
      GLIBC_TUNABLES="$tuned" measure tuned_1x2 theirs 1 2
    done
  done
done
"$python" tests/bench/summarise.py "$figures" --dataset "$dataset" --load "$load_before" | tee "$results/cpu-$stamp.md"
