"""Bug: a create is repeated without a look at what the first one has done."""
# options: --faults reset-after,status-500,truncated
# alarms: wrong directories.create reset-after once

from client import DIRECTORIES, call

call("POST", DIRECTORIES, {"name": "handbook"})
