"""What tests of several studies stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from scripts.studies.rows import write

Put = Callable[[Any, Iterable[str], list[dict[str, Any]]], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Put:
    """Put rows in the place of a module's table; columns that they lack are empty."""
    numbers = count()

    def written(module: Any, columns: Iterable[str], rows: list[dict[str, Any]]) -> None:
        path, blank = tmp_path / f"{next(numbers)}.csv", dict.fromkeys(columns, "")
        write(path, [blank | row for row in rows], [*blank])
        monkeypatch.setattr(module, "TABLE", path)

    return written
