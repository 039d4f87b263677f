"""Bug: a request is repeated at once, whatever the response asks for."""
# options: --faults status-429 --modes once
# alarms: impatient directories.create status-429 once

from client import ATTEMPTS, DIRECTORIES, Unanswered, send

for attempt in range(ATTEMPTS):
    try:
        send("POST", DIRECTORIES, {"name": "handbook"})
        break
    except Unanswered as problem:
        if attempt == ATTEMPTS - 1 or "429" not in str(problem):
            raise
