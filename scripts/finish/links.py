"""Check the built pages: every link has a target, every anchor exists, no markup is left over."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

ATTRIBUTES = ("href", "src", "srcset", "data", "poster", "xlink:href", "action")
LOADING = {
    "link", "script", "img", "iframe", "source", "object", "audio", "video", "use", "image",
    "embed", "input", "form",
}  # fmt: skip
SHOWN_ONLY = {"canonical"}  # an address that a browser does not load
STYLED = re.compile(
    r"""/\*.*?\*/|(?:@import\s*|url\(\s*)(?:"([^"]*)"|'([^']*)')|url\(\s*([^\s"')]+)""",
    re.IGNORECASE | re.DOTALL,
)
"""An address in a style, or a comment, so that no address is found in it."""
NO_PROSE = {"code", "pre", "math", "script", "style"}
LEFT_OVER = re.compile(
    r"\{\{|\}\}|\{%|Macro (?:Syntax|Rendering) Error|::: adapters_np|\]\([\w./#-]+\)"
)
"""Text that no page should show: macros that were not read, and a link in a text without links."""


class Page:
    """A built page: the ids in it and the addresses that it names."""

    def __init__(self, path: Path) -> None:
        tree = html.fromstring(path.read_bytes())
        self.anchors = {e.get("id") for e in tree.iter() if e.get("id")}
        self.anchors |= {e.get("name") for e in tree.iter("a") if e.get("name")}
        self.links: list[tuple[str, str, bool]] = []  # from, address, whether it is loaded
        for element in tree.iter():
            if isinstance(element.tag, str):
                loaded = element.tag in LOADING and element.get("rel") not in SHOWN_ONLY
                for name in ATTRIBUTES:
                    if address := element.get(name):
                        self.links.append((f"<{element.tag}>", address, loaded))
                style = element.text if element.tag == "style" else element.get("style")
                for address in _styled(style or ""):
                    self.links.append((f"<{element.tag}>", address, True))
        article = tree.find(".//article")
        text = " ".join(_prose(tree if article is None else article))
        self.left_over = LEFT_OVER.findall(text)
        # Markdown in an element stays unread where a formula before it has a < beside a letter.
        self.left_over += [f"<{e.tag} markdown>" for e in tree.iterfind(".//*[@markdown]")]


def _styled(style: str) -> Iterator[str]:
    for match in STYLED.finditer(style):
        yield from filter(None, match.groups())


def _prose(element: html.HtmlElement) -> Iterator[str]:
    if isinstance(element.tag, str) and element.tag not in NO_PROSE:
        yield element.text or ""
        for child in element:
            yield from _prose(child)
            yield child.tail or ""


def problems(site: Path, url: str) -> Iterator[str]:
    """Yield what is wrong with a built site, a line each; links to its own `url` are followed."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html")) if _is_page(path)}
    links = [(path, *link) for path, page in pages.items() for link in page.links]
    for path in sorted(site.rglob("*.css")):
        links += [(path, "url()", address, True) for address in _styled(path.read_text("utf-8"))]
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        yield from (f"{name}: {text!r} is left over" for text in page.left_over)
    for path, place, address, loaded in links:
        name = path.relative_to(site).as_posix()
        if address.startswith(url):
            address = urlsplit(url).path + address.removeprefix(url)
        parts = urlsplit(address)
        if parts.scheme in ("data", "mailto", "javascript"):
            continue
        if parts.scheme or parts.netloc:
            if loaded:
                yield f"{name}: {place} loads {address} from another host"
            elif parts.hostname in ("localhost", "127.0.0.1"):
                yield f"{name}: {place} links to {address}, a copy on some machine"
            continue
        file = target(site, path, unquote(parts.path), url)
        if not file or not file.is_file():
            yield f"{name}: {place} links to {address}, which does not exist"
        elif parts.fragment and file in pages:
            fragment = unquote(parts.fragment)
            if fragment not in pages[file].anchors and not fragment.startswith("__"):
                yield f"{name}: {place} links to {address}, which has no such anchor"


def _is_page(path: Path) -> bool:
    return path.read_bytes()[:200].lstrip().lower().startswith(b"<!doctype html")


def target(site: Path, page: Path, address: str, url: str) -> Path | None:
    """Return the file that an address in a page or a style leads to, or None outside the site.

    Args:
        page: Who names the address.
        address: It, without host, query and fragment.
        url: The site's own address, whose path absolute addresses begin with.
    """
    if not address:
        return page
    base = urlsplit(url).path
    folder = posixpath.join(base, page.parent.relative_to(site).as_posix())
    place = posixpath.normpath(posixpath.join(folder, address))
    if not f"{place}/".startswith(base):
        return None
    path = site / f"{place}/".removeprefix(base).strip("/")
    return path / "index.html" if address.endswith("/") or path.is_dir() else path
