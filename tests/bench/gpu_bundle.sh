#!/usr/bin/env bash
# Makes build-gpu/ of the CUDA build in build-cuda/: programs and the libraries that they need, for a machine that has a
# GPU and a Python with PyTorch, but neither Open MPI nor HDF5, and no network. gpu.sh runs it there.
#
#   tests/bench/gpu_bundle.sh [PROGRAM...]      default: the nine that are worth having there
#
# Left out is what the other machine has: torch's wheel, CUDA, glibc. What a person does:
#
#   FER_CUDA=ON ./launch/quickstart.sh       once: packages and LibTorch with CUDA
#   cmake --preset cuda && cmake --build --preset cuda
#   tests/bench/gpu_bundle.sh
#   copy the project with build-gpu/ to the machine with the GPU, but without .venv* and the other build*/
#   tests/bench/gpu.sh                       there
#
# Environment: BUILD (build-cuda), BUNDLE (build-gpu), which is made anew.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly build="${BUILD:-build-cuda}" bundle="${BUNDLE:-build-gpu}" largest_mb=60
programs=("$@")
if [ ${#programs[@]} = 0 ]; then
  programs=(fer_dist_train fer_dataset fer_evaluate fer_doctor kernels_test model_test comm_nccl_test loader_cuda_test
    step_losses)
fi

fail() { echo "${0##*/}: $*" >&2; exit 66; }

require_programs() {
  local missing=() program
  for program in "${programs[@]}"; do
    [ -x "$build/bin/$program" ] || missing+=("$program")
  done
  [ ${#missing[@]} = 0 ] || fail "$build/bin lacks ${missing[*]}. Build with
  cmake --preset cuda -B $build && cmake --build $build --target ${missing[*]}"
}

of_mpi() { ompi_info --path "$1" --parsable | cut -d : -f 3; }  # of_mpi prefix|bindir|pkglibdir|pkgdatadir

# Where mpirun looks once OPAL_PREFIX is mpi/ here: the same folders below another prefix. What talks to InfiniBand and
# its kind stays behind, for it has nothing to do between ranks of one machine, and so does OpenSHMEM.
copy_mpi() {
  local prefix folder plugin
  prefix="$(of_mpi prefix)"
  folder="$bundle/mpi$(of_mpi bindir | sed "s|^$prefix||")"
  mkdir -p "$folder"
  for program in mpirun orterun orted; do cp -L "$(command -v "$program")" "$folder/"; done

  folder="$bundle/mpi$(of_mpi pkglibdir | sed "s|^$prefix||")"
  mkdir -p "$folder"
  for plugin in "$(of_mpi pkglibdir)"/mca_*.so; do
    [[ "$(ldd "$plugin")" =~ /lib(ibverbs|fabric|ucp|psm2|psm_infinipath|oshmem)\.so ]] || cp -L "$plugin" "$folder/"
  done

  folder="$bundle/mpi$(of_mpi pkgdatadir | sed "s|^$prefix||")"
  mkdir -p "$folder"
  cp "$(of_mpi pkgdatadir)"/*.txt "$folder/"
}

# needed_libraries FILE...: paths of the shared libraries that they need, of their libraries in turn too, and that the
# other machine lacks.
needed_libraries() {
  local found missing
  found="$(ldd "$@" | grep '=>')"
  # A CUDA library that is missing here has been left out of the wheel, and is there.
  missing="$(awk '/not found/ && (!/lib(cu|nv)/ || /libcurl/) { print $1 }' <<<"$found" | sort -u)"
  [ -z "$missing" ] || fail "not found: ${missing//$'\n'/ }"
  awk '$3 ~ /^\// { print $3 }' <<<"$found" | sort -u |
    grep -vE '/site-packages/|/cuda[^/]*/|/(ld-linux[^/]*|lib(c|m|dl|pthread|rt|util|resolv|nsl|anl|mvec))\.so\.[0-9]+$'
}

copy_libraries() {
  local files paths
  mkdir -p "$bundle/lib"
  mapfile -t files < <(find "$bundle" -type f \( -perm -u+x -o -name '*.so' \))
  paths="$(needed_libraries "${files[@]}")"
  xargs cp -L -t "$bundle/lib" <<<"$paths"
}

strip_all() { find "$bundle" -type f \( -path '*/bin/*' -o -name '*.so*' \) -exec strip --strip-unneeded {} +; }

newest_glibc() {
  find "$bundle" -type f \( -path '*/bin/*' -o -name '*.so*' \) -exec readelf --version-info --wide {} + |
    grep -oE '\bGLIBC_[0-9.]+' | sort -uV | tail -n 1
}

require_programs
[ ! -e "$bundle" ] || [ -e "$bundle/built-in" ] || fail "$bundle is there and no bundle; choose another BUNDLE"
rm -rf "$bundle"
mkdir -p "$bundle/bin"
(cd "$build/bin" && cp -- "${programs[@]}" "$OLDPWD/$bundle/bin/")
# Some tests read files whose place was compiled into them.
pwd >"$bundle/built-in"
copy_mpi
copy_libraries
strip_all

size_mb="$(du -s --apparent-size --block-size=1M "$bundle" | cut -f 1)"
echo "$bundle: $size_mb MB; ${#programs[@]} programs, $(find "$bundle/lib" -type f | wc -l) libraries," \
  "$(find "$bundle/mpi" -name 'mca_*.so' | wc -l) plugins of Open MPI; needs $(newest_glibc)"
[ "$size_mb" -lt "$largest_mb" ] || fail "that is too much: it has to stay below $largest_mb MB"
