"""Sends a text of 300 MiB to a child process for grep, which may take 256, with the environment that a server gave one.

Usage: over_memory.py PROGRAM ENVIRONMENT, a file with a line NAME=VALUE for each variable. Prints the response.
"""

import struct
import subprocess
import sys
from pathlib import Path

program, environment = sys.argv[1:]
version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
fields = [b"a", struct.pack("<Q", 9), b"a" * (300 << 20)]
lengths = struct.pack("<Q", len(fields)) + b"".join(struct.pack("<Q", len(field)) for field in fields)
request = f"llamacloud-mock {version} worker 1\n".encode() + lengths + b"".join(fields)
variables = dict(line.split("=", 1) for line in Path(environment).read_text().splitlines())
child = subprocess.run([program, "internal-worker", "grep"], input=request, capture_output=True, env=variables)
# The kind of the response and the length of what follows.
print(child.stdout[9:].decode(errors="replace").replace("\0", ".")[:80])
