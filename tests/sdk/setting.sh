# Shared code of the run scripts in the folders here: paths, the choice of the emulator, Python environments.
# It is sourced and starts nothing.

sdk="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$sdk/../.." && pwd)"

# Requests to the emulator do not use a proxy.
export NO_PROXY=127.0.0.1,localhost

# Chooses the emulator: the given path, else LLAMACLOUD_MOCK_BIN, else the debug build, which is built if it is missing.
choose_emulator() {
    local chosen="${1:-${LLAMACLOUD_MOCK_BIN:-}}"
    if [[ -z "$chosen" ]]; then
        chosen="$root/target/debug/llamacloud-mock"
        [[ -x "$chosen" ]] || cargo build --manifest-path "$root/Cargo.toml"
    fi
    if [[ ! -x "$chosen" ]]; then
        echo "$0: $chosen is not an executable file" >&2
        exit 64
    fi
    LLAMACLOUD_MOCK_BIN="$(cd "$(dirname "$chosen")" && pwd)/$(basename "$chosen")"
    export LLAMACLOUD_MOCK_BIN
}

# Creates the virtual environment $1 from the requirements $2, unless it exists with the same requirements.
python_packages() {
    local venv="$1" requirements="$2"
    if ! cmp -s "$requirements" "$venv/installed.txt"; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
        cp "$requirements" "$venv/installed.txt"
    fi
}
