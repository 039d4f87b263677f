"""Right: files with names of their own in every run, uploaded in any order, a configuration, and two threads that wait for
one index."""
# options: --calls first --modes once
# alarms: none

import uuid
from concurrent.futures import ThreadPoolExecutor

from client import DIRECTORIES, INDEXES, create, ready, upload

directory = create(DIRECTORIES, "handbook")
create("/api/v1/beta/configurations", "parsing", parameters={"product_type": "parse_v2", "tier": "fast", "version": "latest"})
with ThreadPoolExecutor(3) as pool:
    list(pool.map(lambda name: upload(directory, name, b"# A"), [f"{uuid.uuid4()}.md" for _ in range(3)]))
    index = create(INDEXES, "docs", source_directory_id=directory["id"])
    list(pool.map(ready, [index, index]))
