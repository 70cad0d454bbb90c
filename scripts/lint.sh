#!/usr/bin/env bash
# The checks that need no build: room arrows, tidy rules, formatting, shell and Python syntax.
#   scripts/lint.sh --fix   reformats the C++ sources first
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

if [ "${1:-}" = --fix ]; then
  git ls-files -z --cached --others --exclude-standard '*.h' '*.cc' | xargs -0 -r clang-format -i
fi
status=0
for check in layers tidy lint; do
  say "$check"
  python3 "tests/checks/$check.py" || status=1
done
exit "$status"
