"""Pictures for slides and papers: whole widgets, single figures, comparisons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from playwright.sync_api import Browser, Page, expect

from tests.browser.reader import LIVE, LORA, Visit, unfold

SPACE = {"s": "http://www.w3.org/2000/svg"}

# Draws a picture as browsers do and returns the boxes of its texts outside charts.
BOXES = """(svg) => {
  const host = document.createElement("div");
  host.innerHTML = svg;
  document.body.append(host);
  const texts = [...host.firstChild.querySelectorAll(":scope > text")];
  const boxes = texts.map((text) => {
    const { x, y, width, height } = text.getBBox();
    return { text: text.textContent, x, y, width, height };
  });
  host.remove();
  return boxes;
}"""


def save(page: Page, element: str, kind: str, shape: str, figure: str = "all figures") -> Any:
    """Return the download that a choice in the export menu gives."""
    menu = page.locator(f"{element} .export")
    menu.evaluate("menu => { menu.open = true }")
    menu.locator("[name=shape]").select_option(shape)
    expect(menu.locator("[name=panel] option")).not_to_have_count(1)
    menu.locator("[name=panel]").select_option(label=figure)
    with page.expect_download() as download:
        menu.get_by_role("button", name=kind, exact=True).click()
    return download.value


@pytest.mark.parametrize(
    ("shape", "width", "height"), [("16:9", 1280, 720), ("square", 1080, 1080)]
)
@pytest.mark.parametrize("slug", ["oft", "lora"])
def test_a_picture_has_its_shape_its_name_and_no_text_on_another(
    visit: Visit, slug: str, shape: str, width: int, height: int
) -> None:
    page = visit(f"methods/{slug}/?seed=3")
    expect(page.locator(LIVE)).to_be_visible()
    saved = save(page, "adapter-demo", "SVG", shape)
    svg = Path(saved.path()).read_text("utf-8")
    tree = etree.fromstring(svg.encode())
    assert (tree.get("width"), tree.get("height")) == (str(width), str(height))
    boxes = page.evaluate(BOXES, svg)
    assert boxes[0]["text"] == {"oft": "OFT", "lora": "LoRA"}[slug]
    for i, a in enumerate(boxes):
        assert a["x"] + a["width"] <= width, a
        assert a["y"] + a["height"] <= height, a
        for b in boxes[:i]:
            apart = (
                a["x"] >= b["x"] + b["width"]
                or b["x"] >= a["x"] + a["width"]
                or a["y"] >= b["y"] + 0.75 * b["height"]
                or b["y"] >= a["y"] + 0.75 * a["height"]
            )
            assert apart, (a["text"], b["text"])


def test_one_figure_can_be_saved_by_itself(visit: Visit) -> None:
    page = visit("methods/lora/?seed=3")
    expect(page.locator(LIVE)).to_be_visible()
    page.locator("adapter-demo .export").evaluate("menu => { menu.open = true }")
    options = page.locator("adapter-demo .export [name=panel] option")
    expect(options).not_to_have_count(1)
    label = options.all_inner_texts()[-1]
    svg = Path(save(page, "adapter-demo", "SVG", "16:9", label).path()).read_text("utf-8")
    tree = etree.fromstring(svg.encode())
    charts = tree.xpath("//s:svg[contains(@class, 'chart')]", namespaces=SPACE)
    assert len(charts) + bool(tree.xpath("//s:image", namespaces=SPACE)) == 1
    assert label in "".join(tree.xpath("//s:text/text()", namespaces=SPACE))


@pytest.mark.parametrize("shape", ["16:9", "square"])
def test_a_comparison_is_one_picture_of_both(visit: Visit, shape: str) -> None:
    page = visit("compare/")
    expect(page.locator("select[name=a]")).to_be_enabled()
    saved = save(page, "adapter-compare", "SVG", shape)
    assert saved.suggested_filename == "lora-oft.svg"
    svg = Path(saved.path()).read_text("utf-8")
    tree = etree.fromstring(svg.encode())
    assert len(tree.xpath("//s:image", namespaces=SPACE)) == 2
    texts = [re.sub(r"\s+", " ", text) for text in tree.xpath("//s:text/text()", namespaces=SPACE)]
    assert texts[0] == "LoRA and OFT"
    assert any(text.startswith("OFT: ") for text in texts)
    assert page.locator("select[name=a]").input_value() == "lora"


def test_where_canvases_belong_to_pages_a_png_is_saved_and_a_picture_tells_its_numbers(
    browser: Browser, site: str
) -> None:
    with browser.new_context() as context:
        context.add_init_script("delete window.OffscreenCanvas")
        page = context.new_page()
        page.goto(site + LORA)
        expect(page.locator("adapter-demo [name=rank]").first).to_be_enabled()
        unfold(page)
        page.locator("adapter-demo .view img").first.hover()
        expect(page.locator("adapter-demo .matrix output")).to_contain_text("≈")
        saved = save(page, "adapter-demo", "PNG", "16:9")
        assert Path(saved.path()).read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_saved_is_told(browser: Browser, site: str) -> None:
    with browser.new_context() as context:
        context.add_init_script("HTMLCanvasElement.prototype.toBlob = (take) => take(null)")
        page = context.new_page()
        page.goto(site + LORA)
        expect(page.locator("adapter-demo [name=rank]").first).to_be_enabled()
        page.locator("adapter-demo .export").evaluate("menu => { menu.open = true }")
        page.get_by_role("button", name="PNG", exact=True).click()
        problem = page.locator("adapter-demo .problem")
        expect(problem).to_have_text("This browser makes no PNG of the picture; SVG is left.")


def test_a_png_is_twice_as_large(visit: Visit) -> None:
    page = visit("compare/")
    expect(page.locator("select[name=a]")).to_be_enabled()
    data = Path(save(page, "adapter-compare", "PNG", "square").path()).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20]) == int.from_bytes(data[20:24]) == 2160
