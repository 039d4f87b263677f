"""Right: a name that is another one in every run."""
# alarms: none

import uuid

from client import DIRECTORIES, create, upload

upload(create(DIRECTORIES, f"run-{uuid.uuid4()}"), "a.md", b"# A")
