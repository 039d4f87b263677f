"""`python -m llamacloud_mock` is the program `llamacloud-mock`."""

import os
import subprocess
import sys

from ._binary import explain, find_binary
from ._errors import EmulatorError


def main() -> int:
    try:
        binary = str(find_binary())
    except EmulatorError as error:
        print(f"llamacloud-mock: {error}", file=sys.stderr)
        return 1
    try:
        if os.name != "nt":
            # In the place of this process, so that signals reach the program.
            os.execv(binary, [binary, *sys.argv[1:]])
        return subprocess.call([binary, *sys.argv[1:]])
    except OSError as error:
        print(f"llamacloud-mock: {explain(binary, error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
