#!/usr/bin/env bash
# A bundle on a machine that has but Open MPI, HDF5 and Boost: installs one out of a build folder, packs it, and trains with
# it, unpacked elsewhere, where neither the project nor .venv nor the packaged libraries that it carries are to be seen.
# As root, for the mounts, which nobody else sees. Prints sizes. The build folder is left as it was.
#   tests/look/bundle.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
programs=(fer_dist_train fer_dataset fer_doctor fer_evaluate fer_predict)
work=$(mktemp -d)
trap 'rm -rf "$work"; link OFF' EXIT

link() {  # link ON|OFF: with FER_BUNDLE so
  cmake -S . -B "$build" -DFER_BUNDLE="$1" > /dev/null
  cmake --build "$build" --target "${programs[@]}"
}

link ON
mapfile -t libraries < <(cmake -DPROGRAMS="$(printf "$build/bin/%s;" "${programs[@]}")" -P src/cmake/FerBundle.cmake)
cmake --install "$build" --prefix "$work/packed/fer" --strip > /dev/null
tar -C "$work/packed" -czf "$work/fer.tar.gz" fer
mkdir "$work/elsewhere"
tar -C "$work/elsewhere" -xzf "$work/fer.tar.gz"
rm -rf "$work/packed"

echo "== sizes"
du -h "$work/fer.tar.gz" | sed "s:$work/::"
(cd "$work/elsewhere" && du -sh fer && du -h fer/bin/* && find fer/lib -type f -exec du -h {} +)

echo "== a training"
# FOLDER HIDDEN_FOLDER... -- HIDDEN_FILE...
# shellcheck disable=SC2016
train='
  cd "$1" && shift
  while [ "$1" != -- ]; do mount -t tmpfs tmpfs "$1"; shift; done
  shift
  for file in "$@"; do [ ! -e "$file" ] || mount --bind /dev/null "$(readlink -f "$file")"; done
  . fer/share/fer_dist_train/launch/env.sh
  fer/bin/fer_dist_train --version
  fer/bin/fer_dataset synth --out faces --train 256 --validation 32 --test 32
  fer/bin/fer_dist_train --dataset faces --dry-run
  mpirun -np 2 fer/bin/fer_dist_train --recipe fast-s --dataset faces --out run --global-batch-size 32 --epochs 1 --threads 1
  mpirun -np 2 fer/bin/fer_evaluate --checkpoint run/checkpoints/best.safetensors --dataset faces --split test --out scores
'
env -i PATH=/usr/bin:/bin HOME="$work" unshare --mount bash -euc "$train" train "$work/elsewhere" \
  "$(readlink -f .venv)" "$PWD" -- "${libraries[@]}"
echo "== it ran without ${#libraries[@]} libraries of this machine"
