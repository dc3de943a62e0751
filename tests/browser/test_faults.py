"""Faults of network, device and reader: a widget explains, recovers, stays itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, Worker, expect

from adapters_np.core import slugs
from demos.probe import probe
from demos.settings import opens
from scripts.bootstrap import CHROMIUM_FLAGS, shell
from tests.browser.reader import LIVE, move, touch
from tests.browser.reader import LORA as PAGE


def knob(page: Page, name: str, nth: int = 0) -> Locator:
    return page.locator("adapter-demo").nth(nth).locator(f"[name={name}]:enabled").first


def run(page: Page, name: str = "rank", key: str = "ArrowRight") -> dict[str, Any]:
    return move(page, name, key)


# The device ---------------------------------------------------------------------------------------


def test_without_webassembly_the_page_says_so_and_keeps_its_picture(
    browser: Browser, site: str
) -> None:
    flags = [*CHROMIUM_FLAGS, "--js-flags=--jitless"]
    with browser.browser_type.launch(executable_path=shell(), args=flags) as other:
        page = other.new_page()
        page.goto(site + PAGE)
        sentence = page.locator(".sentence").inner_text()
        touch(page)
        page.wait_for_selector("adapter-demo[data-state=error]")
        expect(page.locator(".problem")).to_contain_text("WebAssembly")
        assert page.locator(".sentence").inner_text() == sentence


# Takes no module for a worker, as browsers do that know of none: with an error, or as a script.
NO_MODULES = {
    "refused": """options => {
      if (options?.type === "module") throw new TypeError("type module is not supported");
    }""",
    "ignored": "options => { if (options) delete options.type; }",
}


@pytest.mark.parametrize("fault", NO_MODULES)
def test_a_browser_without_modules_in_workers_is_told_what_works_and_what_would(
    context: BrowserContext, page: Page, site: str, fault: str
) -> None:
    context.add_init_script(f"""window.Worker = class extends Worker {{
      constructor(address, options) {{
        ({NO_MODULES[fault]})(options);
        super(address, options);
      }}
    }};""")
    page.goto(site + PAGE)
    knob(page, "rank").press("ArrowLeft")
    page.wait_for_selector("adapter-demo[data-state=error]")
    expect(page.locator(".problem")).to_have_text(
        re.compile(
            "^Python could not be started: this browser runs no modules in workers. Text and "
            r"stored pictures work without it. What is computed needs Chrome \d+, Firefox \d+, "
            "Safari [0-9.]+ or a later one.$"
        )
    )
    knob(page, "rank").press("ArrowRight")
    page.wait_for_function("() => stored.at(-1)?.knobs.rank === 2")


def test_a_device_without_memory_for_python_is_told_so(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    full = """WebAssembly.instantiate = () => Promise.reject(
      new RangeError("WebAssembly.instantiate(): Out of memory"));"""
    patch_worker(context, full)
    page.goto(site + PAGE)
    touch(page)
    page.wait_for_selector("adapter-demo[data-state=error]")
    expect(page.locator(".problem")).to_contain_text("Out of memory")
    expect(page.locator(".note")).to_contain_text("still hold")


def patch_worker(context: BrowserContext, script: str) -> None:
    """Run a script in Python's worker before its own.

    The browser does not fetch it: what it has fetched is gone with its window when a test ends.
    """

    def answer(route: Route) -> None:
        with urlopen(route.request.url) as response:
            text = response.read().decode()
            headers = {name.lower(): value for name, value in response.headers.items()}
        del headers["content-length"]
        headers["cache-control"] = "no-store"
        route.fulfill(body=script + text, headers=headers)

    context.route("**/assets/demo/worker-*.js", answer)


def python_workers(page: Page) -> list[Worker]:
    return [worker for worker in page.workers if "/worker-" in worker.url]


# The reader ---------------------------------------------------------------------------------------


def test_hundreds_of_moves_leave_the_memory_of_the_page_flat(
    context: BrowserContext, page: Page, site: str
) -> None:
    page.goto(site + PAGE)
    touch(page)
    run(page)
    heap = context.new_cdp_session(page)
    heap.send("HeapProfiler.enable")

    def used(moves: int) -> float:
        page.evaluate(
            """async (moves) => {
              const slider = document.querySelector("adapter-demo [name=rank]");
              for (let i = 0; i < moves; i++) {
                slider.value = 1 + (i % 16);
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                await new Promise(requestAnimationFrame);
                updates.length = 0;
              }
            }""",
            moves,
        )
        run(page)  # all answers are there
        page.evaluate("updates.length = 0")
        heap.send("HeapProfiler.collectGarbage")
        size: float = heap.send("Runtime.getHeapUsage")["usedSize"]
        return size / 1e6

    before, after = used(60), used(100)
    nodes = page.evaluate("document.querySelectorAll('*').length")
    assert after < before + 0.7
    assert page.evaluate("document.querySelectorAll('*').length") == nodes


def test_four_widgets_on_one_page_share_one_python(page: Page, site: str) -> None:
    page.goto(site + PAGE)
    methods = sorted(slugs())[:3]
    page.evaluate(
        """(methods) => {
          for (const method of methods) {
            const demo = document.createElement("adapter-demo");
            demo.setAttribute("method", method);
            document.querySelector("article").append(demo);
          }
        }""",
        methods,
    )
    demos = page.locator("adapter-demo")
    expect(page.locator("adapter-demo .aim:not([disabled])")).to_have_count(4)
    for nth in range(4):
        demos.nth(nth).locator("[name=way][value=random]").check()
        knob(page, "step", nth).press("ArrowLeft")
    expect(page.locator(LIVE)).to_have_count(4)
    assert len(python_workers(page)) == 1
    for nth, method in enumerate(["lora", *methods]):
        expected = probe(method, opens(method) | {"way": "random", "step": 0.45})["sentence"]
        expect(demos.nth(nth).locator(".sentence")).to_have_text(expected)


def test_a_page_that_was_left_in_the_middle_or_put_aside_works_again(page: Page, site: str) -> None:
    page.goto(site + PAGE)
    knob(page, "rank").press("ArrowRight")  # Python is not there yet
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    page.wait_for_selector("adapter-demo[method=oft]")
    update = run(page, "step")
    assert update["method"] == "oft"
    slider = knob(page, "step")
    slider.press("ArrowLeft")  # a computation is under way
    page.go_back()
    page.wait_for_selector("adapter-demo[method=lora]")
    update = run(page)
    assert update["method"] == "lora"
    expect(page.locator(".sentence")).to_have_text(probe("lora", update["knobs"])["sentence"])
    page.goto(f"{site}catalog.json")
    page.go_back()
    page.wait_for_selector("adapter-demo")
    update = run(page)
    expected = probe("lora", update["knobs"])["sentence"]
    expect(page.locator(".sentence")).to_have_text(expected)


def test_a_private_window_without_storage_changes_nothing(
    context: BrowserContext, page: Page, site: str
) -> None:
    context.add_init_script(
        """for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
          Object.defineProperty(window, name, {
            configurable: true,
            get() { throw new DOMException("The operation is insecure.", "SecurityError") } });
        }"""
    )
    page.goto(f"{site}{PAGE}?rank=3#implementation")
    expect(knob(page, "rank")).to_have_value("3")
    assert run(page)["knobs"]["rank"] == 4
    page.get_by_role("button", name="Edit and run").first.click()
    expect(page.locator(".cm-content").first).to_be_visible()
