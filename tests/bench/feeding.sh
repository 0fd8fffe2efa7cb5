#!/usr/bin/env bash
# What feeding costs: images per second of training on resident pictures as they are, on resident pictures changed by
# every part of --augment, and on pictures read from the disk meanwhile. Interleaved in one run so that all meet the same
# machine: 2 ranks of 1 thread, S0's net, 64 samples per rank. Prints medians, and keeps the single figures in
# tests/bench/results/. Leave the machine alone meanwhile.
#
#   tests/bench/feeding.sh [DATASET]      default: datasets/demo
#
# Environment: ROUNDS (3), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly dataset="${1:-datasets/demo}" rounds="${ROUNDS:-3}" binary="${BIN:-build/bin}/fer_dist_train"
# All but crop, with which the net would see smaller pictures and be faster.
readonly all_parts="flip,vflip,rotate=10,shift=0.1,zoom=0.8:1.2,shear=5,brightness=0.2,contrast=0.2,erase=0.5,mixup=0.4"

# shellcheck source=tests/bench/workplace.sh
source tests/bench/workplace.sh
need "$binary" "Build the project first."
need_dataset "$dataset"
figures=$(file_for_figures)
echo "round,name,images_per_second" >"$figures"

train() {  # train ROUND NAME OPTION...: the mean of epochs 2 and 3; the first one warms up
  local out="$scratch/$1-$2"
  mpirun -np 2 "$binary" --dataset "$dataset" --model cnn3-mlp --batch-size 64 --threads 1 --epochs 3 --out "$out" \
    --checkpoint-every 1000 --quiet "${@:3}" >&2
  awk -F , -v name="$1,$2" 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "images_per_second") column = i }
            NR > 2 { sum += $column; ++rows } END { print name "," sum / rows }' "$out/history.csv" |
    tee -a "$figures" >&2
}

for round in $(seq "$rounds"); do
  train "$round" resident
  train "$round" augmented --augment "$all_parts"
  train "$round" streamed --resident-mb 0
done

awk -F , 'NR > 1 { rate[$2, $1] = $3; share[$2, $1] = 100 * $3 / rate["resident", $1]; rounds = $1 }
  function median(values, name, i, j, kept, sorted) {
    for (i = 1; i <= rounds; ++i) sorted[i] = values[name, i]
    for (i = 1; i <= rounds; ++i)
      for (j = i + 1; j <= rounds; ++j)
        if (sorted[j] < sorted[i]) { kept = sorted[i]; sorted[i] = sorted[j]; sorted[j] = kept }
    return (sorted[int((rounds + 1) / 2)] + sorted[int(rounds / 2) + 1]) / 2
  }
  END {
    print "| training on pictures | img/s, median | % of resident, median of the rounds |\n|---|---:|---:|"
    split("resident augmented streamed", names, " ")
    for (n = 1; n <= 3; ++n)
      printf "| %s | %.0f | %.1f |\n", names[n], median(rate, names[n]), median(share, names[n])
  }' "$figures"
