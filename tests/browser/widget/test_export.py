"""What is taken away: pictures for slides and papers, and code with the numbers of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from lxml import etree
from playwright.sync_api import Browser, Page, expect

from scripts.bootstrap import ROOT
from tests.browser.reader import LIVE, LORA, Visit

SPACE = {"s": "http://www.w3.org/2000/svg"}


def save(page: Page, element: str, kind: str) -> Any:
    """Return the download that a button of the export menu gives."""
    menu = page.locator(f"{element} .export")
    menu.evaluate("menu => { menu.open = true }")
    with page.expect_download() as download:
        menu.get_by_role("button", name=kind, exact=True).click()
    return download.value


def test_a_picture_has_all_figures_their_names_and_the_address(visit: Visit) -> None:
    page = visit("methods/lora/?seed=3")
    expect(page.locator(LIVE)).to_be_visible()
    tree = etree.parse(save(page, "adapter-demo", "SVG").path())
    texts = tree.xpath("/s:svg/s:text/text()", namespaces=SPACE)
    figures = page.locator("adapter-demo figure")
    assert texts[0] == "LoRA"
    assert page.url in texts[1]
    for title in figures.locator(".title").all_inner_texts():
        assert any(text.startswith(title) for text in texts)
    charts, images = (tree.xpath(f"//s:{x}", namespaces=SPACE) for x in ("svg[@class]", "image"))
    assert len(charts) == figures.locator(".stage > svg").count()
    assert images


def test_a_comparison_is_one_picture_of_both(visit: Visit) -> None:
    page = visit("compare/")
    expect(page.locator("select[name=a]")).to_be_enabled()
    saved = save(page, "adapter-compare", "SVG")
    assert saved.suggested_filename == "lora-oft.svg"
    tree = etree.parse(saved.path())
    assert len(tree.xpath("//s:image", namespaces=SPACE)) == 6
    assert tree.xpath("//s:text/text()", namespaces=SPACE)[0] == "LoRA and OFT"


def test_where_canvases_belong_to_pages_a_png_is_saved_or_told_to_be_impossible(
    browser: Browser, site: str
) -> None:
    with browser.new_context() as context:
        context.add_init_script("delete window.OffscreenCanvas")
        page = context.new_page()
        page.goto(site + LORA)
        expect(page.locator("adapter-demo [name=rank]").first).to_be_enabled()
        page.locator("[data-panel=weights] img").first.hover()
        expect(page.locator("[data-panel=weights] output")).to_contain_text(re.compile("[≈≤≥]"))
        saved = save(page, "adapter-demo", "PNG")
        assert Path(saved.path()).read_bytes().startswith(b"\x89PNG")
        page.evaluate("() => void (HTMLCanvasElement.prototype.toBlob = (take) => take(null))")
        page.locator("adapter-demo .export").evaluate("menu => { menu.open = true }")
        page.get_by_role("button", name="PNG", exact=True).click()
        problem = page.locator("adapter-demo .problem")
        expect(problem).to_have_text("This browser makes no PNG of the picture; SVG is left.")


def test_the_script_prints_the_numbers_of_the_page(visit: Visit) -> None:
    page = visit(f"{LORA}?rank=3&rank_stabilised=true&seed=5&base=clustered&step=0.25")
    expect(page.locator(LIVE)).to_be_visible()
    saved = save(page, "adapter-demo", "numpy script")
    assert saved.suggested_filename == "lora.py"
    assert page.url.partition("#")[0] in Path(saved.path()).read_text("utf-8")
    done = subprocess.run(
        [sys.executable, str(saved.path())],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    panels = page.evaluate("updates.at(-1).panels")
    shown = [
        f"{p['label']}: {p['text']} {p['unit']}".strip() for p in panels if p["kind"] == "number"
    ]
    sentence = page.locator(".sentence").first.evaluate("p => p.textContent")
    assert done.stdout.splitlines() == [*shown, sentence]
