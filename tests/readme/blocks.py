"""The code blocks of the README, by the mark in the comment before each: `<!-- demo -->`."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"

FENCE = re.compile(r"^(?:<!-- (?P<mark>\S+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def all_blocks(readme: Path = README) -> list[tuple[str | None, str, str]]:
    """Mark, language and text of every block."""
    return [(m["mark"], m["language"], m["text"]) for m in FENCE.finditer(readme.read_text(encoding="utf-8"))]


def block(mark: str, readme: Path = README) -> str:
    """The text of the blocks with this mark, in their order."""
    texts = [text for found, _, text in all_blocks(readme) if found == mark]
    assert texts, f"{readme.name} has no block with the mark {mark}"
    return "".join(texts)
