"""Settings for all tests."""

import gc
import hashlib
import os
import platform
import signal
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]


def flags() -> set[str]:
    """Return what a processor can do, where the system tells."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.is_file() else []
    return {line for line in lines if line.startswith(("flags", "Features"))}


# Matrices here are small, and threads that wait for one another on a busy machine take 50 times
# as long. BLAS reads this when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# JAX keeps what it has compiled for the next run, on a processor of the same kind.
KIND = hashlib.sha256(" ".join([platform.machine(), *sorted(flags())]).encode()).hexdigest()[:8]
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".build" / "jax" / KIND))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

# A shell's background job ignores Ctrl-C, and what it starts would do so too: servers that a test
# ends in that way would stay for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Hypothesis repeats the same examples on every machine.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")


BROWSER = Path(__file__).parent / "browser"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file that cannot hold a test with the mark that is asked for, which takes time."""
    if collection_path.suffix != ".py" or collection_path.name == "conftest.py":
        return None
    chosen: str = config.getoption("-m")
    in_browser = collection_path.is_relative_to(BROWSER)
    if chosen.startswith("not site") and in_browser:
        return True
    text = collection_path.read_text("utf-8")
    if chosen.endswith("not long") and "\npytestmark = pytest.mark.long\n" in text:
        return True
    if chosen and not chosen.startswith("not ") and not in_browser:
        wanted = chosen.partition(" and ")[0].split(" or ")
        return not any(f"mark.{mark}" in text for mark in wanted) or None
    return None


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among the thousands of tests that are collected."""
    gc.freeze()
    gc.set_threshold(50_000)
