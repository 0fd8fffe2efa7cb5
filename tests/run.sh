#!/usr/bin/env bash
# Builds and runs the tests.
#   tests/run.sh                    fast: every test of build/, and a CUDA build of everything
#   tests/run.sh full [GROUP]       what takes longer; without GROUP all of them, one after the other
#     python      checkpoints as PyTorch modules and ONNX files, net by net
#     looks       reports, comparisons, TensorBoard and the terminal in pictures; pages held to what readers need
#     bundle      an installation that carries LibTorch, packed and run where nothing of this machine is seen; as root
#     faults-ranks  ranks that are killed, stopped, signalled at random moments; this group and the next five take up to an
#     faults-saves  hour each, and continue where they were: a rank is killed at the calls that save something;
#     faults-disks  such calls that fail, are slow, or find the disk full;
#     faults-hosts  hosts that are cut off or killed, and ranks that were started with different things; as root
#     faults-slurm  what Slurm does to the jobs of cluster/train.sbatch; as root
#     faults-srun   and to those of cluster/train-srun.sbatch
#     parity      PyTorch and the trainer side by side on this machine, in float32, twenty steps
#     losses      twenty losses of five nets against PyTorch DDP, in float32 and in bfloat16
#     curves      240 losses of five nets with three seeds against PyTorch DDP; with $FER_CSV on its faces
#     cpu         images/s of S0's net against PyTorch DDP; wants a machine with nothing else to do
#     loader      the same on changed pictures, against a DataLoader with torchvision; likewise
#     scaling     what launch/predict_scaling.py says of 2 and 4 ranks, against what they do; likewise
#     data        what augmentation and reading from the disk cost; with $FER_CSV and $FER_TREE (a CSV file of faces, a
#                 folder train/CLASS/*.jpg) how fast they are imported, against PyTorch and pandas; wants a quiet machine
#     telling     what a run's live line, events and history cost, its checkpoints, its report, labels of 1,000 pictures
#     saliency    whether Grad-CAM of drawn faces lies on mouth and brows, of the net that the quickstart trains
#     sanitizers  the C++ tests and a short training under AddressSanitizer and UndefinedBehaviorSanitizer
#     races       what runs on several threads, and trainings that are stopped and hang, under ThreadSanitizer
#     fuzz        changed files for each reader of others' files, for $FUZZ_SECONDS (300)
#     recipes     what nine recipes score on FER2013; $FER_CSV names fer2013.csv. Hours; continues where it was
#     accuracy    S0's recipe, three seeds; $FER_S0_CSV names the folder of its four CSV files. Continues where it was.
set -euo pipefail
cd "$(dirname "$0")/.."
. launch/setup.sh

build_for_tests() {
  install_packages
  install_libtorch
  FER_CUDA=${FER_CUDA:-auto} build build
}

# For launch/tune.py, apart from LibTorch, whose wheel lacks what pip would want for it.
install_optuna() {
  [ -x .venv-tune/bin/python ] || python3 -m venv .venv-tune
  .venv-tune/bin/python -m pip install -q --disable-pip-version-check optuna
}

# For events_test, likewise.
install_tensorboard() {
  [ -x .venv-tensorboard/bin/python ] || python3 -m venv .venv-tensorboard
  .venv-tensorboard/bin/python -m pip install -q --disable-pip-version-check tensorboard
}

# What some tests want and only root can install. Where it is missing they are left out, and say so.
# shellcheck disable=SC2086
install_for() {  # install_for TESTS PACKAGE...
  local tests=$1 missing
  shift
  missing=$(missing_packages "$@")
  if [ -n "$missing" ] && [ "$(id -u)" = 0 ]; then
    apt_install $missing || say "$tests: left out, since this cannot be installed:$missing"
  fi
}

install_slurm() { install_for "slurm_test, lock_test, trials of Slurm" slurmctld slurmd slurm-client munge iproute2 strace; }

# Compiles everything with CUDA, and runs on the host what kernels and host share. Starting a program of this build takes
# all of the wheel's CUDA libraries, so only the kernels' own test, which needs none of them, runs here.
cuda_build() {
  if ! find_nvcc > /dev/null; then
    say "CUDA build: left out, since there is no nvcc here"
    return
  fi
  pip_install --no-deps "$FER_NCCL"
  FER_CUDA=ON build build-cuda fer_dist_train fer_dataset fer_doctor fer_evaluate fer_predict kernels_test comm_nccl_test loader_cuda_test
  ctest --test-dir build-cuda --output-on-failure -R '^kernels_test$'
}

fast() {
  build_for_tests
  install_optuna
  install_tensorboard
  install_slurm
  install_for "parts of completion_test, container_files_test" zsh python3-yaml python3-jsonschema
  cuda_build
  ctest --test-dir build --output-on-failure
}

python() {
  tests/bench/setup.sh
  .venv-peers/bin/python tests/python/to_pytorch_test.py build/bin
}
looks() {
  FER_PACKAGES="chromium chromium-driver tmux" install_packages
  [ -x .venv-look/bin/python ] || python3 -m venv .venv-look
  .venv-look/bin/python -m pip install -q --disable-pip-version-check selenium axe-core-python pyte tensorboard
  tests/look/run.sh
}
faults-ranks() { tests/faults/trials.py killed hung slow signals worlds values; }
faults-saves() { tests/faults/trials.py saves; }
faults-disks() {
  install_for "trials of slow disks" strace
  tests/faults/trials.py errors slow-disk full-disk
}
faults-hosts() {
  install_for "trials of cables and hosts" iproute2
  tests/faults/trials.py cables hosts options datasets
}
faults-slurm() {
  install_slurm
  tests/faults/trials.py slurm
}
faults-srun() {
  install_slurm
  tests/faults/trials.py srun
}
parity() { tests/bench/parity.sh; }
losses() { tests/bench/losses.sh datasets/demo; }
curves() {
  local faces=tests/bench/results/curves-data
  local source=(synth --train 16000)
  if [ -n "${FER_CSV:-}" ]; then source=(import "$FER_CSV"); fi
  [ -e "$faces/dataset.json" ] || build/bin/fer_dataset "${source[@]}" --out "$faces"
  tests/bench/curves.sh "$faces"
}
cpu() { tests/bench/cpu.sh datasets/demo cnn3-mlp; }
loader() { tests/bench/loader.sh datasets/demo; }
scaling() { tests/bench/scaling.sh datasets/demo; }
data() {
  tests/bench/augment.sh
  tests/bench/feeding.sh
  if [ -n "${FER_CSV:-}" ]; then tests/bench/import_csv.sh "$FER_CSV"; fi
  if [ -n "${FER_TREE:-}" ]; then
    .venv-peers/bin/python tests/bench/image_tree_peers.py build/bin/fer_dataset "$FER_TREE"
  fi
}
telling() { tests/bench/telling.sh; }
bundle() {
  if wants_cuda || ! unshare --mount true 2> /dev/null; then
    say "bundle: left out, since it is for CPUs, and wants root"
  else
    tests/look/bundle.sh
  fi
}
saliency() { tests/bench/saliency.sh; }
sanitizers() {
  FER_PRESET=sanitize FER_CUDA=OFF build build-sanitize
  tests/sanitizers/memory.sh build-sanitize
}
races() {
  FER_PRESET=tsan FER_CUDA=OFF build build-tsan base_test data_test artifacts_test comm_mpi_test train_mpi_test \
    fer_dataset fer_dist_train
  tests/sanitizers/races.sh build-tsan
}
fuzz() {
  FER_PACKAGES=libclang-rt-dev install_packages
  FER_PRESET=fuzz FER_CUDA=OFF build build-fuzz fuzzers
  tests/fuzz/run.sh build-fuzz
}
recipes() {
  [ -n "${FER_CSV:-}" ] || { echo "recipes: left out; set FER_CSV to fer2013.csv" && return; }
  tests/bench/recipes.sh "$FER_CSV"
}
accuracy() { tests/bench/accuracy.sh; }

case "${1:-fast}" in
  fast) fast ;;
  full)
    build_for_tests
    groups="python looks bundle faults-ranks faults-saves faults-disks faults-hosts faults-slurm faults-srun parity losses curves cpu loader scaling data telling saliency sanitizers races fuzz accuracy recipes"
    for group in ${2:-$groups}; do
      if [[ " $groups " != *" $group "* ]]; then
        echo "tests/run.sh: there is no group '$group'; known are ${groups// /, }." >&2
        exit 2
      fi
      say "full: $group"
      "$group"
    done
    ;;
  *) sed -n '2,28s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
