"""Bug: a temporary directory is left behind if the work in it fails."""
# options: --faults status-500,html-502
# alarms: litter indexes.create status-500 once

from client import DIRECTORIES, INDEXES, create, delete, parsed, send

directory = create(DIRECTORIES, "temporary")
index = parsed(send("POST", INDEXES, {"source_directory_id": directory["id"]}))
delete(f"{INDEXES}/{index['id']}")
delete(f"{DIRECTORIES}/{directory['id']}")
