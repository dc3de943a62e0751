"""The playground: cells, figures, examples."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from scripts.macros import examples
from tests.browser.reader import PLAYGROUND as PAGE
from tests.browser.reader import Visit, becomes, cell, edit, record, run


def open_cell(page: Page, site: str) -> None:
    page.goto(site + PAGE)
    edit(page)


def unfold(page: Page, example: examples.Example) -> None:
    """Open an example, which lies behind its title."""
    title = page.locator(f"details.example:has(code-cell[name={example.name}]) > summary")
    expect(title).to_have_text(example.title)
    title.click()


# Cells and examples -------------------------------------------------------------------------------


def test_the_first_cell_runs_as_it_stands(visit: Visit) -> None:
    page = visit(PAGE)
    edit(page)
    cell(page).get_by_role("button", name="Run", exact=True).click()
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("rank of the change: 4")


def test_numbers_drawn_without_a_seed_differ_from_visit_to_visit(page: Page, site: str) -> None:
    draws = set()
    for _ in range(2):
        open_cell(page, site)
        draws |= set(
            run(page, "import random, numpy\nprint(random.random(), numpy.random.rand())").split()
        )
    assert len(draws) == 4


def test_the_size_that_is_told_is_that_of_all_that_is_fetched(browser: Browser, site: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        requests: list[str] = []  # without what Python reads in the middle of an import
        context.on(
            "request", lambda r: requests.append(r.url) if r.resource_type != "xhr" else None
        )
        held: list[Route] = []
        context.route("**/late.bin", lambda route: held.append(route))  # the last to arrive
        open_cell(page, site)
        cell(page).get_by_role("button", name="Run", exact=True).click()
        status = cell(page).locator(".status")
        expect(status).to_contain_text("MB")
        told = re.search(r"[\d.]+ MB", status.inner_text())
        becomes(page, lambda: len(held), 1)
        held[0].continue_()
        expect(status).to_contain_text("Finished")
        fetched = {url for url in requests if "/assets/py/" in url}
        packed = [Request(url, headers={"Accept-Encoding": "br"}) for url in fetched]
        size = sum(len(urlopen(file).read()) for file in packed)
        assert told
        assert told[0] == f"{size / 1e6:.1f} MB"
        late = "import ast\nprint(ast.unparse(ast.parse('a + 1')))"
        assert run(page, late) == "a + 1\n"
        assert len(held) == 1


def test_every_example_runs_in_the_browser(page: Page, site: str) -> None:
    page.goto(site + PAGE)
    for example in examples.read():
        if example.theme != "start":
            unfold(page, example)
        here = cell(page, example.name)
        here.get_by_role("button", name="Edit and run").click()
        here.get_by_role("button", name="Run", exact=True).click()
        expect(here.get_by_role("status")).to_contain_text("Finished in")
        draws = "plt.show()" in example.path.read_text("utf-8")
        expect(here.get_by_role("img")).to_have_count(int(draws))
        assert draws or here.get_by_role("region", name="Output").inner_text()


def test_after_a_stop_python_starts_from_the_files_that_are_here(
    context: BrowserContext, page: Page, site: str
) -> None:
    open_cell(page, site)
    cell(page).get_by_role("textbox", name="Python code").fill(
        "print('on', flush=True)\nwhile 1: pass"
    )
    cell(page).get_by_role("button", name="Run", exact=True).click()
    expect(cell(page).get_by_role("region", name="Output")).to_have_text("on")
    requests = record(context)
    cell(page).get_by_role("button", name="Stop").click()
    expect(cell(page).get_by_role("status")).to_have_text("Stopped. Python is ready again.")
    becomes(page, lambda: any("pyodide" in url for url in requests), True)  # of the worker
    assert [url for url in requests if url.endswith((".wasm", ".bin", ".zip"))] == []


def test_a_breakdown_is_told_and_the_next_run_starts_anew(visit: Visit) -> None:
    page = visit(PAGE)
    edit(page)
    run(page, "import ctypes\nctypes.string_at(-1 & 0xffffffff, 100)", "Python broke down")
    assert run(page, "1 + 1") == "2\n"


# Figures ------------------------------------------------------------------------------------------

FIGURE = """
import matplotlib.pyplot as plt
print("before")
plt.plot([1, 3, 2])
plt.show()
print("after")
"""


def test_a_figure_appears_and_no_request_goes_to_another_host(
    context: BrowserContext, page: Page, site: str
) -> None:
    requests = record(context)
    open_cell(page, site)
    assert not any("matplotlib" in url for url in requests)
    assert run(page, FIGURE).split() == ["before", "after"]
    figure = cell(page).get_by_role("img", name="Figure 1")
    page.wait_for_function("image => image.naturalWidth > 100", arg=figure.element_handle())
    assert any("/wheels/matplotlib" in url for url in requests)
    hosts = {urlsplit(url).netloc for url in requests if url.startswith("http")}
    assert hosts == {urlsplit(site).netloc}


def test_a_package_that_does_not_arrive_is_told(page: Page, site: str) -> None:
    page.context.route("**/wheels/kiwisolver*", lambda route: route.abort())
    open_cell(page, site)
    run(page, FIGURE, "could not be loaded")
    page.context.unroute_all()
    assert run(page, FIGURE).split() == ["before", "after"]
