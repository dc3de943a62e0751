"""An edit of a source reaches the reader's open page by itself, first its own page, then all.

It builds a copy of the whole site, and its parts have tests of their own: test_build, test_serve.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from demos.probe import measure
from scripts.bootstrap import ROOT, variables
from tests.browser.reader import becomes, move

pytestmark = pytest.mark.weekly

SOURCES = (
    *("adapters_np", "demos", "docs", "overrides", "scripts", "mkdocs.yml", "CHANGELOG.md"),
    *("CITATION.cff", "CONTRIBUTING.md", "package.json", "package-lock.json", "requirements.txt"),
    *(".build", "site"),
)


BUILDING = 1_800_000  # milliseconds that a busy machine may take to show an edit
LEAF = "methods/adalora/"  # no other module imports this one, so that one method is fitted anew


class Preview:
    """A copy of the project in a folder with an awkward name, served while it is edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        compiled = shutil.ignore_patterns("jax")  # what tests keep, which no build needs
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=compiled)
            else:
                shutil.copy2(ROOT / name, root / name)
        for name in (".venv", "node_modules"):
            (root / name).symlink_to(ROOT / name)
        self.process = subprocess.Popen(
            ["python", "-m", "scripts.preview", "--port", "0"],
            cwd=root,
            env=variables() | {"PYTHONPATH": str(root)},
            stderr=subprocess.PIPE,
            text=True,
        )
        (self.address,) = re.findall(r"http://\S+", self.wait_for("the site is on"))

    def wait_for(self, words: str) -> str:
        """Return the next line that the server prints with these words in it."""
        seen = []
        assert self.process.stderr
        for line in self.process.stderr:
            seen.append(line)
            if words in line:
                return line
            assert "the last good pages stay" not in line, "".join(seen)
        raise AssertionError(f"the server ended:\n{''.join(seen)}")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    served = Preview(tmp_path_factory.mktemp("Eine Kopie größer"))
    yield served
    served.process.send_signal(signal.SIGINT)
    served.process.communicate()
    assert os.waitstatus_to_exitcode(served.process.returncode) == 0


def test_edits_of_a_page_and_of_a_module_reach_the_pages_that_show_them(
    preview: Preview, page: Page
) -> None:
    page.goto(f"{preview.address}about/")
    title, tabs = page.title(), page.locator("nav.md-tabs").inner_text()
    preview.edit("docs/about.md", "\n## ", "\nA sentence of $x^2$ letters.\n\n## ")
    article = page.locator("article")
    article.get_by_text("A sentence of").wait_for(timeout=BUILDING)
    preview.wait_for("the change is shown")
    becomes(page, page.title, title)  # the page may load itself once more
    becomes(page, page.locator("nav.md-tabs").inner_text, tabs)

    page.goto(f"{preview.address}{LEAF}#implementation")
    page.evaluate("window.before = true")
    module = "adapters_np/methods/adalora.py"
    preview.edit(module, "return self.s * self.P", "return 2 * self.s * self.P")
    page.wait_for_function("() => !window.before", timeout=BUILDING)
    preview.wait_for("the change is shown")
    page.get_by_text("return 2 * self.s").first.wait_for()
    page = page.context.new_page()
    page.goto(f"{preview.address}{LEAF}?way=random&size=64x64")
    update = move(page, "target_rank", "ArrowRight")
    (panel,) = (p for p in update["panels"] if p["name"] == "delta_spectrum")
    old = measure("adalora", update["knobs"]).delta
    expected = np.linalg.svd(2 * old, compute_uv=False)
    np.testing.assert_allclose(panel["lines"][0]["values"], expected, atol=1e-9)
    index = (preview.root / "site/search/search_index.json").read_text("utf-8")
    assert "LoRA" in index  # on a page that was not made again
    assert "A sentence of" in (preview.root / "site/about/index.html").read_text("utf-8")


def test_a_mistake_is_told_and_the_last_good_page_stays(preview: Preview, page: Page) -> None:
    page.goto(f"{preview.address}methods/lora/")
    preview.edit("docs/methods/lora.md", "theme: ", "theme: un")
    assert "docs/methods/lora.md: theme: 'un" in preview.wait_for("theme: 'un")
    preview.wait_for("the last good pages stay")
    response = page.reload()
    assert response
    assert response.ok
