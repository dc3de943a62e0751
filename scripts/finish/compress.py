"""Put compressed twins beside the files of a site; each content is compressed once."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli

KINDS = {
    ".bib", ".bin", ".css", ".csv", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".xml", ".zip",
}  # fmt: skip
LEAST = 1024  # bytes; below, a twin saves nothing


def compress(folder: Path, cache: Path) -> int:
    """Write `.br` and `.gz` beside every file that gains by it and has none yet.

    Args:
        folder: The site.
        cache: Where twins are kept by the hash of the content; those not used are removed.

    Returns:
        The number of twins that had to be made.
    """
    cache.mkdir(parents=True, exist_ok=True)
    same: dict[str, list[Path]] = {}  # redirect pages, for example, are alike
    for path in folder.rglob("*"):
        has_twins = path.with_name(f"{path.name}.br").exists()
        if path.suffix in KINDS and path.stat().st_size >= LEAST and not has_twins:
            same.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    with ThreadPoolExecutor() as pool:
        made = sum(pool.map(lambda digest: _twins(digest, same[digest], cache), same))
    for path in cache.iterdir():
        if path.stem not in same:
            path.unlink()
    return made


def _twins(digest: str, paths: list[Path], cache: Path) -> int:
    """Put the twins of one content beside all files that hold it; return how many were made."""
    made = 0
    for suffix in (".br", ".gz"):
        kept = cache / f"{digest}{suffix}"
        if not kept.exists():
            part = cache / f"{digest}{suffix}.part"
            part.write_bytes(_pack(paths[0].read_bytes(), suffix))
            part.replace(kept)
            made += 1
        for path in paths:
            shutil.copyfile(kept, path.with_name(path.name + suffix))
    return made


def _pack(data: bytes, suffix: str) -> bytes:
    if suffix == ".br":
        return brotli.compress(data, quality=11)
    return gzip.compress(data, 9, mtime=0)
