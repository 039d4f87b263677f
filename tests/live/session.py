"""Requests to a server, which wait as long as it asks for, and the deletion of everything that they created."""

import http.client
import json
import re
import secrets
import ssl
import time
from urllib.parse import urlsplit

#: Prefix of the names of everything that is created, so that what a killed run leaves can be found.
NAME = "llamacloud-mock-live-"

#: Longest wait for a response, for the end of a sync, and for the end of a rate limit, in seconds.
REQUEST_SECONDS, SYNC_SECONDS, LIMIT_SECONDS = 120, 900, 60

BOUNDARY = "llamacloud-mock-live-boundary"


def form_body(form):
    """A form of texts and, under `file`, the name of its part, a file name and a content."""
    parts = []
    for name, value in form.items():
        if name == "file":
            name, filename, value = value
            parts.append(f'form-data; name="{name}"; filename="{filename}"\r\nContent-Type: text/plain\r\n\r\n{value}')
        else:
            parts.append(f'form-data; name="{name}"\r\n\r\n{value}')
    head = f"--{BOUNDARY}\r\nContent-Disposition: "
    return "".join(f"{head}{part}\r\n" for part in parts) + f"--{BOUNDARY}--\r\n"


def encode(request):
    """The content type and the body of a request; a `text` has no content type."""
    if "json" in request:
        return "application/json", json.dumps(request["json"])
    if "form" in request:
        return f"multipart/form-data; boundary={BOUNDARY}", form_body(request["form"])
    return None, request.get("text")


def places_of_created(path, body):
    """The paths by which what a request created is deleted, in the order in which it was made."""
    if not isinstance(body, dict):
        return []
    path = path.split("?")[0]
    if directory := re.fullmatch(r"(.*/directories/[^/]+/files)(/upload)?", path):
        files = [f"/api/v1/beta/files/{body['file_id']}"] if directory[2] else []
        return [*files, f"{directory[1]}/{body['id']}"]
    identifier = body.get("id") or body.get("session_id")
    return [f"{path}/{identifier}"] if identifier else []


class Session:
    """Requests under one key; it is a context, at whose end everything that was created is deleted."""

    def __init__(self, base_url, key, pause):
        self.base, self.key, self.pause = urlsplit(base_url), key, pause
        self.run_name = NAME + secrets.token_hex(4)
        self.created = []
        #: The first response that said that a rate limit was reached.
        self.limited = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        left = []
        for path in reversed(self.created):
            try:
                status = self.send({"method": "DELETE", "path": path})["status"]
            except OSError as error:
                status = error
            if status not in (200, 202, 204, 404):
                left.append(f"{path} ({status})")
        if left:
            raise SystemExit("not deleted: " + ", ".join(left))

    def send(self, request):
        """The response to a request, which waits and is sent again if a rate limit is reached, unless it is `once`."""
        for _ in range(10):
            response = self.send_once(request)
            if response["status"] != 429 or request.get("once"):
                break
            self.limited = self.limited or response
            wait = response["headers"].get("retry-after", "")
            time.sleep(min(int(wait) if wait.isdigit() else 10, LIMIT_SECONDS) if self.pause else 0)
        return response

    def send_once(self, request):
        content_type, body = encode(request)
        headers = {"Authorization": f"Bearer {request.get('key', self.key)}"} if request.get("key") != "" else {}
        if content_type:
            headers["Content-Type"] = content_type
        is_https = self.base.scheme == "https"
        make = http.client.HTTPSConnection if is_https else http.client.HTTPConnection
        options = {"context": ssl.create_default_context()} if is_https else {}
        connection = make(self.base.netloc, timeout=REQUEST_SECONDS, **options)
        try:
            path = self.base.path.rstrip("/") + request["path"]
            connection.request(request["method"], path, body and body.encode(), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except http.client.HTTPException as error:
            raise OSError(f"{request['method']} {request['path']}: {error!r}") from error
        finally:
            connection.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        response = {"status": answer.status, "headers": headers, "body": text}
        if "json" in headers.get("content-type", "") and text:
            response["body"] = json.loads(text)
        self.note(request, response)
        return response

    def note(self, request, response):
        """Keeps what was created, until it is deleted."""
        path, body = request["path"].split("?")[0], response["body"]
        if request["method"] == "DELETE" and response["status"] < 300 and path in self.created:
            self.created.remove(path)
        if request["method"] == "POST" and response["status"] == 201:
            self.created += places_of_created(path, body)

    def send_until(self, request, until):
        """Sends a request until a field of the response has one of some values."""
        deadline = time.monotonic() + SYNC_SECONDS
        while True:
            response = self.send(request)
            if not until or response["status"] != 200 or response["body"].get(until[0]) in until[1]:
                return response
            if time.monotonic() > deadline:
                raise OSError(f"{request['path']}: {until[0]} did not become one of {until[1]}")
            time.sleep(self.pause)
