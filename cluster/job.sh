# Sourced by the job scripts: what Slurm's signals and a run's end come to.
# shellcheck shell=bash

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

# Runs a command in the background, so that the shell can hear of a signal at once, and hands the signal on to it.
# Returns the command's exit code.
run_and_pass_signals() {
  local program=
  trap 'echo "job: asked to stop" >&2; [ -z "$program" ] || kill -USR1 "$program"' USR1 TERM
  "$@" &
  program=$!
  wait "$program"
  while kill -0 "$program" 2>/dev/null; do wait "$program"; done  # a signal ends the waiting, not the program
  wait "$program"
}

# scontrol, until its controller answers: that may be out for some minutes, as when it is started anew.
ask_slurm() {
  for _ in $(seq 20); do
    if scontrol "$@"; then return; fi
    sleep 30
  done
  return 1
}

# Has Slurm start the job again if its run, of which run.json says how it ended, can go on and gets ahead. Where Slurm is
# about to end the job itself it is COMPLETING already: cancelled by its user, or on its way to be started again.
end_job() {  # end_job RUN EXIT_CODE
  local job
  if ! job=$(ask_slurm show job "$SLURM_JOB_ID"); then
    echo "requeue: no, Slurm's controller does not answer; a new job with --out $1 goes on"
  elif [[ $job != *JobState=RUNNING* ]]; then
    echo "requeue: no, Slurm ends this job itself"
  elif python3 cluster/requeue.py "$1" "$2"; then
    ask_slurm requeue "$SLURM_JOB_ID"
    sleep 60  # until Slurm ends this script: if it ended by itself, the job might be over ahead of its new start
  fi
  exit "$2"
}
