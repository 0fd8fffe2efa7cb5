# Sourced by recipes.sh and fast_s.sh, whose first argument names fer2013.csv: goes to the project's root and makes two
# datasets of it, `all` of its rows and `training` of those of usage Training.
# shellcheck shell=bash
csv=$(realpath "${1:?fer2013.csv is missing: ${0##*/} fer2013.csv}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=/dev/null
. launch/env.sh
results=tests/bench/results/recipes
mkdir -p "$results"

data() { [ -e "$results/data/$1/dataset.json" ] || build/bin/fer_dataset "${@:2}" --out "$results/data/$1" --quiet; }
if [ ! -e "$results/training.csv" ]; then
  { head -1 "$csv" && grep ',Training' "$csv"; } > "$results/training.tmp"
  mv "$results/training.tmp" "$results/training.csv"
fi
data all import "$csv"
data training import "$results/training.csv"
