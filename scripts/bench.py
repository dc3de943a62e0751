"""Measure what a reader waits for: page weight, first paint, first answer, redraw. Prints JSON.

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
from typing import Any

import numpy as np
from playwright.sync_api import BrowserContext, Page, sync_playwright

from scripts.bootstrap import CHROMIUM_FLAGS, ROOT, chromium
from scripts.serve import serving

# Moves the main control to its next values, each as soon as the picture of the last one is there:
# on the page's own target the first that is drawn, or if live, Python's answer to random steps on
# 64 × 64, which the first move chooses. Frames set the pace: at 60 a second none is below 16.7 ms.
DRAG = """async ([moves, live]) => {
  const ANY = { subtree: true, childList: true, attributes: true, characterData: true };
  const demo = document.querySelector("adapter-demo");
  const { main } = demo.querySelector("form").dataset;
  const own = live ? ".own input[type=range], [name=step]" : `[name=${main}]`;
  const control = demo.querySelector(own);
  const random = demo.querySelector("[name=way][value=random]");
  const move = () => new Promise((done) => {
    const start = performance.now();
    const shown = (milliseconds) =>
      requestAnimationFrame(() => done([performance.now() - start, milliseconds]));
    const finish = ({ detail: { milliseconds, stored } }) => {
      if (stored) return;
      demo.removeEventListener("adapter-demo:update", finish);
      shown(milliseconds);
    };
    const drawn = new MutationObserver(() => (drawn.disconnect(), shown(0)));
    if (live) demo.addEventListener("adapter-demo:update", finish);
    else for (const figure of demo.querySelectorAll("figure")) drawn.observe(figure, ANY);
    const { value, min, max, options, type } = control;
    const first = live && !random.checked;
    if (first) {
      demo.querySelector("[name=size]").value = "64x64";
      random.checked = true;
    } else if (type === "checkbox") control.checked = !control.checked;
    else if (options) control.selectedIndex = (control.selectedIndex + 1) % options.length;
    else if (value === max) control.value = min;
    else control.stepUp();
    (first ? random : control).dispatchEvent(new Event("input", { bubbles: true }));
  });
  const times = [];
  for (let i = 0; i < moves; i++) times.push(await move());
  return times;
}"""

WARM = 80  # moves while the browser still compiles the code that has run most


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


def drag(page: Page, moves: int, live: bool) -> list[tuple[float, float]]:
    """Move a slider; return for each move the milliseconds to the picture and of computing."""
    times: list[tuple[float, float]] = page.evaluate(DRAG, [moves, live])
    return times


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


def measured(url: str, path: str, runs: int, moves: int) -> dict[str, Any]:
    paints, cold = [], []
    drags: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    with visit() as context:
        bytes_before = weight(context, f"{url}{path}")
    for _ in range(runs):
        with visit() as context:
            page = context.new_page()
            page.goto(f"{url}{path}", wait_until="networkidle")
            paints.append(first_paint(page))
            cold.append(drag(page, 1, True)[0][0])
            drag(page, WARM, True)
            drags[True] += drag(page, moves, True)
            page.goto(f"{url}{path}", wait_until="networkidle")
            drag(page, WARM, False)
            drags[False] += drag(page, moves, False)
    return {
        "page": path,
        "bytes_before_touch": bytes_before,
        "first_contentful_paint": summary(paints),
        "first_answer": summary(cold),
        "knob_to_picture": summary([picture for picture, _ in drags[False]]),
        "live_to_picture": summary([picture for picture, _ in drags[True]]),
        "live_computed": summary([computed for _, computed in drags[True]]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 scripts/dev.py bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="visits (at least 5 for a report)")
    parser.add_argument("--moves", type=int, default=200, help="of the main knob, in each visit")
    parser.add_argument("--page", default="methods/lora/", help="the page that is measured")
    options = parser.parse_args()
    with serving(ROOT / "site") as url:
        json.dump(measured(url, options.page, options.runs, options.moves), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
