# shellcheck shell=bash
# Completion of heat2d's command line in bash. What it offers it asks of the program itself, once in a session, so that
# it knows what this version knows.

declare -gA _heat2d_answers=()

# What `heat2d ARGUMENTS` prints: sets REPLY.
_heat2d_ask() {
  local program=${COMP_WORDS[0]/#\~/$HOME} question="${COMP_WORDS[0]} $*"
  [ -n "${_heat2d_answers[$question]+set}" ] ||
    _heat2d_answers[$question]=$("$program" "$@" 2>/dev/null </dev/null)
  REPLY=${_heat2d_answers[$question]}
}

_heat2d_commands() {
  _heat2d_ask --help
  sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' <<<"$REPLY"
}

# The options of command $1, each as its help writes it: "--set KEY=VALUE", "--resume[=FILE]", "--overwrite".
_heat2d_options() {
  _heat2d_ask "$1" --help
  sed -n 's/^  \(--[a-z-]*\(\[=[A-Z.]*\]\)\{0,1\}\( [A-Z][A-Z:=,.]*\)\{0,1\}\) .*/\1/p' <<<"$REPLY"
}

# The keys of a deck; a list begins with its element 0, and a side has four names.
_heat2d_keys() {
  _heat2d_ask keys
  sed -n '/^key /d; s/^\([a-z][a-z_.*0-9]*\) .*/\1/p' <<<"$REPLY" |
    sed -e '/^boundary\.\*/{h; s/\*/left/p; g; s/\*/right/p; g; s/\*/bottom/p; g; s/\*/top/; }' -e 's/\*/0/g'
}

# The words that key $1 accepts.
_heat2d_values() {
  _heat2d_ask keys "$1"
  tr -cs 'a-z0-9-' '\n' <<<"${REPLY#*accept}"
}

_heat2d_files() { # pattern...: files of these names, and folders on the way to them
  local pattern
  compopt -o filenames 2>/dev/null
  for pattern; do compgen -f -X "!$pattern" -- "$current"; done
  compgen -d -- "$current"
}

# The operands of command $1, by what its help calls them: "usage: heat2d run DECK [OPTION]...".
_heat2d_operands() {
  [ "$1" = help ] && compgen -W "$(_heat2d_commands)" -- "$current" && return
  _heat2d_ask "$1" --help
  case ${REPLY%%[[:cntrl:]]*} in
    *' DECK'* | *' LIST'*) _heat2d_files '*.yaml' '*.yml' ;;
    *.h5*) _heat2d_files '*.h5' ;;
    *KEY*) compgen -W "$(_heat2d_keys)" -- "$current" ;;
    *DIR*) _heat2d_files ;;
    *FILE*) _heat2d_files '*' ;;
  esac
}

# What may follow the option $1.
_heat2d_option_value() {
  case $1 in
    --set) compopt -o nospace 2>/dev/null; compgen -S = -W "$(_heat2d_keys)" -- "$current" ;;
    --progress) compgen -W 'auto bar plain none' -- "$current" ;;
    --resume) _heat2d_files '*.h5' ;;
    --format) compgen -W 'png svg pdf' -- "$current" ;;
    --film) compgen -W 'mp4 webm gif none' -- "$current" ;;
    --request) compgen -W 'checkpoint snapshot image stop' -- "$current" ;;
    --disk) _heat2d_files ;;
    -o | --output) _heat2d_files '*' ;;
  esac
}

_heat2d() {
  local current=${COMP_WORDS[COMP_CWORD]} before='' command='' at options REPLY
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in
      -*) ;;
      *) command=${COMP_WORDS[at]}; break ;;
    esac
  done
  before=${COMP_WORDS[COMP_CWORD - 1]}
  # `=` is a word of its own in the words that are completed: --resume = FILE.
  if [ "$current" = = ]; then
    current=
  elif [ "$before" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if [ -z "$command" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_heat2d_commands) help --help --version" -- "$current")
    return
  fi
  [ "$command" = help ] || options=$(_heat2d_options "$command")
  if [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ] || [ "${COMP_WORDS[COMP_CWORD]}" = = ] ||
    grep -qx -- "$before [A-Z:=,.]*" <<<"$options"; then
    mapfile -t COMPREPLY < <(_heat2d_option_value "$before")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(sed 's/[[ ].*//' <<<"$options") --help" -- "$current")
  else
    mapfile -t COMPREPLY < <(_heat2d_operands "$command")
  fi
}

complete -F _heat2d heat2d
