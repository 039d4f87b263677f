"""The code blocks of the documentation, by the mark in the comment before each: `<!-- demo -->`."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

#: The pages of the documentation: their blocks are run, and their links and sentences checked.
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").rglob("*.md"))

FENCE = re.compile(r"^(?:<!-- (?P<mark>\S+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A code block."""

    page: Path
    mark: str | None
    language: str
    text: str


def all_blocks() -> list[Block]:
    """The blocks of all pages, in their order."""
    return [
        Block(page, m["mark"], m["language"], m["text"])
        for page in PAGES
        for m in FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def block(mark: str) -> str:
    """The text of the blocks with this mark, in their order. They are on one page."""
    found = [block for block in all_blocks() if block.mark == mark]
    assert found, f"no page has a block with the mark {mark}"
    assert len({block.page for block in found}) == 1, f"the mark {mark} is on several pages"
    return "".join(block.text for block in found)


def before_publication() -> dict[str, str]:
    """The commands of each row in the table of README.md of this name; empty where the row has none."""
    _, table = PAGES[0].read_text(encoding="utf-8").split("<!-- before-publication -->\n")
    rows = [row.strip("|").split(" | ") for row in table.split("\n\n")[0].splitlines()[2:]]
    return {name.strip(): "".join(f"{line}\n" for line in re.findall("`([^`]+)`", cell)) for name, cell in rows}
