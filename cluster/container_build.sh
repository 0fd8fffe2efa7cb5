#!/usr/bin/env bash
# What the first stage of Containerfile and apptainer.def does on a bare Debian 12, as root: the programs for CPUs, with
# the libraries that the second stage lacks beside them, into a folder.
#   cluster/container_build.sh /opt/fer_dist_train
set -euo pipefail
prefix=$1
cd "$(dirname "$0")/.."
. launch/setup.sh
export FER_CUDA=OFF

install_packages
install_libtorch
say "Building into $prefix"
cmake --preset release -DFER_BUNDLE=ON
cmake --build build --parallel "$(compilers_at_once)" --target fer_dist_train fer_dataset fer_doctor fer_evaluate fer_predict
cmake --install build --prefix "$prefix" --strip
