# What the runs beside this file share: where things are, which emulator they drive, where Python packages go.
# It is sourced, and starts nothing.

sdk="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$sdk/../.." && pwd)"

# Calls to the emulator never go through a proxy.
export NO_PROXY=127.0.0.1,localhost

# Settles on the emulator: the path given, else LLAMACLOUD_MOCK_BIN, else the debug build, made when it is not there.
choose_emulator() {
    local chosen="${1:-${LLAMACLOUD_MOCK_BIN:-}}"
    if [[ -z "$chosen" ]]; then
        chosen="$root/target/debug/llamacloud-mock"
        [[ -x "$chosen" ]] || cargo build --manifest-path "$root/Cargo.toml"
    fi
    if [[ ! -x "$chosen" ]]; then
        echo "$0: $chosen is no program" >&2
        exit 64
    fi
    LLAMACLOUD_MOCK_BIN="$(cd "$(dirname "$chosen")" && pwd)/$(basename "$chosen")"
    export LLAMACLOUD_MOCK_BIN
}

# Makes the virtual environment $1 from the requirements $2, unless it was made from the same ones before.
python_packages() {
    local venv="$1" requirements="$2"
    if ! cmp -s "$requirements" "$venv/installed.txt"; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
        cp "$requirements" "$venv/installed.txt"
    fi
}
