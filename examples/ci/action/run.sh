#!/usr/bin/env bash
# Runs an experiment as CI wants it, and ends with the exit code of `assay run`.
#
# ASSAY_SPEC        the spec
# ASSAY_BASELINE    what to compare with: a baseline's name or file; "" = nothing
# ASSAY_ARGUMENTS   more arguments, separated by white space
# ASSAY_RESULTS     the folder for the report files (default: results)
set -euo pipefail
results=${ASSAY_RESULTS:-results}
rm -f "$results"/{report.html,junit.xml,comment.md,gates.sarif,badge.svg,codequality.json}

baseline=()
if [[ ${ASSAY_BASELINE:-} == *.json && ! -e $ASSAY_BASELINE ]]; then
  # The first run of a repository has none; the gates that need it say so.
  echo "There is no $ASSAY_BASELINE yet: nothing to compare with." >&2
elif [ -n "${ASSAY_BASELINE:-}" ]; then
  baseline=(--baseline "$ASSAY_BASELINE")
fi
read -r -d '' -a more <<< "${ASSAY_ARGUMENTS:-}" || true

exec assay run "${ASSAY_SPEC:-spec.eval.yaml}" "${baseline[@]}" \
  --out "$results/report.html" --out "$results/junit.xml" --out "$results/comment.md" \
  --out "$results/gates.sarif" --out "$results/badge.svg" --out "$results/codequality.json" \
  "${more[@]}"
