#!/usr/bin/env bash
# Installs what the build needs, builds the program and runs its demo.
# Arguments go to `holdfast demo` (see build/release/bin/holdfast demo --help).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

./scripts/install.sh build
./scripts/build.sh release holdfast
exec ./build/release/bin/holdfast demo "$@"
