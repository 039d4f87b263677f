"""A client of the programs in this folder, made of the standard library. It is right: it repeats what may be repeated, as
often and as late as it should, and finds out what a lost response has done before it creates something again."""

import http.client
import json
import os
import time
from urllib.parse import quote, urlsplit

#: The wait before a request is repeated, if the response does not ask for another one.
BACKOFF = 0.01
ATTEMPTS = 4
#: Long enough for a machine that is busy.
TIMEOUT = 20.0


class Refused(Exception):
    """A response with an error that a repetition does not change."""

    def __init__(self, status, body):
        super().__init__(f"status {status}: {body[:200]!r}")
        self.status = status


class Unanswered(Exception):
    """No response, or none that can be used: the request may have been carried out."""

    def __init__(self, problem, wait=BACKOFF):
        super().__init__(problem)
        self.wait = wait


def wait_of(response):
    """The wait that a response asks for."""
    milliseconds = response.getheader("retry-after-ms")
    if milliseconds is not None:
        return float(milliseconds) / 1000
    return float(response.getheader("retry-after") or BACKOFF)


def send(method, path, body=None, headers=None):
    """The body of the response to one request."""
    url = urlsplit(os.environ["LLAMA_CLOUD_BASE_URL"])
    headers = {"Authorization": "Bearer " + os.environ["LLAMA_CLOUD_API_KEY"], **(headers or {})}
    if isinstance(body, (dict, list)):
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(repr(error)) from error
    finally:
        connection.close()
    if response.status in (408, 429) or response.status >= 500:
        raise Unanswered(f"status {response.status}", wait_of(response))
    if response.status >= 400:
        raise Refused(response.status, content)
    return content


def parsed(content):
    try:
        return json.loads(content) if content else None
    except ValueError as error:
        raise Unanswered(f"no JSON: {content[:50]!r}") from error


def repeated(act):
    """The result of `act`, which is tried several times."""
    for attempt in range(ATTEMPTS):
        try:
            return act()
        except Unanswered as problem:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(problem.wait)


def call(method, path, body=None):
    """The JSON of the response to a request that may be repeated."""
    return repeated(lambda: parsed(send(method, path, body)))


def call_unless_done(method, path, done):
    """Sends a request. What it asks for may be done already: a refusal with the status `done` says so."""
    try:
        call(method, path)
    except Refused as problem:
        if problem.status != done:
            raise


def read(path):
    """What a GET shows. A resource that was just created may not be there yet."""
    for _ in range(ATTEMPTS):
        try:
            return call("GET", path)
        except Refused as problem:
            if problem.status != 404:
                raise
            time.sleep(BACKOFF)
    raise SystemExit(f"{path} is not there")


def items(path, page_size=50):
    """All items of a list, which is read again from its first page if a page token has expired."""
    for _ in range(ATTEMPTS):
        found, token = [], None
        try:
            while True:
                more = f"&page_token={quote(token)}" if token else ""
                page = call("GET", f"{path}{'&' if '?' in path else '?'}page_size={page_size}{more}")
                found += page["items"]
                token = page.get("next_page_token")
                if not token:
                    return found
        except Refused as problem:
            # A token has expired, or the resource to which the list belongs is not shown yet.
            if problem.status != (422 if token else 404):
                raise
            time.sleep(BACKOFF)
    raise SystemExit(f"{path} cannot be read to its end")


def named(path, name):
    """The item of a list with this name, if there is one."""
    return next((item for item in items(path) if name in (item.get("name"), item.get("display_name"))), None)


def create(path, name, **fields):
    """Creates what has this name, unless it is there already."""
    return repeated(lambda: named(path, name) or parsed(send("POST", path, {"name": name, **fields})))


def delete(path):
    """Deletes a resource. It may be gone already."""
    call_unless_done("DELETE", path, 404)


def form(name, content):
    """A multipart form with a file, and its headers."""
    head = f'--part\r\nContent-Disposition: form-data; name="upload_file"; filename="{name}"\r\n'
    body = head.encode() + b"Content-Type: text/markdown\r\n\r\n" + content + b"\r\n--part--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=part"}


def upload(directory, name, content):
    """Uploads a file, unless it is there already."""
    files = f"/api/v1/beta/directories/{directory['id']}/files"
    body, headers = form(name, content)
    return repeated(lambda: named(files, name) or parsed(send("POST", files + "/upload", body, headers)))


def content_path(file):
    """The path of the content of a directory's file."""
    url = urlsplit(read(f"/api/v1/beta/files/{file['file_id']}/content")["url"])
    return f"{url.path}?{url.query}"


def sync(index):
    """Starts a sync of an index. Another thread may have started one."""
    call_unless_done("POST", f"/api/v1/indexes/{index['id']}/sync", 409)


def ready(index):
    """Waits until an index is ready; a sync that failed is repeated twice."""
    syncs = 0
    for _ in range(20):
        status = read("/api/v1/indexes/" + index["id"])["metadata"]["status"]
        if status == "ready":
            return
        if status == "failed":
            if syncs == 2:
                break
            syncs += 1
            sync(index)
        time.sleep(BACKOFF)
    raise SystemExit("the index is not ready")


DIRECTORIES = "/api/v1/beta/directories"
INDEXES = "/api/v1/indexes"
