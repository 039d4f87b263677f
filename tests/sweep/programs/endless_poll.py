"""Bug: an index whose sync has failed is polled for ever."""
# options: --timeout 5s --faults sync-fails,reset-before
# alarms: hung sync sync-fails once

import time

from client import DIRECTORIES, INDEXES, create, read

directory = create(DIRECTORIES, "handbook")
index = create(INDEXES, "docs", source_directory_id=directory["id"])
while read(f"{INDEXES}/{index['id']}")["metadata"]["status"] != "ready":
    time.sleep(0.01)
