# shellcheck shell=bash
# What the job scripts share: the site, what PBS says of this job and of others, mpirun (launch.sh), and what is in a
# run's directory.
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
  [[ $1 =~ ^[0-9]{1,9}(:[0-9]{1,9}){0,2}$ ]] || return 1
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

# --- what others have named ------------------------------------------------------------------------------------------
# Names of files and values of variables may be any text. None of it goes into arithmetic, eval or a program of sed, and
# none is left unquoted, before one of these functions has looked at it.

is_count() { # a number that arithmetic can take
  [[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]]
}

# A path as an operand, which no command takes for an option.
operand() {
  case $1 in
    -*) printf './%s' "$1" ;;
    *) printf '%s' "$1" ;;
  esac
}

# Text as a YAML scalar: the values of --set are YAML. A plain name is left as it is.
yaml_text() {
  local word='^(true|false|null|yes|no|on|off|auto|y|n)$'
  if [[ $1 =~ ^[/A-Za-z][A-Za-z0-9_./-]*$ && ! ${1,,} =~ $word ]]; then
    printf '%s' "$1"
    return
  fi
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "${text//$'\t'/\\t}"
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

# The job's attributes, one to a line, with PBS's folded lines unfolded; asked once, and again after ask_again.
job_attributes() {
  if [ -z "${job_text+set}" ]; then
    job_text=''
    if in_job; then
      job_text=$(timeout 20 qstat -f "$PBS_JOBID" 2>/dev/null </dev/null |
        awk '/^\t/ && / = / == 0 { sub(/^\t/, ""); line = line $0; next } { if (NR > 1) print line; line = $0 }
             END { print line }')
    fi
  fi
  printf '%s\n' "$job_text"
}

ask_again() {
  unset job_text
  job_attributes >/dev/null
}

job_attribute() { # name
  job_attributes | awk -v "name=$1" '{ sub(/^[ \t]+/, "") } index($0, name " = ") == 1 { print substr($0, length(name) + 4); exit }'
}

# An instant that the job's attributes name, in milliseconds since the epoch; failure without one.
job_instant() { # name
  local text seconds
  text=$(job_attribute "$1")
  [ -n "$text" ] && seconds=$(date -d "$text" +%s 2>/dev/null) && echo $((seconds * 1000))
}

# When the job began, in milliseconds. PBS says it in whole seconds, and the job began within that second, but before this
# script. Without a start time in the answer the script's own beginning is the next best.
job_start() {
  local started
  if started=$(job_instant stime); then
    larger "$started" "$(smaller "$began" $((started + 1000)))"
  else
    echo "$began"
  fi
}

# Milliseconds by which the job is known to have been suspended (watch_over finds out, in the file `stood_file`).
stood_still() {
  local stood=''
  [ -r "${stood_file:-}" ] && stood=$(<"$stood_file")
  if is_count "$stood"; then echo "$stood"; else echo 0; fi
}

# Milliseconds until the job's walltime is over, from now; nothing when there is no limit. Suspension stops the walltime's
# clock: what PBS has counted is older than its last poll, so the wall clock since the start is looked at as well.
job_left_milliseconds() {
  local limit used now
  now=$(milliseconds)
  if limit=$(to_seconds "$(job_attribute Resource_List.walltime)"); then
    used=$(to_seconds "$(job_attribute resources_used.walltime)") || used=0
    used=$(larger $((used * 1000)) $((now - $(job_start) - $(stood_still))))
    echo $((limit * 1000 - used))
  elif in_job && [ -n "${WALLTIME:-}" ]; then
    limit=$(to_seconds "$WALLTIME") && echo $((limit * 1000 - (now - began - $(stood_still))))
  fi
}

job_left_seconds() {
  local left
  left=$(job_left_milliseconds)
  [ -z "$left" ] || echo $(((left + 500) / 1000))
}

# Seconds for which the walltime's clock has stood still since the job began, by what PBS says now. While the job runs,
# what PBS has counted goes on from its last word on it; a few seconds of difference mean nothing.
clock_stood_seconds() {
  local used told now lag=5 stood
  ask_again
  used=$(to_seconds "$(job_attribute resources_used.walltime)") || { echo 0; return; }
  now=$(milliseconds)
  told=$now
  if [[ $(job_attribute job_state) = R ]] && told=$(job_instant mtime); then :; else told=$now; fi
  stood=$(((now - $(job_start) - used * 1000 - (now - told)) / 1000))
  if [ "$stood" -gt "$lag" ]; then echo "$stood"; else echo 0; fi
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

# --- the run's directory ---------------------------------------------------------------------------------------------

# A deck as the program resolves it, for what does not depend on the grid. `check` goes through all cells, so it gets a
# few; a deck that this does not suit (fields from files, a deep halo) is checked as it is.
resolved_deck() { # deck
  alone check "$1" --ranks 1 --set 'domain.cells=[64,64]' 2>/dev/null || alone check "$1" --ranks 1
}

# `key:` of section `name:` in a resolved deck, unquoted.
resolved() { # section key
  LC_ALL=C awk -v "section=$1:" -v "key=$2:" '
    function utf8(code) {
      if (code < 128) return sprintf("%c", code)
      if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
      if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
      return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64)
    }
    function number(digits,    n, value) {
      for (n = 1; n <= length(digits); n++) value = value * 16 + index("0123456789abcdef", substr(digits, n, 1)) - 1
      return value
    }
    function unquoted(text,    n, c, plain) { # as the program quotes
      for (n = 2; n <= length(text); n++) {
        c = substr(text, n, 1)
        if (c == "\"") break
        if (c != "\\") { plain = plain c; continue }
        c = substr(text, ++n, 1)
        if (c == "U") { c = utf8(number(substr(text, n + 1, 8))); n += 8 }
        plain = plain c
      }
      return plain
    }
    /^[^ #]/ { inside = $1 == section }
    inside && $1 == key {
      sub(/^ *[^ ]+ /, "")
      if (/^"/) print unquoted($0); else { sub(/  +# .*$/, ""); print }
      exit
    }'
}

# The step of a file that is a checkpoint; failure for any other file. What the program wrote under such a name is whole.
# A link or a directory of such a name was not written by it.
checkpoint_step() { # file
  local step
  [[ ${1##*/} =~ ^checkpoint-([0-9]{10,})\.h5$ ]] || return 1
  { [ -f "$1" ] && [ ! -L "$1" ]; } || return 1
  step=${BASH_REMATCH[1]}
  while [[ $step = 0?* ]]; do step=${step#0}; done
  is_count "$step" && echo "$step"
}

# The file of the newest checkpoint; nothing without one.
newest_checkpoint() { # directory
  local file step newest='' newest_step=-1
  for file in "$1"/checkpoint-*.h5; do
    step=$(checkpoint_step "$file") || continue
    if [ "$step" -gt "$newest_step" ]; then newest=$file newest_step=$step; fi
  done
  printf '%s' "$newest"
}

# The step of the newest checkpoint, -1 without one.
newest_step() { # directory
  checkpoint_step "$(newest_checkpoint "$1")" || echo -1
}

# A string or number of status.json.
run_status() { # directory key
  sed -n "s/^ *\"$2\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$1/status.json" 2>/dev/null | head -n 1
}

# Whether a job is in the system: present, gone (also where it is still listed with a state that says so: F, C, and X for
# the members of an array that goes on), or unknown where nobody answers.
job_presence() { # id
  local answer code=0 state
  answer=$(timeout 20 qstat -f "$1" 2>&1 </dev/null) || code=$?
  state=$(sed -n 's/^[ \t]*job_state = \([A-Z]\).*/\1/p' <<<"$answer" | head -n 1)
  case $state in
    [CFX]) echo gone ;;
    ?) echo present ;;
    *)
      # The last 8 bits of PBS's codes 15001 (unknown job) and 15139 (finished job).
      if [[ $code = 153 || $code = 35 || $answer = *'Unknown Job'* || $answer = *'Job has finished'* ]]; then
        echo gone
      else
        echo unknown
      fi ;;
  esac
}

# shellcheck source-path=SCRIPTDIR source=launch.sh
. "$HEAT2D_HOME/scripts/pbs/launch.sh"

# --- sweeps ----------------------------------------------------------------------------------------------------------

# Whether members are those of a deck's sweep, rather than a list of decks.
is_deck() { # file
  [[ $1 = *.yaml || $1 = *.yml ]]
}

# The members of a list: its lines that are neither empty nor comments; of a deck: their directories and values.
sweep_members() {
  if is_deck "$1"; then
    alone sweep "$1" --list | cut -f 2-
  else
    grep -v '^[[:space:]]*\(#\|$\)' "$1"
  fi
}
