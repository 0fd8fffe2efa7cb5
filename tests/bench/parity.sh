#!/usr/bin/env bash
# Twenty Adam steps of S0's net in float32 by PyTorch and by the trainer on this machine: same weights, same batches, same
# layout, one thread. Losses must agree to 1e-5, parameters to 1e-4 (relative L2 per tensor).
set -euo pipefail
cd "$(dirname "$0")/../.."
export OMP_NUM_THREADS=1

[ -x .venv-peers/bin/python ] || tests/bench/setup.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv-peers/bin/python tests/golden/make_golden.py --float32 "$folder"
FER_PARITY_FOLDER="$folder" build/bin/float_parity
