# Sourced by the tests of the folders here, which need modules of npm. Exit code 77 says that
# something is missing, which ctest reports as skipped.

# need PROGRAM...
need() {
  local program
  for program in "$@"; do
    command -v "$program" > /dev/null || {
      echo "skipped: $program is not installed"
      exit 77
    }
  done
}

# install_modules FOLDER [OPTION...]: those of its package-lock.json, into $ASSAY_OUTPUT, once.
install_modules() {
  local folder=$1
  shift
  mkdir -p "$ASSAY_OUTPUT"
  if cmp -s "$folder/package-lock.json" "$ASSAY_OUTPUT/installed.json"; then return; fi
  cp "$folder/package.json" "$folder/package-lock.json" "$ASSAY_OUTPUT"
  (cd "$ASSAY_OUTPUT" && npm ci --ignore-scripts --no-audit --no-fund "$@") || {
    echo "the modules could not be installed"
    exit 1
  }
  cp "$folder/package-lock.json" "$ASSAY_OUTPUT/installed.json"
}
