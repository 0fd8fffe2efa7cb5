#!/usr/bin/env bash
# Trains the default net on drawn faces as the quickstart does, and measures how much of its Grad-CAM of unseen faces lies
# on mouth and brows (saliency_share.cpp). Exit code 1 if on the mean of happy or of angry faces it is less than twice what
# chance gives.
#
#   tests/bench/saliency.sh [OPTION...]      options of fer_dist_train besides, such as --seed 2
#
# Environment: BIN (build/bin).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly bin="${BIN:-build/bin}" seed=1 # of the faces
# shellcheck source=tests/bench/workplace.sh
source tests/bench/workplace.sh
need "$bin/saliency_share" "Build the tests first."

"$bin/fer_dataset" synth --out "$scratch/faces" --train 6000 --validation 1000 --test 1000 --seed "$seed" >&2
mpirun -np 2 "$bin/fer_dist_train" --dataset "$scratch/faces" --out "$scratch/run" "$@" >&2
"$bin/saliency_share" "$scratch/run/checkpoints/best.safetensors" "$seed" test 1000 | tee "$scratch/shares"
awk 'NR > 1 && $4 < 2 { print "saliency.sh: of " $1 " faces it is " $4 " times chance, not twice." > "/dev/stderr"; low = 1 }
  END { exit low }' "$scratch/shares"
