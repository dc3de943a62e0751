"""Lay out Pyodide as it was published, beside the project's code, for demos/python/stock.js.

Nothing is changed but the lock, which is shortened to the packages that are there. What Pyodide
finds by itself lies in one folder, whose name tells its content.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import brotli

from scripts.bootstrap import ROOT

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
CODE = "code.zip"


def lay_out(out: Path, pyodide: Path, wheels: Mapping[str, Path]) -> None:
    """Write what the browser loads, and `manifest.json`, from the npm package and the wheels."""
    lock = json.loads((pyodide / LOCK).read_text("utf-8"))
    lock["packages"] = {name: lock["packages"][name] for name in wheels}
    files = {name: (pyodide / name).read_bytes() for name in CORE}
    files |= {LOCK: json.dumps(lock).encode()}
    files |= {f"wheels/{path.name}": path.read_bytes() for path in wheels.values()}
    each = json.dumps({name: _sha256(data) for name, data in files.items()})
    folder = _sha256(each.encode())[:16]
    if not (out / folder).is_dir():
        shutil.rmtree(out, ignore_errors=True)
        part = out / "part"
        (part / "wheels").mkdir(parents=True)
        for name, data in files.items():
            _write(part / name, data)
        part.rename(out / folder)
    code = archive(dict(sources()))
    _write(out / CODE, code)
    at_once = [out / folder / name for name in (*CORE, LOCK, f"wheels/{wheels['numpy'].name}")]
    size = sum(_download(path) for path in (*at_once, out / CODE))
    sent = _download(out / CODE)
    file = {"path": CODE, "bytes": len(code), "download": sent, "sha256": _sha256(code)}
    version = json.loads((pyodide / "package.json").read_text("utf-8"))["version"]
    manifest = {
        **{"stock": True, "version": version, "base": "../py/", "folder": folder},
        **{"bytes": size, "whole": size, "files": {CODE: file}},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def sources() -> Iterator[tuple[str, bytes]]:
    paths = [*ROOT.glob("adapters_np/**/*.py"), *ROOT.glob("demos/*.py"), *ROOT.glob("demos/*.npy")]
    for path in sorted(paths):
        yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip that is the same whenever it is made: stored, for the server compresses it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in files.items():
            packed.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write a file with its compressed copies; wheels are compressed already."""
    path.write_bytes(data)
    if path.suffix == ".whl":
        return
    path.with_name(f"{path.name}.br").write_bytes(brotli.compress(data, quality=9))
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def _download(path: Path) -> int:
    twin = path.with_name(f"{path.name}.br")
    return (twin if twin.exists() else path).stat().st_size


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
