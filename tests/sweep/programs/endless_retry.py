"""Bug: a create is repeated until it succeeds."""
# options: --timeout 5s --faults status-500
# alarms: hung directories.create status-500 persistent

import time

from client import DIRECTORIES, Unanswered, named, send

while not named(DIRECTORIES, "handbook"):
    try:
        send("POST", DIRECTORIES, {"name": "handbook"})
    except Unanswered as problem:
        time.sleep(problem.wait)
