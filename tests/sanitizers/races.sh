#!/usr/bin/env bash
# What runs on several threads, built for ThreadSanitizer: tests, and trainings of two ranks that read their pictures
# meanwhile, are watched, save every third step, and are stopped by a signal or found hanging. A report ends them with 66.
#
#   tests/sanitizers/races.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/sanitizers/common.sh
. tests/sanitizers/common.sh

export TSAN_OPTIONS="suppressions=$PWD/tests/support/tsan.supp halt_on_error=1 second_deadlock_stack=1"

training+=(--resident-mb 0 --watchdog 5 --checkpoint-every 3steps --resume auto --global-batch-size 32 --epochs 2
  --augment "flip,shift=0.1")

train_until_signal() {
  "${training[@]}" --out "$1" &
  local job=$!
  until [ -e "$1/checkpoints/last.safetensors" ]; do
    kill -0 "$job" || return
    sleep 0.1
  done
  kill -USR1 "$job"  # mpirun hands it on
  wait "$job"
}

ctest --no-tests=error --test-dir "$build" --output-on-failure --parallel "$(nproc)" -R '^(base_test|data_test|artifacts_test|(comm|train)_mpi_test_np2)$'
draw_faces
expect 0 "${training[@]}" --out "$scratch/whole"
expect 75 train_until_signal "$scratch/stopped"
expect 0 "${training[@]}" --out "$scratch/stopped"
expect 76 "${training[@]}" --out "$scratch/hung" --inject rank=1,step=5,kind=sleep
