"""Links from page to page, checked in the texts: the whole build checks them again as HTML."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from markdown.extensions.toc import slugify  # type: ignore[import-untyped]

from scripts.bootstrap import ROOT

LINK = re.compile(
    r"\]\((?![a-z]+:|/)(?P<page>[^)\s?#]*\.md)?(?:\?[^)\s#]*)?(?:#(?P<part>[^)\s]+))?\)"
)
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.M | re.S)
SNIPPET = re.compile(r'^--8<-- "([^":]+)', re.M)
ID = re.compile(r'\bid="([^"]+)"|\{[^{}\n]*#([\w-]+)[^{}\n]*\}|^ +- key: (\w+)$', re.M)
"""Of an element, of whatever has attributes, and of a record."""

HEADING = re.compile(r"^#+ (.+?)(?: *\{[^{}]*\})?$", re.M)
FILLED = re.compile(r"\{\{.*?\}\}|\{[^{}]*\}")


def parts(text: str, root: Path) -> set[str]:
    """Return the anchors of a page that stand in its text, and in what it includes."""
    for file in SNIPPET.findall(text):
        text += (root / file).read_text("utf-8")
    anchors = {id for match in ID.findall(text) for id in match if id}
    plain = (re.sub(r"\[(.*?)\]\(.*?\)|[`*]", r"\1", heading) for heading in HEADING.findall(text))
    return anchors | {slugify(heading, "-") for heading in plain}


def made() -> re.Pattern[str]:
    """Return a pattern of the anchors that macros and templates make, on whichever page."""
    files = (
        file for room in ("macros", "stored/templates") for file in ROOT.glob(f"scripts/{room}/*")
    )
    texts = (file.read_text("utf-8") for file in files if file.suffix in (".html", ".py"))
    ids = {id for text in texts for id in re.findall(r'\bid="([^"]+)"', text)}
    known = ([re.escape(part) for part in FILLED.split(id)] for id in ids)
    return re.compile("|".join(".+".join(id) for id in known if re.search(r"\w{2}", "".join(id))))


def problems(root: Path) -> Iterator[str]:
    """Yield links from page to page that lead to no page, or to no part of it."""
    docs, by_macros = root / "docs", made()
    pages = {
        path.relative_to(docs).as_posix(): path.read_text("utf-8") for path in docs.rglob("*.md")
    }
    anchors = {name: parts(text, root) for name, text in pages.items()}
    for name, text in sorted(pages.items()):
        for link in LINK.finditer(CODE.sub(lambda code: re.sub(r"\S", " ", code[0]), text)):
            place = f"docs/{name}:{text.count(chr(10), 0, link.start()) + 1}"
            page = posixpath.normpath(posixpath.join(posixpath.dirname(name), link["page"] or ""))
            page = page if link["page"] else name
            if page not in pages:
                yield f"{place}: {link['page']}: there is no page docs/{page}{_near(page, pages)}"
            elif (
                (part := link["part"])
                and part not in anchors[page]
                and not by_macros.fullmatch(part)
            ):
                yield f"{place}: docs/{page} has no part #{part}{_near(part, anchors[page])}"


def _near(name: str, names: dict[str, str] | set[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f"; is {near[0]} meant?" if near else ""
