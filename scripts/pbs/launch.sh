# shellcheck shell=bash disable=SC2154 # site_exports is the site file's
# mpirun: its options for this job, one launch of the program with what watches over it, and the end of ranks that make
# no progress. Sourced by lib.sh, never run.

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
  # Every rank carries this mark in its environment, so that none is left when a launch has to be ended.
  rank_mark=${PBS_JOBID:-$(hostname)}.$$.$EPOCHSECONDS
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
# a file ($2, on the host of rank 0, which is this one), and mpirun sees 0. Signals go to the group, so to this shell as
# well, which must outlive the rank. That the file is there, empty, says that the ranks have been started.
# shellcheck disable=SC2016 # for the inner shell
rank_shell='trap "" TERM INT USR1 USR2
export HEAT2D_RANK_MARK="$1"
file=/dev/null
[ "${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-${PMI_RANK:-0}}}" = 0 ] && file=$2
: >"$file"
shift 2
"$@"
code=$?
case $code in
  0 | 64 | 65 | 70 | 74 | 75) echo $code >"$file"; exit 0 ;;
esac
exit $code'

# launch FOLDER SECONDS|- COMMAND...: run it on all ranks; SIGUSR1 after SECONDS. Answers with the program's code, and
# sets `hung` to what there is to say when the ranks had to be ended since they made no progress. The caller has a
# variable `asked`, for the signal that came, and four functions: ask_to_stop asks the program in another way than by
# mpirun, has_stopped is whether the program says that it stopped after that, used_up says how many seconds of the
# window are left when the clock on the wall says that it is over, and pulse prints what changes while the run goes on.
launch() {
  local folder=$1 backstop=$2 code=0 pid watcher
  shift 2
  hung=''
  rm -f -- "${folder:?}/code" "${folder:?}/woke"
  "${launcher[@]}" sh -c "$rank_shell" rank "$rank_mark" "$folder/code" "$@" </dev/null &
  pid=$!
  guard_mpirun "$pid" &
  disown $! # `wait` is for mpirun; it ends with that
  watch_over "$folder" "$backstop" &
  watcher=$!
  # The batch system signals every process or this one alone: with SIGUSR1 it is enough in both cases, while a second
  # SIGTERM would make mpirun kill its ranks at once. An mpirun that got SIGTERM no longer hands on anything.
  trap 'asked=TERM; kill -USR1 "$pid"; ask_to_stop' TERM
  trap 'asked=INT; kill -USR1 "$pid"; ask_to_stop' INT
  while kill -0 "$pid" 2>/dev/null && [ -z "$asked" ] && [ -z "$hung" ]; do
    code=0
    wait -n "$pid" "$watcher" || code=$?
    kill -0 "$watcher" 2>/dev/null || [ -s "$folder/woke" ] || sleep 0.2
    { [ -s "$folder/woke" ] && [ -z "$asked" ] && kill -0 "$pid" 2>/dev/null; } || continue
    case $(<"$folder/woke") in
      backstop)
        kill -USR1 "$pid"
        rm -f -- "${folder:?}/woke"
        watch_over "$folder" - &
        watcher=$! ;;
      hung*)
        hung=$(<"$folder/woke") hung=${hung#hung }
        say_where "$pid"
        end_ranks "$pid" ;;
    esac
  done
  # A trap ends the wait, but not the child. An mpirun that got SIGTERM as well keeps its ranks from ending in order, until
  # it kills them, while PBS gives all of us some ten seconds: then what the ranks have said is enough.
  while kill -0 "$pid" 2>/dev/null && [ ! -s "$folder/code" ] && ! has_stopped; do
    sleep 0.2
  done
  for _ in {1..25}; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.04
  done
  if ! kill -0 "$pid" 2>/dev/null; then
    local last=0
    wait "$pid" || last=$?
    [ "$last" = 127 ] || code=$last # 127: `wait -n` has already told
  fi
  trap 'asked=TERM' TERM
  trap 'asked=INT' INT
  kill -KILL "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  # mpirun may also be gone before the ranks have written their checkpoint.
  if [ -n "$asked" ] && [ -e "$folder/code" ]; then
    for _ in {1..40}; do
      { [ ! -s "$folder/code" ] && ! has_stopped; } || break
      sleep 0.2
    done
  fi
  if [ -s "$folder/code" ]; then
    code=$(<"$folder/code") hung=''
  elif has_stopped; then
    code=75
  elif [ -n "$hung" ]; then
    code=137
  fi
  return "$code"
}

# Runs beside mpirun, and ends with a word in FOLDER/woke: "backstop" when SECONDS are over, "hung WHAT" when the run has
# shown no sign of life for longer than three times the longest silence that it came out of, and HEAT2D_HANG_SECONDS
# (60) at least. Not `timeout`, which hands on the signals that it gets, so that mpirun would get them twice.
#
# A suspended job has its processes stopped, but time goes on: what was slept too long does not count, and FOLDER/stood
# says how long that was in all.
watch_over() { # FOLDER SECONDS|-
  local folder=$1 limit=$2 least=${HEAT2D_HANG_SECONDS:-60} tick=1000 ran=0 before now slept stood pulse last='' silent=0
  local longest=0 slowest patience more
  trap - EXIT
  trap '' TERM INT
  is_count "$least" || least=60
  stood=$(<"$folder/stood") || stood=0
  [ "$limit" = - ] || limit=$((limit * 1000))
  before=$(milliseconds)
  while :; do
    tick=1000
    if [ "$limit" != - ] && [ $((limit - ran)) -lt 1000 ]; then tick=$(larger 10 $((limit - ran))); fi
    sleep "$((tick / 1000)).$(printf '%03d' $((tick % 1000)))"
    now=$(milliseconds)
    slept=$((now - before))
    before=$now
    if [ "$slept" -gt $((tick + 3000)) ]; then # this process was stopped, or the machine is very busy
      stood=$((stood + slept - tick))
      echo "$stood" >"$folder/stood"
      slept=$tick silent=0
    fi
    ran=$((ran + slept))
    if [ "$limit" != - ] && [ "$ran" -ge "$limit" ]; then
      more=$(used_up)
      if [ "$more" -le 0 ]; then
        echo backstop >"$folder/woke"
        return
      fi
      limit=$((ran + more * 1000))
    fi
    pulse=$(pulse)
    if [ "$pulse" != "$last" ]; then
      longest=$(larger "$longest" "$silent")
      last=$pulse silent=0
      continue
    fi
    [ -n "$pulse" ] || continue # it is still being set up
    silent=$((silent + slept))
    slowest=$(slowest_milliseconds)
    patience=$(larger $((least * 1000)) $((3 * $(larger "$longest" "$slowest"))))
    if [ "$silent" -gt "$patience" ]; then
      echo "hung no progress for $((silent / 1000)) s" >"$folder/woke"
      return
    fi
  done
}

# Where the ranks are, for the person who reads the job's output; bounded in time, since a host may be gone.
say_where() { # process id of mpirun
  say "no sign of life: $hung; this is where the ranks are"
  timeout -k 5 60 bash "$HEAT2D_HOME/scripts/debug" --attach "${PBS_JOBID:-$1}" >&2 </dev/null ||
    say 'not all ranks could be asked'
}

# The processes that carry a mark in their environment, on the host where it runs; ended at once.
# shellcheck disable=SC2016 # for the shell there
kill_marked='for folder in /proc/[0-9]*; do
  tr "\0" "\n" 2>/dev/null <"$folder/environ" | grep -qxF "HEAT2D_RANK_MARK=$1" && kill -KILL "${folder#/proc/}" 2>/dev/null
done
:'

# End all ranks of this launch, also those that are frozen, and mpirun, which waits for a host that is gone.
end_ranks() { # process id of mpirun
  local host
  kill -TERM "$1" 2>/dev/null
  while read -r host _; do
    timeout -k 1 15 bash -c '. "$1"; shift; on_host "$@"' bash "$HEAT2D_HOME/scripts/lib.sh" "$host" \
      sh -c "$kill_marked" sh "$rank_mark" </dev/null || say "host $host does not answer"
  done < <(job_hosts)
  for _ in {1..50}; do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null
  sh -c "$kill_marked" sh "$rank_mark" # what it would have ended here
}

# Take the hosts that do not answer out of the job for this window. Sets `lost` to their names.
leave_lost_hosts() { # folder
  local host ranks
  lost=''
  in_job || return 0
  while read -r host ranks; do
    if timeout -k 1 15 bash -c '. "$1"; shift; on_host "$@"' bash "$HEAT2D_HOME/scripts/lib.sh" "$host" true </dev/null; then
      for ((; ranks > 0; ranks--)); do echo "$host"; done
    else
      lost+=${lost:+ }$host
    fi
  done < <(job_hosts) >"$1/nodefile"
  [ -s "$1/nodefile" ] || return 1
  [ -n "$lost" ] || return 0
  export PBS_NODEFILE=$1/nodefile
  if [ -n "${RANKS:-}" ]; then
    RANKS=$(smaller "$RANKS" "$(larger 1 $(($(wc -l <"$PBS_NODEFILE") / ${OMP_NUM_THREADS:-1})))")
  fi
}

# The program (the caller's `program`) for a question that one process answers. Its code comes as the last line, since
# mpirun takes any but 0 for a crash (rank_shell says more).
# shellcheck disable=SC2154,SC2016 # program; for the inner shell
alone() {
  local answer code
  if in_job; then
    answer=$("${MPIRUN:-mpirun}" -np 1 sh -c '"$@"; echo $?' sh "$program" "$@" </dev/null) || return
    code=${answer##*$'\n'}
    [ "$code" = "$answer" ] || printf '%s\n' "${answer%$'\n'*}"
    is_count "$code" || return 70
    return "$code"
  fi
  "$program" "$@" </dev/null
}
