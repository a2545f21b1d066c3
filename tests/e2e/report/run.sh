#!/usr/bin/env bash
# Runs the browser tests with the modules of package-lock.json, installed into $ASSAY_OUTPUT. Exit
# code 77 says that something they need is missing, which ctest reports as skipped.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

for program in node npm chromium; do
  command -v "$program" > /dev/null || {
    echo "skipped: $program is not installed"
    exit 77
  }
done

mkdir -p "$ASSAY_OUTPUT"
if ! cmp -s "$here/package-lock.json" "$ASSAY_OUTPUT/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$ASSAY_OUTPUT"
  (cd "$ASSAY_OUTPUT" && npm ci --ignore-scripts --no-audit --no-fund)
  cp "$here/package-lock.json" "$ASSAY_OUTPUT/installed.json"
fi
exec node --test "$here/report_test.mjs"
