"""Bug: no request is ever repeated."""
# options: --faults reset-before,slow
# alarms: failed directories.list reset-before once
# alarms: failed directories.list slow once

import client
from client import DIRECTORIES, send

client.TIMEOUT = 1.5
send("GET", DIRECTORIES)
