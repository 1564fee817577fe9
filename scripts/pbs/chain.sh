# shellcheck shell=bash disable=SC2154 # DIRECTORY and what a window sets are run.pbs's
# The trail of a chain in the run's directory: chain.csv with what each window did and what it cost, notes of windows that
# may be killed, and the file STOP. Sourced by run.pbs, never run.

header=window,job,hosts,from_step,to_step,exit,why,start,end,next,start_s,read_s,steps_s,checkpoint_s,mpirun_s

# --- chain.csv -------------------------------------------------------------------------------------------------------
# A window that is killed cannot write its line. So each leaves a note with what it knows when it begins, and the next
# window that owned the directory writes the lines of those that are gone.

write_row() { # window job hosts from to code why start end next [costs, separated by commas]
  local IFS=, chain=$DIRECTORY/chain.csv first=''
  if [ -L "$chain" ] || { [ -e "$chain" ] && [ ! -f "$chain" ]; }; then # it leads to somebody's file
    echo "$chain is a link or no file: this window is not written down" >&2
    return 0
  fi
  rm -f -- "${chain:?}.tmp"
  [ -s "$chain" ] && IFS= read -r first <"$chain"
  if [ -z "$first" ]; then
    echo "$header" >"$chain"
  elif [ "$first" != "$header" ]; then # of a chain that began with a version that knew less
    { echo "$header" && tail -n +2 "$chain"; } >"$chain.tmp" && mv -- "$chain.tmp" "$chain"
  fi
  local row=("${@:1:10}")
  row=("${row[@]//[,\"$'\n']/;}" "${11:-,,,,}")
  echo "${row[*]}" >>"$chain"
}

leave_note() {
  note=${PBS_JOBID:-local}
  note=$DIRECTORY/.window-$window_start-${note//[^A-Za-z0-9._-]/_}-$$
  echo "$CHAIN_WINDOW,${PBS_JOBID:-},$host_text,$from,$window_start" >"$note"
}

# Called by a window that owned the directory, so all older ones are gone. Each had come as far as the next began.
write_rows_of_the_killed() { # where this window began
  local file number='' job hosts from start next_number='' next_job='' next_hosts='' next_from='' next_start=''
  for file in "$DIRECTORY"/.window-* end; do # the names begin with the time
    if [ "$file" = end ]; then
      next_from=$1
    else
      { [ -f "$file" ] && [ ! -L "$file" ] && [ "$file" != "$note" ] && [ "$file" -ot "$note" ]; } || continue
      IFS=, read -r next_number next_job next_hosts next_from next_start <"$file"
      is_count "${next_from#-}" || next_from=0
      rm -f -- "${file:?}"
    fi
    [ -z "$number" ] || write_row "$number" "$job" "$hosts" "$(larger "$from" 0)" "$(larger "$next_from" 0)" '' \
      'killed before its end' "$start" '' ''
    number=$next_number job=$next_job hosts=$next_hosts from=$next_from start=$next_start
  done
}

# The job that this very job has handed over to, when it was started a second time after that (qrerun).
successor_of_this_job() {
  in_job && [ -r "$DIRECTORY/chain.csv" ] &&
    awk -F, -v "job=$PBS_JOBID" '$2 == job && $10 != "" { next_job = $10 } END { print next_job }' "$DIRECTORY/chain.csv"
}

# --- what a window costs ---------------------------------------------------------------------------------------------

now_in_seconds() {
  echo "${EPOCHREALTIME/,/.}"
}

# The parts of a window that began and ended at these instants, in seconds, by what the program says in status.json:
# mpirun until the first step, without reading; reading the checkpoint; steps and outputs; the last checkpoint; from there
# to mpirun's end. Commas alone where it does not say.
window_costs() { # launched ended
  if [ ! "$DIRECTORY/status.json" -nt "$note" ]; then
    echo ,,,,
    return
  fi
  awk -v "launched=$1" -v "ended=$2" '
    match($0, /^ *"[a-z_]+": /) { key = $1; gsub(/[":]/, "", key); value = $2; sub(/,$/, "", value); of[key] = value + 0 }
    END {
      if (of["ready"] <= 0 || of["stepped"] <= 0) { print ",,,,"; exit }
      saved = of["saved"] > of["stepped"] ? of["saved"] : of["stepped"]
      printf "%.2f,%.2f,%.2f,%.2f,%.2f\n", of["ready"] - launched - of["read"], of["read"], of["stepped"] - of["ready"],
        saved - of["stepped"], ended - saved
    }' "$DIRECTORY/status.json"
}

# Whether a window computed for less time than starting, reading and saving took.
in_vain() { # costs
  [[ $1 =~ ^[0-9.]+(,-?[0-9.]+){4}$ ]] && awk -F, '{ exit !($3 < $1 + $2 + $4) }' <<<"$1"
}

# Whether the last two windows in the trail were so, and had their time: one that is slow to start is no reason to end a
# chain of days.
were_in_vain() {
  tail -n +2 "$DIRECTORY/chain.csv" 2>/dev/null | tail -n 2 | awk -F, '
    $6 == 75 && $7 ~ /walltime/ && $11 != "" && $13 < $11 + $12 + $14 { in_vain++ }
    END { exit !(in_vain == 2) }'
}

# Milliseconds before the walltime's end at which the program shall be done: what mpirun's end took at most in the last
# five windows, and some for the successor; a second where nothing is known.
reserve_from_the_trail() {
  tail -n +2 "$DIRECTORY/chain.csv" 2>/dev/null | tail -n 5 | awk -F, '
    $15 != "" { known = 1; if ($15 + 0 > most) most = $15 + 0 }
    END { if (most > 29) most = 29; printf "%d\n", known ? most * 1000 + 400 : 1000 }'
}

# --- the file STOP ---------------------------------------------------------------------------------------------------
# A person's is empty or holds any text, and counts. One that a job has written names it in its first line, since the job
# may be killed before the program has obeyed: it is good for that job's window alone.

own_name() {
  if in_job; then echo "job $PBS_JOBID"; else echo "process $$ of $(hostname)"; fi
}

# What a STOP names; nothing for a person's.
stop_names() {
  local line='' stop=$DIRECTORY/STOP
  { [ -f "$stop" ] && [ ! -L "$stop" ] && [ -r "$stop" ]; } || return 0
  IFS= read -r line <"$stop"
  if [[ $line =~ ^(job .+|process [0-9]+ of .+)$ ]]; then printf '%s\n' "$line"; fi
}

# A person's is left as it is.
# shellcheck disable=SC2317 # by launch
ask_to_stop() {
  (set -C && own_name >"$DIRECTORY/STOP") 2>/dev/null
}

take_back_own_stop() {
  if [ "$(stop_names)" = "$(own_name)" ]; then rm -f -- "${DIRECTORY:?}/STOP"; fi
}

# When a window begins: a job that is still there has the directory's lock, so nothing is lost by believing only in that.
remove_stale_stop() {
  local name pid
  name=$(stop_names)
  case $name in
    '') return 0 ;;
    "$(own_name)") ;; # of an earlier start of this job
    job\ *) [ "$(job_presence "${name#job }")" != present ] || return 0 ;;
    process\ *\ of\ "$(hostname)")
      pid=${name#process }
      if kill -0 "${pid%% *}" 2>/dev/null; then return 0; fi ;;
    *) [ ! -e "$DIRECTORY/.heat2d.lock" ] || return 0 ;;
  esac
  rm -f -- "${DIRECTORY:?}/STOP" && say "removed a file STOP that was for $name, which is gone"
}
