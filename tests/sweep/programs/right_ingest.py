"""Right: a directory with two files, and an index that is ready."""
# alarms: none

from client import DIRECTORIES, INDEXES, create, ready, upload

directory = create(DIRECTORIES, "handbook")
for name in ("leave.md", "travel.md"):
    upload(directory, name, b"# " + name.encode())
ready(create(INDEXES, "docs", source_directory_id=directory["id"]))
