#!/usr/bin/env bash
# Published clients against a server that is started for them: what they send is read back.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../modules.sh"

need node npm
install_modules "$here"
# Modules are found beside the test, so the tests run where these are.
cp "$here"/*.mjs "$ASSAY_OUTPUT"
cd "$ASSAY_OUTPUT"
exec node --test --test-concurrency=2 ./*_test.mjs
