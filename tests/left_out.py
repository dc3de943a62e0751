"""Says which tests a quick run leaves out, and why: `python -m tests.left_out`."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO

import pytest

WHY = {"site": "need the site", "long": "train or fit"}
"""Reasons of the tests that have a mark, of which the first counts."""


class Count:
    """Counts the tests that have one of the marks: a plugin of pytest."""

    def __init__(self) -> None:
        """Start at none."""
        self.found: Counter[str] = Counter()

    @pytest.hookimpl(trylast=True)  # after those that mark
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Count what is collected."""
        marks = (next(filter(item.get_closest_marker, WHY), None) for item in items)
        self.found = Counter(mark for mark in marks if mark)


def main(arguments: list[str]) -> str:
    """Return the line that a quick run ends with.

    Raises:
        SystemExit: when the tests cannot be collected; what pytest says of it is printed.
    """
    count, said = Count(), StringIO()
    chosen = ["-m", " or ".join(WHY), "-o", "testpaths=tests", *arguments]
    with redirect_stdout(said):
        code = pytest.main(["--collect-only", "-qq", *chosen], [count])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(said.getvalue())
    found = [f"{count.found[mark]} tests that {why}" for mark, why in WHY.items()]
    return f"left out: {', '.join(found)} (--quick)"


if __name__ == "__main__":
    print(main(sys.argv[1:]))
