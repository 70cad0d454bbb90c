#!/usr/bin/env bash
# Prints the figures of docs/PERFORMANCE.md, each beside what it is compared with in the same run:
# a throw-away PostgreSQL, Aztec's own signer, pgbench. Not part of the tests.
#
# usage: bench/run.sh [--seconds N] [--rows N] [--keys N]   (defaults: 10 s, 10,000,000, 10,000)
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/install.sh test
./scripts/build.sh release holdfast bench_programs
exec python3 bench/run.py --build build/release "$@"
