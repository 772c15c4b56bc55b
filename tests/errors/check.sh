#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh FILE COMPILER FLAGS...: FILE must be refused with exactly one error, and the messages (not
# the source that they quote) must hold each of the phrases that its lines "// expected:" name.
file=$1 compiler=$2
shift 2
errors=$(mktemp) && messages=$(mktemp) || exit 1
trap 'rm -f "$errors" "$messages"' EXIT

if LC_ALL=C "$compiler" "$@" -fsyntax-only "$file" >"$errors" 2>&1; then
  echo "$file: compiles, and should not"
  exit 1
fi
grep '^[^ ]*\.[ch]pp:' "$errors" >"$messages"
status=0
count=$(grep -c 'error: ' "$messages")
if [ "$count" -ne 1 ]; then
  echo "$file: $count errors, where one sentence should do"
  status=1
fi
grep -q '^// expected: ' "$file" || { echo "$file: expects no phrase"; status=1; }
while read -r phrase; do
  grep -q -- "$phrase" "$messages" || { echo "$file: nothing says '$phrase'"; status=1; }
done <<END
$(sed -n 's|^// expected: ||p' "$file")
END
[ $status -eq 0 ] || cat "$errors"
exit $status
