"""Bug: a file that could not be uploaded is passed over."""
# options: --faults status-500
# alarms: wrong directories.files.upload status-500 once

from client import DIRECTORIES, Unanswered, create, form, send

directory = create(DIRECTORIES, "handbook")
for name in ("leave.md", "travel.md"):
    body, headers = form(name, b"# File")
    try:
        send("POST", f"{DIRECTORIES}/{directory['id']}/files/upload", body, headers)
    except Unanswered as problem:
        print(f"{name}: {problem}")
