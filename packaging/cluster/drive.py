"""Three instances behind a balancer, a hundred tenants, and the loss of one instance.

Usage: drive.py nginx|haproxy BINARY FOLDER. Ends with an error if a tenant loses what it should keep.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import llama_cloud
from llama_cloud import LlamaCloud

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "readme"))

from blocks import block  # noqa: E402

TENANTS = [f"llx-tenant-{number}" for number in range(100)]

#: Time limit in seconds for what happens at once. Only a failing run reaches it.
LIMIT = 30

#: Requests past any proxy.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_ports(count):
    """Ports on which nothing listens: the configuration files name them, so that they must be known before."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def get(url, headers=None):
    """The JSON of a response."""
    with OPENER.open(urllib.request.Request(url, headers=headers or {}), timeout=LIMIT) as response:
        return json.load(response)


def start_instance(binary, port):
    """Starts an instance, and waits until it is ready."""
    settings = {
        "LLAMACLOUD_MOCK_PORT": str(port),
        "LLAMACLOUD_MOCK_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LLAMACLOUD_MOCK_CLOCK": "auto",
        "LLAMACLOUD_MOCK_LOG_LEVEL": "off",
    }
    server = subprocess.Popen([binary], env=os.environ | settings, stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline().startswith("ready "), f"the instance on port {port} did not start"
    return server


def start_balancer(name, folder, ports):
    """Starts the balancer with its configuration for these ports, the first of them its own."""
    # docs/operating.md shows both.
    mark = "nginx.conf" if name == "nginx" else "haproxy.cfg"
    text = block(mark)
    file = folder / mark
    file.write_text(re.sub(r"\b40(1[0-3])\b", lambda match: str(ports[int(match[1]) - 10]), text), encoding="utf-8")
    command = ["nginx", "-p", folder, "-c", file] if name == "nginx" else ["haproxy", "-f", file]
    # Debian has them in a folder that may not be on the PATH.
    path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
    balancer = subprocess.Popen(command, env=os.environ | {"PATH": path}, stderr=subprocess.DEVNULL)
    wait_for(lambda: get(f"http://127.0.0.1:{ports[0]}/health"), "the balancer answers")
    return balancer


def wait_for(condition, what):
    """Repeats an attempt until it gives a true result without an error."""
    end = time.monotonic() + LIMIT
    while True:
        try:
            if condition():
                return
        except (OSError, llama_cloud.APIError):
            pass
        assert time.monotonic() < end, f"after {LIMIT} seconds: not {what}"
        time.sleep(0.05)


class Tenant:
    """One tenant with its index. Nothing is retried, so that nothing lost stays unseen."""

    def __init__(self, key, url):
        self.key = key
        self.client = LlamaCloud(base_url=url, api_key=key, max_retries=0)
        directory = self.client.beta.directories.create(name=key)
        self.client.beta.directories.files.upload(directory.id, upload_file=("key.md", f"Only {key} knows this.".encode()))
        self.index = self.client.indexes.create(source_directory_id=directory.id, name=key)

    def has_everything(self):
        """Whether the tenant sees its own index and its own file, and no others."""
        assert [index.id for index in self.client.indexes.list()] == [self.index.id]
        assert self.client.indexes.get(self.index.id).metadata["status"] == "ready"
        results = self.client.retrieval.retrieve(index_id=self.index.id, query="Who knows this?").results
        assert [result.content for result in results] == [f"Only {self.key} knows this."]
        return True

    def has_lost_everything(self):
        """Whether the tenant is served, and is empty."""
        return list(self.client.indexes.list()) == []

    def downloads(self):
        """Whether the presigned URL of a file gives its content: it is requested without a key."""
        file = self.client.files.create(file=("note.txt", self.key.encode()), purpose="user_data")
        with OPENER.open(self.client.files.content(file.id).url, timeout=LIMIT) as response:
            return response.read() == self.key.encode()


def label_of(balancer_url, key):
    """The label of a tenant, asked for through the balancer."""
    headers = {"X-Mock-Tenant": f"Bearer {key}"}
    return get(f"{balancer_url}/__admin/state?tenant={key}", headers)["tenants"][0]["tenant"]


def is_used_again(url, tenants):
    """Whether all these tenants are served, empty, by the instance at this URL."""
    is_served = all(tenant.has_lost_everything() for tenant in tenants)
    return is_served and len(get(f"{url}/__admin/state")["tenants"]) == len(tenants)


def main(balancer_name, binary, folder):
    ports = free_ports(4)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    instances = [start_instance(binary, port) for port in ports[1:]]
    balancer = start_balancer(balancer_name, folder, ports)
    processes = [balancer, *instances]
    try:
        run(balancer_name, binary, urls, instances, processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def run(balancer_name, binary, urls, instances, processes):
    with ThreadPoolExecutor(8) as pool:
        tenants = list(pool.map(lambda key: Tenant(key, urls[0]), TENANTS))
        assert all(pool.map(Tenant.has_everything, tenants))
        labels = {label_of(urls[0], tenant.key): tenant for tenant in tenants}
        homes = [{labels[row["tenant"]] for row in get(f"{url}/__admin/state")["tenants"]} for url in urls[1:]]
        shares = [len(home) for home in homes]
        assert sum(shares) == len(tenants) and min(shares) >= 5, f"uneven: {shares}"
        assert all(tenant.downloads() for tenant in tenants[:10])

        instances[0].kill()
        instances[0].wait()
        lost, kept = homes[0], homes[1] | homes[2]
        assert all(pool.map(Tenant.has_everything, kept)), "other tenants lose nothing"
        if balancer_name == "nginx":
            # They are not sent to an instance that does not know them.
            for tenant in lost:
                try:
                    list(tenant.client.indexes.list())
                except llama_cloud.InternalServerError as error:
                    assert error.status_code == 502, error
                else:
                    raise AssertionError(f"{tenant.key} was served by another instance")
        else:
            wait_for(lambda: all(tenant.has_lost_everything() for tenant in lost), "served by another instance")
        assert all(pool.map(Tenant.has_everything, kept)), "other tenants lose nothing"

        processes.append(start_instance(binary, urls[1].rsplit(":", 1)[1]))
        wait_for(lambda: is_used_again(urls[1], lost), "served by the instance again, and empty")
        assert all(pool.map(Tenant.has_everything, kept)), "other tenants lose nothing"
    print(f"{balancer_name}: {shares[0]}, {shares[1]} and {shares[2]} tenants; {len(kept)} kept everything")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
