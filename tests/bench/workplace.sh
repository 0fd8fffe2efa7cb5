# Sourced by scripts of this folder, at the project's root: a scratch folder, a file for figures, and what they ask for.
# shellcheck shell=bash disable=SC2034

need() { [ -e "$1" ] || { echo "${0##*/}: there is no $1. $2" >&2; exit 66; }; }
need_dataset() { need "$1/dataset.json" "Make a dataset with fer_dataset synth --out $1."; }

# file_for_figures: a new one in results/, which git ignores, named by script and time.
file_for_figures() {
  mkdir -p tests/bench/results
  echo "tests/bench/results/$(basename "$0" .sh)-$(date -u +%Y%m%dT%H%M%SZ).csv"
}

# shellcheck source=/dev/null
[ -f launch/env.sh ] && source launch/env.sh
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
