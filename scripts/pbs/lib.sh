# shellcheck shell=bash
# What the job scripts share: the site, the job's own limits as PBS tells them, mpirun, and the trail of a chain.
# Sourced, never run. Functions that answer print to stdout; a name ending in _seconds answers in whole seconds.
#
# Whoever sources it sets HEAT2D_HOME and `program`, and sources scripts/lib.sh.

milliseconds() {
  echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

began=$(milliseconds)

say() {
  printf '%s: %s\n' "${script_name:-${0##*/}}" "$*" >&2 # a batch system runs a copy under another name
}

die() { # code message
  local code=$1
  shift
  say "$*"
  exit "$code"
}

# The program that belongs to these scripts: built in the source tree, or installed with them.
own_program() {
  local installed=$HEAT2D_HOME/../../bin/heat2d
  if [ -e "$HEAT2D_HOME/CMakeLists.txt" ]; then
    echo "$HEAT2D_HOME/build/heat2d"
  elif [ -x "$installed" ]; then
    realpath "$installed"
  else
    command -v heat2d || echo "$installed"
  fi
}

# --- times -----------------------------------------------------------------------------------------------------------

# H:M:S, M:S or S as seconds; nothing and failure for anything else.
to_seconds() {
  local total=0 part
  [[ $1 =~ ^[0-9]+(:[0-9]+){0,2}$ ]] || return 1
  while read -r part; do
    total=$((total * 60 + 10#$part))
  done < <(tr ':' '\n' <<<"$1")
  echo "$total"
}

to_hms() {
  printf '%02d:%02d:%02d\n' $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60))
}

timestamp() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}

smaller() {
  if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi
}

larger() {
  if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi
}

# --- the site --------------------------------------------------------------------------------------------------------

# load_site NAME|FILE: sets the site_* variables (sites/generic.sh says which) and loads the site's modules.
load_site() {
  local file=$1 module
  case $file in
    */*) ;;
    *) file=$HEAT2D_HOME/scripts/pbs/sites/$1.sh ;;
  esac
  [ -r "$file" ] || die 64 "there is no site '$1' ($(known_sites); or a file's path)"
  # shellcheck source-path=SCRIPTDIR source=sites/generic.sh
  . "$HEAT2D_HOME/scripts/pbs/sites/generic.sh"
  # shellcheck source=/dev/null
  [ "$1" = generic ] || . "$file"
  [ -n "$site_modules" ] || return 0
  # Jobs often start without the function `module`.
  if ! command -v module >/dev/null; then
    for file in "${MODULESHOME:-/nowhere}/init/bash" /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do
      # shellcheck source=/dev/null
      [ -r "$file" ] && . "$file" && break
    done
  fi
  command -v module >/dev/null || { say "no command 'module' here: nothing loaded"; return 0; }
  for module in $site_modules; do
    module load "$module" || say "module $module cannot be loaded"
  done
}

known_sites() {
  local file names=
  for file in "$HEAT2D_HOME"/scripts/pbs/sites/*.sh; do
    names+=" $(basename "$file" .sh)"
  done
  echo "known:$names"
}

# --- the job ---------------------------------------------------------------------------------------------------------

in_job() {
  [ -n "${PBS_JOBID:-}" ]
}

# The job's attributes, one to a line, with PBS's folded lines unfolded; asked once.
job_attributes() {
  if [ -z "${job_text+set}" ]; then
    job_text='' asked_at=$(milliseconds)
    if in_job; then
      job_text=$(timeout 20 qstat -f "$PBS_JOBID" 2>/dev/null </dev/null |
        awk '/^\t/ && / = / == 0 { sub(/^\t/, ""); line = line $0; next } { if (NR > 1) print line; line = $0 }
             END { print line }')
    fi
  fi
  printf '%s\n' "$job_text"
}

job_attribute() { # name
  job_attributes | awk -v "name=$1" '{ sub(/^[ \t]+/, "") } index($0, name " = ") == 1 { print substr($0, length(name) + 4); exit }'
}

# Seconds until the job's walltime is over, from now; nothing when there is no limit. Suspension stops the walltime's
# clock: what PBS has counted is older than its last poll, so the wall clock since the start is looked at as well.
job_left_seconds() {
  local limit used started now
  now=$(milliseconds)
  if limit=$(to_seconds "$(job_attribute Resource_List.walltime)"); then
    used=$(to_seconds "$(job_attribute resources_used.walltime)") || used=0
    # In whole seconds, and the job began within that second, but before this script. Without a start time in the answer
    # the script's own beginning is the next best.
    started=$(job_attribute stime)
    if [ -n "$started" ] && started=$(date -d "$started" +%s 2>/dev/null); then
      started=$(larger $((started * 1000)) "$(smaller "$began" $((started * 1000 + 1000)))")
    else
      started=$began
    fi
    used=$(larger $((used * 1000)) $((asked_at - started)))
    echo $(((limit * 1000 - used - (now - asked_at) + 500) / 1000))
  elif in_job && [ -n "${WALLTIME:-}" ]; then
    limit=$(to_seconds "$WALLTIME") && echo $((limit - (now - began) / 1000))
  fi
}

# The hosts of the job in the order of the nodefile, so that rank 0 runs beside the script, each with its ranks.
job_hosts() {
  if [ -r "${PBS_NODEFILE:-}" ]; then
    awk 'NF > 0 { if (!($1 in ranks)) order[++hosts] = $1; ranks[$1]++ }
         END { for (h = 1; h <= hosts; h++) print order[h], ranks[order[h]] }' "$PBS_NODEFILE"
  else
    echo "$(hostname) $(local_ranks)"
  fi
}

local_ranks() {
  echo "${RANKS:-$(cores)}"
}

count_ranks() {
  if [ -n "${RANKS:-}" ]; then echo "$RANKS"; else job_hosts | awk '{ ranks += $2 } END { print ranks }'; fi
}

# --- mpirun ----------------------------------------------------------------------------------------------------------

# What every rank needs of this environment: ranks that are started over ssh get nothing by themselves.
exported_names() {
  local name
  for name in PATH LD_LIBRARY_PATH OMP_NUM_THREADS HDF5_USE_FILE_LOCKING PBS_JOBID "${!HEAT2D_@}" $site_exports; do
    [ -n "${!name+set}" ] && echo "$name"
  done
}

# Sets the array `launcher`: mpirun and its options for all ranks of the job. $1: a scratch folder on this host.
prepare_launcher() {
  local name hosts ranks flavour
  ranks=$(count_ranks)
  hosts=$(job_hosts)
  export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" HDF5_USE_FILE_LOCKING="${HDF5_USE_FILE_LOCKING:-FALSE}"
  # mpirun gives its ranks one second between SIGTERM and SIGKILL: too little for a checkpoint.
  export OMPI_MCA_odls_base_sigkill_timeout="${OMPI_MCA_odls_base_sigkill_timeout:-8}"
  # Slurm's qsub -v hides the environment not only from the job, but from all that mpirun starts there.
  [ -z "${SLURM_EXPORT_ENV:-}" ] || export SLURM_EXPORT_ENV=ALL
  [ "$(id -u)" = 0 ] && export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  launcher=("${MPIRUN:-mpirun}")
  flavour=$("${launcher[0]}" --version 2>/dev/null </dev/null | head -n 1)
  if [[ $flavour = *'Open MPI'* || $flavour = *OpenRTE* || $flavour = *PRTE* || $flavour = *prte* ]]; then
    if in_job; then
      awk '{ print $1 " slots=" $2 }' <<<"$hosts" >"$1/hostfile"
      launcher+=(--hostfile "$1/hostfile")
    else
      mpi_environment
    fi
    launcher+=(-np "$ranks")
    if is_exclusive; then
      launcher+=(--bind-to core --map-by "slot:PE=$OMP_NUM_THREADS")
    else
      launcher+=(--bind-to none) # two jobs on a node would both be bound to its first cores
    fi
    for name in $(exported_names); do
      launcher+=(-x "$name")
    done
  else # the Hydra of MPICH and Intel MPI
    in_job && awk '{ print $1 ":" $2 }' <<<"$hosts" >"$1/hostfile" && launcher+=(-f "$1/hostfile")
    launcher+=(-n "$ranks" -genvlist "$(exported_names | paste -sd ,)")
    is_exclusive || launcher+=(-bind-to none)
  fi
}

# Whether the nodes are this job's alone.
is_exclusive() {
  case ${EXCLUSIVE:-} in
    1 | yes) return 0 ;;
    0 | no) return 1 ;;
  esac
  [[ $(job_attribute Resource_List.place) = *excl* ]]
}

# What stands between mpirun and each rank. When a rank's code is not 0, mpirun holds that for a crash, and ends only
# after twice the time it gives to ranks to end: 16 s of every window. So a code that all ranks have agreed on goes by
# a file ($1, on the host of rank 0, which is this one), and mpirun sees 0. Signals go to the group, so to this shell as
# well, which must outlive the rank. That the file is there, empty, says that the ranks have been started.
# shellcheck disable=SC2016 # for the inner shell
rank_shell='trap "" TERM INT USR1 USR2
file=/dev/null
[ "${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-${PMI_RANK:-0}}}" = 0 ] && file=$1
: >"$file"
shift
"$@"
code=$?
case $code in
  0 | 64 | 65 | 70 | 74 | 75) echo $code >"$file"; exit 0 ;;
esac
exit $code'

# launch FOLDER SECONDS|- COMMAND...: run it on all ranks; SIGUSR1 after SECONDS. Answers with the program's code. The
# caller has a variable `asked`, for the signal that came, and two functions: ask_to_stop asks the program in another way
# than by mpirun, and has_stopped is whether the program says that it stopped after that.
launch() {
  local folder=$1 backstop=$2 code=0 pid timer=''
  shift 2
  rm -f "$folder/code"
  "${launcher[@]}" sh -c "$rank_shell" rank "$folder/code" "$@" </dev/null &
  pid=$!
  guard_mpirun "$pid" &
  disown $! # `wait` is for mpirun; it ends with that
  # Not `timeout`, which hands on the signals that it gets, so that mpirun would get them twice.
  if [ "$backstop" != - ]; then
    (trap '' TERM INT; exec sleep "$backstop") &
    timer=$!
  fi
  # The batch system signals every process or this one alone: with SIGUSR1 it is enough in both cases, while a second
  # SIGTERM would make mpirun kill its ranks at once. An mpirun that got SIGTERM no longer hands on anything.
  trap 'asked=TERM; kill -USR1 "$pid"; ask_to_stop' TERM
  trap 'asked=INT; kill -USR1 "$pid"; ask_to_stop' INT
  wait -n "$pid" ${timer:+"$timer"} || code=$?
  if [ -z "$asked" ] && kill -0 "$pid" 2>/dev/null; then
    kill -USR1 "$pid"
    code=0
    wait "$pid" || code=$?
  fi
  # A trap ends the wait, but not the child. An mpirun that got SIGTERM as well keeps its ranks from ending in order, until
  # it kills them, while PBS gives all of us some ten seconds: then what the ranks have said is enough.
  while kill -0 "$pid" 2>/dev/null && [ ! -s "$folder/code" ] && ! has_stopped; do
    sleep 0.2
  done
  for _ in {1..5}; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  if [ -n "$asked" ] && ! kill -0 "$pid" 2>/dev/null; then
    code=0
    wait "$pid" || code=$?
  fi
  trap 'asked=TERM' TERM
  trap 'asked=INT' INT
  if [ -n "$timer" ]; then
    kill -KILL "$timer" 2>/dev/null
    wait "$timer" 2>/dev/null
  fi
  # mpirun may also be gone before the ranks have written their checkpoint.
  if [ -n "$asked" ] && [ -e "$folder/code" ]; then
    for _ in {1..40}; do
      { [ ! -s "$folder/code" ] && ! has_stopped; } || break
      sleep 0.2
    done
  fi
  if [ -s "$folder/code" ]; then
    code=$(<"$folder/code")
  elif has_stopped; then
    code=75
  fi
  return "$code"
}

# --- the run's directory ---------------------------------------------------------------------------------------------

# The program (the caller's `program`) for a question that one process answers. Its code comes as the last line, since
# mpirun takes any but 0 for a crash (rank_shell says more).
# shellcheck disable=SC2154,SC2016 # program; for the inner shell
alone() {
  local answer code
  if in_job; then
    answer=$("${MPIRUN:-mpirun}" -np 1 sh -c '"$@"; echo $?' sh "$program" "$@" </dev/null) || return
    code=${answer##*$'\n'}
    [ "$code" = "$answer" ] || printf '%s\n' "${answer%$'\n'*}"
    return "$code"
  fi
  "$program" "$@" </dev/null
}

# A deck as the program resolves it, for what does not depend on the grid. `check` goes through all cells, so it gets a
# few; a deck that this does not suit (fields from files, a deep halo) is checked as it is.
resolved_deck() { # deck
  alone check "$1" --ranks 1 --set 'domain.cells=[64,64]' 2>/dev/null || alone check "$1" --ranks 1
}

# `key:` of section `name:` in a resolved deck, unquoted.
resolved() { # section key
  awk -v "section=$1:" -v "key=$2:" '
    /^[^ #]/ { inside = $1 == section }
    inside && $1 == key {
      sub(/^ *[^ ]+ /, ""); sub(/  +# .*$/, "")
      if ($0 ~ /^".*"$/) { $0 = substr($0, 2, length($0) - 2); gsub(/\\"/, "\"") }
      print; exit }'
}

# The step of the newest checkpoint, -1 without one. What is under its final name is whole.
newest_step() { # directory
  local file step=-1
  for file in "$1"/checkpoint-*.h5; do
    [ -e "$file" ] || continue
    file=${file##*/checkpoint-}
    step=$(larger "$step" "$((10#${file%.h5}))")
  done
  echo "$step"
}

# A string or number of status.json.
run_status() { # directory key
  sed -n "s/^ *\"$2\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$1/status.json" 2>/dev/null | head -n 1
}

job_exists() { # id; a job that has ended is shown for a while by some systems, with C or F for its state
  local state
  state=$(timeout 20 qstat -f "$1" 2>/dev/null </dev/null | sed -n 's/^[ \t]*job_state = //p')
  [ -n "$state" ] && [[ $state != [CF] ]]
}

# --- sweeps ----------------------------------------------------------------------------------------------------------

# The members of a list: its lines that are neither empty nor comments.
sweep_members() {
  grep -v '^[[:space:]]*\(#\|$\)' "$1"
}
