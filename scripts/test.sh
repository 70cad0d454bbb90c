#!/usr/bin/env bash
# Installs what is needed, builds, and runs the tests. Ends with ctest's count.
#
#   scripts/test.sh                  everything
#   scripts/test.sh --quick          units and checks only: the inner loop
#   scripts/test.sh --no-sanitizers  everything but the two sanitizer builds
#   scripts/test.sh ... -- -R race   what follows -- goes to ctest
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

select=()
while [ "$#" -gt 0 ]; do
  case "$1" in
    --quick) select+=(-L '^(unit|checks)$') ;;
    --no-sanitizers) select+=(-LE '^sanitize$') ;;
    --) shift; select+=("$@"); break ;;
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
  esac
  shift
done

started=$SECONDS
./scripts/install.sh test
say "installed after $((SECONDS - started)) s"
# Node may have been installed just now.
. scripts/env.sh
./scripts/build.sh release all
say "built after $((SECONDS - started)) s"

log=build/release/ctest.log
results="$REPO/build/release/ctest.xml"
rm -f "$results"
status=0
ctest --test-dir build/release -j2 --output-junit "$results" "${select[@]}" 2>&1 |
  tee "$log" || status=1
if [ "$status" -ne 0 ]; then
  # Each failed test's own last words, then the count again, so that both are at the very end.
  python3 scripts/failures.py "$results" || true
  sed -n '/tests passed/,$p' "$log"
fi
say "tested after $((SECONDS - started)) s"
grep -E '[0-9]+% tests passed|^No tests were found' "$log" | tail -1
exit "$status"
