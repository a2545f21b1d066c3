# shellcheck shell=bash disable=SC2034
# Sourced by examples/quickstart.sh and tests/run.sh: what assay needs on Debian 12, and how the two
# scripts speak. docs/dependencies.md says what each library is for.

build_packages=(
  clang-19 lld-19 ccache cmake ninja-build pkg-config python3
  libboost1.81-dev libcli11-dev libcurl4-openssl-dev libexpat1-dev libfmt-dev liblua5.4-dev
  libre2-dev libsqlite3-dev libssl-dev libtbb-dev libyaml-cpp-dev libzstd-dev nlohmann-json3-dev
  zlib1g-dev
)
# bubblewrap: the sandbox of `code` evaluators; only a run that has one needs it.
test_packages=(
  bubblewrap catch2 chromium jq json-schema-test-suite libclang-rt-19-dev libxml2-utils
  python3-yaml
)

# step TEXT: what happens now, and how long it will take.
step() { printf '\n==> %s\n' "$*"; }

# done_in BEGIN: how long it took, BEGIN being $SECONDS at the start.
done_in() { printf '    done in %d s\n' $((SECONDS - $1)); }

# require_packages NAME...: installs what is missing; without root it says what to install.
require_packages() {
  if ! command -v dpkg-query > /dev/null; then
    echo "    this is not Debian; the packages there are called: $*"
    return
  fi
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null | grep -qx installed ||
      missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "    all $# are installed"
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    printf '%s\n' "    ${#missing[@]} of $# are missing and this is not root. Install them with" \
      "      sudo apt-get update && sudo apt-get install -y ${missing[*]}" \
      "    and run this again." >&2
    exit 1
  fi
  echo "    installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local begin=$SECONDS quiet=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
  apt-get "${quiet[@]}" update
  apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" > /dev/null
  done_in "$begin"
}

# install_tokenizers: the tables that token counts are estimated with, from npm into
# build/tokenizers, once. Without them assay is built all the same, and estimates nothing.
install_tokenizers() {
  local from=server/resources/tokenizers to=build/tokenizers
  [ -f $from/package-lock.json ] || return 0
  ! cmp -s $from/package-lock.json $to/installed.json || return 0
  if ! command -v npm > /dev/null; then
    echo "    without npm: assay will not estimate token counts"
    return
  fi
  mkdir -p $to
  cp $from/package.json $from/package-lock.json $to
  if (cd $to && npm ci --ignore-scripts --no-audit --no-fund --silent); then
    cp $from/package-lock.json $to/installed.json
  else
    echo "    npm could not fetch the tables: assay will not estimate token counts"
  fi
}

# build PRESET MINUTES: configures and builds in build/PRESET; MINUTES is what the first time takes.
build() {
  local begin=$SECONDS how_long="about $2 minutes on 2 cores, this once"
  [ ! -f "build/$1/build.ninja" ] || how_long="only what changed"
  step "Build $1 in build/$1 ($how_long)"
  install_tokenizers
  cmake --preset "$1" --log-level=WARNING > /dev/null
  cmake --build --preset "$1" --parallel "$(nproc)"
  done_in "$begin"
}
