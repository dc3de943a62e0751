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
    files = [
        path
        for path in folder.rglob("*")
        if path.suffix in KINDS
        and path.stat().st_size >= LEAST
        and not path.with_name(f"{path.name}.br").exists()
    ]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda path: _twins(path, cache), files))
    used = {name for names, _ in results for name in names}
    for path in cache.iterdir():
        if path.name not in used:
            path.unlink()
    return sum(made for _, made in results)


def _twins(path: Path, cache: Path) -> tuple[list[str], int]:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    names, made = [f"{digest}.br", f"{digest}.gz"], 0
    for name in names:
        kept = cache / name
        if not kept.exists():
            packed = _pack(data, kept.suffix)
            part = kept.with_suffix(f"{kept.suffix}.part")
            part.write_bytes(packed)
            part.replace(kept)
            made += 1
        shutil.copyfile(kept, path.with_name(path.name + kept.suffix))
    return names, made


def _pack(data: bytes, suffix: str) -> bytes:
    if suffix == ".br":
        return brotli.compress(data, quality=11)
    return gzip.compress(data, 9, mtime=0)
