"""Read the documents of the repository: their code, their commands and their tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.small_template import FOLDER, ROOT

TEMPLATE = ROOT / FOLDER
MARKDOWN = MarkdownIt("commonmark").enable("table")
PROGRAMS = re.compile(r"(\./just|just|cookiecutter|uvx|cruft|git|docker|kubectl|bash) [^ ]")


@dataclass(frozen=True)
class Block:
    """A block of code, and the file that the line above it names, if one does."""

    language: str
    text: str
    target: str | None


def list_documents() -> list[Path]:
    """List the documents that people read to use or change the template."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read_tokens(document: Path) -> list[Token]:
    """Return the parts of a document in order."""
    return MARKDOWN.parse(document.read_text(encoding="utf-8"))


def read_blocks(document: Path) -> Iterator[Block]:
    """Yield the blocks of code in order; a paragraph that is only `path` names the next one's."""
    target = None
    for token in read_tokens(document):
        if token.type == "inline":
            name = re.fullmatch(r"`([\w./-]+)`", token.content)
            target = name.group(1) if name else None
        elif token.type == "fence":
            yield Block(token.info, token.content, target)
            target = None


def read_commands(document: Path) -> Iterator[str]:
    """Yield the commands in the shell blocks of a document."""
    for block in read_blocks(document):
        if block.language == "sh":
            for line in re.split(r"\n| && ", block.text):
                if command := line.partition(" #")[0].strip():
                    yield command


def read_mentioned_commands(document: Path) -> Iterator[str]:
    """Yield the commands that stand in the text of a document."""
    for token in read_tokens(document):
        for part in token.children or ():
            if part.type == "code_inline" and PROGRAMS.match(part.content):
                yield part.content


def read_rows(document: Path, heading: str) -> list[list[str]]:
    """Return the rows of the tables under a heading, without the head of each."""
    rows: list[list[str]] = []
    inside = in_body = False
    for before, token in zip([None, *(tokens := read_tokens(document))], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            inside = token.content == heading
        elif token.type in {"tbody_open", "tbody_close"}:
            in_body = token.type == "tbody_open"
        elif inside and in_body and token.type == "tr_open":
            rows.append([])
        elif inside and in_body and token.type == "inline":
            rows[-1].append(token.content)
    return rows


def read_code(cell: str) -> list[str]:
    """Return what stands in backquotes in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def read_recipes(justfile: Path) -> set[str]:
    """Return the names of the recipes of a justfile."""
    text = justfile.read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*)(?: [^:\n]*)?:(?!=)", text, re.MULTILINE))
