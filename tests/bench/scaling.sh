#!/usr/bin/env bash
# How good launch/predict_scaling.py is, on the cores of this machine: from a step of one rank, and from times of
# all-reduce of 2 and 4 ranks, it predicts what 2 and 4 ranks of one thread train, each with the same batch; then they
# train. Prints a table of medians, and keeps the single figures in tests/bench/results/. Leave the machine alone
# meanwhile.
#
#   tests/bench/scaling.sh DATASET [MODEL]      default: cnn3-mlp
#
# Environment: ROUNDS (5), BIN (build/bin).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly dataset="${1:?DATASET is missing: scaling.sh DATASET [MODEL]}" model="${2:-cnn3-mlp}"
readonly rounds="${ROUNDS:-5}" binaries="${BIN:-build/bin}" batch=64
# shellcheck source=/dev/null
. launch/env.sh
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
results=tests/bench/results
mkdir -p "$results"
figures="$results/scaling-$(date -u +%Y%m%dT%H%M%SZ).csv"
echo "round,ranks,images_per_second,compute_ms,parameters" >"$figures"

measure() {  # measure RANKS: of epochs 2 and 3, since the first warms up
  local out="$scratch/run"
  rm -rf "$out"
  mpirun -np "$1" "$binaries/fer_dist_train" --dataset "$dataset" --model "$model" --batch-size "$batch" --threads 1 \
    --epochs 3 --out "$out" --checkpoint-every 1000 >"$scratch/log"
  python3 - "$out/history.csv" "$scratch/log" <<'EOP'
import csv, re, sys
rows = list(csv.DictReader(open(sys.argv[1])))
steps = int(rows[0]["step"])
speed = sum(float(row["images_per_second"]) for row in rows[1:]) / (len(rows) - 1)
compute = 1000 * sum(float(row["compute_seconds"]) for row in rows[1:]) / (len(rows) - 1) / steps
print(f"{speed:.1f},{compute:.3f},{re.search(r', ([0-9]+) parameters', open(sys.argv[2]).read())[1]}")
EOP
}

for ranks in 2 4; do
  mpirun -np "$ranks" "$binaries/fer_doctor" --all-reduce --device cpu --out "$scratch/all-reduce-$ranks.csv"
done
for round in $(seq "$rounds"); do
  for ranks in 1 2 4; do echo "$round,$ranks,$(measure "$ranks")" | tee -a "$figures" >&2; done
done

python3 - "$figures" "$scratch" "$batch" "$(nproc)" <<'EOP'
import csv, json, statistics, subprocess, sys
figures, scratch, batch, cores = sys.argv[1:]
rows = list(csv.DictReader(open(figures)))
of = lambda ranks, key: [float(row[key]) for row in rows if row["ranks"] == str(ranks)]
alone = statistics.median(of(1, "images_per_second"))
megabytes = 4e-6 * of(1, "parameters")[0]
predicted = json.loads(subprocess.run(
    ["launch/predict_scaling.py", "--step-ms", str(1000 * float(batch) / alone), "--batch-size", batch, "--bucket-mb",
     f"{max(megabytes - 1, 0.01)},{min(megabytes, 1)}", "--overlap", "0", "--devices", cores, "--ranks", "2,4", "--json",
     "--all-reduce", f"{scratch}/all-reduce-2.csv", f"{scratch}/all-reduce-4.csv"],
    check=True, stdout=subprocess.PIPE).stdout)
print("| ranks | predicted images/s | measured | measured / predicted |")
print("|---:|---:|---:|---:|")
for row in predicted["predictions"]:
    measured = of(row["ranks"], "images_per_second")
    median, guess = statistics.median(measured), row["images_per_second"]
    print(f"| {row['ranks']} | {guess:,.0f} | {median:,.0f} ({min(measured):,.0f} - {max(measured):,.0f}) | {median / guess:.2f} |")
print(f"\nOne rank: {alone:,.0f} images/s ({min(of(1, 'images_per_second')):,.0f} - {max(of(1, 'images_per_second')):,.0f}).")
EOP
