"""Questions of the gate to a Python (gate.mjs), as text that can be compared."""

from __future__ import annotations

import importlib
import io
import re
import sys
import unittest
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ADDRESS = re.compile(r"0x[0-9a-f]{5,}")
DEEP = re.compile(r"dealloc|recurs|deep|nest|stack|crash|trashcan")
"""Tests that fill the stack on purpose, which ends Python in a browser, or not, as it happens."""

SHORT = {"np": "numpy"}


def expression(source: str) -> str:
    """Return the value or the error of an expression, and the warnings that it gave."""
    names: dict[str, Any] = {}
    for name in re.findall(r"(?<![\w.'\"])[a-z]\w*(?=\.)", source):
        try:
            names[name] = importlib.import_module(SHORT.get(name, name))
        except ModuleNotFoundError:
            continue
    if "urllib.parse" in source:
        importlib.import_module("urllib.parse")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = shown(eval(source, names))
        except BaseException as error:
            result = f"{type(error).__module__}.{type(error).__qualname__}: {error}"
    lines = [result, *(f"{w.category.__name__}: {w.message}" for w in caught)]
    return ADDRESS.sub("0x", "\n".join(lines))


def shown(value: object) -> str:
    """Return type and value, of arrays to the last bit."""
    kind = type(value).__name__
    if kind in ("ndarray", "recarray", "MaskedArray", "matrix"):
        array: Any = value
        return f"{kind} {array.dtype} {array.shape} {array.tolist()!r}"
    if isinstance(value, (tuple, list)):
        return f"{kind}[" + ", ".join(map(shown, value)) + "]"
    return f"{kind} {value!r}"


class Outcomes(unittest.TestResult):
    """The outcome of each test of CPython."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        kinds = {"failed": self.failures, "error": self.errors, "skipped": self.skipped}
        ended = [kind for kind, tests in kinds.items() if any(t is test for t, _ in tests)]
        self.lines.append(f"{test.id()} {' '.join(ended) or 'passed'}")
        super().stopTest(test)

    def addSubTest(self, test: Any, subtest: Any, error: Any) -> None:  # noqa: N802
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.lines.append(f"{subtest.id()} failed")


def each(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def cpython(name: str) -> str:
    sys.path.insert(0, "/tests")
    outcomes = Outcomes()
    sys.stdout = sys.stderr = io.StringIO()
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{name}")
        unittest.TestSuite(t for t in each(suite) if not DEEP.search(t.id())).run(outcomes)
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    return "\n".join(sorted(outcomes.lines))


def numpy(name: str) -> str:
    sys.path.insert(0, "/tests")
    import pytest

    lines: list[str] = []

    class Plugin:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.when == "call" or report.outcome != "passed":
                lines.append(f"{report.nodeid} {report.when} {report.outcome}")

    options = ["-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--noconftest"]
    options += ["-k", "not recursion and not deep"]
    sys.stdout = sys.stderr = io.StringIO()
    try:
        code = pytest.main([*options, str(Path("/tests") / name)], plugins=[Plugin()])
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    return ADDRESS.sub("0x", "\n".join([*sorted(lines), f"{len(lines)} {code!r}"]))
