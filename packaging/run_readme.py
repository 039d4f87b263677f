"""Runs the lines for a shell in a README, in a folder with the files that the README shows.

Usage: run_readme.py README FOLDER SHELL-MARK [FILE-MARK…]. The mark of a file is its name.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "readme"))

from blocks import block  # noqa: E402


def main(readme: Path, folder: Path, shell_mark: str, *file_marks: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for mark in file_marks:
        (folder / mark).write_text(block(mark, readme), encoding="utf-8")
    lines = block(shell_mark, readme)
    print(f"{readme.name}:\n{lines}", end="", flush=True)
    return subprocess.run(["sh", "-e", "-c", lines], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), *sys.argv[3:]))
