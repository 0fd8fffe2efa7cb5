#!/usr/bin/env bash
# What the recipes score on FER2013's PublicTest, of which nothing is learned or chosen:
#   tests/bench/recipes.sh fer2013.csv [RECIPE:SEED...]     without them, all of the table below
# Recipes of others learn from nine tenths of the rows of usage Training; the tenth that is left chooses the epoch. Ours,
# whose schedule ends where it should, learn from all of these rows and are scored after the last epoch. Hours on two
# cores: no run begins after the first hour, what is finished stays, and the same call goes on.
set -euo pipefail
# shellcheck source=tests/bench/fer2013_data.sh
. "$(dirname "$0")/fer2013_data.sh"
shift
data held-out split "$results/data/training" --folds 10 --fold 1

# Recipe, what it learns from, checkpoint, views, seeds, further options.
table="
s2-cnn2           held-out best none  1,2,3
s3-mlp            held-out best none  1,2,3
fast-s            training last shift 1,2,3
s3-cnn-bayes      held-out best none  1,2,3
s3-cnn7           held-out best none  1,2,3
s3-cnn7-ensemble  held-out best none  1 --epochs 8
fast-m            training last shift 1,2,3
s1-cnn9           held-out best none  1,2,3
s3-cnn4           held-out best none  1,2,3
"

score() {  # RUN CHECKPOINT VIEWS: of a run, or of all members of an ensemble
  local run=$1 checkpoints=()
  for file in "$run/checkpoints/$2.safetensors" "$run"/member-*/checkpoints/"$2.safetensors"; do
    [ -e "$file" ] && checkpoints+=(--checkpoint "$file")
  done
  build/bin/fer_evaluate "${checkpoints[@]}" --dataset "$results/data/all" --split public_test --views "$3" \
    --out "$run/public_test"
}

while read -r recipe from checkpoint views seeds further; do
  [ -n "$recipe" ] || continue
  for seed in ${seeds//,/ }; do
    [ $# = 0 ] || [[ " $* " == *" $recipe:$seed "* ]] || continue
    run="$results/$recipe${further// /}-$seed"
    [ -e "$run/public_test/metrics.json" ] && continue
    if ((SECONDS > 3600)); then
      echo "recipes: an hour is over; the same call goes on"
      break 2
    fi
    # shellcheck disable=SC2086
    mpirun -np 2 build/bin/fer_dist_train --recipe "$recipe" --dataset "$results/data/$from" --seed "$seed" --keep 0 \
      --resume auto --out "$run" $further < /dev/null  # mpirun would take the table's other lines for its input
    score "$run" "$checkpoint" "$views"
  done
done <<< "$table"

python3 - "$results" << 'EOF'
import collections, json, pathlib, statistics, sys
scores = collections.defaultdict(list)
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/public_test/metrics.json")):
    scores[path.parts[-3].rpartition("-")[0]].append(json.loads(path.read_text()))
for recipe, found in scores.items():
    each = ", ".join(f"{100 * metrics['accuracy']:.2f}" for metrics in found)
    members = [value for metrics in found for value in metrics.get("member_accuracies", [])]
    print(f"{recipe:18} mean {100 * statistics.mean(metrics['accuracy'] for metrics in found):.2f} % ({each})",
          f"of {len(members)} members, whose mean is {100 * statistics.mean(members):.2f} %" if members else "")
EOF
