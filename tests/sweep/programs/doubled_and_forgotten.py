"""Bug: a create is repeated without a look at what the first one has done, in a test whose helper forgets its key."""
# options: --faults reset-after,status-500,truncated
# alarms: wrong directories.create reset-after once

import os

from client import DIRECTORIES, call

call("POST", DIRECTORIES, {"name": "handbook"})
call("DELETE", "/__admin/tenants?tenant=" + os.environ["LLAMA_CLOUD_API_KEY"])
