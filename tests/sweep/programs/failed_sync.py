"""Bug: an index is taken for ready when its sync has ended, also if it has failed."""
# options: --faults sync-fails,status-429
# alarms: wrong sync sync-fails once

import time

from client import DIRECTORIES, INDEXES, create, read

directory = create(DIRECTORIES, "handbook")
index = create(INDEXES, "docs", source_directory_id=directory["id"])
while read(f"{INDEXES}/{index['id']}")["metadata"]["status"] == "pending":
    time.sleep(0.01)
