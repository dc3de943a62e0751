"""Versions of scripts and styles in their addresses, and the service worker that keeps them.

Everything whose address tells its content is kept for ever, and no page can meet a script or a
style of another release, online or offline.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.bootstrap import ROOT, SetupError

RESOURCE = re.compile(
    r'(<(?:link|script|img)\b[^>]*?\s(?:href|src)="|url\()([^"()?#:]+\.\w+)(?:\?(\w+))?(?=[")])'
)
# Names with a hash in them never change their bytes.
IMMUTABLE = re.compile(
    r"/assets/py/[0-9a-f]{8,}/"
    r"|/assets/demo/[^/]+-[0-9A-Z]{8}\.\w+$"
    r"|/assets/(javascripts|stylesheets)/.+\.[0-9a-f]{8}\.min\.(js|css)$"
)
CODE = (".css", ".js")
TWINS = (".br", ".gz", ".map")
RARE = {"library.zip"}  # fetched by the imports that need it


def add_versions(site: Path) -> None:
    """Put the hash of every script, style and font that pages name into its address.

    A `release` tag tells scripts apart that belong to another release than the page.
    """
    for style in sorted(site.rglob("*.css")):
        if not _immutable(site, style):
            style.write_text(_versioned(style, site), "utf-8")
    code = [path for path in sorted(site.rglob("*")) if path.suffix in CODE]
    tag = f'<meta name="release" content="{_digest(code)[:8]}">'
    for page in site.rglob("*.html"):
        page.write_text(_versioned(page, site).replace("</head>", f"{tag}</head>", 1), "utf-8")


def _versioned(user: Path, site: Path) -> str:
    """Return the text of a page or style with the hashes of what it loads."""

    def version(match: re.Match[str]) -> str:
        start, address, _ = match.groups()
        target = _target(site, user, address)
        if target.suffix not in (*CODE, ".woff2") or _immutable(site, target):
            return match[0]
        return f"{start}{address}?{_digest([target])[:8]}"

    return RESOURCE.sub(version, user.read_text("utf-8"))


def _target(site: Path, user: Path, address: str) -> Path:
    folder = "/" if address.startswith("/") else f"/{user.parent.relative_to(site).as_posix()}"
    return site / posixpath.normpath(posixpath.join(folder, address)).lstrip("/")


def _immutable(site: Path, path: Path) -> bool:
    return bool(IMMUTABLE.search(f"/{path.relative_to(site).as_posix()}"))


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def add_service_worker(site: Path, manifest: dict[str, Any]) -> None:
    """Write `sw.js`, which knows what belongs to this release.

    Args:
        site: The site, complete but for this.
        manifest: The files of Python, made by scripts/runtime/pack.mjs.

    Raises:
        SetupError: when the script does not bundle.
    """
    release = json.dumps(_release(site, manifest))
    done = subprocess.run(
        [
            *("node_modules/.bin/esbuild", "demos/page/sw.js", "--bundle", "--minify"),
            *("--target=chrome111,firefox115,safari16.4", "--legal-comments=none"),
            *('--define:process.env.NODE_ENV="production"', f"--define:RELEASE={release}"),
            *(f"--outfile={site / 'sw.js'}", "--log-level=warning"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SetupError(f"demos/page/sw.js does not bundle:\n{done.stderr}")


def _release(site: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the service worker needs to know: see `RELEASE` in demos/globals.d.ts."""
    files = [path for path in sorted(site.rglob("*")) if path.is_file()]
    files = [path for path in files if path.suffix not in TWINS]
    pages = [path for path in files if path.name == "index.html" and not _redirects(path)]
    named = {address for page in pages for address in _resources(page, site)}
    fixed = [path.relative_to(site).as_posix() for path in files if _immutable(site, path)]
    search = [path for path in fixed if path.startswith("assets/javascripts/workers/")]
    data = ["sitemap.xml", "search/search_index.json", *search]
    text = [page.relative_to(site).parent.as_posix().removeprefix(".") for page in pages]
    python = {f"assets/py/{f['path']}" for role, f in manifest["files"].items() if role not in RARE}
    python |= {path for path in fixed if re.fullmatch(r"assets/demo/[^/]+\.(?:js|css)", path)}
    return {
        "version": _digest(files)[:12],
        "immutable": IMMUTABLE.pattern,
        "files": sorted({*fixed, *(address for address in named if "?" in address)}),
        "groups": {
            "text": [*sorted(named), *data, *(f"{page}/" if page else "" for page in text)],
            "python": sorted(python),
        },
    }


def _redirects(page: Path) -> bool:
    return 'http-equiv="refresh"' in page.read_text("utf-8")


def _resources(user: Path, site: Path) -> Iterator[str]:
    """Yield the addresses, below the site's, of what a page and its styles load."""
    for _, path, version in RESOURCE.findall(user.read_text("utf-8")):
        target = _target(site, user, path)
        yield target.relative_to(site).as_posix() + (f"?{version}" if version else "")
        if target.suffix == ".css":
            yield from _resources(target, site)
