#!/usr/bin/env bash
# The recipe fast-s from the command to its score on FER2013's PublicTest, with three seeds, in turn with the fastest
# PyTorch script we could write (fast_s_peer.py): whole processes, start and scoring with ten views with them. Prints a
# line for each.
#
#   tests/bench/fast_s.sh fer2013.csv       environment: SEEDS (1 2 3)
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=tests/bench/fer2013_data.sh
. "$(dirname "$0")/fer2013_data.sh"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

ours() {  # ours SEED: prints the accuracy
  rm -rf "$scratch/run"
  mpirun -np 2 build/bin/fer_dist_train --recipe fast-s --dataset "$results/data/training" --seed "$1" --keep 0 \
    --out "$scratch/run" --quiet
  build/bin/fer_evaluate --checkpoint "$scratch/run/checkpoints/last.safetensors" --dataset "$results/data/all" \
    --split public_test --views shift --out "$scratch/run/public_test" --quiet
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["accuracy"])' "$scratch/run/public_test/metrics.json"
}

theirs() {
  .venv-peers/bin/python tests/bench/fast_s_peer.py "$results/data/all" --seed "$1" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["accuracy"])'
}

echo "seed,name,seconds,accuracy"
for seed in ${SEEDS:-1 2 3}; do
  for name in ours theirs; do
    start=$(date +%s.%N)
    accuracy=$("$name" "$seed")
    echo "$seed,$name,$(awk -v from="$start" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f", to - from }'),$accuracy"
  done
done
