# Downloads the source distribution of the official Python SDK, which contains its generated tests and its examples.
# It is sourced after setting.sh.

sdk_version=2.19.0

# Unpacks the source distribution into target/sdk-contract with the pip of the virtual environment $1; sets `source`.
sdk_source() {
    local venv="$1" work="$root/target/sdk-contract"
    source="$work/llama_cloud-$sdk_version"
    mkdir -p "$work"
    if [[ ! -d "$source" ]]; then
        "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cloud \
            --dest "$work" "llama-cloud==$sdk_version"
        tar --extract --gzip --file "$work/llama_cloud-$sdk_version.tar.gz" --directory "$work"
    fi
}
