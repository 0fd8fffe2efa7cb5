# Completion in bash of fer_dist_train, fer_dataset, fer_doctor, fer_evaluate and fer_predict, behind mpirun, too:
#   . launch/completions/fer.bash
# Options, and words for their values, are those of the program's own --help, read once per shell and build.
# shellcheck shell=bash

declare -gA _fer_tables=()

# The folder `recipes` or `completions` of the installation, or of the project, that a program belongs to.
_fer_folder() {  # _fer_folder PROGRAM NAME
  local bin folder
  bin=$(dirname -- "$(readlink -f -- "$1")")
  for folder in "$bin/../share/fer_dist_train/$2" "$bin/../../launch/$2"; do
    if [[ -d $folder ]]; then echo "$folder" && return; fi
  done
}

# Sets `table` to the options of a program, as options.awk prints them.
_fer_read_table() {  # _fer_read_table PROGRAM
  local key
  key=$1:$(stat -Lc %Y -- "$1")
  if [[ -z ${_fer_tables[$key]-} ]]; then
    _fer_tables[$key]=$("$1" --help 2> /dev/null < /dev/null | awk -f "$(_fer_folder "$1" completions)/options.awk")
  fi
  table=${_fer_tables[$key]}
}

_fer_recipes() {  # _fer_recipes PROGRAM
  local file
  for file in "${FER_RECIPES:-$(_fer_folder "$1" recipes)}"/*.ini; do
    file=${file##*/}
    echo "${file%.ini}"
  done
}

# Adds those words of compgen to the answer that go on with what is typed.
_fer_offer() {
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$@" -- "$current")
}

_fer_offer_files() {  # _fer_offer_files -f|-d
  compopt -o filenames 2> /dev/null  # not while a test asks
  _fer_offer "$1"
}

_fer_offer_value() {  # _fer_offer_value PROGRAM NAME VALUE WORDS
  _fer_offer -W "$4"
  if [[ $2 == recipe ]]; then _fer_offer -W "$(_fer_recipes "$1")"; fi
  case $3 in
    *FILE* | *PATH*) _fer_offer_files -f ;;
    *DIR*) _fer_offer_files -d ;;
  esac
}

_fer() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == = ]]; then current=; fi  # --device=cuda is three words
  if [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi
  COMPREPLY=()

  local program table
  program=$(type -P -- "${COMP_WORDS[0]/#\~\//$HOME/}") || return
  _fer_read_table "$program"

  local group name value words commands="" takes_paths=""
  while IFS=$'\037' read -r group name value words _; do
    if [[ -n $value && $previous == "--$name" ]]; then
      _fer_offer_value "$program" "$name" "$value" "$words"
      return
    fi
    if [[ $name == command ]]; then commands=$words; fi
    if [[ $value == PATH ]]; then takes_paths=yes; fi
  done <<< "$table"

  local word command=""
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -z $command && " $commands " == *" $word "* ]]; then command=$word; fi
  done
  if [[ $current != -* && -n $commands && -z $command ]]; then
    _fer_offer -W "$commands"
  elif [[ $current != -* && -n $takes_paths ]]; then
    _fer_offer_files -f
  else
    while IFS=$'\037' read -r group name _; do
      # Groups named as commands are for these alone.
      if [[ -z $command || $group == "$command" || " $commands " != *" $group "* ]]; then _fer_offer -W "--$name"; fi
    done <<< "$table"
  fi
}

# Behind mpirun and its own options; the words ahead of the program are files to bash.
_fer_behind_launcher() {
  local i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]##*/} in
      fer_dist_train | fer_dataset | fer_doctor | fer_evaluate | fer_predict)
        COMP_WORDS=("${COMP_WORDS[@]:i}")
        COMP_CWORD=$((COMP_CWORD - i))
        _fer
        return
        ;;
    esac
  done
}

complete -F _fer fer_dist_train fer_dataset fer_doctor fer_evaluate fer_predict
complete -p mpirun &> /dev/null || complete -o default -F _fer_behind_launcher mpirun
