#!/usr/bin/env bash
# Whether a training step of ours is PyTorch's: the losses of twenty steps of Adam on two ranks of one thread, from the
# same weights, on the same batches, without dropout. Prints a table: how far ours are from the peer's at most,
# relative, by engine; how far the peer is from itself when weights lie channels first, which rounds otherwise; and the
# peer's own first and last loss.
#
#   tests/bench/losses.sh DATASET [MODEL...]      default: cnn3-mlp fast-s cnn9 cnn7 fer-resnet18
#
# Environment: STEPS (20, of which there are no more), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly steps="${STEPS:-20}" learning_rate=1e-4 seed=7
# shellcheck source=tests/bench/common.sh
. tests/bench/common.sh
need "$binaries/step_losses" "Build the project first."

ours() {  # ours MODEL PRECISION ENGINE: a loss a line, from the weights that the peer began with
  OMP_NUM_THREADS=1 mpirun -np 2 "$binaries/step_losses" "$1" "$dataset" "$scratch/init.safetensors" \
    "$(batch_size_of "$1" 2)" "$steps" "$learning_rate" "$3" "$2" "$seed"
}

row() {  # row MODEL PRECISION FILE...: of the table; a file holds the losses of one way to train
  "$python" - "$scratch/peer.json" "$@" <<'EOP'
import json, sys
peer, model, precision, *files = sys.argv[1:]
expected = json.load(open(peer))["losses"]
cells = [model, precision]
for file in files:
    losses = [float(line) for line in open(file)]
    cells.append(f"{max(abs(loss / other - 1) for loss, other in zip(losses, expected, strict=True)):.1e}")
if precision == "bf16":
    cells.insert(3, "")  # plain knows none
print(f"| {' | '.join(cells)} | {expected[0]:.4f} | {expected[-1]:.4f} |")
EOP
}

echo "| model | precision | fast, worst relative difference | plain | PyTorch, channels first | PyTorch's first loss | last |"
echo "|---|---|---:|---:|---:|---:|---:|"
for model in "${models[@]}"; do
  for precision in fp32 bf16; do
    asked=("$model" "$precision" 2 1 --no-dropout --steps "$steps" --warmup 0 --learning-rate "$learning_rate")
    peer "${asked[@]}" --seed "$seed" --save-init "$scratch/init.safetensors" >"$scratch/peer.json"
    peer "${asked[@]}" --init "$scratch/init.safetensors" --contiguous --seed "$seed" |
      "$python" -c 'import json, sys; print(*json.load(sys.stdin)["losses"], sep="\n")' >"$scratch/contiguous"
    ways=(fast)
    if [ "$precision" = fp32 ]; then ways+=(plain); fi
    for engine in "${ways[@]}"; do ours "$model" "$precision" "$engine" >"$scratch/$engine"; done
    ways+=(contiguous)
    row "$model" "$precision" "${ways[@]/#/$scratch/}"
  done
done
