# Sourced by quickstart.sh and tests/run.sh from the project's root: what has to be there before anything can run.
#   install_packages   Debian packages that are missing
#   install_libtorch   LibTorch and what it needs, into .venv
#   build FOLDER       configure and compile, by the preset release or $FER_PRESET; CUDA if wants_cuda

FER_PACKAGES="build-essential cmake ninja-build ccache git procps openssh-client python3-venv
  libopenmpi-dev openmpi-bin libhdf5-dev libspdlog-dev libboost-program-options-dev nlohmann-json3-dev libxxhash-dev
  libhwy-dev libjpeg-dev libpng-dev libprotozero-dev libgtest-dev"

# LibTorch comes out of PyTorch's wheel. Without CUDA, libtorch_cpu.so still names the CUDA runtime and CUPTI, and needs
# nothing else of the wheel's dependencies.
FER_TORCH="torch==2.11.0"
FER_TORCH_CPU_NEEDS="nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85"
FER_NCCL="nvidia-nccl-cu13==2.28.9"

say() { printf '\n==> %s\n' "$*"; }

# Of this process, whatever OpenMP is told.
core_count() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# Those that CUDA shows: of CUDA_VISIBLE_DEVICES, where it is set, the ones ahead of the first that is none.
gpu_count() {
  nvidia-smi -L 2> /dev/null | awk -v visible="${CUDA_VISIBLE_DEVICES-all}" '
    /^GPU/ { ++count }
    END {
      named = split(visible, names, ",")
      for (first_none = 1; first_none <= named && names[first_none] ~ /^([0-9]+|GPU-.*|MIG-.*)$/;) ++first_none
      print count == 0 || visible == "all" ? count + 0 : first_none - 1
    }'
}

# CUDA where it is asked for, or where a GPU answers and there is a compiler for it.
wants_cuda() {
  case "${FER_CUDA:-auto}" in
    ON | on | 1) return 0 ;;
    auto) [ "$(gpu_count)" -gt 0 ] && find_nvcc > /dev/null ;;
    *) return 1 ;;
  esac
}

# CMake's own variable goes first.
find_nvcc() {
  [ -z "${CUDACXX:-}" ] || { echo "$CUDACXX" && return; }
  command -v nvcc || { [ -x /usr/local/cuda/bin/nvcc ] && echo /usr/local/cuda/bin/nvcc; }
}

# Those of the packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'install ok installed' || printf ' %s' "$package"
  done
}

apt_install() {
  local as_root=""
  if [ "$(id -u)" != 0 ]; then as_root=sudo; fi
  say "Installing Debian packages: $*"
  $as_root apt-get update -q
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "$@"
}

# shellcheck disable=SC2086
install_packages() {
  local missing
  missing=$(missing_packages $FER_PACKAGES)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null || ! { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
      printf 'These Debian packages are missing, and this user may not install them:\n %s\nAsk an administrator for\n' \
        "$missing" >&2
      printf '  apt-get install --no-install-recommends%s\nthen run this again.\n' "$missing" >&2
      exit 2
    fi
  fi
  apt_install $missing
}

pip_install() {
  .venv/bin/python -m pip install -q --disable-pip-version-check "$@"
}

install_libtorch() {
  [ -x .venv/bin/python ] || { say "Making .venv" && python3 -m venv .venv; }
  local wanted="cpu"
  if wants_cuda; then wanted="cuda"; fi
  local stamp=".venv/installed-$wanted-2.11.0"
  [ -e "$stamp" ] && return 0
  say "Installing LibTorch ($wanted) into .venv"
  if [ "$wanted" = cuda ]; then
    pip_install "$FER_TORCH"
  else
    # shellcheck disable=SC2086
    pip_install --no-deps "$FER_TORCH" $FER_TORCH_CPU_NEEDS
  fi
  touch "$stamp"
}

# build FOLDER [TARGET...]
build() {
  local folder=$1 cuda=OFF nvcc=""
  shift
  if wants_cuda; then cuda=ON; fi
  if [ "$cuda" = ON ] && ! nvcc=$(find_nvcc); then
    echo "CUDA is wanted, but there is no nvcc: install the CUDA Toolkit 13.0, or set FER_CUDA=OFF to train on CPUs." >&2
    exit 2
  fi
  if [ "$cuda" = OFF ] && [ "$(gpu_count)" -gt 0 ]; then
    echo "A GPU answers, but this build is for CPUs: it takes nvcc of the CUDA Toolkit 13.0, and FER_CUDA not OFF."
  fi
  local architectures=""
  if [ "$cuda" = ON ] && [ "$(gpu_count)" -gt 0 ]; then architectures=-DCMAKE_CUDA_ARCHITECTURES=native; fi
  say "Building into $folder/ (CUDA $cuda)"
  cmake --preset "${FER_PRESET:-release}" -B "$folder" -DFER_CUDA="$cuda" $architectures ${nvcc:+-DCMAKE_CUDA_COMPILER="$nvcc"} \
    > "$folder.log" 2>&1 || { cat "$folder.log" >&2 && exit 1; }
  rm -f "$folder.log"
  cmake --build "$folder" --parallel "$(compilers_at_once)" ${1:+--target "$@"}
}

# One takes up to 2 GB.
compilers_at_once() {
  local gigabytes
  gigabytes=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  local most=$((gigabytes / 2 > 0 ? gigabytes / 2 : 1))
  echo $((most < $(core_count) ? most : $(core_count)))
}
