#!/usr/bin/env bash
# Configures and builds: scripts/build.sh [release|debug|asan-ubsan|tsan] [targets...]
# Without targets it builds all. The program is build/<preset>/bin/holdfast.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

preset="${1:-release}"
[ "$#" -eq 0 ] || shift
case "$preset" in
  release | debug | asan-ubsan | tsan) ;;
  *) echo "usage: scripts/build.sh [release|debug|asan-ubsan|tsan] [targets...]" >&2; exit 2 ;;
esac

log="build/$preset/configure.log"
mkdir -p "build/$preset"
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
ninja -C "build/$preset" "$@"
