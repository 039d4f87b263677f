# shellcheck shell=bash
# Finds or starts a container engine for the check scripts. It is sourced after lib.sh; nothing starts before start_engine.

# start_engine: makes `docker` usable: with the engine that it finds, else with podman's service in `scratch`, whose
# containers and images are removed at the end. Sets `engine` to docker or podman; fails and prints why if there is none.
start_engine() {
    have docker docker.io || { left_out "$1: the command docker is missing and cannot be installed"; return 1; }
    if docker info --format '{{.ServerVersion}}' 2>/dev/null | grep -q .; then
        engine=docker
        return
    fi
    if [ "$(id -u)" != 0 ] || ! have podman || ! have runc || ! have iptables; then
        left_out "$1: no container engine runs here, and podman as root cannot be had"
        return 1
    fi
    # What Debian's podman only recommends; catatonit is what `docker run --init` starts.
    have buildah && have /usr/lib/podman/netavark netavark && have /usr/lib/podman/aardvark-dns aardvark-dns &&
        have catatonit || true
    mkdir "$scratch/engine"
    # What works without systemd, without an overlay file system and with few privileges.
    cat > "$scratch/engine/storage.conf" <<-END
		[storage]
		driver = "vfs"
		runroot = "$scratch/engine/run"
		graphroot = "$scratch/engine/root"
	END
    cat > "$scratch/engine/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
    export CONTAINERS_STORAGE_CONF="$scratch/engine/storage.conf" CONTAINERS_CONF="$scratch/engine/containers.conf"
    podman system service --time 0 "unix://$scratch/engine/socket" > "$scratch/engine/log" 2>&1 &
    pids+=($!)
    # podman's service has no BuildKit.
    export DOCKER_HOST="unix://$scratch/engine/socket" DOCKER_BUILDKIT=0
    engine=podman
    until_true 20 docker version
    if ! docker network inspect bridge >/dev/null 2>&1; then
        left_out "$1: the engine does not work: $(tail -n 1 "$scratch/engine/log")"
        return 1
    fi
}

# Removes what the check made, also after a failure. A check that needs more calls it from its own clean_up_more.
clean_up_engine() {
    [ -n "${engine:-}" ] || return 0
    [ "${#containers[@]}" = 0 ] || docker rm --force --volumes "${containers[@]}" >/dev/null 2>&1 || true
    [ "${#networks[@]}" = 0 ] || docker network rm "${networks[@]}" >/dev/null 2>&1 || true
    [ "$engine" = docker ] || podman system reset --force >/dev/null 2>&1 || true
}
containers=()
networks=()

# prepare_testcontainers: what Testcontainers needs with this engine.
prepare_testcontainers() {
    [ "$engine" = podman ] || return 0
    # Its helper container, which removes others after a crash, comes from a registry.
    # Where it finds itself in a container, it would look for the ports at the address of the bridge.
    export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1 TESTCONTAINERS_CONNECTION_MODE=docker_host
}

# start_container NAME OPTION… [-- ARGUMENT…]: starts the image under this name, to be removed at the end.
start_container() {
    local name=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# = 0 ] || shift
    containers+=("$name")
    docker run --detach --name "$name" "${options[@]}" llamacloud-mock "$@" >/dev/null
}

# healthy NAME: the image's own health check succeeds. podman has no timer for it without systemd, so it is run by hand.
healthy() {
    if [ "$engine" = podman ]; then
        podman healthcheck run "$1"
    else
        [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]
    fi
}

# published NAME: the address at which this machine reaches port 4010 of the container.
published() { docker port "$1" 4010/tcp | head -n 1 | sed 's/^0\.0\.0\.0/127.0.0.1/'; }
