"""Bug: a page of a gateway is read as JSON."""
# options: --faults status-500,html-502
# alarms: failed directories.create html-502 once

import http.client
import json
import os
import urllib.error
import urllib.request

from client import DIRECTORIES, TIMEOUT, Unanswered, named, repeated


def create():
    if named(DIRECTORIES, "handbook"):
        return
    headers = {"Authorization": "Bearer " + os.environ["LLAMA_CLOUD_API_KEY"], "Content-Type": "application/json"}
    url = os.environ["LLAMA_CLOUD_BASE_URL"] + DIRECTORIES
    try:
        urllib.request.urlopen(urllib.request.Request(url, b'{"name": "handbook"}', headers), timeout=TIMEOUT).read()
    except urllib.error.HTTPError as error:
        raise Unanswered(json.load(error)["detail"], 0.1) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(repr(error)) from error


repeated(create)
