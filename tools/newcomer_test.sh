#!/usr/bin/env bash
# A newcomer's first hour: a bare Debian 12, a clone of this commit, the two commands.
#
#   tools/newcomer_test.sh [--run-only] [--keep]
#     --run-only   only `make run`, not `make test`
#     --keep       leaves the root folder standing (its path is printed)
#
# Needs root, mmdebstrap or debootstrap, and package sources that apt can reach. It makes the
# root under ${TMPDIR:-/tmp}, copies into it how this machine reaches its package sources
# (apt, pip, npm, go, cargo), clones HEAD into it, runs `make run` until the server answers and then
# `make test`. The last lines tell the seconds of each; exit code 0 means that both worked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run_only=
keep=
for word in "$@"; do
  case $word in
    --run-only) run_only=1 ;;
    --keep) keep=1 ;;
    *) echo "unknown word: $word" >&2; exit 2 ;;
  esac
done
[ "$(id -u)" -eq 0 ] || { echo "tools/newcomer_test.sh needs root" >&2; exit 2; }

root=$(mktemp -d "${TMPDIR:-/tmp}/newcomer.XXXXXX")
chmod 755 "$root"  # apt fetches as a user of its own
mounted=()
server=
clean_up() {
  [ -z "$server" ] || kill -TERM "$(cat "$root/root/make.pid")" 2>/dev/null || true
  for ((n = ${#mounted[@]} - 1; n >= 0; n--)); do
    umount --lazy "${mounted[n]}" || keep=1
  done
  if [ -n "$keep" ]; then echo "left standing: $root"; else rm -rf --one-file-system "$root"; fi
}
trap clean_up EXIT

seconds() { echo $((SECONDS - $1)); }

# The site that this machine's apt takes Debian 12 from.
site=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' |
  awk '$2 == "bookworm" && $3 == "main" {print $1; exit}')
[ -n "$site" ] || { echo "apt knows no source of Debian 12" >&2; exit 2; }

echo "Making a bare Debian 12 in $root"
started=$SECONDS
if command -v debootstrap >/dev/null; then
  debootstrap --variant=minbase bookworm "$root" "$site" >"$root.log" 2>&1 ||
    { tail -20 "$root.log" >&2; exit 1; }
else
  mmdebstrap --variant=minbase bookworm "$root" "$site" >"$root.log" 2>&1 ||
    { tail -20 "$root.log" >&2; exit 1; }
fi
rm -f "$root.log"
echo "  $(seconds $started) s"

# What reaches the package sources here has to be in the newcomer's machine too; nothing else is.
for path in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/npmrc /etc/apt/sources.list.d/debian.sources \
  /etc/apt/apt.conf.d /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates; do
  [ -e "$path" ] || continue
  mkdir -p "$root$(dirname "$path")"
  cp -rL "$path" "$root$(dirname "$path")/"
done
[ ! -e "$root/etc/apt/sources.list.d/debian.sources" ] || rm -f "$root/etc/apt/sources.list"
for file in .npmrc .config/pip/pip.conf .config/go/env .cargo/config.toml; do
  [ -e "$HOME/$file" ] || continue
  mkdir -p "$root/root/$(dirname "$file")"
  cp "$HOME/$file" "$root/root/$file"
done
for folder in proc sys dev; do
  mount --rbind "/$folder" "$root/$folder"
  mount --make-rslave "$root/$folder"
  mounted+=("$root/$folder")
done

inside() { # COMMAND...: in the new root, with a plain environment
  local keep_variables=()
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL \
    PIP_CERT NPM_CONFIG_REGISTRY npm_config_registry SSL_CERT_FILE NODE_EXTRA_CA_CERTS \
    REQUESTS_CA_BUNDLE GOPROXY GOSUMDB; do
    [ -z "${!name:-}" ] || keep_variables+=("$name=${!name}")
  done
  env -i HOME=/root TERM="${TERM:-dumb}" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    "${keep_variables[@]}" chroot "$root" "$@"
}

# A machine that can clone has git; make is the one tool the README asks for besides.
inside sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends git make >/dev/null'
mkdir -p "$root/src-of-clone"
git clone --quiet --bare . "$root/src-of-clone/millrace.git"
inside git clone --quiet /src-of-clone/millrace.git /root/millrace

echo "make run"
started=$SECONDS
port=8000
while (echo >/dev/tcp/127.0.0.1/$port) 2>/dev/null; do port=$((port + 1)); done
inside sh -c "cd /root/millrace && echo \$\$ >/root/make.pid && exec make run LISTEN=127.0.0.1:$port" >"$root/run.log" 2>&1 &
server=$!
until curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:$port/_readiness"; do
  if ! kill -0 "$server" 2>/dev/null; then
    tail -40 "$root/run.log" >&2
    echo "make run ended" >&2
    exit 1
  fi
  [ "$(seconds $started)" -lt 1800 ] || { echo "make run took over 30 minutes" >&2; exit 1; }
  sleep 1
done
run_seconds=$(seconds $started)
tail -20 "$root/run.log"
token=$(inside /root/millrace/build/release/millrace project list --data /root/millrace/data --json |
  sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' | head -1)
curl --silent --fail --output /dev/null "http://127.0.0.1:$port/e" \
  --data "{\"api_key\":\"$token\",\"event\":\"hello\",\"distinct_id\":\"newcomer\"}"
for _ in $(seq 100); do
  found=$(inside /root/millrace/build/release/millrace query --data /root/millrace/data \
    --format csv "SELECT count() AS n FROM events WHERE distinct_id = 'newcomer'" | tail -1)
  [ "$found" != 1 ] || break
  sleep 0.1
done
[ "$found" = 1 ] || { echo "the first event was not stored" >&2; exit 1; }
kill -TERM "$(cat "$root/root/make.pid")"
wait "$server" || true
server=
echo "from clone to a stored event: $run_seconds s"

[ -z "$run_only" ] || exit 0
echo "make test"
started=$SECONDS
inside sh -c 'cd /root/millrace && make test' || { echo "make test failed" >&2; exit 1; }
echo "make test: $(seconds $started) s"
