#!/usr/bin/env bash
# Images per second of whole training steps on changed pictures (flip, affine, crop, erase) on two cores: fer_dist_train
# with --augment, and PyTorch fed by a DataLoader with torchvision's transforms, by 0, 1 and 2 workers per process.
# Interleaved in one run so that all meet the same machine: 128 samples a step, of fast-s 256, fp32. Prints a table, and
# keeps it with the single figures in tests/bench/results/. Leave the machine alone meanwhile.
#
#   tests/bench/loader.sh DATASET [MODEL...]      default: cnn3-mlp fast-s
#
# Environment: ROUNDS (5), STEPS (92: of cnn3-mlp two epochs of 6,000 pictures) and WARMUP (8) of the peer,
# BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ $# = 1 ]; then set -- "$1" cnn3-mlp fast-s; fi
readonly precision=fp32 rounds="${ROUNDS:-5}" steps="${STEPS:-92}" warmup="${WARMUP:-8}"
# What the transforms in loader_feed.py do. The nets see windows of 44x44 on both sides.
readonly changes="flip,rotate=10,shift=0.1,zoom=0.8:1.2,shear=5,crop=44,erase=0.5"
# shellcheck source=tests/bench/common.sh
. tests/bench/common.sh
need "$binaries/fer_dist_train" "Build the project first."

ours() {  # images per second of 2 ranks x 1 thread, of epochs 2 and 3, since the first warms up
  local out="$scratch/ours"
  rm -rf "$out"
  mpirun -np 2 "$binaries/fer_dist_train" --dataset "$dataset" --model "$model" --augment "$changes" \
    --batch-size "$(batch_size_of "$model" 2)" --threads 1 --epochs 3 --out "$out" --checkpoint-every 1000 --quiet >&2
  awk -F , 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "images_per_second") column = i }
            $1 >= 2 && $1 <= 3 { sum += $column; ++rows } END { print sum / rows }' "$out/history.csv"
}

theirs() {  # theirs PROCESSES THREADS WORKERS: images per second
  peer "$model" "$precision" "$1" "$2" --loader "$3" --steps "$steps" --warmup "$warmup" |
    "$python" -c 'import json, sys; print(round(json.load(sys.stdin)["images_per_second"], 1))'
}

results=tests/bench/results
mkdir -p "$results"
stamp="$(date -u +%Y%m%dT%H%M%SZ)"
figures="$results/loader-$stamp.csv"
wait_until_quiet
load_before="$(load)"
echo "model,precision,round,name,images_per_second" >"$figures"
for model in "${models[@]}"; do
  for round in $(seq "$rounds"); do
    measure ours_2x1 ours
    for workers in 0 1 2; do
      measure "loader${workers}_2x1" theirs 2 1 "$workers"
      measure "loader${workers}_1x2" theirs 1 2 "$workers"
    done
  done
done
"$python" tests/bench/summarise.py "$figures" --dataset "$dataset" --load "$load_before" |
  tee "$results/loader-$stamp.md"
