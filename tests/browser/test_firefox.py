"""The core of a visit in a stock Firefox."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from demos.probe import probe
from scripts.bootstrap import ROOT, firefox
from scripts.stored.widgets import opening
from tests.browser.python.test_sandbox import ASTRAY, ATTEMPTS, ENDLESS, LATER, LOOK

pytestmark = pytest.mark.weekly

# Attempts that need no other host.
HARMLESS = [
    attempt for attempt in ATTEMPTS.values() if "wait" not in attempt and "HOST" not in attempt
]

TRY = f"""
import js, pyodide_js
PORT = 9
for attempt in {HARMLESS!r} + ["js.caches.open('stolen')", "js.indexedDB.databases()"]:
    try:
        exec(attempt)
        print("no error:", attempt)
    except BaseException:
        pass
"""

START = "import js, pyodide_js\nfrom pyodide.ffi import create_once_callable, create_proxy\n"
CODES = [
    LOOK,
    TRY,
    LATER,
    START + ENDLESS["timers one after the other"],
    "1 + 1",
    ASTRAY,
]


@pytest.fixture(scope="module")
def seen(site: str) -> Any:
    """Return what tests/browser/firefox.mjs has seen."""
    executable = firefox()
    if executable is None:
        pytest.skip("no Firefox on this machine; on Debian: apt install firefox-esr")
    done = subprocess.run(
        ["node", "tests/browser/firefox.mjs", str(executable), site, json.dumps(CODES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_firefox_shows_the_stored_picture_and_fits_a_phone(seen: Any) -> None:
    assert "firefox" in seen["version"].lower()
    assert seen["stored"]["state"] == "stored"
    assert seen["stored"]["picture"]
    assert seen["stored"]["sentence"] == probe("lora", opening("lora"))["sentence"]
    assert seen["stored"]["width"] <= 390


def test_firefox_computes_the_numbers_of_cpython(seen: Any) -> None:
    assert seen["live"]["knobs"]["rank"] == 3
    expected = probe("lora", seen["live"]["knobs"])
    assert seen["afterwards"]["sentence"] == expected["sentence"]
    for ours, theirs in zip(seen["live"]["panels"], expected["panels"], strict=True):
        assert ours["name"] == theirs["name"]
        for part in ("views", "lines"):
            for a, b in zip(ours.get(part, []), theirs.get(part, []), strict=True):
                np.testing.assert_allclose(a["values"], b["values"], rtol=1e-9, atol=1e-12)


def test_firefox_keeps_python_from_page_to_page(seen: Any) -> None:
    assert seen["sameVisit"]
    assert seen["next"]["method"] == "oft"
    assert "loading" not in seen["states"]


def test_firefox_keeps_and_restores_the_address(seen: Any) -> None:
    address = urlsplit(seen["afterwards"]["address"])
    assert (address.path, address.query) == ("/methods/lora/", "way=random&world=few&rank=3")
    assert seen["restored"]["knobs"]["rank"] == 6
    assert seen["restored"]["sentence"] == probe("lora", seen["restored"]["knobs"])["sentence"]
    assert "alpha=nonsense" in seen["problem"]


def test_firefox_leaves_readers_code_no_way_out(seen: Any) -> None:
    look, attempts, *_, astray = (run["output"] for run in seen["cell"])
    assert (look, attempts) == ("looked\n", "")
    assert sorted(astray.split()) == ["answer", "answer", "refused", "refused"]


def test_firefox_ends_a_run_when_nothing_of_it_is_left(seen: Any) -> None:
    _, _, later, endless, after, _ = seen["cell"]
    assert sorted(later["output"].split()) == ["module", "package", "sleep", "timer"]
    assert endless["status"].startswith("Stopped after 10 seconds.")
    assert (after["status"][:8], after["output"]) == ("Finished", "2\n")


def test_firefox_asks_again_for_drawing_code_that_did_not_arrive(seen: Any) -> None:
    assert seen["late"] == "live"


def test_firefox_reports_no_error_and_no_breach_of_the_policy(seen: Any) -> None:
    assert (seen["errors"], seen["violations"]) == ([], [])
