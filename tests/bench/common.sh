# Sourced by cpu.sh, loader.sh and losses.sh, at the project's root: their arguments DATASET [MODEL...], and what else
# they share.
# shellcheck shell=bash disable=SC2034

readonly dataset="${1:?DATASET is missing: ${0##*/} DATASET [MODEL...]}"
models=("${@:2}")
if [ ${#models[@]} = 0 ]; then models=(cnn3-mlp fast-s cnn9 cnn7 fer-resnet18); fi
readonly models binaries="${BIN:-build/bin}" python=.venv-peers/bin/python

# shellcheck source=tests/bench/workplace.sh
source tests/bench/workplace.sh

# batch_size_of MODEL PROCESSES: samples per process and step, the same for all of them together. fast-s is made for
# large batches.
batch_size_of() { if [ "$1" = fast-s ]; then echo $((256 / $2)); else echo $((128 / $2)); fi; }

# peer MODEL PRECISION PROCESSES THREADS OPTION...: trains by PyTorch and prints its line of JSON.
peer() {
  OMP_NUM_THREADS="$4" "$python" tests/bench/ddp_peer.py --dataset "$dataset" --model "$1" --precision "$2" \
    --processes "$3" --threads "$4" --batch-size "$(batch_size_of "$1" "$3")" "${@:5}"
}

# Nothing else may run: waits up to a minute for the load to fall, then measures anyway and says so.
load() { cut -d ' ' -f 1 /proc/loadavg; }
quiet() { awk -v load="$(load)" 'BEGIN { exit !(load <= 0.5) }'; }
wait_until_quiet() {
  for _ in $(seq 12); do
    if quiet; then return; fi
    sleep 5
  done
  echo "${0##*/}: warning: the load average is $(load), so something else is running." >&2
}

measure() {  # measure NAME COMMAND...: adds what it prints to the figures of $model, $precision and $round
  local values
  values="$("${@:2}")"
  echo "$model,$precision,$round,$1,$values" | tee -a "$figures" >&2
}

need "$python" "Run tests/bench/setup.sh first."
need_dataset "$dataset"
