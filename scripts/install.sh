#!/usr/bin/env bash
# Installs what a fresh Debian 12 lacks. Quick and silent when nothing is missing.
#
#   scripts/install.sh build   what the build needs (the default)
#   scripts/install.sh test    that, and what the tests and checks need
#
# The C++ libraries are those of the Debian release, which is the pin: a stable release takes only
# security fixes. The npm packages are pinned by the package-lock.json files under tests/interop.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

build_packages=(
  g++ cmake ninja-build ccache mold pkg-config python3
  libboost1.81-dev libboost-json1.81-dev libpq-dev libsqlite3-dev libssl-dev
  libsecp256k1-dev libbotan-2-dev libfmt-dev libtomlplusplus-dev libcli11-dev libgtest-dev
)
test_packages=(postgresql-15 pgbouncer openssl util-linux clang-format shellcheck libfiu0)

need="${1:-build}"
case "$need" in
  build) packages=("${build_packages[@]}") ;;
  test) packages=("${build_packages[@]}" "${test_packages[@]}") ;;
  *) echo "usage: scripts/install.sh [build|test]" >&2; exit 2 ;;
esac

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_install() {
  local missing=() package
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Prints the major version of a program, or 0 when it is not there.
major_of() {
  local text
  text="$("$1" --version 2>/dev/null)" || { echo 0; return; }
  text="${text#v}"
  echo "${text%%.*}"
}

new_enough() { [ "$(major_of node)" -ge 20 ] && [ "$(major_of npm)" -ge 10 ]; }

# Runs npm ci in a folder, unless what is there came from the same lock file.
npm_ci() {
  local folder="$1" stamp="$1/node_modules/.installed-lock"
  if cmp -s "$folder/package-lock.json" "$stamp"; then
    return 0
  fi
  say "npm ci in ${folder#"$REPO"/}"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$folder/package-lock.json" "$stamp"
}

if ! command -v apt-get >/dev/null; then
  echo "install.sh knows only Debian 12's packages; install these by hand: ${packages[*]}" >&2
  exit 1
fi
apt_install "${packages[@]}"

if [ "$need" = test ]; then
  # Aztec's packages ask for Node 20; Debian 12 has 18, which serves only to fetch a pinned 20.
  if ! new_enough; then
    if ! command -v npm >/dev/null; then
      apt_install nodejs npm
    fi
    npm_ci "$NODE_HOME"
    . "$REPO/scripts/env.sh"
    if ! new_enough; then
      echo "install.sh: Node 20 and npm 10 are needed and could not be had" >&2
      exit 1
    fi
  fi
  npm_ci "$REPO/tests/interop"
fi
