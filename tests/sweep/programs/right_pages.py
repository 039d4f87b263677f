"""Right: every page of a list is read, from the first again if a token has expired, and until it shows what was created."""
# alarms: none

import time

from client import BACKOFF, DIRECTORIES, create, delete, items

names = {f"old-{number}" for number in range(4)}
for name in sorted(names):
    create(DIRECTORIES, name)
create(DIRECTORIES, "new")
for _ in range(4):
    found = [item for item in items(DIRECTORIES, page_size=2) if item["name"] in names]
    for item in found:
        delete(f"{DIRECTORIES}/{item['id']}")
        names.remove(item["name"])
    if not names:
        break
    time.sleep(BACKOFF)
else:
    raise SystemExit(f"not shown: {names}")
