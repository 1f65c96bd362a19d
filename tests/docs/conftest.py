"""The pages of the documentation, cut into what can be checked: links, headings, examples, table rows."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A block of code on a page."""

    where: str
    language: str
    code: str


@dataclass(frozen=True)
class Page:
    """A page; *prose* is its text without code blocks."""

    path: Path
    text: str

    @property
    def name(self):
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self):
        return FENCE.sub("", self.text)

    @property
    def links(self):
        return [found["target"] for found in LINK.finditer(self.prose)]

    @property
    def anchors(self):
        return {anchor(heading) for heading in HEADING.findall(self.prose)}

    @property
    def examples(self):
        for found in FENCE.finditer(self.text):
            line = self.text.count("\n", 0, found.start()) + 1
            yield Example(f"{self.name}:{line}", found["language"], found["code"])

    @property
    def rows(self):
        """The cells of every table row."""
        lines = (line for line in self.prose.splitlines() if line.startswith("|"))
        return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def anchor(heading):
    """The anchor that a heading gets where pages are shown."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
    return kept.strip().replace(" ", "-")


@pytest.fixture(scope="session")
def pages():
    """Every page, by its path from the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    made = [Page(path, path.read_text(encoding="utf-8")) for path in sorted(found)]
    return {page.name: page for page in made}


@pytest.fixture(scope="session")
def examples(pages):
    """Every block of code on every page."""
    return [example for page in pages.values() for example in page.examples]


@pytest.fixture
def page():
    """Make a page that is not there, for showing that a rule catches what breaks it."""

    def make(text, name="docs/sample.md"):
        return Page(ROOT / name, text)

    return make
