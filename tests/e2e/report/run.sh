#!/usr/bin/env bash
# Runs the browser tests with the modules of package-lock.json.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../modules.sh"

need node npm chromium
install_modules "$here"
exec node --test "$here/report_test.mjs" "$here/gates_test.mjs"
