#!/usr/bin/env bash
# Installs what is missing (Debian 12), builds assay and runs an example experiment: no key, no
# model, and no network but apt's and npm's. Safe to run again: only what changed is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/setup.sh

assay=build/release/runner/cli/assay
example=examples/ticket_router
out=build/quickstart

step "Packages (one or two minutes if some are missing)"
require_packages "${build_packages[@]}"

build release 5

step "Experiment: two versions of a support-ticket router, the same tickets (seconds)"
code=0
$assay run $example/tickets.eval.yaml --store $out/store --out $out/report.html \
  --out $out/report.json --out $out/items.jsonl || code=$?

cat << TEXT

Spec      $example/tickets.eval.yaml
Programs  $example/router.py, the system under test
Report    $out/report.html for people: open it in a browser;
          report.json for programs, items.jsonl with every answer and its scores
Stored    $assay runs --store $out/store
TEXT

if [ $code -ne 1 ]; then
  printf '\nassay ended with exit code %d, but 1 was expected: a gate that fails.\n' $code >&2
  exit 1
fi
cat << 'TEXT'

A gate failed, and that is the point: `keywords` sends too many tickets to the wrong team, so here
a CI job would stop (assay's exit code is 1). `weighted` passes every gate.
TEXT
