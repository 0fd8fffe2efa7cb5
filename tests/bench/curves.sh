#!/usr/bin/env bash
# Whether training goes as PyTorch's does where twenty steps are too few to tell: 240 losses of Adam on two ranks of one
# thread, batches of 64, without dropout, with three seeds, each from the weights and on the batches that PyTorch DDP
# has with it. Prints a table: how far the means of 20 losses are from PyTorch's of the same seed at most, and how far
# PyTorch's seeds are from one another in the same steps, at least and on average.
#
#   tests/bench/curves.sh DATASET [MODEL...]      default: cnn3-mlp fast-s cnn9 cnn7 fer-resnet18
#
# The train split has 15,360 samples or more. Environment: STEPS (240), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly steps="${STEPS:-240}" learning_rate=1e-4 batch=32
# shellcheck source=tests/bench/common.sh
. tests/bench/common.sh
need "$binaries/step_losses" "Build the project first."

echo "| model | precision | from PyTorch's of the same seed, at most | PyTorch's seeds apart, least | mean | PyTorch's last loss |"
echo "|---|---|---:|---:|---:|---:|"
for model in "${models[@]}"; do
  for precision in fp32 bf16; do
    for seed in 1 2 3; do
      peer "$model" "$precision" 2 1 --batch-size "$batch" --no-dropout --steps "$steps" --losses "$steps" --warmup 0 \
        --learning-rate "$learning_rate" --seed "$seed" --save-init "$scratch/init.safetensors" >"$scratch/peer-$seed"
      OMP_NUM_THREADS=1 mpirun -np 2 "$binaries/step_losses" "$model" "$dataset" "$scratch/init.safetensors" "$batch" \
        "$steps" "$learning_rate" fast "$precision" "$seed" >"$scratch/ours-$seed"
    done
    "$python" - "$scratch" "$model" "$precision" <<'EOP'
import json, statistics, sys
folder, model, precision = sys.argv[1:]
def windows(losses, size=20):
    return [statistics.mean(losses[i : i + size]) for i in range(0, len(losses), size)]
peers = [windows(json.load(open(f"{folder}/peer-{seed}"))["losses"]) for seed in (1, 2, 3)]
ours = [windows([float(line) for line in open(f"{folder}/ours-{seed}")]) for seed in (1, 2, 3)]
apart = max(abs(a / b - 1) for own, other in zip(ours, peers, strict=True) for a, b in zip(own, other, strict=True))
spread = [max(column) / min(column) - 1 for column in zip(*peers, strict=True)]
print(f"| {model} | {precision} | {apart:.2%} | {min(spread):.2%} | {statistics.mean(spread):.2%} | "
      f"{statistics.mean(peer[-1] for peer in peers):.4f} |")
EOP
  done
done
