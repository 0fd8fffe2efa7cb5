#!/usr/bin/env bash
# On a machine with a GPU and a Python with PyTorch, from the bundle that gpu_bundle.sh made elsewhere (it says how a
# person does all of it): whether the GPU path is right, and how fast it is beside PyTorch. Nothing is built here.
#
#   tests/bench/gpu.sh [check|speed|all]      default: all, in under ten minutes
#
#   check   tests of kernels, tails, loader and NCCL, some under compute-sanitizer; two epochs of the recipe default in
#           several ways, whose losses are compared. A line for each, ok or FAILED; the exit code is 1 if any failed
#   speed   images/s of fast-m and strong, and of gpu_peer.py, in turn; how long it takes to the first step. Three
#           rounds of the two cells for which there are bars, then as much of the others as there is time for
#
# What it finds out is kept in $OUT (tests/bench/results/gpu), in seven files: check.txt, check.log, speed.md,
# figures.csv, peers.jsonl, speed.log, machine.txt. Further environment: BUNDLE (build-gpu), a folder at the project's
# root; PYTHON (python3), which has PyTorch; ROUNDS (3); LIMIT_SECONDS (560), after which nothing more is measured;
# CELLS ("MODEL:BATCH:PRECISION ..."), the only ones to be measured.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly part="${1:-all}" bundle="$PWD/${BUNDLE:-build-gpu}" out="${OUT:-tests/bench/results/gpu}"
readonly python="${PYTHON:-python3}" rounds="${ROUNDS:-3}" limit_seconds="${LIMIT_SECONDS:-560}"
readonly samples=28709  # of FER2013's usage Training
read -ra cells <<<"${CELLS:-fast-m:128:bf16 strong:512:bf16}"
further_cells=(fast-m:512:bf16 strong:128:bf16 fast-m:128:fp32 strong:512:fp32 fast-m:512:fp32 strong:128:fp32)
if [ -n "${CELLS:-}" ]; then further_cells=(); fi

case "$part" in check | speed | all) ;; *) sed -n '2,17s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;; esac
if [ ! -d "$bundle/bin" ]; then
  echo "${0##*/}: there is no $bundle. Make it with tests/bench/gpu_bundle.sh where the project is built." >&2
  exit 66
fi
mkdir -p "$out"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=/dev/null
. launch/env.sh

# --- How programs of the bundle are started, and only they: Python must not meet the bundle's older libstdc++.
torch="$("$python" -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])')"
libraries="$bundle/lib:$torch/lib"
for folder in "${torch%/*}"/nvidia/*/lib; do libraries+=":$folder"; done
# Without ssh, mpirun wants to be told that it need not reach other machines, and PMIx that it goes without its zlib;
# containers may forbid a rank to read another's memory.
readonly bundled=(env "PATH=$bundle/mpi/bin:$PATH" "LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  "OPAL_PREFIX=$bundle/mpi" OMPI_MCA_plm=isolated PMIX_MCA_pcompress_base_silence_warning=1
  OMPI_MCA_btl_vader_single_copy_mechanism=none GTEST_COLOR=no)
readonly draw=("${bundled[@]}" "$bundle/bin/fer_dataset" synth --validation 500 --test 500)

column() {  # column NAME FILE: of a CSV file with a header
  awk -F , -v name="$1" 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == name) wanted = i } NR > 1 { print $wanted }' "$2"
}

describe_machine() {
  echo "== $(date -u +%FT%TZ) $1"
  nvidia-smi --query-gpu=name,driver_version,pstate,clocks.sm,clocks.mem,power.draw,temperature.gpu --format=csv ||
    echo "nvidia-smi says nothing: it ended with $?"
  cut -d ' ' -f 1-3 /proc/loadavg
}

left() { echo $((limit_seconds - SECONDS)); }

limited() {  # limited SECONDS COMMAND...: no longer than that, nor than there is time
  local seconds
  seconds="$(left)"
  if [ "$seconds" -gt "$1" ]; then seconds="$1"; fi
  if [ "$seconds" -lt 1 ]; then seconds=1; fi
  timeout --kill-after=10 "$seconds" "${@:2}" </dev/null
}

# --- check

verdict() {  # verdict STATUS TEXT: of a step; STATUS 0 is ok
  local word=ok
  if [ "$1" != 0 ]; then word=FAILED; fi
  printf '%-6s  %s\n' "$word" "$2" | tee -a "$out/check.txt"
}

# step NAME SECONDS COMMAND...: what the command prints goes to check.log. A test that was skipped for want of a GPU has
# failed here.
step() {
  local begin=$SECONDS status=0 log="$scratch/step.log" why="" command="${*:3}"
  limited "${@:2}" >"$log" 2>&1 || status=$?
  if grep -qE 'this host has no GPU|no GPU answers' "$log"; then status=skipped; fi
  printf '\n== %s: %s\n' "$1" "${command/"${bundled[*]}" /}" | cat - "$log" >>"$out/check.log"
  if [ "$status" != 0 ]; then
    why=", status $status: $(awk 'NF { last = $0 } END { print substr(last, 1, 150) }' "$log")"
  fi
  verdict "$status" "$1, $((SECONDS - begin)) s$why"
}

train() {  # train NAME RANKS OPTION...: two epochs of the recipe default
  local launcher=("${bundled[@]}" "${exact[@]}")
  if [ "$2" -gt 1 ]; then launcher+=(mpirun -np "$2"); fi
  step "train $1" 60 "${launcher[@]}" "$bundle/bin/fer_dist_train" --recipe default --dataset "$scratch/faces" \
    --epochs 2 --out "$scratch/runs/$1" "${@:3}"
}

same_losses() {  # same_losses NAME OTHER TOLERANCE: whether train_loss of both epochs differs by no more, relative
  local difference status=0
  difference="$(paste -d , <(column train_loss "$scratch/runs/$1/history.csv" 2>/dev/null) \
    <(column train_loss "$scratch/runs/$2/history.csv" 2>/dev/null) |
    awk -F , '$1 != "" && $2 > 0 { d = $1 / $2 - 1; if (d < 0) d = -d; if (d > worst) worst = d; ++epochs }
              END { if (epochs == 2) printf "%.2e", worst; else print "unknown" }')"
  awk -v d="$difference" -v most="$3" 'BEGIN { exit d == "unknown" || d + 0 > most }' || status=1
  verdict "$status" "losses of $1 and $2: largest relative difference $difference, allowed $3"
}

# Rounding alone moves the losses of the first steps by a hundredth (README.md, "The peer as an oracle"); where the same
# kernels run in the same order, or two terms are added, nothing may differ.
readonly same=1e-6 rounded=2e-2 lower_precision=5e-2

check() {
  local test sanitizer kernels_filter='*' exact=(NVIDIA_TF32_OVERRIDE=0 CUBLAS_WORKSPACE_CONFIG=:4096:8)
  : >"$out/check.txt"
  : >"$out/check.log"
  # One test reads a file of tests/golden, whose place was compiled in.
  if [ "$(cat "$bundle/built-in")" != "$PWD" ]; then kernels_filter='-*WarpsAsTorchvision'; fi
  step "GPU seen by PyTorch" 60 "$python" -c 'import torch; print(torch.cuda.get_device_name())'
  step kernels_test 60 "${bundled[@]}" "$bundle/bin/kernels_test" "--gtest_filter=$kernels_filter"
  local model_test=("$bundle/bin/model_test" '--gtest_filter=FusedTail*:Dropout*')
  step model_test 120 "${bundled[@]}" "${model_test[@]}"
  step loader_cuda_test 60 "${bundled[@]}" "$bundle/bin/loader_cuda_test"
  if sanitizer="$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)"; then
    sanitizer+=" --tool memcheck --error-exitcode 9 --report-api-errors no"
    # shellcheck disable=SC2086
    step "model_test, memcheck" 120 "${bundled[@]}" $sanitizer "${model_test[@]}"
    # shellcheck disable=SC2086
    step "loader_cuda_test, memcheck" 60 "${bundled[@]}" $sanitizer "$bundle/bin/loader_cuda_test"
  else
    echo "        left out: memcheck, since there is no compute-sanitizer" | tee -a "$out/check.txt"
  fi
  for test in 1 2 4; do
    step "comm_nccl_test, $test ranks on a GPU" 60 "${bundled[@]}" mpirun -np "$test" "$bundle/bin/comm_nccl_test"
  done

  step "2,000 drawn faces" 60 "${draw[@]}" --out "$scratch/faces" --train 2000
  local gpu=(--device cuda --deterministic run)
  train eager 1 "${gpu[@]}" --cuda-graph off
  train graph 1 "${gpu[@]}" --cuda-graph on
  train plain 1 "${gpu[@]}" --cuda-graph off --engine plain
  train bf16 1 "${gpu[@]}" --precision bf16
  train cpu 1 --device cpu
  same_losses graph eager "$same"
  same_losses plain eager "$rounded"
  same_losses bf16 eager "$lower_precision"
  same_losses cpu eager "$rounded"
  local two_ranks=("${gpu[@]}" --ranks-share-gpu)
  train mpi-2 2 "${two_ranks[@]}" --backend mpi
  train nccl-2 2 "${two_ranks[@]}" --backend nccl --cuda-graph off
  train nccl-graph-2 2 "${two_ranks[@]}" --backend nccl --cuda-graph on
  train cpu-2 2 --device cpu
  same_losses nccl-2 mpi-2 "$same"
  same_losses nccl-graph-2 nccl-2 "$same"
  same_losses cpu-2 mpi-2 "$rounded"
  exact=()
  train defaults 1
  same_losses defaults eager "$rounded"
}

# --- speed

# Augmentation and moving average are left out, as the peer does without them, and the rate is one that no net minds.
run_ours() {  # run_ours OPTION...: the cell's net, into $scratch/ours
  rm -rf "$scratch/ours"
  limited 90 "${bundled[@]}" "$bundle/bin/fer_dist_train" --recipe "$model" --dataset "$scratch/many" --device cuda \
    --augment none --ema 0 --schedule constant --warmup 0 --lr 0.02 --global-batch-size "$batch" \
    --precision "$precision" --checkpoint-every 1000 --keep 0 --quiet --out "$scratch/ours" "$@" >>"$out/speed.log" 2>&1
}

ours() {  # ours OPTION...: images/s of epochs 2 and 3
  run_ours --epochs 3 "$@" &&
    column images_per_second "$scratch/ours/history.csv" | awk 'NR > 1 { sum += $1 } END { print sum / (NR - 1) ",," }'
}

start_of_ours() {  # seconds from the command to its end: one step, a shorter one, and all files of a run
  local begin="$EPOCHREALTIME"
  run_ours --epochs 1 --fraction 0.006 &&
    awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { printf ",%.2f,\n", end - begin }'
}

theirs() {  # theirs SECONDS MODE
  local line
  line="$(TORCHINDUCTOR_CACHE_DIR="$scratch/inductor" limited "$1" "$python" tests/bench/gpu_peer.py --model "$model" \
    --batch-size "$batch" --precision "$precision" --mode "$2" --steps $((samples / batch)) 2>>"$out/speed.log" |
    tail -n 1)" &&
    echo "$line" >>"$out/peers.jsonl" &&
    "$python" -c 'import json, sys
result = json.loads(sys.argv[1])
print(*(result[key] for key in ("images_per_second", "first_step_seconds", "compile_seconds")), sep=",")' "$line"
}

measure() {  # measure NAME COMMAND...: adds what it prints to the figures, if there is time
  local values
  if [ "$(left)" -lt 20 ]; then return; fi
  printf '\n== %s %s %s, round %s: %s\n' "$model" "$batch" "$precision" "$round" "$1" >>"$out/speed.log"
  if values="$("${@:2}")"; then
    echo "$model,$batch,$precision,$round,$1,$values" | tee -a "$out/figures.csv"
  else
    echo "FAILED  $1 of $model, $batch, $precision: see speed.log"
  fi
}

measure_cell() {  # measure_cell MODEL:BATCH:PRECISION: a round of it
  local model batch precision
  IFS=: read -r model batch precision <<<"$1"
  if [ "$precision" = fp32 ]; then measure plain ours --engine plain --cuda-graph off; fi
  measure peer_eager theirs 90 eager
  measure eager ours --cuda-graph off
  measure peer_captured theirs 90 captured
  measure graph ours --cuda-graph on
  measure peer_compiled theirs 240 compiled
  if [ "$1" = fast-m:128:bf16 ]; then measure start start_of_ours; fi
}

tables() {  # tables LOAD: of the figures; LOAD is the machine's average at the start
  "$python" - "$out" "$1" <<'EOP'
import csv, json, sys
from collections import defaultdict
from pathlib import Path
from statistics import median

sys.path.insert(0, "tests/bench")
from summarise import environment

out = Path(sys.argv[1])
TITLES = {"plain": "plain", "eager": "eager", "graph": "graph", "peer_eager": "PyTorch eager",
          "peer_compiled": "PyTorch compiled", "peer_captured": "PyTorch captured"}
speeds, starts = defaultdict(dict), []
for row in csv.DictReader((out / "figures.csv").open()):
    if row["name"] == "start":
        starts.append(float(row["first_step_seconds"]))
    else:
        names = speeds[row["model"], int(row["batch"]), row["precision"]]
        names.setdefault(row["name"], []).append(float(row["images_per_second"]))

def spread(values):
    return f"{median(values):,.0f} ({min(values):,.0f} - {max(values):,.0f}; {len(values)})" if values else ""

def ratio(cell, other):
    mine, theirs = speeds[cell].get("graph"), speeds[cell].get(other)
    return median(mine) / median(theirs) if mine and theirs else None

print("Images per second, medians (min - max; rounds). Ours: plain is --engine plain --cuda-graph off, eager is")
print("--cuda-graph off, graph is --cuda-graph on. Ratios are of graph's median to the others'.\n")
against = [name for name in TITLES if name != "graph"]
titles = [*TITLES.values(), *(f"graph / {TITLES[name]}" for name in against)]
print(f"| net | batch | precision | {' | '.join(titles)} |\n|---|---:|---|{'---:|' * len(titles)}")
for cell, names in speeds.items():
    ratios = [f"{value:.2f}" if (value := ratio(cell, name)) else "" for name in against]
    print("| " + " | ".join([*map(str, cell), *(spread(names.get(name)) for name in TITLES), *ratios]) + " |")

peers = defaultdict(list)
for line in (out / "peers.jsonl").open():
    run = json.loads(line)
    peers[run["model"], run["batch_size"], run["precision"], run["mode"]].append(run)
print("\nPyTorch: medians of the rounds; and of the first round, in which torch.compile found nothing in its caches.\n")
print("| net | batch | precision | mode | step ms p50 | p95 | tensors MiB | GPU MiB | first step s | compiling s | "
      "first step s, round 1 | compiling s, round 1 |\n|---|---:|---|---|" + "---:|" * 8)
for key, runs in peers.items():
    columns = "step_ms_p50", "step_ms_p95", "peak_memory_mib", "gpu_memory_mib", "first_step_seconds", "compile_seconds"
    cells = [median(run[name] for run in runs) for name in columns] + [runs[0][name] for name in columns[-2:]]
    print("| " + " | ".join([*map(str, key), *(f"{value:,.2f}" for value in cells)]) + " |")

def bar(text, value, met):
    print(f"- no figure: {text}" if value is None else f"- {'met' if met(value) else 'MISSED'}: {text}: {value:,.2f}")

small, large = ("fast-m", 128, "bf16"), ("strong", 512, "bf16")
large_speeds = speeds[large].get("graph")
print("\nBars\n")
bar("fast-m, 128, bf16: graph at least 2 times eager", ratio(small, "eager"), lambda value: value >= 2)
bar("fast-m, 128, bf16: graph at least 1.2 times PyTorch compiled", ratio(small, "peer_compiled"),
    lambda value: value >= 1.2)
bar("strong, 512, bf16: graph at least 45,000 images/s", large_speeds and median(large_speeds),
    lambda value: value >= 45000)
bar("fast-m: seconds from the command to the end of a run of two steps, the slowest, under 6",
    max(starts, default=None), lambda value: value < 6)
print("\n" + environment("28,709 drawn faces; the peer's are random bytes", sys.argv[2]))
EOP
}

speed() {
  local round cell load
  load="$(cut -d ' ' -f 1 /proc/loadavg)"
  echo "model,batch,precision,round,name,images_per_second,first_step_seconds,compile_seconds" >"$out/figures.csv"
  : >"$out/peers.jsonl"
  : >"$out/speed.log"
  if ! limited 90 "${draw[@]}" --out "$scratch/many" --train "$samples" >>"$out/speed.log" 2>&1; then
    echo "FAILED  drawing faces: see speed.log"
    return 1
  fi
  for round in $(seq "$rounds"); do
    for cell in "${cells[@]}"; do measure_cell "$cell"; done
  done
  for round in $(seq "$rounds"); do
    for cell in "${further_cells[@]}"; do measure_cell "$cell"; done
  done
  tables "$load" | tee "$out/speed.md"
}

describe_machine "at the start" >"$out/machine.txt" 2>&1
for facts in "fer_dist_train --version" fer_doctor; do  # facts alone: what they find out is checked below
  # shellcheck disable=SC2086
  timeout 60 "${bundled[@]}" "$bundle/bin/"$facts >>"$out/machine.txt" 2>&1 ||
    echo "$facts ended with $?: see $out/machine.txt" | tee -a "$out/machine.txt"
done
if [ "$part" != speed ]; then check; fi
if [ "$part" != check ]; then speed; fi
describe_machine "at the end" >>"$out/machine.txt" 2>&1
if [ "$part" != speed ] && grep -q ^FAILED "$out/check.txt"; then exit 1; fi
