"""Bug: a loop around a client that does not retry, as an official one with `max_retries=0`, does not wait."""
# options: --faults status-429 --modes once
# alarms: impatient directories.create status-429 once

from client import ATTEMPTS, DIRECTORIES, Unanswered, send

HEADERS = {"Content-Type": "application/json", "X-Stainless-Retry-Count": "0"}

for attempt in range(ATTEMPTS):
    try:
        send("POST", DIRECTORIES, b'{"name": "handbook"}', HEADERS)
        break
    except Unanswered:
        if attempt == ATTEMPTS - 1:
            raise
