"""Code for the present settings: a script with the page's numbers, and a configuration for PEFT."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from scripts.bootstrap import ROOT
from tests.browser.reader import record

SETTINGS = "?rank=3&rank_stabilised=true&seed=5&base=clustered&step=0.25"


@pytest.fixture
def page(window: Page) -> Page:
    return window


def taken(page: Page, label: str) -> tuple[str, str]:
    """Return the name and the text of what a button of the export menu saves."""
    page.locator(".export summary").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name=label).first.click()
    page.keyboard.press("Escape")
    return download.value.suggested_filename, Path(download.value.path()).read_text("utf-8")


def test_the_script_prints_the_numbers_of_the_page(page: Page, site: str, tmp_path: Path) -> None:
    requests = record(page.context)
    page.goto(f"{site}methods/lora/")
    taken(page, "numpy script")
    assert not [url for url in requests if "/assets/py/" in url]
    page.goto(f"{site}methods/lora/{SETTINGS}")
    name, code = taken(page, "numpy script")
    assert name == "lora.py"
    assert f"{site}methods/lora/{SETTINGS}" in code
    (tmp_path / name).write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / name)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    page.wait_for_selector("adapter-demo[data-state=live]")
    panels = page.evaluate("updates.at(-1).panels")
    shown = [
        f"{p['label']}: {p['text']} {p['unit']}".strip() for p in panels if p["kind"] == "number"
    ]
    sentence = page.locator(".sentence").first.evaluate("p => p.textContent")
    assert done.stdout.splitlines() == [*shown, sentence]
