"""Put compressed copies beside the files of a site; each content is compressed once."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli

from scripts.cache import kept, tidy

KINDS = {
    ".bib", ".bin", ".css", ".csv", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".xml", ".zip",
}  # fmt: skip
LEAST = 1024  # bytes; below, a compressed copy saves nothing


def compress(folder: Path, cache: Path) -> None:
    """Write `.br` and `.gz` beside every file that gains by it and has none yet.

    The cache keeps them by the hash of the content; those not used are removed.
    """
    same: dict[str, list[Path]] = {}  # redirect pages, for example, are alike
    for path in folder.rglob("*"):
        has_twins = path.with_name(f"{path.name}.br").exists()
        if path.suffix in KINDS and path.stat().st_size >= LEAST and not has_twins:
            same.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    twins = [(cache / f"{digest}{end}", same[digest]) for digest in same for end in (".br", ".gz")]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda twin: _copy(*twin), twins))
    tidy(cache, (path for path, _ in twins))


def _copy(twin: Path, paths: list[Path]) -> None:
    """Put the compressed copy of one content beside all files that hold it."""
    kept(twin, lambda: _pack(paths[0].read_bytes(), twin.suffix))
    for path in paths:
        shutil.copyfile(twin, path.with_name(path.name + twin.suffix))


def _pack(data: bytes, suffix: str) -> bytes:
    if suffix == ".br":
        return brotli.compress(data, quality=11)
    return gzip.compress(data, 9, mtime=0)
