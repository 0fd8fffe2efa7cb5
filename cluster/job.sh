# Sourced by the job scripts: what Slurm's signals and a run's end come to.
# shellcheck shell=bash

# Sets `bin` to the folder of the programs. A job of the project runs in its folder, one of an installation where sbatch
# was called.
enter() {  # enter HOME
  if [ -d "$1/recipes" ] && [ ! -e "$1/CMakeLists.txt" ]; then
    bin=$1/../../bin
  else
    cd "$1" || exit 2
    bin=build/bin
  fi
  # mpirun would end with a code as of a lost rank, and the job would be started again.
  [ -x "$bin/fer_dist_train" ] || { echo "job: there is no program $bin/fer_dist_train" >&2 && exit 2; }
}

# The folder of a run, of the options that fer_dist_train gets.
run_folder() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --out) echo "$2" && return ;;
      --out=*) echo "${1#--out=}" && return ;;
    esac
    shift
  done
}

# The records of a run, or of each of its members.
records_of() {
  local record
  for record in "$1"/run.json "$1"/member-*/run.json; do
    [ ! -e "$record" ] || echo "$record"
  done
}

# Sets `options` to those of fer_dist_train for this start of the job: a folder of the job's own unless one is named, and
# --resume auto, also where the first start was to begin from elsewhere.
options_of_start() {
  options=()
  local resume=(--resume auto)
  while [ $# -gt 0 ]; do
    case "$1" in
      --resume) resume=(--resume "$2") && shift ;;
      --resume=*) resume=("$1") ;;
      --preempt-signal*) echo "job: it stops its run with USR1: leave $1 out" >&2 && exit 2 ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  [ -n "$(run_folder "${options[@]}")" ] || options+=(--out "runs/slurm-$SLURM_JOB_ID")
  if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] && [ -n "$(records_of "$(run_folder "${options[@]}")")" ]; then
    resume=(--resume auto)
  fi
  options+=("${resume[@]}")
}

program=''  # the launcher, once it runs
asked=''    # once the job is to stop, which may be ahead of that
trap 'echo "job: asked to stop" >&2; asked=yes; [ -z "$program" ] || kill -USR1 "$program"' USR1 TERM

# Runs a launcher in the background, so that the shell can hear of a signal at once, and hands the signal on to it.
# Returns its exit code, or where the signal came ahead of it, that of a run which was stopped.
run_and_pass_signals() {  # run_and_pass_signals RUN COMMAND...
  local bound run=$1
  shift
  local before
  before=$(dated_records "$run")
  [ -z "$asked" ] || return 75
  "$@" &
  program=$!
  [ -z "$asked" ] || kill -USR1 "$program"
  bound_launcher "$run" "$before" "$program" &
  bound=$!
  wait "$program"
  while kill -0 "$program" 2>/dev/null; do wait "$program"; done  # a signal ends the waiting, not the program
  kill "$bound" 2>/dev/null
  wait "$program"
}

# A record's name, and when it was written.
dated() { stat -c '%y %n' "$1" 2>/dev/null; }

dated_records() {
  local record
  records_of "$1" | while read -r record; do dated "$record"; done
}

# Whether a record that this start wrote says that the run is over. A member's does where a rank was lost, or had an error
# of its own; after one that its ranks have agreed on the other members train on.
is_over() {  # is_over RUN RECORDS_BEFORE
  local record end
  for record in "$1"/run.json "$1"/member-*/run.json; do
    case "$record" in
      */member-*/run.json) end='"watchdog": {\|"alone": true' ;;
      *) end='"state": "[^r]' ;;
    esac
    if [ -e "$record" ] && ! grep -qxF "$(dated "$record")" <<< "$2" && grep -q "$end" "$record"; then return 0; fi
  done
  return 1
}

linger_seconds=60  # that a launcher has once its run is over

# Kills a launcher that outlives its run: one that loses a host while its ranks end may wait for ever (Open MPI 4.1).
bound_launcher() {  # bound_launcher RUN RECORDS_BEFORE PROCESS
  local over=0
  trap 'kill "$!"; exit' TERM
  while [ "$over" -le "$linger_seconds" ]; do
    sleep 1 &
    wait "$!"
    if is_over "$1" "$2"; then over=$((over + 1)); else over=0; fi
  done
  echo "job: the run is over, but its launcher is not: it is killed" >&2
  kill -KILL "$3"
}

# scontrol, until its controller answers: that may be out for some minutes, as when it is started anew.
ask_slurm() {
  for _ in $(seq 20); do
    if scontrol "$@"; then return; fi
    sleep 30
  done
  return 1
}

# Has Slurm start the job again if its run, of which run.json says how it ended, can go on and gets ahead, unless Slurm does
# so or ends the job by itself.
end_job() {  # end_job RUN EXIT_CODE
  local job
  if python3 "$(dirname "${BASH_SOURCE[0]}")/requeue.py" "$1" "$2"; then
    if ! job=$(ask_slurm show job "$SLURM_JOB_ID"); then
      echo "requeue: but Slurm's controller does not answer; a new job with --out $1 goes on"
    elif [[ $job != *" Restarts=${SLURM_RESTART_COUNT:-0} "* ]]; then
      echo "requeue: but Slurm has started the job again already, since it lost this host"
    elif [[ $job != *JobState=RUNNING* ]]; then  # COMPLETING: cancelled, or on its way to be started again
      echo "requeue: but Slurm ends this job itself"
    elif [[ $job == *Requeue=0* ]]; then
      echo "requeue: but the job was submitted with --no-requeue"
    elif ask_slurm requeue "$SLURM_JOB_ID"; then
      sleep 60  # until Slurm ends this script: if it ended by itself, the job might be over ahead of its new start
    else
      echo "requeue: but Slurm refuses; a new job with --out $1 goes on"
    fi
  fi
  exit "$2"
}
