"""Bug: what has arrived of a download is taken for the whole file."""
# options: --faults truncated,reset-before
# alarms: wrong files.download truncated once

import http.client
import os
from urllib.parse import urlsplit

from client import DIRECTORIES, TIMEOUT, Unanswered, content_path, create, repeated, upload


def download(path):
    url = urlsplit(os.environ["LLAMA_CLOUD_BASE_URL"])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status >= 500 or response.status == 429:
            raise Unanswered(f"status {response.status}", 0.2)
        return response.read()
    except http.client.IncompleteRead as error:
        return error.partial
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(repr(error)) from error


original = upload(create(DIRECTORIES, "source"), "a.md", b"# A\n" * 20)
upload(create(DIRECTORIES, "copy"), "a.md", repeated(lambda: download(content_path(original))))
