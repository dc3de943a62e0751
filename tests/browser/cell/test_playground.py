"""The playground: cells, figures, examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from scripts.macros import examples
from tests.browser.conftest import sound
from tests.browser.reader import PLAYGROUND as PAGE
from tests.browser.reader import becomes, cell, edit, record, revisit, run, says


@pytest.fixture
def opened(tab: Page, site: str) -> Iterator[Page]:
    """A cell whose Python runs what one test after the other gives it."""
    if not tab.url.startswith(site + PAGE):
        edit(revisit(tab, site, PAGE))
    with sound(tab):
        yield tab


def unfold(page: Page, example: examples.Example) -> None:
    """Open an example, which lies behind its title."""
    title = page.locator(f"details.example:has(code-cell[name={example.name}]) > summary")
    expect(title).to_have_text(example.title)
    title.click()


# Figures ------------------------------------------------------------------------------------------

FIGURE = """
import matplotlib.pyplot as plt
print("before")
plt.plot([1, 3, 2])
plt.show()
print("after")
"""


def test_a_figure_asks_no_other_host_and_a_package_that_does_not_arrive_is_told(
    opened: Page, site: str
) -> None:
    requests = record(opened.context)
    run(opened, "1 + 1")
    assert not any("matplotlib" in url for url in requests)
    opened.context.route("**/wheels/kiwisolver*", lambda route: route.abort())
    run(opened, FIGURE, "could not be loaded")
    opened.context.unroute_all()
    assert run(opened, FIGURE).split() == ["before", "after"]
    figure = cell(opened).get_by_role("img", name="Figure 1")
    opened.wait_for_function("image => image.naturalWidth > 100", arg=figure.element_handle())
    assert any("/wheels/matplotlib" in url for url in requests)
    hosts = {urlsplit(url).netloc for url in requests if url.startswith("http")}
    assert hosts == {urlsplit(site).netloc}


FIGURES = """
import matplotlib.pyplot as plt
import numpy as np

values = np.random.rand(40, 40)
plt.scatter(*values[:2], s=90, c=values[0], alpha=0.5, label="$\\\\sum_i x_i^2$")
plt.legend()
plt.show()
plt.imshow(values).set_clip_path(plt.Circle((20, 20), 9, transform=plt.gca().transData))
plt.colorbar()
plt.show()
plt.bar(range(3), range(3), hatch="/", edgecolor="red", url="http://nowhere.invalid/")
plt.show()
plt.pcolormesh(values, rasterized=True)
plt.contourf(values)
plt.title("a (b)", gid="a (b)")
plt.show()
plt.subplot(projection="polar").plot([0, 1, 2], ls="--", marker="o")
plt.rcParams["svg.fonttype"] = "none"
plt.xlabel("$x^2$")
plt.show()
"""


def test_figures_of_matplotlib_are_shown(opened: Page) -> None:
    assert run(opened, FIGURES) == ""
    images = cell(opened).get_by_role("img")
    expect(images).to_have_count(5)
    for image in images.element_handles():
        opened.wait_for_function("image => image.naturalWidth > 100", arg=image)


# Examples -----------------------------------------------------------------------------------------


def test_the_first_cell_and_every_example_run_as_they_stand(opened: Page) -> None:
    cell(opened).get_by_role("button", name="Reset").click()
    cell(opened).get_by_role("button", name="Run", exact=True).click()
    output = cell(opened).get_by_role("region", name="Output")
    expect(output).to_contain_text("rank of the change: 4")
    for example in examples.read():
        here = cell(opened, example.name)
        if example.theme != "start":
            unfold(opened, example)
            here.get_by_role("button", name="Edit and run").click()
            here.get_by_role("button", name="Run", exact=True).click()
    for example in examples.read():
        here = cell(opened, example.name)
        says(here.get_by_role("status"), "Finished in")
        draws = "plt.show()" in example.path.read_text("utf-8")
        expect(here.get_by_role("img")).to_have_count(int(draws))
        assert draws or here.get_by_role("region", name="Output").inner_text()


# The end of Python --------------------------------------------------------------------------------


def test_after_a_breakdown_the_next_run_starts_anew_and_draws_other_numbers(opened: Page) -> None:
    draw = "import random, numpy\nprint(random.random(), numpy.random.rand())"
    draws = {*run(opened, draw).split()}
    run(opened, "import ctypes\nctypes.string_at(-1 & 0xffffffff, 100)", "Python broke down")
    assert len(draws | {*run(opened, draw).split()}) == 4


def test_after_a_stop_python_starts_from_the_files_that_are_here(opened: Page) -> None:
    cell(opened).get_by_role("textbox", name="Python code").fill(
        "print('on', flush=True)\nwhile 1: pass"
    )
    cell(opened).get_by_role("button", name="Run", exact=True).click()
    expect(cell(opened).get_by_role("region", name="Output")).to_have_text("on")
    requests = record(opened.context)
    cell(opened).get_by_role("button", name="Stop").click()
    expect(cell(opened).get_by_role("status")).to_have_text("Stopped. Python is ready again.")
    becomes(opened, lambda: any("pyodide" in url for url in requests), True)  # of the worker
    assert [url for url in requests if url.endswith((".wasm", ".bin", ".zip"))] == []


# The first visit ----------------------------------------------------------------------------------


def test_the_size_that_is_told_is_that_of_all_that_is_fetched(browser: Browser, site: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        requests: list[str] = []  # without what Python reads in the middle of an import
        context.on(
            "request", lambda r: requests.append(r.url) if r.resource_type != "xhr" else None
        )
        held: list[Route] = []
        context.route("**/late.bin", lambda route: held.append(route))  # the last to arrive
        page.goto(site + PAGE)
        edit(page)
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
