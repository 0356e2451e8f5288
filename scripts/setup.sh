#!/bin/sh
# Sets up the checkout: the virtual environment .venv and node_modules, as pinned. Reports what is missing in one line.
# A second run only compares: each of the two holds the checksum of the pins it was made from.
set -eu
cd "$(dirname "$0")/.."

fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
say() { printf '%s\n' "$1" >&2; }

is_python313() { "$@" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; }

# Every candidate is run, not just found: a pyenv shim is on the PATH whether or not its Python is selected.
find_python() {
  for python in python3.13 python3 python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do
    if is_python313 "$python"; then printf '%s\n' "$python"; return; fi
  done
  if command -v uv >/dev/null 2>&1 && python=$(uv python find 3.13 2>/dev/null) && is_python313 "$python"; then
    printf '%s\n' "$python"; return
  fi
  fail "Python 3.13 is missing: install it (as python3.13 or python3, with pyenv or with uv) and run make again"
}

check_node() {
  command -v node >/dev/null 2>&1 || fail "Node.js is missing: install version 20 or newer (Azurite runs on it)"
  node=$(node --version 2>/dev/null) || fail "node does not run: install Node.js 20 or newer"
  major=${node#v}
  major=${major%%.*}
  [ "$major" -ge 20 ] 2>/dev/null || fail "Node.js $node is too old: install version 20 or newer"
}

checksum() { cat "$@" | cksum; }

made_from() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

set_up_python() {
  pins=$(checksum requirements.txt requirements-dev.txt)
  if made_from .venv/made-from "$pins" && is_python313 .venv/bin/python; then return; fi
  rm -f .venv/made-from
  if ! is_python313 .venv/bin/python; then
    python=$(find_python)
    say "setting up .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv >&2 || fail "python -m venv failed (Debian and Ubuntu: install python3.13-venv)"
  fi
  say "installing the pinned Python packages"
  # No byte code: most of the packages' code is never imported, and compiling it takes longer than the rest.
  # Only the pinned files are installed, from whatever index: scripts/pin.py writes the hashes.
  if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --require-hashes --python .venv/bin/python -r requirements-dev.txt >&2 ||
      fail "uv pip install failed, see above"
  else
    .venv/bin/python -m pip install --quiet --quiet --no-compile --disable-pip-version-check --require-hashes \
      -r requirements-dev.txt >&2 || fail "pip install failed, see above"
  fi
  printf '%s\n' "$pins" >.venv/made-from
}

set_up_node() {
  pins=$(checksum package-lock.json)
  if made_from node_modules/.made-from "$pins"; then return; fi
  command -v npm >/dev/null 2>&1 || fail "npm is missing: install it (it comes with Node.js, on Debian as a package of its own)"
  say "installing the pinned Node packages"
  npm ci --silent --no-audit --no-fund >&2 || fail "npm ci failed; run it by hand to see why"
  printf '%s\n' "$pins" >node_modules/.made-from
}

check_node
set_up_python
set_up_node
