"""Python as Pyodide publishes it gives the numbers of the packed one, from its own files alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from adapters_np.core import slugs
from scripts.bootstrap import ROOT, locked
from scripts.finish.release import add_python, place_python
from scripts.pyodide import make
from scripts.serve import serving
from tests.browser.workbench import ask, bare, bundle

pytestmark = pytest.mark.weekly


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The workbench of a site that is built with --stock."""
    folder = tmp_path_factory.mktemp("stock")
    with locked(ROOT / ".build" / "build.lock"):
        make.make(published=True)
        add_python(folder, make.STOCK)
        bundle(folder, place_python(make.STOCK))
    with serving(folder) as address:
        yield f"{address}assets/demo/"


@pytest.fixture(scope="module")
def pages(browser: Browser, stock: str, workbench: str) -> Iterator[tuple[Page, Page]]:
    """The stock page and the one with the packed Python."""
    with browser.new_context() as context:
        ours, packed = context.new_page(), context.new_page()
        ours.goto(stock)
        packed.goto(workbench)
        yield ours, packed


def test_it_is_pyodide_as_published(pages: tuple[Page, Page]) -> None:
    page, packed = pages
    ask(page, "lora")
    ask(packed, "lora")
    assert page.evaluate("python.runtime") == "stock"
    assert packed.evaluate("python.runtime") == "snapshot"


@pytest.mark.parametrize("method", sorted(slugs())[::3])
def test_it_gives_the_numbers_of_the_packed_python(pages: tuple[Page, Page], method: str) -> None:
    """A third of the methods: the packed one answers for all in test_numbers.py."""
    ours, packed = (ask(page, method, seed=3, step=0.35) for page in pages)
    assert ours == packed


def test_python_and_matplotlib_come_from_the_site(page: Page, stock: str) -> None:
    requested: list[str] = []
    page.context.on("request", lambda request: requested.append(request.url))
    worker = bare(page, stock)
    assert not [url for url in requested if "matplotlib" in url]
    worker.evaluate("py.loadPackage('matplotlib')")
    svg = worker.evaluate(
        """py.runPython(`
import io, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
out = io.StringIO()
plt.savefig(out, format="svg")
out.getvalue()[:1000]
`)"""
    )
    assert "<svg" in svg
    assert [url for url in requested if "matplotlib" in url]
    assert all(url.startswith((stock.rpartition("assets/")[0], "data:")) for url in requested)


def test_a_file_that_is_missing_is_named(page: Page, stock: str) -> None:
    page.context.route("**/pyodide.asm.mjs", lambda route: route.abort())
    page.goto(stock)
    error = ask(page, "lora")
    page.context.unroute_all()
    assert error["kind"] == "load"
    assert "pyodide.asm.mjs" in error["message"]
