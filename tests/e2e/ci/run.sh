#!/usr/bin/env bash
# Holds what CI systems read against their published schemas, which are in modules.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../modules.sh"

need node npm
install_modules "$here"
exec node --test "$here/schemas_test.mjs"
