# Sourced by memory.sh and races.sh, at the project's root: their argument BUILD, and how they train.
# shellcheck shell=bash disable=SC2034

readonly build="${1:?BUILD is missing: ${0##*/} BUILD}"
# shellcheck source=/dev/null
. launch/env.sh
# UCX and Open MPI's patcher write their own mmap and munmap over those that sanitizers have put in place.
export OMPI_MCA_pml=ob1 OMPI_MCA_osc=^ucx OMPI_MCA_memory=^patcher

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
training=(mpirun -np 2 "$build/bin/fer_dist_train" --dataset "$scratch/faces" --threads 1)

draw_faces() {
  "$build/bin/fer_dataset" synth --out "$scratch/faces" --train 600 --validation 100 --test 100 --quiet
}

# expect CODE COMMAND...
expect() {
  local code=0
  "${@:2}" || code=$?
  [ "$code" = "$1" ] || { echo "${0##*/}: '${*:2}' ended with $code instead of $1." >&2 && exit 1; }
}
