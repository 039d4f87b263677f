# shellcheck shell=bash
# Shared code of the check scripts in the folders here. It is sourced and starts nothing.

packaging="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$packaging/.." && pwd)"

# No setting of the caller reaches a program under test.
for variable in ${!LLAMACLOUD_MOCK_*} ${!LLAMA_CLOUD_*}; do unset "$variable"; done

# choose_binary PATH: sets `binary` to the absolute path of the program.
choose_binary() {
    if [ ! -x "${1:-}" ] || [ -d "$1" ]; then
        echo "usage: $0 BINARY; BINARY is the static program, which packaging/binary/build builds" >&2
        exit 64
    fi
    binary="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
}

# make_scratch: sets `scratch` to a new folder, which is removed at the end with every process named in `pids`.
pids=()
make_scratch() {
    scratch=$(mktemp -d)
    trap clean_up EXIT
}

clean_up() {
    local pid
    # First, because it may need one of the processes.
    if declare -F clean_up_more >/dev/null; then clean_up_more; fi
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$scratch"
}

# package_field NAME: a field of [package] in Cargo.toml.
package_field() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$root/Cargo.toml" | head -n 1; }

# docs_block MARK: the block of the documentation below `<!-- MARK -->`.
docs_block() { from_docs 'block(sys.argv[1])' "$1"; }

# before_publication ROW: the commands of the row of this name in the table "Before publication" of README.md. They read CLONE
# and PROGRAM from the environment.
before_publication() { from_docs 'before_publication()[sys.argv[1]]' "$1"; }

# from_docs EXPRESSION ARGUMENT
from_docs() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root/tests/readme" \
        python3 -c "import sys; from blocks import before_publication, block; sys.stdout.write($1)" "$2"
}

# have COMMAND [PACKAGE…]: installs the Debian packages if the command is missing; fails if it cannot be had.
have() {
    command -v "$1" >/dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    local packages=("${@:2}")
    [ $# -ge 2 ] || packages=("$1")
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" \
        >/dev/null 2>&1
}

# python_tools PACKAGE==VERSION…: sets `tools` to the bin folder of a virtual environment with these packages.
python_tools() {
    local venv="$root/target/packaging-tools"
    if [ "$(cat "$venv/${0//\//_}.txt" 2>/dev/null)" != "$*" ]; then
        [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
        echo "$*" > "$venv/${0//\//_}.txt"
    fi
    tools="$venv/bin"
}

# until_true SECONDS COMMAND…: repeats the command until it succeeds; fails after the time.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { echo "$0: after the time limit this still fails: $*" >&2; return 1; }
        sleep 0.1
    done
}

# expect WHAT ACTUAL EXPECTED
expect() {
    [ "$2" = "$3" ] || { printf '%s: %s:\n%s\nexpected:\n%s\n' "$0" "$1" "$2" "$3" >&2; exit 1; }
}

# expect_text WHAT ACTUAL PART: the part is in the actual text.
expect_text() {
    case $2 in
        *"$3"*) ;;
        *) printf '%s: %s:\n%s\nexpected to contain:\n%s\n' "$0" "$1" "$2" "$3" >&2; exit 1 ;;
    esac
}

# left_out WHAT: names a check that this machine cannot do.
left_out() { echo "left out: $*"; }

# lint_github FILE…: checks workflows and actions with actionlint, zizmor and their JSON Schemas. zizmor_persona says how
# strict zizmor is.
lint_github() {
    local file
    python_tools check-jsonschema==0.39.0 zizmor==1.32.0
    have shellcheck || true
    for file in "$@"; do
        case $file in
            */action.yml) "$tools/check-jsonschema" --quiet --builtin-schema vendor.github-actions "$file" ;;
            *) "$tools/check-jsonschema" --quiet --builtin-schema vendor.github-workflows "$file" ;;
        esac
    done
    "$tools/zizmor" --offline --quiet --persona="${zizmor_persona:-pedantic}" "$@"
    if [ ! -x "$root/target/packaging-tools/bin/actionlint" ]; then
        if ! command -v go >/dev/null && ! have go golang-go; then
            left_out "actionlint, which needs Go"
            return
        fi
        GOBIN="$root/target/packaging-tools/bin" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 2>/dev/null || {
            left_out "actionlint, which cannot be downloaded"
            return
        }
    fi
    for file in "$@"; do
        # It reads workflows only; the script of an action is checked by shellcheck.
        case $file in
            */action.yml) ;;
            *) "$root/target/packaging-tools/bin/actionlint" "$file" ;;
        esac
    done
}
