"""The pages of the documentation: their sizes, links and sentences, and the new place of each part of the former README."""

import re
from collections import defaultdict

import pytest

from blocks import FENCE, PAGES, ROOT

README = ROOT / "README.md"
INDEX = ROOT / "docs" / "README.md"

#: The headings of the README that had everything in one file.
FORMER_HEADINGS = [
    "What is not emulated",
    "Install",
    "pip",
    "npm",
    "docker",
    "GitHub Action",
    "Go",
    "Java",
    "cargo",
    "Workflow",
    "Demo",
    "Point your client at it",
    "In tests",
    "What is emulated",
    "Magic index names",
    "Files and directories",
    "Documents",
    "Retrieval",
    "Time",
    "Faults",
    "Recipes",
    "Scenarios",
    "At run time",
    "Checking retries",
    "Admin API",
    "Settings",
    "More than one machine",
    "Limitations",
    "Unknown behaviour of the service",
    "Security and limits",
    "Development",
]

LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")

#: A sentence of fewer words may stand in two files.
SHORT = 8


def prose(page):
    """The text of a page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page):
    """The anchors of the headings of a page, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text, page):
    """The files and anchors to which a text on this page links."""
    for path, anchor in LINK.findall(text):
        yield (page.parent / path).resolve() if path else page, anchor


def test_the_readme_is_short_and_begins_with_something_to_try():
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 130
    first = "\n".join(lines[:45])
    for part in ["cargo run --release", "cargo test", "--retry", "gets the list"]:
        assert part in first


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target, anchor in links(prose(page), page):
        assert target.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(target), f"{page}: {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_have_at_most_120_characters(page):
    lines = [line for line in prose(page).splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > 120] == []


def test_every_page_is_in_the_list_of_pages():
    listed = {target for target, _ in links(prose(INDEX), INDEX)}
    assert set(PAGES) - {INDEX} <= listed


def test_every_former_heading_has_a_new_place():
    _, table = prose(INDEX).split("| former heading | now |\n|---|---|\n")
    rows = [row.strip("| ").split(" | ") for row in table.split("\n\n")[0].splitlines()]
    assert [heading for heading, _ in rows] == FORMER_HEADINGS
    assert all(LINK.search(place) for _, place in rows)


def sentences(page):
    """The sentences of a page that are not short. A cell of a table is one if it has a full stop or a semicolon."""
    for paragraph in re.split(r"\n\n|\n(?=[-#|] ?|\d+\. )", prose(page)):
        is_row = paragraph.startswith("|")
        for part in paragraph.split(" | ") if is_row else [paragraph]:
            if not is_row or re.search("[.;] ", part):
                for sentence in re.split(r"(?<=[.:]) ", " ".join(part.split())):
                    yield sentence.strip("-| ")


def test_no_sentence_is_on_two_pages():
    places = defaultdict(set)
    for page in PAGES:
        for sentence in sentences(page):
            if len(sentence.split()) >= SHORT:
                places[sentence].add(str(page.relative_to(ROOT)))
    assert {sentence: pages for sentence, pages in places.items() if len(pages) > 1} == {}
