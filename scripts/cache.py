"""Results made once: a stamp, or a name, tells from what (standard library only)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def digest(root: Path, files: Iterable[Path], *settings: str | bytes) -> str:
    """Return the hash of files under a root, their names included, and of settings."""
    total = hashlib.sha256()
    for setting in settings:
        data = setting.encode() if isinstance(setting, str) else setting
        total.update(hashlib.sha256(data).digest())
    for path in sorted(files):
        total.update(f"{path.relative_to(root).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@contextmanager
def stamped(stamp: Path, key: str, *made: Path) -> Iterator[bool]:
    """Yield whether `made` is not there or was made from something else; at the end it is there.

    The stamp, best within what is made, remembers the key of the last success.
    """
    stale = not all(path.exists() for path in (stamp, *made)) or stamp.read_text() != key
    if stale:
        stamp.unlink(missing_ok=True)
    yield stale
    if stale:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(key)


def kept(path: Path, make: Callable[[], bytes]) -> Path:
    """Return a file whose name tells from what it is made, and make it unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(make())
        part.replace(path)
    return path


def tidy(folder: Path, used: Iterable[Path]) -> None:
    for path in set(folder.glob("*")).difference(used):
        path.unlink()
