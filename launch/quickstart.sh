#!/usr/bin/env bash
# From a bare Debian machine to ranks that train a CNN together: installs what is missing, builds, draws a demonstration
# dataset, trains on it. Safe to run again: what is there already is not made anew, and it trains into a new folder.
#   FER_CUDA=ON|OFF   build for CUDA, or not; otherwise where a GPU answers
#   FER_RANKS=N       ranks to start; otherwise one per GPU, or one per core up to eight
set -euo pipefail
cd "$(dirname "$0")/.."
. launch/setup.sh

install_packages
install_libtorch
build build fer_dist_train fer_dataset fer_doctor fer_evaluate fer_predict
. launch/env.sh

# Missing, damaged, or of an older format: it is drawn again.
if ! build/bin/fer_dataset inspect datasets/demo --quiet > /dev/null 2>&1; then
  say "Drawing faces into datasets/demo"
  rm -rf datasets/demo
  build/bin/fer_dataset synth --out datasets/demo --train 6000 --validation 1000 --test 1000 --seed 1
fi

ranks=$(core_count)
if wants_cuda && [ "$(gpu_count)" -gt 0 ]; then ranks=$(gpu_count); fi
ranks=${FER_RANKS:-$((ranks < 8 ? ranks : 8))}
out="runs/quickstart-$(date -u +%Y%m%d-%H%M%S)"
say "Training: mpirun -np $ranks build/bin/fer_dist_train --dataset datasets/demo --out $out"
mpirun -np "$ranks" build/bin/fer_dist_train --dataset datasets/demo --out "$out"

say "Done. What the run left:"
printf '  %-44s %s\n' \
  "$out/report.html" "all of it to look at, in a browser" \
  "$out/run.json" "how it ended, on what" \
  "$out/history.csv" "loss and accuracy of every epoch" \
  "$out/checkpoints/best.safetensors" "the net, for fer_evaluate or PyTorch" \
  "$out/predictions.csv" "what it says of the test faces" \
  "$out/submission.csv" "the same, as a Kaggle submission"
printf '\nScore it again:  build/bin/fer_evaluate --checkpoint %s/checkpoints/best.safetensors \\\n' "$out"
printf '                   --dataset datasets/demo --split test --out %s/test\n' "$out"
