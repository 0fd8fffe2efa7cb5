#!/usr/bin/env bash
# The C++ tests and a short training of two ranks, built for AddressSanitizer and UndefinedBehaviorSanitizer, kernels
# for the first alone: what either of them reports ends the process, and with it this.
#
#   tests/sanitizers/memory.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/sanitizers/common.sh
. tests/sanitizers/common.sh

# Nothing is said of memory that is never given back: Open MPI and LibTorch keep what they took at the start.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

ctest --no-tests=error --test-dir "$build" --output-on-failure --parallel "$(nproc)" -LE python
draw_faces
"${training[@]}" --out "$scratch/run" --epochs 1
