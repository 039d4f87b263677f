#!/usr/bin/env bash
# Downloads a release, checks it, starts the server, and waits until it is ready. Called by action.yml beside it.
# The runner ends the server with the job.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
manifest="$here/../../Cargo.toml"

fail() {
    echo "::error title=llamacloud-mock::$*"
    exit 1
}

field() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$manifest" | head -n 1; }
repository=$(field repository)
case $repository in
    *.invalid/*) fail "repository in Cargo.toml is a placeholder; set it to the address of the releases" ;;
esac
version=${INPUT_VERSION:-$(field version)}
version=${version#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "version: $version is not a version such as 0.1.0"
port=${INPUT_PORT:-4010}
[[ $port =~ ^[0-9]+$ ]] || fail "port: $port is not a number"

case ${RUNNER_OS:-}-${RUNNER_ARCH:-} in
    Linux-X64) target=x86_64-unknown-linux-musl ;;
    Linux-ARM64) target=aarch64-unknown-linux-musl ;;
    macOS-X64) target=x86_64-apple-darwin ;;
    macOS-ARM64) target=aarch64-apple-darwin ;;
    *) fail "there is no release for ${RUNNER_OS:-} ${RUNNER_ARCH:-}; use a Linux or macOS runner" ;;
esac

args=()
while IFS= read -r line; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    case $line in
        "") ;;
        --port | --port=* | --port-file | --port-file=*) fail "args: $line: use the input port" ;;
        *) args+=("$line") ;;
    esac
done <<< "${INPUT_ARGS:-}"

folder="$RUNNER_TEMP/llamacloud-mock-$version"
archive="llamacloud-mock-$target.tar.gz"
mkdir -p "$folder"
cd "$folder"
if [ ! -x llamacloud-mock ]; then
    for file in "$archive" SHA256SUMS; do
        curl --fail --silent --show-error --location --proto '=https,file' --retry 3 --output "$file" \
            "$repository/releases/download/v$version/$file" ||
            fail "$repository/releases/download/v$version/$file cannot be downloaded; is version $version released?"
    done
    expected=$(awk -v file="$archive" '$2 == file { print $1 }' SHA256SUMS)
    actual=$( (sha256sum "$archive" 2>/dev/null || shasum -a 256 "$archive") | cut -d ' ' -f 1)
    [ -n "$expected" ] || fail "SHA256SUMS of version $version has no line for $archive"
    [ "$actual" = "$expected" ] || fail "$archive: the SHA-256 is $actual, but SHA256SUMS has $expected; nothing was started"
    tar -xzf "$archive" llamacloud-mock
fi

output="$(mktemp -d "$folder/run.XXXXXX")"
log="$output/log"
export LLAMACLOUD_MOCK_PORT="$port" LLAMACLOUD_MOCK_PORT_FILE="$output/port"
nohup ./llamacloud-mock ${args[@]+"${args[@]}"} > "$output/ready" 2> "$log" < /dev/null &
server=$!
# On a free port the number is known as soon as the file is there.
if ! ./llamacloud-mock healthcheck --wait 30s --pid "$server" 2> "$output/healthcheck"; then
    kill "$server" 2>/dev/null || true
    cat "$log"
    fail "the server did not start: $(grep . "$log" "$output/healthcheck" -h | head -n 1)"
fi
url=$(sed -n 's/^ready url=\([^ ]*\).*/\1/p' "$output/ready")

{
    echo "url=$url"
    echo "log=$log"
} >> "$GITHUB_OUTPUT"
{
    echo "LLAMA_CLOUD_BASE_URL=$url"
    echo "LLAMA_CLOUD_API_KEY=llx-action"
    # For `llamacloud-mock check` in a later step.
    echo "LLAMACLOUD_MOCK_PORT=${url##*:}"
    if [ -n "${HTTP_PROXY:-${http_proxy:-}}" ]; then
        # Clients reach the server past the proxy.
        echo "NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
        echo "no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy}"
    fi
} >> "$GITHUB_ENV"
echo "$folder" >> "$GITHUB_PATH"
echo "llamacloud-mock $version listens on $url, process $server"
