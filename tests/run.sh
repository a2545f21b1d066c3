#!/usr/bin/env bash
# Installs what is missing (Debian 12), builds assay twice, plain and with the address and undefined
# behaviour sanitizers, and runs every test in both; then those labelled "threads" with the thread
# sanitizer. Safe to run again: only what changed is built.
#
#   tests/run.sh [--quick]     --quick: the plain build only, without the tests labelled "long"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/setup.sh

presets=(dev asan tsan)
selection=()
case "${1:-}" in
  "") ;;
  --quick)
    presets=(dev)
    selection=(--label-exclude '^long$')
    ;;
  *)
    echo "usage: tests/run.sh [--quick]" >&2
    exit 2
    ;;
esac

step "Packages (one or two minutes if some are missing)"
require_packages "${build_packages[@]}" "${test_packages[@]}"

# The presets for tests say which of them a sanitizer runs.
for preset in "${presets[@]}"; do
  build "$preset" 7
  step "Test $preset (one to three minutes)"
  ctest --preset "$preset" --parallel "$(nproc)" "${selection[@]}"
done
