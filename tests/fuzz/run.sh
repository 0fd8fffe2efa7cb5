#!/usr/bin/env bash
# Feeds changed files to what reads files of others, for $FUZZ_SECONDS (300) to each fuzzer in BUILD/bin. One
# fails that crashes, throws what is no refusal, leaks, takes 25 s or 2 GB; what did it is kept in BUILD/findings/.
#
#   tests/fuzz/run.sh BUILD
#   BUILD/bin/csv_fuzz FINDING      what it did, again
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly build="${1:?BUILD is missing: ${0##*/} BUILD}" seconds="${FUZZ_SECONDS:-300}"
mkdir -p "$build/findings"
# In memory where that can be: each input is a file.
scratch=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")
trap 'rm -rf "$scratch"' EXIT
tests/fuzz/seeds.py "$scratch"

# libFuzzer keeps the input of a process that aborts.
export UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1

failed=0
for fuzzer in "$build"/bin/*_fuzz; do
  name=${fuzzer##*/}
  log="$build/$name.log"
  if TMPDIR=$scratch "$fuzzer" -max_total_time="$seconds" -max_len=4096 -timeout=25 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$name-" "$scratch/$name" > "$log" 2>&1; then
    printf '%-18s %10d inputs in %d s\n' "$name" "$(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")" \
      "$seconds"
  else
    failed=1
    tail -n 60 "$log" >&2
    echo "${0##*/}: $name found something; $log has all of it." >&2
  fi
done
exit "$failed"
