#!/usr/bin/env bash
# Looks at what people look at: makes runs, their reports, an evaluation's, a comparison and a gallery, opens them in a
# browser, in TensorBoard and in a terminal, and keeps the pictures in tests/look/results/. Fails where a page has a fault.
#   tests/look/run.sh [FOLDER OF PROGRAMS]     wants Chromium and .venv-look, which `tests/run.sh full looks` installs
set -euo pipefail
cd "$(dirname "$0")/../.."
. launch/env.sh

bin=${1:-build/bin}
python=.venv-look/bin/python
results=tests/look/results
runs=$results/runs
rm -rf "$results"
mkdir -p "$runs"

# So many that an epoch takes a second, and its live line is drawn anew within it, as terminal.py wants to see.
"$bin/fer_dataset" synth --out "$results/faces" --train 6000 --validation 300 --test 300
"$bin/fer_dataset" inspect "$results/faces" --gallery "$results/gallery.html"
mpirun -np 2 "$bin/fer_dist_train" --dataset "$results/faces" --epochs 8 --augment standard --out "$runs/default"
mpirun -np 2 "$bin/fer_dist_train" --recipe fast-s --dataset "$results/faces" --epochs 8 --out "$runs/fast-s"
"$bin/fer_evaluate" --checkpoint "$runs/fast-s/checkpoints/best.safetensors" --dataset "$results/faces" --split test \
  --views flip --report --out "$results/evaluation"
"$bin/fer_evaluate" --checkpoint "$runs/fast-s/checkpoints/best.safetensors" \
  --checkpoint "$runs/default/checkpoints/best.safetensors" --dataset "$results/faces" --split test --report \
  --out "$results/together"
"$bin/fer_evaluate" --compare "$runs/default" "$runs/fast-s" --out "$results/comparison"

# A run of which there is little to tell: nothing to choose or score by, and one epoch.
"$bin/fer_dataset" synth --out "$results/few" --train 64 --validation 0 --test 0
"$bin/fer_dist_train" --dataset "$results/few" --global-batch-size 32 --epochs 1 --out "$results/bare"
"$bin/fer_evaluate" --compare "$runs/default" "$results/bare" --out "$results/unlike"

failed=0
"$python" tests/look/screenshots.py --out "$results" "$runs/default/report.html" "$runs/fast-s/report.html" \
  "$results/bare/report.html" "$results/evaluation/report.html" "$results/together/report.html" \
  "$results/comparison/comparison.html" "$results/unlike/comparison.html" "$results/gallery.html" || failed=1
"$python" tests/look/tensorboard.py --out "$results/tensorboard.png" "$runs" || failed=1
"$python" tests/look/terminal.py --bin "$bin" --dataset "$results/faces" --out "$results/terminal" || failed=1
chromium --headless=new --no-sandbox --hide-scrollbars --window-size=860,2900 --screenshot="$results/terminal.png" \
  "file://$PWD/$results/terminal/terminal.html" 2> /dev/null
exit $failed
