# shellcheck shell=bash
# What the scripts share: the list of everything that heat2d needs, and the environment of mpirun. Sourced, never run.

# One line for each need: who needs it | how to see that it is there | Debian packages | modules | Spack spec
needs() {
  cat <<'END'
build|has_command cc|gcc libc6-dev|gcc|gcc
build|has_cmake|cmake|cmake|cmake
build|has_command ninja make|ninja-build|ninja|ninja
build|has_command pkg-config|pkg-config|pkgconf, pkg-config|pkgconf
build|has_command mpicc|libopenmpi-dev|openmpi, mpich, intel-mpi|openmpi
build|has_command mpirun|openmpi-bin|openmpi, mpich, intel-mpi|openmpi
build|has_parallel_hdf5|libhdf5-openmpi-dev|hdf5-parallel, hdf5-mpi, phdf5, cray-hdf5-parallel|hdf5 +mpi +hl
build|has_module yaml-0.1|libyaml-dev|libyaml|libyaml
build|has_module muparser|libmuparser-dev|muparser|muparser
build|has_module libpng|libpng-dev|libpng|libpng
build|has_module libxxhash|libxxhash-dev|xxhash|xxhash
build|has_module cairo|libcairo2-dev|cairo|cairo +pdf +svg +ft +fc
build|has_module pangocairo|libpango1.0-dev|pango|pango
build|has_font|fonts-dejavu-core|fontconfig, fonts|font-util
test|has_module cmocka|libcmocka-dev|cmocka|cmocka
full|has_command clang|clang|llvm, clang|llvm
full|has_clang_openmp|libomp-dev|llvm, llvm-openmp|llvm-openmp
full|has_command mpicc.mpich|libmpich-dev|mpich|mpich
full|has_command mpiexec.mpich|mpich|mpich|mpich
full|has_command h5pcc.mpich|libhdf5-mpich-dev|hdf5-mpich|hdf5 +mpi +hl ^mpich
full|has_command shellcheck|shellcheck|shellcheck|shellcheck
full|has_xarray|python3-h5py python3-xarray python3-h5netcdf python3-dask|python|py-h5py py-xarray py-h5netcdf py-dask
paraview|has_python_module paraview|python3-paraview|paraview|paraview +python
fast|has_command mold|mold|mold|mold
pbs|has_command slurmctld|slurm-wlm|slurm|slurm
pbs|has_command generate_pbs_nodefile|slurm-wlm-torque|slurm|slurm
pbs|has_command sshd|openssh-server|openssh|openssh
pbs|has_command ssh|openssh-client|openssh|openssh
pbs|has_command ip|iproute2|iproute2|iproute2
pbs|has_command tmux|tmux|tmux|tmux
pbs|has_command gdb|gdb|gdb|gdb
pbs|has_command rsync|rsync|rsync|rsync
END
}

# Any one of the commands.
has_command() {
  local name
  for name; do
    command -v "$name" >/dev/null && return 0
  done
  return 1
}

has_module() {
  pkg-config --exists "$1" 2>/dev/null
}

# Any font at all, for the text in pictures.
has_font() {
  [ -n "$(fc-list 2>/dev/null)" ] || [ -n "$(find /usr/share/fonts -name '*.[ot]tf' -print -quit 2>/dev/null)" ]
}

has_cmake() {
  local version major minor
  version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version //p')
  IFS=. read -r major minor _ <<<"$version"
  [ "${major:-0}" -gt 3 ] || { [ "${major:-0}" -eq 3 ] && [ "${minor:-0}" -ge 20 ]; }
}

has_parallel_hdf5() {
  local include
  h5pcc -showconfig 2>/dev/null | grep -qi 'parallel hdf5: *\(yes\|on\)' && return 0
  for include in ${HDF5_ROOT:+"$HDF5_ROOT/include"} "$(pkg-config --variable=includedir hdf5 2>/dev/null)"; do
    grep -qs 'define H5_HAVE_PARALLEL 1' "$include/H5pubconf.h" && return 0
  done
  return 1
}

# A python3 that has xarray and what it needs to read many files, also where another python comes before the system's own.
python_with_xarray() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import dask, h5netcdf, h5py, xarray' 2>/dev/null && echo "$python" && return 0
  done
  return 1
}

has_xarray() {
  python_with_xarray >/dev/null
}

# Of the python3 that has xarray, or of the system's.
has_python_module() {
  local python
  python=$(python_with_xarray) || python=/usr/bin/python3
  "$python" -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$1'))" 2>/dev/null
}

has_clang_openmp() {
  echo 'int main(void) { return 0; }' | clang -fopenmp -x c -o /dev/null - 2>/dev/null
}

# The lines of `needs` of the given kinds that are not met.
missing_needs() {
  local kind probe rest
  while IFS='|' read -r kind probe rest; do
    case " $* " in
      *" $kind "*) $probe || echo "$kind|$probe|$rest" ;; # the probe is a command and its arguments
    esac
  done < <(needs)
}

# The fourth or another field of lines as `needs` prints them, each once.
field() {
  cut -d '|' -f "$1" | awk '!seen[$0]++'
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install -y \
    --no-install-recommends "$@" </dev/null
}

# See that the needs of the given kinds are met: installed where that is possible, named where it is not.
provide() {
  local missing packages log
  missing=$(missing_needs "$@")
  [ -n "$missing" ] || return 0
  mapfile -t packages < <(field 3 <<<"$missing" | tr ' ' '\n')
  if [ "$(id -u)" -eq 0 ] && has_command apt-get; then
    echo "installing  ${packages[*]}"
    log=$(mktemp)
    # A list of packages that is not there, or is out of date, shows by the first attempt's failure.
    if ! apt_install "${packages[@]}" >"$log" 2>&1 &&
      ! { apt-get -qq update </dev/null && apt_install "${packages[@]}"; } >>"$log" 2>&1; then
      cat "$log" >&2
      rm -f -- "${log:?}"
      return 1
    fi
    rm -f -- "${log:?}"
    missing=$(missing_needs "$@")
    [ -n "$missing" ] || return 0
  fi
  explain "$missing" "$@" >&2
  return 1
}

# What a person without root, or without apt, is to do.
explain() {
  local missing=$1
  shift
  echo "Some of what heat2d needs is not here, and this script does not install without root and apt."
  echo
  echo "Not found, and the names under which modules often offer it (module avail NAME, module load NAME):"
  while IFS='|' read -r _ probe debian modules _; do
    printf '  %-28s %s\n' "${debian#lib}" "$modules"
  done <<<"$missing"
  echo
  echo "Or with Spack, all of it in an environment of its own:"
  echo "  spack env create heat2d"
  echo "  spack -e heat2d add $(needs | grep -E "^($(tr ' ' '|' <<<"$*"))\|" | field 5 | sed 's/.* .*/"&"/' | tr '\n' ' ')"
  echo "  spack -e heat2d install"
  echo "  spack env activate heat2d"
  echo
  echo "Or, as root on Debian:"
  echo "  apt-get install --no-install-recommends $(field 3 <<<"$missing" | tr '\n' ' ')"
}

# For mpirun as root, with more ranks than cores, or beside other work; what the environment already says wins.
mpi_environment() {
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"                     # Open MPI 4
  export PRTE_MCA_rmaps_default_mapping_policy="${PRTE_MCA_rmaps_default_mapping_policy:-:oversubscribe}" # Open MPI 5
  export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
  # Runs side by side would all be bound to the first cores.
  export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
  export PRTE_MCA_hwloc_default_binding_policy="${PRTE_MCA_hwloc_default_binding_policy:-none}"
  # Bound ranks may share a core, where there are more of them than cores.
  local name
  for name in OMPI_MCA_hwloc_base_binding_policy PRTE_MCA_hwloc_default_binding_policy; do
    case ${!name} in none* | *overload-allowed*) ;; *) export "$name=${!name}:overload-allowed" ;; esac
  done
  # Containers often forbid one process to read another's memory.
  export OMPI_MCA_btl_vader_single_copy_mechanism="${OMPI_MCA_btl_vader_single_copy_mechanism:-none}"
}

# Ends the mpirun with process id $1 when its ranks have all ended and it has not noticed for 10 s: Open MPI 4.1 waits
# for ever where a rank is killed while it connects in MPI_Init. Ends with it, to be run beside it. $2: seconds after
# which it is ended in any case. $3 is `here` where all ranks are on this host: then also when it has no children any
# more, as it sometimes hangs in PMIx_server_finalize when it has waited for them. Where none was seen, it may not have
# started them yet, and has 40 s.
guard_mpirun() {
  local limit=$((SECONDS + ${2:-1000000000})) deserted=0 patience=20 states
  while kill -0 "$1" 2>/dev/null; do
    states=$(ps -o stat= --ppid "$1" 2>/dev/null)
    deserted=$((deserted + 1))
    if [ -n "$states" ]; then
      patience=5
      ! grep -qv '^Z' <<<"$states" || deserted=0 # its children are not all zombies
    else
      [ "${3:-}" = here ] || deserted=0
    fi
    if [ "$deserted" -gt "$patience" ]; then
      echo "mpirun hung after its ranks had ended: killed" >&2
      kill -KILL "$1"
    elif [ "$SECONDS" -ge "$limit" ]; then
      kill -TERM "$1"
      sleep 1
      kill -KILL "$1" 2>/dev/null
    fi
    sleep 2
  done
}

# A process and all that were started below it.
family() { # PID
  local child
  echo "$1"
  for child in $(pgrep -P "$1"); do family "$child"; done
}

# keep_hung PID SECONDS DIRECTORY PLACE: to be run beside the mpirun PID. Where no file of its DIRECTORY has changed for so
# many seconds, not counting those in which it is stopped, and it still goes on, what explains that is kept in the new
# folder PLACE: the run's log and status, the files of its DIRECTORY with their times, and where each process is.
keep_hung() {
  local left=$2 process before='' now
  while kill -0 "$1" 2>/dev/null && [ "$left" -gt 0 ]; do
    sleep 1
    grep -qs '^State:.T' "/proc/$1/status" && continue
    now=$(ls -lA --time-style=full-iso "$3" 2>/dev/null)
    left=$((left - 1))
    [ "$now" = "$before" ] || left=$2 before=$now
  done
  kill -0 "$1" 2>/dev/null || return 0
  mkdir -p "$4" || return 1
  cp "$3/run.log" "$3/status.json" "$4" 2>/dev/null
  ls -lA --time-style=full-iso "$3" >"$4/files" 2>&1
  for process in $(family "$1"); do
    {
      tr '\0' ' ' <"/proc/$process/cmdline"
      echo
      cat "/proc/$process/status" "/proc/$process/wchan" "/proc/$process/stack"
      timeout 20 gdb -nx -q -batch -p "$process" -ex 'thread apply all backtrace'
    } >"$4/process-$process" 2>&1 </dev/null
  done
}

# on_host HOST COMMAND...: there by ssh (or what HEAT2D_SSH says), here without.
on_host() {
  local host=$1
  local -a ssh
  shift
  case $host in
    here | "$(hostname)" | "$(hostname -s)" | "$(hostname -s)".*) "$@" </dev/null; return ;;
  esac
  read -ra ssh <<<"${HEAT2D_SSH:-${OMPI_MCA_plm_rsh_agent:-ssh}}"
  case ${ssh[0]##*/} in ssh) ssh+=(-o BatchMode=yes -o ConnectTimeout=10) ;; esac
  "${ssh[@]}" "$host" "$(printf '%q ' "$@")" </dev/null
}

cores() {
  nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2
}

# build DIRECTORY [--only TARGET]... [CMAKE_OPTION]...: configure and build the sources around this script.
build() {
  local directory=$1 generator='Unix Makefiles' targets=()
  shift
  while [ "${1:-}" = --only ]; do
    targets+=(--target "$2")
    shift 2
  done
  has_command ninja && generator=Ninja
  [ -f "$directory/CMakeCache.txt" ] || set -- -G "$generator" "$@"
  echo "building    $directory $*"
  cmake -S . -B "$directory" -DCMAKE_BUILD_TYPE=Release "$@" >"$directory.log" 2>&1 &&
    cmake --build "$directory" --parallel "$(cores)" ${targets[@]+"${targets[@]}"} >>"$directory.log" 2>&1 &&
    rm -f -- "${directory:?}.log" && return 0
  cat "$directory.log" >&2
  return 1
}

# stage NAME COMMAND...: one part of the tests. It may fail, and the others run all the same; `stages_end` tells.
stages_passed='' stages_failed=''
stage() {
  local name=$1 code began=$SECONDS restore
  shift
  case $- in *e*) restore='set -e' ;; *) restore='set +e' ;; esac
  set +e
  (
    set -e
    "$@"
  )
  code=$?
  $restore
  note_stage "$name" "$code" "$began"
}

note_stage() { # name code began
  if [ "$2" -eq 0 ]; then
    stages_passed+=" $1"
    echo "passed      stage $1, in $((SECONDS - $3)) s"
  else
    stages_failed+=" $1"
    echo "FAILED      stage $1, exit code $2, after $((SECONDS - $3)) s" >&2
  fi
}

# begin_stage NAME COMMAND...: a stage beside those that follow, one at a time; `await_stage` prints what it said.
beside=''
begin_stage() {
  beside=$1 beside_began=$SECONDS beside_said=$(mktemp)
  shift
  set -m # in a process group of its own: it can be ended as a whole, and no signal is ignored in it
  (
    set -e
    "$@"
  ) >"$beside_said" 2>&1 &
  beside_group=$!
  set +m
}

await_stage() {
  local code=0
  wait "$beside_group" || code=$?
  cat "$beside_said"
  rm -f -- "${beside_said:?}"
  note_stage "$beside" "$code" "$beside_began"
  beside=''
}

# For when this script itself is ended.
end_stage_beside() {
  [ -z "$beside" ] || kill -TERM -- "-$beside_group" 2>/dev/null
}

# Says what failed, in one line; its own exit code tells as well.
stages_end() {
  if [ -z "$stages_failed" ]; then
    echo "stages      all passed:$stages_passed"
    return 0
  fi
  echo "stages      FAILED:$stages_failed; passed:${stages_passed:- none}"
  return 1
}

# A file of the tests that a script needs, below the build; ends the script where it is not there.
need_built() {
  [ -e "$1" ] && return 0
  echo "$1 is missing: it is built with the tests (cmake -S . -B build && cmake --build build; after scripts/test: HEAT2D_BUILD=build-test)" >&2
  exit 64
}

# Where a script is asked for help: its own first lines.
help_of() { # SCRIPT ARGUMENT...
  case ${2-} in
    --help | -h)
      sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"
      exit 0
      ;;
  esac
}
