# shellcheck shell=bash disable=SC2154,SC2034 # what was asked for is submit's
# What PBS says of nodes and queues before a job is submitted: a job that can never run is accepted by qsub all the same,
# and one that every destination of a routing queue refuses disappears. Sourced by submit, never run.

# Sets node_lines: one for each host, with its cores, its MiB (0: not said), the queue that it is kept for (-: any) and
# whether it is up.
ask_nodes() {
  local text=''
  node_lines=''
  command -v pbsnodes >/dev/null || return 0
  text=$(timeout 20 pbsnodes -av 2>/dev/null </dev/null) || text=$(timeout 20 pbsnodes -a 2>/dev/null </dev/null)
  node_lines=$(awk '
    function mebibytes(text,    unit) {
      unit = text; gsub(/[0-9.]/, "", unit); unit = tolower(unit)
      return int(text * (unit == "tb" ? 1048576 : unit == "gb" ? 1024 : unit == "mb" ? 1 : unit == "kb" ? 1 / 1024 : 1 / 1048576))
    }
    function flush() {
      if (name != "") {
        key = host != "" ? host : name # the virtual nodes of one host are one
        if (!(key in cores)) order[++hosts] = key
        cores[key] += ncpus; memory[key] += mem; kept[key] = queue != "" ? queue : "-"; up[key] = state ~ /down|offline|unknown/ ? "down" : "up"
      }
      name = host = queue = state = ""; ncpus = mem = 0
    }
    /^[^ \t]/ { flush(); name = $1 }
    $1 == "resources_available.host" { host = $3 }
    $1 == "resources_available.ncpus" || $1 == "np" { ncpus = $3 + 0 }
    $1 == "resources_available.mem" { mem = mebibytes($3) }
    $1 == "queue" { queue = $3 }
    $1 == "state" { state = $3 }
    END { flush(); for (h = 1; h <= hosts; h++) print order[h], cores[order[h]] + 0, memory[order[h]] + 0, kept[order[h]], up[order[h]] }' <<<"$text")
}

# How a node looks to jobs: sets node_cores (0: not known) and node_memory (GiB, 0: not known).
learn_nodes() {
  node_cores=$site_cores node_memory=$site_memory
  ask_nodes
  [ "$node_cores" != 0 ] || node_cores=$(awk '$2 > most { most = $2 } END { print most + 0 }' <<<"$node_lines")
  is_count "$node_cores" || node_cores=0
}

# Refuses more chunks than the hosts of a queue can take, ever; says when some of the hosts are down.
check_nodes() { # cores and MiB of a chunk, chunks, queue
  local there up largest
  [ -n "$node_lines" ] || return 0
  largest=$(awk '$2 > most { most = $2 } END { print most + 0 }' <<<"$node_lines")
  if [ "$site_cores" -gt "$largest" ]; then
    say "note: the nodes that PBS has here are not those of the site ($largest cores at most, not $site_cores): not checked"
    return 0
  fi
  read -r there up < <(awk -v "cores=$1" -v "memory=$2" -v "queue=$4" -v "scatter=$([[ $site_place = *scatter* ]] && echo 1)" '
    { kept[NR] = $4; if ($4 == queue) own = 1; line[NR] = $0 }
    END {
      for (n = 1; n <= NR; n++) {
        split(line[n], of, " ")
        if (own ? of[4] != queue : of[4] != "-") continue
        fit = cores > 0 ? int(of[2] / cores) : 1
        if (of[3] > 0 && memory > 0 && int(of[3] / memory) < fit) fit = int(of[3] / memory)
        if (scatter && fit > 1) fit = 1
        there += fit
        if (of[5] == "up") up += fit
      }
      print there + 0, up + 0
    }' <<<"$node_lines")
  if [ "$3" -gt "$there" ]; then
    die 64 "impossible: $3 nodes with $1 cores and $2 MiB each; PBS has only $there such$([ "$4" = '' ] || echo " for the queue $4")"
  elif [ "$3" -gt "$up" ]; then
    say "note: $3 nodes are needed, and $up of $there are up: the job will wait"
  fi
}

# A limit or a property of a queue, from what qstat -Qf printed.
queue_value() { # queue key
  awk -v "queue=$1" -v "key=$2" '/^Queue: / { inside = $2 == queue } inside && $1 == key { print $3; exit }' <<<"$queue_text"
}

# Sets queue_text, and `queue` to the server's default where nobody has named one.
ask_queues() {
  queue_text='' server_text=''
  command -v qstat >/dev/null || return 0
  queue_text=$(timeout 20 qstat -Qf 2>/dev/null </dev/null) || queue_text=''
  grep -q '^Queue: ' <<<"$queue_text" || queue_text=''
  server_text=$(timeout 20 qstat -Bf 2>/dev/null </dev/null) || server_text=''
  real_queue=${queue:-$(sed -n 's/^ *default_queue = //p' <<<"$server_text" | head -n 1)}
}

# The execution queues that a queue leads to, "?" for one of another server.
destinations() { # queue depth
  local next text
  if [[ $1 = *@* ]] || [ "$2" -gt 5 ]; then
    echo '?'
  elif [[ $(queue_value "$1" queue_type) = R* ]]; then
    text=$(queue_value "$1" route_destinations)
    while IFS= read -r next; do
      [ -z "$next" ] || destinations "$next" $(($2 + 1))
    done < <(tr ',' '\n' <<<"$text")
  else
    echo "$1"
  fi
}

size_in_mebibytes() { # 4gb
  awk '{ text = tolower($1); number = text + 0; sub(/^[0-9.]+/, "", text)
    print int(number * (text ~ /^t/ ? 1048576 : text ~ /^g/ ? 1024 : text ~ /^m/ ? 1 : text ~ /^k/ ? 1 / 1024 : 1 / 1048576)) }' <<<"$1"
}

# Why a queue refuses this job; nothing when it does not. Needs the walltime in seconds, cores, MiB and chunks.
queue_objection() { # queue seconds cores MiB chunks
  local limit
  [ "$(queue_value "$1" enabled)" != False ] || { echo "takes no jobs (enabled = False)"; return; }
  limit=$(to_seconds "$(queue_value "$1" resources_max.walltime)") && [ "$2" -gt "$limit" ] && { echo "allows $(to_hms "$limit"), not $(to_hms "$2")"; return; }
  limit=$(to_seconds "$(queue_value "$1" resources_min.walltime)") && [ "$2" -lt "$limit" ] && { echo "wants at least $(to_hms "$limit")"; return; }
  limit=$(queue_value "$1" resources_max.ncpus)
  is_count "$limit" && [ "$3" -gt "$limit" ] && { echo "allows $limit cores, not $3"; return; }
  limit=$(queue_value "$1" resources_min.ncpus)
  is_count "$limit" && [ "$3" -lt "$limit" ] && { echo "wants at least $limit cores"; return; }
  limit=$(queue_value "$1" resources_max.nodect)
  is_count "$limit" && [ "$5" -gt "$limit" ] && { echo "allows $limit nodes, not $5"; return; }
  limit=$(queue_value "$1" resources_max.mem)
  [ -n "$limit" ] && limit=$(size_in_mebibytes "$limit") && [ "$4" -gt "$limit" ] && { echo "allows $limit MiB, not $4"; return; }
  return 0
}

# The longest walltime of the queue, or of the destinations of a route, in seconds; nothing where one has no limit.
longest_of_queue() {
  local name limit longest=0
  while IFS= read -r name; do
    limit=$(to_seconds "$(queue_value "$name" resources_max.walltime)") || return 0
    longest=$(larger "$longest" "$limit")
  done < <(destinations "$1" 0)
  [ "$longest" = 0 ] || echo "$longest"
}

# Refuses a job that the queue, the server, or every destination of a route refuses.
check_queue() { # seconds cores MiB chunks
  local name why reasons='' limit
  [ -n "$queue_text" ] && [ -n "$real_queue" ] || return 0
  if [ -z "$(queue_value "$real_queue" queue_type)" ]; then
    # Some systems list only a part.
    say "note: qstat -Qf knows nothing of a queue '$real_queue'"
    return 0
  fi
  limit=$(sed -n 's/^ *resources_max.walltime = //p' <<<"$server_text" | head -n 1)
  if limit=$(to_seconds "$limit") && [ "$1" -gt "$limit" ]; then
    die 64 "impossible: the server allows $(to_hms "$limit"), not $(to_hms "$1")"
  fi
  [ "$(queue_value "$real_queue" from_route_only)" != True ] ||
    die 64 "impossible: the queue $real_queue takes jobs only from a routing queue: $(routes_to "$real_queue")"
  [ "$(queue_value "$real_queue" enabled)" != False ] || die 64 "impossible: the queue $real_queue takes no jobs (enabled = False)"
  [ "$(queue_value "$real_queue" started)" != False ] || say "note: the queue $real_queue is not started: the job will wait"
  while IFS= read -r name; do
    [ "$name" != '?' ] || return 0 # of another server
    why=$(queue_objection "$name" "$@")
    [ -n "$why" ] || return 0
    reasons+=${reasons:+, }"$name $why"
  done < <(destinations "$real_queue" 0)
  if [ "$reasons" = "$real_queue $why" ]; then
    die 64 "impossible: the queue $reasons"
  fi
  die 64 "impossible: every destination of the queue $real_queue refuses the job, which would disappear: ${reasons:-it has none}"
}

routes_to() {
  awk -v "name=$1" '/^Queue: / { queue = $2 } $1 == "route_destinations" { n = split($3, to, ","); for (i = 1; i <= n; i++) if (to[i] == name) print queue }' <<<"$queue_text" | paste -sd ' '
}

# The job's output goes into the directory of submission (-k oed); where it cannot be written, PBS tries for long, and
# holds the job without a word.
check_output_folder() {
  local trial
  trial=$(mktemp "$PWD/.heat2d-XXXXXX" 2>/dev/null) || die 74 "impossible: the output of the job would go to $PWD, which cannot be written: PBS would hold the job; call this from another directory"
  rm -f -- "${trial:?}"
}
