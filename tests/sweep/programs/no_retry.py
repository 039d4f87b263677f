"""Bug: no request is ever repeated."""
# options: --faults reset-before,slow
# alarms: failed directories.list reset-before once
# alarms: failed directories.list slow once

from client import DIRECTORIES, send

send("GET", DIRECTORIES)
