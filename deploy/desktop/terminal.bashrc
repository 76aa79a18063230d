# The terminal of a finished job. $1 is a file with what the program printed, or `run`; the rest is the command.
PS1='\[\e[1;36m\]\w\[\e[0m\] \$ '
if (( $# > 1 )); then
  shown=$1
  shift
  printf '\e[1;36m%s\e[0m $ %s\n' "${PWD/#$HOME/\~}" "$*"
  if [[ $shown == run ]]; then "$@"; else cat -- "$shown"; fi
  unset shown
  set --
fi
alias ls='ls --color=auto'
