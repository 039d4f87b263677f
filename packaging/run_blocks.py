"""Runs lines of the documentation for a shell, in a folder with the files that the documentation shows.

Usage: run_blocks.py FOLDER SHELL-MARK [FILE-MARK…]. The mark of a file is its name. If BEFORE_PUBLICATION names a row of the
table of that name, its commands are run first; they read CLONE and PROGRAM from the environment.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "readme"))

from blocks import before_publication, block  # noqa: E402


def main(folder: Path, shell_mark: str, *file_marks: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for mark in file_marks:
        (folder / mark).write_text(block(mark), encoding="utf-8")
    row = os.environ.pop("BEFORE_PUBLICATION", None)
    lines = (before_publication()[row] if row else "") + block(shell_mark)
    print(f"{shell_mark}:\n{lines}", end="", flush=True)
    return subprocess.run(["sh", "-e", "-c", lines], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
