"""Measure what a reader waits for: page weight, first paint, boot, redraw. Prints JSON.

Times are milliseconds: the median of several runs with the least and the most. Machines differ;
compare within one run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from scripts.bootstrap import CHROMIUM_FLAGS, ROOT, chromium
from scripts.serve import serving

# Moves the main control to its next values, each as soon as the picture of the last one is there.
# The changes are random steps on 64 × 64, which the first move chooses.
DRAG = """async (moves) => {
  const demo = document.querySelector("adapter-demo");
  const control = demo.querySelector(".own input[type=range]");
  const random = demo.querySelector("[name=way][value=random]");
  const move = () => new Promise((done) => {
    const start = performance.now();
    const finish = ({ detail: { milliseconds, stored } }) => {
      if (stored) return;
      demo.removeEventListener("adapter-demo:update", finish);
      requestAnimationFrame(() => done([performance.now() - start, milliseconds]));
    };
    demo.addEventListener("adapter-demo:update", finish);
    const { value, min, max } = control;
    const first = !random.checked;
    if (first) {
      demo.querySelector("[name=size]").value = "64x64";
      random.checked = true;
    } else control.value = Number(value) === Number(max) ? min : Number(value) + 1;
    (first ? random : control).dispatchEvent(new Event("input", { bubbles: true }));
  });
  const times = [];
  for (let i = 0; i < moves; i++) times.push(await move());
  return times;
}"""

# While the browser still compiles the code that has run most, which takes seconds of a core.
FIRST, LATER = 80, 120


# The wait of the main control's first move for an answer, from the file or from Python.
WATCH = """() => {
  const demo = document.querySelector("adapter-demo");
  demo.addEventListener("input", () => { window.moved ??= performance.now(); });
  demo.addEventListener("adapter-demo:update", () => requestAnimationFrame(
    () => { window.answered ??= performance.now() - window.moved; }));
}"""
LINE = {
    "offline": False,
    "latency": 20,
    "downloadThroughput": 20e6 / 8,
    "uploadThroughput": 5e6 / 8,
}


# From the button to the next run's being possible.
STOP = """() => new Promise((done) => {
  const cell = document.querySelector("code-cell[name=start]");
  const status = cell.querySelector(".status");
  const start = performance.now();
  new MutationObserver((_, observer) => {
    if (!status.textContent.endsWith("ready again.")) return;
    observer.disconnect();
    done(performance.now() - start);
  }).observe(status, { childList: true, characterData: true, subtree: true });
  cell.querySelector("[name=stop]").click();
})"""


def summary(values: list[float]) -> dict[str, float]:
    """Return the median with the least and the most, and p95 where there are many."""
    figures = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    if len(values) >= 20:
        figures["p95"] = float(np.quantile(values, 0.95))
    return {name: round(value, 2) for name, value in figures.items()} | {"n": len(values)}


@contextmanager
def visit() -> Iterator[BrowserContext]:
    """Open a browser with an empty profile on disk, so that a second visit finds its caches."""
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=CHROMIUM_FLAGS
        )
        yield context
        context.close()


def drag(page: Page, moves: int) -> list[tuple[float, float]]:
    """Move a slider; return for each move the milliseconds to the picture and of computing."""
    times: list[tuple[float, float]] = page.evaluate(DRAG, moves)
    return times


def touch(page: Page) -> float:
    """Move a slider once; return the milliseconds to the picture."""
    return drag(page, 1)[0][0]


def first_drag(page: Page, address: str) -> float:
    """Return the milliseconds from a first drag, on a slow line, to the picture."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    page.goto(address, wait_until="networkidle")
    page.evaluate(WATCH)
    slider = page.locator("adapter-demo .own input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    if not box:
        raise RuntimeError(f"{address} has no slider")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, middle, steps=5)
    page.mouse.up()
    return float(page.wait_for_function("() => window.answered").json_value())


def weight(context: BrowserContext, url: str) -> dict[str, int]:
    """Return bytes over the wire and requests of a page before any touch, and bytes by kind."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: sizes.update({e["requestId"]: int(e["encodedDataLength"])}),
    )
    page.goto(url, wait_until="networkidle")
    page.close()
    by_kind: dict[str, int] = {}
    for request, size in sizes.items():
        kind = kinds.get(request, "Other").lower()
        by_kind[kind] = by_kind.get(kind, 0) + size
    return {"total": sum(sizes.values()), "requests": len(sizes), **by_kind}


def first_paint(page: Page) -> float:
    return float(
        page.evaluate(
            "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
        )
    )


def browser(url: str, page_path: str, next_path: str, runs: int) -> dict[str, Any]:
    """Measure one method page in Chromium."""
    address = f"{url}/{page_path}"
    weights, paints, drags, cold, warm, second = [], [], [], [], [], []
    early: list[tuple[float, float]] = []
    late: list[tuple[float, float]] = []
    for run in range(runs):
        with visit() as context:
            weights.append(weight(context, address) if run == 0 else {})
        with visit() as context:
            drags.append(first_drag(context.new_page(), address))
        with visit() as context:
            page = context.new_page()
            page.goto(address, wait_until="networkidle")
            paints.append(first_paint(page))
            cold.append(touch(page))
            early += drag(page, FIRST)
            late += drag(page, LATER)
            page.click(f'a[href*="{next_path}"]:visible >> nth=0')
            page.wait_for_url(f"**/{next_path}")
            page.wait_for_selector("adapter-demo[data-state]")
            second.append(touch(page))
            for _ in range(2):
                page.close()
                page = context.new_page()
                page.goto(address, wait_until="networkidle")
                last = touch(page)
            warm.append(last)
    return {
        "page": page_path,
        "bytes_before_touch": weights[0],
        "first_contentful_paint": summary(paints),
        "first_drag_cold_20_mbit": summary(drags),
        "touch_to_live_cold": summary(cold),
        "touch_to_live_warm": summary(warm),
        f"slider_compute_first_{FIRST}": summary([compute for _, compute in early]),
        f"slider_to_picture_first_{FIRST}": summary([picture for picture, _ in early]),
        "slider_compute": summary([compute for _, compute in late]),
        "slider_to_picture": summary([picture for picture, _ in late]),
        "second_page_to_live": summary(second),
    }


def playground(url: str, runs: int) -> dict[str, Any]:
    """Measure how soon a stopped Python of readers' code is ready again."""
    with visit() as context:
        page = context.new_page()
        page.goto(f"{url}/playground/")
        cell = page.locator("code-cell[name=start]")
        cell.get_by_role("button", name="Edit and run").click()

        cell.get_by_role("textbox", name="Python code").fill(
            "print('on', flush=True)\nwhile True: pass"
        )
        ready = []
        for _ in range(runs):
            cell.get_by_role("button", name="Run", exact=True).click()
            expect(cell.locator(".output")).to_have_text("on")
            ready.append(page.evaluate(STOP))
    return {"stop_to_ready": summary(ready)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 scripts/dev.py bench", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=5, help="browser runs (at least 5 for a report)"
    )
    parser.add_argument("--page", default="methods/lora/", help="the page that is measured")
    parser.add_argument("--next", default="methods/dora/", help="the page that is visited next")
    parser.add_argument("--site", type=Path, default=ROOT / "site")
    options = parser.parse_args()
    with serving(options.site) as url:
        result = {
            "browser": browser(url.rstrip("/"), options.page, options.next, options.runs),
            **playground(url.rstrip("/"), options.runs),
        }
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
