#!/usr/bin/env bash
# Installs assay on Debian 12, in a container or a machine of CI.
#
#   install.sh FOLDER    into FOLDER (bin/assay); nothing is built or fetched when it is there
#   install.sh --key     prints what an installed assay may be kept under, and does nothing
#
# ASSAY_FROM   "source" (default): build the repository that this script lies in, five minutes;
#              else the address of a .tar.gz that holds what `cmake --install` made on Debian 12
set -euo pipefail
from=${ASSAY_FROM:-source}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)

if [ "$1" = --key ]; then
  # All that is built: the sources without their documents and tests.
  { printf '%s\n' "$from" "$(uname -m)"
    if [ "$from" = source ]; then
      cd "$root"
      find . -type f -regex '.*\.\(cpp\|hpp\|def\|txt\|cmake\|js\|css\|json\|yaml\|yml\|sh\)' \
        -not -path './build/*' -not -path './.git/*' -not -path './docs/*' \
        -not -path './examples/*' -not -path './tests/*' -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum
    fi; } | sha256sum | cut -c 1-16
  exit
fi

mkdir -p "$1"
folder=$(cd "$1" && pwd)
. "$root/cmake/setup.sh"

step "What assay needs to run"
require_packages bubblewrap ca-certificates curl jq libcurl4 libexpat1 libfmt9 liblua5.4-0 \
  libre2-9 libsqlite3-0 libssl3 libtbb12 libyaml-cpp0.7 libzstd1

if [ ! -x "$folder/bin/assay" ] && [ "$from" = source ]; then
  cd "$root"
  step "What assay needs to be built"
  require_packages "${build_packages[@]}"
  build release 5
  cmake --install build/release --prefix "$folder" > /dev/null
elif [ ! -x "$folder/bin/assay" ]; then
  step "Fetch $from"
  curl --fail --silent --show-error --location --retry 3 "$from" | tar -xz -C "$folder"
fi
step "Installed: $("$folder/bin/assay" --version)"
