"""Bug: a delete that failed is passed over."""
# options: --faults status-500,reset-after
# alarms: wrong directories.delete status-500 once

from client import DIRECTORIES, Unanswered, create, send

directory = create(DIRECTORIES, "temporary")
try:
    send("DELETE", f"{DIRECTORIES}/{directory['id']}")
except Unanswered as problem:
    print(problem)
