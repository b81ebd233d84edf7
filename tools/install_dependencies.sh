#!/usr/bin/env bash
# Installs the Debian packages that are missing, and only those.
#
#   tools/install_dependencies.sh [SECTION...]     sections of tools/debian-packages.txt
#                                                  (default: build)
#   tools/install_dependencies.sh --list [SECTION...]   only names what is missing
#
# With everything in place it takes a few hundredths of a second and changes nothing.
# Needs root or sudo only when something is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/debian-packages.txt

list_only=
if [ "${1:-}" = "--list" ]; then
  list_only=1
  shift
fi
[ $# -gt 0 ] || set -- build

if ! command -v dpkg-query >/dev/null; then
  echo "This is not a Debian system: install the equivalents of the packages in" >&2
  echo "tools/debian-packages.txt (sections: $*) by hand." >&2
  exit 1
fi

wanted=()
section=
known=" "
while read -r package command rest; do
  case $package in
    '' | '#'*) continue ;;
    '['*)
      section=${package//[\[\]]/}
      known+="$section "
      continue
      ;;
  esac
  [ -z "$rest" ] || { echo "$list: three words in the line of $package" >&2; exit 1; }
  [[ " $* " == *" $section "* ]] || continue
  if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
  wanted+=("$package")
done <"$list"
for asked in "$@"; do
  [[ $known == *" $asked "* ]] || {
    echo "tools/debian-packages.txt has no section '$asked' (it has:$known)" >&2
    exit 1
  }
done
[ ${#wanted[@]} -gt 0 ] || exit 0

# A package without a dpkg record prints nothing but an error on stderr: it is missing too.
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
  [[ $'\n'$installed$'\n' == *$'\n'"$package installed"$'\n'* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ -n "$list_only" ]; then
  printf '%s\n' "${missing[@]}"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These Debian packages are missing, and neither root nor sudo is here to install them:" >&2
    echo "  ${missing[*]}" >&2
    echo "As root:  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || {
  echo "apt-get could not install: ${missing[*]}" >&2
  exit 1
}
