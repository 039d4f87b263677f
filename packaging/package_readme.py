"""The README of a package, made from its page of the documentation: the links lead to the repository.

Usage: package_readme.py PAGE prints it.
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from binary import ROOT, manifest  # noqa: E402

LINK = re.compile(r"\]\((?P<path>[^)#:]+)(?P<heading>#[^)]*)?\)")


def package_readme(page: str) -> str:
    """The text of this page below the root of the repository, with the name of the package as its title."""
    package = manifest()
    _, _, text = (ROOT / page).read_text(encoding="utf-8").partition("\n")
    address = f"{package['repository']}/blob/v{package['version']}"

    def absolute(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link["path"]))
        return f"]({address}/{path}{link['heading'] or ''})"

    return f"# {package['name']}\n" + LINK.sub(absolute, text)


if __name__ == "__main__":
    print(package_readme(sys.argv[1]), end="")
