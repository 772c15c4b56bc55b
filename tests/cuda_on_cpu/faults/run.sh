#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh PROGRAM plain|asan|race LIST: PROGRAM has to end well without a mistake, and each mistake has
# to be reported in the words that LIST has for this kind of build.
program=$1 kind=$2 list=$3
output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
status=0

# try ORDER [MISTAKE]: the exit code; its words go to $output
try() {
  EMU_ORDER=$1 EMU_SEED=3 EMU_PATIENCE=1 "$program" ${2:+"$2"} >"$output" 2>&1
}
complain() {
  echo "$*"
  sed 's/^/    /' "$output" | head -12
  status=1
}

for order in 0 1 2; do
  try $order || complain "order $order: a mistake is reported where there is none"
done

case $kind in plain) column=2 ;; asan) column=3 ;; race) column=4 ;; *) exit 2 ;; esac
words_for() { sed -n "s/^$1 *| *//p" "$list" | cut -d'|' -f$((column - 1)) | sed 's/^ *//; s/ *$//'; }

reported=0 unseen=0
for mistake in $("$program" --list); do
  words=$(words_for "$mistake")
  case $words in
    "") complain "$mistake: $list has no line for it" && continue ;;
    -) unseen=$((unseen + 1)) && continue ;;
  esac
  orders="0 1 2"
  case $words in "["*)
    orders=$(echo "$words" | sed 's/^\[\([012]*\)\].*/\1/; s/./& /g')
    words=${words#*] }
  esac
  for order in $orders; do
    if try "$order" "$mistake"; then complain "$mistake, order $order: nothing is reported"
    elif ! grep -qF -- "$words" "$output"; then
      complain "$mistake, order $order: nothing says '$words'"
    fi
  done
  reported=$((reported + 1))
done
echo "$kind: $reported mistakes are reported; $unseen are not looked for, as this build cannot see them"
[ $reported -gt 0 ] || status=1
exit $status
