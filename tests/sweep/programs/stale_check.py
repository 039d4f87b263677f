"""Bug: a directory that a list does not show yet is created again."""
# options: --faults stale-read,status-500
# alarms: wrong directories.list stale-read once

from client import DIRECTORIES, create, named

create(DIRECTORIES, "handbook")
if not named(DIRECTORIES, "handbook"):
    create(DIRECTORIES, "handbook")
    create(DIRECTORIES, "handbook-2")
