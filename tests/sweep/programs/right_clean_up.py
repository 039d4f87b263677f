"""Right: what it creates is deleted, also after a failure in between."""
# alarms: none

from client import DIRECTORIES, INDEXES, create, delete, ready

created = []
try:
    directory = create(DIRECTORIES, "temporary")
    created.append(f"{DIRECTORIES}/{directory['id']}")
    index = create(INDEXES, "temporary", source_directory_id=directory["id"])
    created.append(f"{INDEXES}/{index['id']}")
    ready(index)
finally:
    for path in reversed(created):
        delete(path)
