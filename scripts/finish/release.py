"""Files that are named by their content.

Every file that pages load has the first half of its SHA-256 in its address. So no page can meet a
script, a style or data of another release, whatever a host or a cache does.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from scripts.bootstrap import SetupError
from scripts.finish.links import target

DIGITS = 32  # of the 64 that a SHA-256 has: 128 bits
# Addresses with a digest of the content in them: their bytes never change.
NAMED = re.compile(r"/assets/(?:py/([0-9a-f]{32})/[^/]+|.+-([0-9a-f]{32})\.\w+)$")
TEXT = {".css", ".html", ".js", ".json"}
KINDS = {*TEXT, ".bin", ".png", ".woff2"}
OTHERS = {"pictures", "py"}
"""Folders in assets/ with names of their own: other sites link to pictures; `add_python`."""

ENDS = "|".join(kind.removeprefix(".") for kind in sorted(KINDS))
ADDRESS = re.compile(rf"""(?<=["'`(])[^"'`()<>\s?#:]+\.(?:{ENDS})(?=["'`)?#])""")
FORMER = re.compile(r"(-[0-9A-Z]{8}|\.[0-9a-f]{8}\.min|-[0-9a-f]{32})$")
"""The version suffix of a file name: its maker's, or that of an earlier `add_names`."""
LARGE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("pyodide.asm.wasm", "numpy.bin", "snapshot.bin"), ("bytes", "whole")),
    "late.bin": ("whole",),
    **dict.fromkeys(("python_stdlib.zip", "library.zip"), ()),
}
"""Large files, and the sizes in the manifest that they are part of."""


def place_python(packed: Path) -> dict[str, Any]:
    """Return the manifest of what scripts/pyodide has made, each file in a new place.

    The folder that a file is in on the site is named by its content. With the variable SITE_RAW,
    for hosts that send files of such kinds as they are, the large ones are published compressed
    and decompressed by who asks (demos/python/surgery/download.js).
    """
    manifest: dict[str, Any] = json.loads((packed / "manifest.json").read_text("utf-8"))
    for role, file in manifest["files"].items():
        made = packed / file["path"]
        data, name = made.read_bytes(), made.name
        if sent_raw() and role in LARGE:
            data, name = made.with_name(f"{name}.gz").read_bytes(), f"{name}.z"
            more = len(data) - file["download"]
            file |= {"download": len(data), "gzip": True}
            manifest |= {size: manifest[size] + more for size in LARGE[role]}
        file["path"] = f"{_digest(data)}/{name}"
    return manifest


def sent_raw() -> bool:
    return bool(os.environ.get("SITE_RAW"))


def add_python(site: Path, packed: Path) -> None:
    """Copy the files of Python with their compressed copies to where `place_python` says.

    What lies together stays in a folder of one name, which tells what is in it too.
    """
    manifest = json.loads((packed / "manifest.json").read_text("utf-8"))
    made, together = manifest["files"], manifest["folder"]
    shutil.copytree(packed / together, site / "assets" / "py" / together)
    for role, file in place_python(packed)["files"].items():
        source, goal = packed / made[role]["path"], site / "assets" / "py" / file["path"]
        goal.parent.mkdir(parents=True, exist_ok=True)
        if file.get("gzip"):
            shutil.copyfile(source.with_name(f"{source.name}.gz"), goal)
            continue
        for twin in source.parent.glob(f"{source.name}*"):
            shutil.copyfile(twin, goal.with_name(twin.name))


def add_names(site: Path, url: str) -> None:
    """Put the digest of every file in assets/ into its name, wherever it is named.

    A file is named after those that it names. Scripts that make up names ask `names.json`. A
    `release` tag tells scripts apart that belong to another release than the page. It may run again
    on a site that has such names, when files have changed.

    Args:
        url: Its address; that page which is shown for missing ones has absolute addresses.

    Raises:
        SetupError: when files name each other in a circle.
    """
    assets = site / "assets"
    files = {
        path
        for path in assets.rglob("*")
        if path.suffix in KINDS and path.relative_to(assets).parts[0] not in OTHERS
    }
    names: dict[Path, str] = {}
    under_way: list[Path] = []

    def named(text: str, user: Path) -> str:
        def replace(match: re.Match[str]) -> str:
            # what a script is given in an attribute is beside the script
            for place in (user, assets / "demo" / "adapter-demo.js"):
                path = target(site, place, match[0], url)
                if path in files:
                    return match[0].removesuffix(path.name) + name(path)
            return match[0]

        return ADDRESS.sub(replace, text)

    def name(path: Path) -> str:
        if path in under_way:
            circle = " → ".join(str(p.relative_to(site)) for p in [*under_way, path])
            raise SetupError(f"files that name each other can have no names: {circle}")
        if path not in names:
            under_way.append(path)
            data = path.read_bytes()
            if path.suffix in TEXT and path != table:
                data = named(data.decode("utf-8"), path).encode("utf-8")
            new = f"{FORMER.sub('', path.stem)}-{_digest(data)}{path.suffix}"
            path.unlink()
            path.with_name(new).write_bytes(data)
            names[path] = new
            under_way.pop()
        return names[path]

    data = {p for p in files if p.parent == assets / "demo" and p.suffix in (".html", ".json")}
    table = next((p for p in data if p.name.startswith("names-")), assets / "demo" / "names.json")
    # what the makers of files call them: what they are named now
    entries = {f"{FORMER.sub('', p.stem)}{p.suffix}": name(p) for p in sorted(data - {table})}
    table.unlink(missing_ok=True)  # perhaps a link to the file of another site
    table.write_text(json.dumps(entries, sort_keys=True), "utf-8")
    files.add(table)
    for path in sorted(files):
        name(path)
    code = sorted(names[path] for path in files if path.suffix in (".css", ".js"))
    tag = f'<meta name="release" content="{_digest("".join(code).encode())[:8]}">'
    for page in site.rglob("*.html"):
        if assets not in page.parents:
            text = re.sub(r'<meta name="release"[^>]*>', "", named(page.read_text("utf-8"), page))
            page.write_text(text.replace("</head>", f"{tag}</head>", 1), "utf-8")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:DIGITS]
