"""Bug: an upload whose response was cut off is repeated."""
# options: --faults reset-before,truncated
# alarms: wrong directories.files.upload truncated once

from client import DIRECTORIES, create, form, parsed, repeated, send

directory = create(DIRECTORIES, "handbook")
body, headers = form("leave.md", b"# Leave")
repeated(lambda: parsed(send("POST", f"{DIRECTORIES}/{directory['id']}/files/upload", body, headers)))
