"""Sorting, filtering and counting on the built site, in a real browser."""

import csv
import re
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.catalog.counts import MODELS, TARGETS, count
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import read_tables
from scripts.survey.results.experiment import TABLE
from scripts.survey.sources.head_to_head import Comparison, comparisons
from tests.browser.reader import WINDOW, becomes, violations


@pytest.fixture
def page(window: Page) -> Page:
    return window


def calculator(page: Page, site: str) -> Page:
    """Open the calculator, whose formulas come after the page."""
    page.goto(f"{site}choose/")
    expect(page.locator("parameter-calculator output")).to_contain_text("trained parameters")
    return page


def column(page: Page, index: int) -> list[str]:
    cells = page.locator(f"#scorecard-table tbody tr :is(th, td):nth-child({index})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_scorecard_sorts_by_a_column_with_mouse_and_keyboard(page: Page, site: str) -> None:
    page.goto(f"{site}scorecard/")
    head = page.locator("#scorecard-table thead th").first
    expect(head).to_have_attribute("tabindex", "0")
    head.click()
    numbers = [int(text) for text in column(page, 1)]
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
    head.focus()
    page.keyboard.press("Enter")
    becomes(page, lambda: [int(text) for text in column(page, 1)], numbers[::-1])


def test_scorecard_filters_and_the_address_restores_the_filter(page: Page, site: str) -> None:
    page.goto(f"{site}scorecard/")
    rows = page.locator("#scorecard-table tbody tr:visible")
    whole = rows.count()
    page.select_option("row-filter select[name=theme]", "gain")
    page.wait_for_url("**theme=gain*")
    kept = rows.count()
    assert 0 < kept < whole
    page.reload()
    expect(rows).to_have_count(kept)


def test_the_scorecard_keeps_the_catalogue_s_order_and_sorts_by_what_is_for_a_dimension(
    page: Page, site: str
) -> None:
    page.goto(f"{site}scorecard/")
    assert column(page, 1)[:3] == ["1", "2", "3"]
    head = page.locator("#scorecard-table thead th", has_text="Beats LoRA")
    head.click()
    cells = page.locator("#scorecard-table tbody td:nth-child(6)")
    weights = [float(c.get_attribute("data-sort") or "nan") for c in cells.all()]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0


def test_pairs_filter_by_method_baseline_and_who_ran_it(page: Page, site: str) -> None:
    page.goto(f"{site}head-to-head/?method=boft&baseline=lora")
    rows = page.locator("#pairs tbody tr:visible")
    both = rows.count()
    assert set(rows.locator("th").all_inner_texts()) == {"BOFT"}
    assert set(rows.locator("td:nth-child(2)").all_inner_texts()) == {"LoRA"}
    page.select_option("row-filter[for=pairs] select[name=by]", "own")
    assert 0 < rows.count() < both
    assert set(rows.locator("td:nth-child(4)").all_inner_texts()) == {"its authors"}


def test_a_filtered_address_leads_to_its_list_and_to_no_other_heading(
    page: Page, site: str
) -> None:
    page.goto(f"{site}head-to-head/#the-home-field")
    page.select_option("row-filter[for=pairs] select[name=method]", "boft")
    becomes(page, lambda: page.url, f"{site}head-to-head/?method=boft#every-pair-by-suite")
    page.goto(f"{site}scorecard/#anything")
    page.select_option("row-filter select[name=theme]", "gain")
    becomes(page, lambda: page.url, f"{site}scorecard/?theme=gain")


def test_the_tables_of_head_to_head_fit_a_window(page: Page, site: str) -> None:
    page.goto(f"{site}head-to-head/")
    tables = page.locator(".md-content .scroll").all()
    assert len(tables) >= 3
    for table in tables:
        whole, seen = table.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert whole <= seen


def test_a_number_of_the_matrix_leads_to_its_rows(page: Page, site: str) -> None:
    page.goto(f"{site}head-to-head/")
    number = page.locator("table.matrix a.own[href*='method=boft&baseline=lora&']")
    expect(number).to_have_attribute("title", re.compile("^BOFT against LoRA, .*median difference"))
    units = int(number.locator("small").inner_text())
    number.click()
    page.wait_for_url("**method=boft&baseline=lora&by=own#*")
    rows = page.locator("#pairs tbody tr:visible")
    expect(rows.first).to_be_in_viewport()
    assert set(rows.locator("th").all_inner_texts()) == {"BOFT"}
    assert sum(map(int, rows.locator("td:nth-child(5)").all_inner_texts())) == units
    page.go_back()
    page.wait_for_url(re.compile(r"/head-to-head/(#.*)?$"))
    expect(page.locator("row-filter[for=pairs] select[name=method]")).to_have_value("")
    expect(page.locator("#pairs tbody tr[hidden]")).to_have_count(0)


def test_pairs_come_in_pages_of_25_by_mouse_and_keyboard(page: Page, site: str) -> None:
    page.goto(f"{site}head-to-head/")
    rows, pages = page.locator("#pairs tbody tr:visible"), page.locator("paged-table nav.pages")
    says = pages.locator("output")
    expect(rows).to_have_count(25)
    whole = page.locator("#pairs tbody tr").count()
    expect(says).to_have_text(f"Rows 1 to 25 of {whole}")
    first = rows.first.inner_text()
    back, on = (pages.get_by_role("button", name=name) for name in ("Previous", "Next"))
    expect(back).to_have_attribute("aria-disabled", "true")
    on.click()
    expect(says).to_have_text(f"Rows 26 to 50 of {whole}")
    assert rows.first.inner_text() != first
    on.focus()
    page.keyboard.press("Enter")
    expect(says).to_have_text(f"Rows 51 to 75 of {whole}")
    expect(on).to_be_focused()
    for _ in range(2):
        back.press("Space")
    expect(rows.first).to_have_text(re.compile(re.escape(first.split("\t")[0])))
    back.click(force=True)  # says that it is off, and does nothing
    expect(says).to_have_text(f"Rows 1 to 25 of {whole}")


def test_pairs_are_sorted_as_a_whole_and_filtered_from_their_first_page_on(
    page: Page, site: str
) -> None:
    page.goto(f"{site}head-to-head/")
    pages = page.locator("paged-table nav.pages")
    pages.get_by_role("button", name="Next").click()
    head = page.locator("#pairs thead th", has_text="Units")
    head.press("Space")
    expect(pages.locator("output")).to_contain_text("Rows 1 to 25")
    seen = page.locator("#pairs tbody tr:visible td:nth-child(5)").all_inner_texts()
    units = page.locator("#pairs tbody td:nth-child(5)").all_text_contents()
    assert list(map(int, seen)) == sorted(map(int, units), reverse=True)[:25]
    assert head.get_attribute("aria-sort")
    pages.get_by_role("button", name="Next").click()
    page.select_option("row-filter[for=pairs] select[name=baseline]", "lora")
    expect(pages.locator("output")).to_contain_text("Rows 1 to 25")
    baselines = page.locator("#pairs tbody tr:visible td:nth-child(2)").all_inner_texts()
    assert set(baselines) == {"LoRA"}


def test_the_rows_of_a_selection_are_taken_along_as_csv(page: Page, site: str) -> None:
    address = f"{site}head-to-head/?method=oft&baseline=lora"
    page.goto(address)
    left = page.locator("#pairs tbody tr:not([hidden])").count()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="These rows as CSV").click()
    assert waiting.value.suggested_filename == "head-to-head.csv"
    source, place, *lines = Path(waiting.value.path()).read_text("utf-8").splitlines()
    assert source.startswith("# Adapters as Hypotheses")
    assert "CC BY 4.0" in source
    assert place == f"# {address}"
    head, *rows = csv.reader(lines)
    assert head[0] == "Method"
    assert head[-1] == "Median difference"
    assert len(rows) == left > 3
    assert {(row[0], row[1]) for row in rows} == {("OFT", "LoRA")}
    assert all(isfinite(float(row[-1])) for row in rows)


def test_a_row_opens_the_cells_that_were_printed(page: Page, site: str) -> None:
    page.goto(f"{site}head-to-head/?method=pissa&baseline=lora")
    row = page.locator("#pairs tbody tr:visible", has_text="mathematics").first
    suite = row.locator("td").nth(1).inner_text()
    home = row.locator("td").nth(2).inner_text() == "its authors"
    row.get_by_role("button").click()
    cells = page.locator("paged-table .behind")
    expect(cells).to_be_focused()
    found = [
        cell
        for cell in printed()
        if (cell.method, cell.baseline, cell.suite) == ("pissa", "lora", suite)
        and (cell.run_by == "authors") == home
    ]
    expect(cells.locator("tbody tr")).to_have_count(len(found))
    first = cells.locator("tbody tr").first.locator("td").all_inner_texts()
    assert first[:2] == [found[0].source_key, found[0].place]
    assert first[4:6] == [found[0].method_value, found[0].baseline_value]
    source, correct = cells.locator("tbody tr").first.locator("a").all()
    expect(source).to_have_attribute("href", f"../protocol/#ref-{found[0].source_key}")
    says = parse_qs(urlsplit(correct.get_attribute("href") or "").query)["says"][0]
    assert says.startswith(f"{found[0].source_key}; {found[0].place}; ")


def test_a_run_of_the_experiment_has_an_address_and_what_makes_it_again(
    page: Page, site: str
) -> None:
    run = next(run for run in csv.DictReader(TABLE.read_text("utf-8").splitlines()))
    page.goto(f"{site}experiment/protocol/?run={run['key'][:10]}#runs")
    runs = page.locator("run-list")
    command = f"python3 scripts/dev.py study experiment --again {run['key']}"
    expect(runs.locator(".one code")).to_have_text(command)
    expect(runs.locator("tr[aria-current] td").first).to_have_text(run["key"])
    with TABLE.open(encoding="utf-8", newline="") as file:
        count = sum(run["method"] == "ia3" for run in csv.DictReader(file))
    runs.get_by_label("Runs of").select_option("ia3")
    expect(runs.get_by_role("status")).to_have_text(f"{count} runs of ia3.")
    expect(runs.locator("tbody tr")).to_have_count(count)
    expect(runs.locator(".one")).to_be_hidden()
    runs.locator("tbody a").last.click()
    expect(runs.locator(".one code")).to_contain_text("--again")
    assert violations(page, "run-list") == {}
    page.goto(f"{site}experiment/protocol/?run=none")
    expect(runs.get_by_role("status")).to_have_text("0 runs have a key that begins with none.")


def printed() -> list[Comparison]:
    return [*comparisons(read_tables(), [*read().names()], read_models(ROOT))]


def test_the_cells_and_the_sources_of_a_selection_are_taken_along(page: Page, site: str) -> None:
    page.goto(f"{site}head-to-head/?method=pissa&baseline=lora")
    found = [c for c in printed() if (c.method, c.baseline) == ("pissa", "lora")]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Their printed cells as CSV").click()
    assert waiting.value.suggested_filename == "head-to-head-cells.csv"
    lines = Path(waiting.value.path()).read_text("utf-8").splitlines()
    rows = [*csv.DictReader(line for line in lines if not line.startswith("#"))]
    assert [tuple(row.values())[:2] for row in rows] == [c[:2] for c in found]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Their sources as BibTeX").click()
    keys = re.findall(r"^@\w+\{(.+),$", Path(waiting.value.path()).read_text("utf-8"), re.M)
    assert set(keys) == {c.source_key for c in found}


def test_the_scorecard_has_no_cut_column(browser: Any, site: str) -> None:
    for width in (1280, 390):
        with browser.new_context(viewport={"width": width, "height": 900}) as context:
            page = context.new_page()
            page.goto(f"{site}scorecard/")
            box = page.locator(".scroll", has=page.locator("#scorecard-table"))
            whole, seen = box.evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert whole <= seen
            expect(page.locator("#scorecard-table tbody tr").first).to_contain_text("contested")


def test_a_wide_table_fits_a_window_and_says_where_it_does_not(page: Page, site: str) -> None:
    hint = "e => getComputedStyle(e.querySelector('caption'), '::after').content"
    wide = "e => e.scrollWidth > e.clientWidth + 1"
    for width, overflows in ((1280, False), (800, True)):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(site + "map/")
        box = page.locator(".scroll.wide").first
        becomes(page, partial(box.evaluate, wide), overflows)
        told = partial(box.evaluate, f"e => ({hint})(e).includes('More columns')")
        becomes(page, told, overflows)
    page.set_viewport_size(WINDOW)


def test_a_method_of_several_bets_has_a_word_for_each_by_name(page: Page, site: str) -> None:
    page.goto(f"{site}methods/")
    card = page.locator(".card", has=page.get_by_role("link", name="Prompt tuning", exact=True))
    words = card.locator(".own-word").all_inner_texts()
    assert len(words) == 2
    assert all("tuning, against its own control" in word for word in words)
    expect(page.locator(".bar-key .bar")).to_have_count(4)


@pytest.mark.parametrize(
    ("path", "table"), [("head-to-head/", "table.matrix"), ("head-to-head/", "#pairs")]
)
def test_on_a_phone_a_long_table_scrolls_under_its_heads(
    browser: Any, site: str, path: str, table: str
) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        box = page.locator(".scroll", has=page.locator(table))
        hint = f"getComputedStyle(document.querySelector('{table} caption'), '::after').content"
        assert "Swipe sideways" in page.evaluate(hint)
        box.evaluate("e => { e.scrollIntoView(); e.scrollTo(240, 500); }")
        whole = box.bounding_box()
        row = box.locator("tbody tr:visible th").nth(12).bounding_box()
        head = box.locator("thead th", has_text="Method").bounding_box()
        assert whole
        assert row
        assert head
        assert whole["height"] <= 0.8 * 844 + 1
        assert abs(row["x"] - whole["x"]) < 1
        assert abs(head["x"] - whole["x"]) < 1
        assert abs(head["y"] - whole["y"]) < 1


def test_needs_shorten_the_list(page: Page, site: str) -> None:
    page.goto(f"{site}choose/")
    rows = page.locator("#shortlist tbody tr:visible")
    whole = rows.count()
    page.check("row-filter input[value=spectrum]")
    expect(rows).not_to_have_count(whole)
    assert 0 < rows.count() < whole
    names = rows.locator("th").all_inner_texts()
    assert "LoRA" not in names
    assert "OFT" in names


# Chooses every method with every choice of layers, and returns what the calculator says of each.
CHOOSE = """([methods, targets]) => {
  const form = document.querySelector("parameter-calculator");
  const choose = (name, value) => {
    const select = form.querySelector(`select[name=${name}]`);
    select.value = value;
    select.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const said = {};
  for (const method of methods) {
    choose("method", method);
    for (const target of targets) {
      choose("targets", target);
      said[`${method} ${target}`] = form.querySelector("output").textContent;
    }
  }
  return said;
}"""


@pytest.mark.parametrize("model", [MODELS[0], MODELS[-1]], ids=lambda model: model.name)
def test_calculator_counts_as_python_does(page: Page, site: str, model: Any) -> None:
    """All models are counted in tests/scripts/catalog/test_choice.py, under Node."""
    calculator(page, site)
    offered = page.locator("parameter-calculator select[name=method] option")
    methods = offered.evaluate_all("options => options.map(({ value }) => value)")
    page.select_option("parameter-calculator select[name=model]", model.name)
    said = page.evaluate(CHOOSE, [list(methods), list(TARGETS)])
    for slug in methods:
        for targets in TARGETS:
            expected = count(load(slug), model, targets)
            assert f"{expected:,} trained parameters" in said[f"{slug} {targets}"]


def test_calculator_explains_what_does_not_fit(page: Page, site: str) -> None:
    calculator(page, site)
    page.select_option("parameter-calculator select[name=model]", "")
    page.locator("parameter-calculator summary").click()
    page.fill("parameter-calculator input[name=layers]", "-3")
    expect(page.locator("parameter-calculator output")).to_contain_text("Layers")


def test_the_model_fixes_the_number_of_heads(page: Page, site: str) -> None:
    calculator(page, site)
    form = page.locator("parameter-calculator")
    form.locator("select[name=method]").select_option("clover")
    for model in MODELS:
        form.locator("select[name=model]").select_option(model.name)
        heads = form.locator("input[name=heads]")
        expect(heads).to_have_value(str(model.heads))
        expect(heads).not_to_be_editable()
    form.locator("select[name=method]").select_option("lora")
    expect(form.locator("input[name=heads]")).to_have_count(0)


def test_a_model_of_ones_own_has_its_own_number_of_heads(page: Page, site: str) -> None:
    calculator(page, site)
    form, output = page.locator("parameter-calculator"), page.locator("parameter-calculator output")
    form.locator("select[name=model]").select_option("Llama-2-7B")
    form.locator("select[name=model]").select_option("")
    form.locator("select[name=method]").select_option("clover")
    expect(output).to_contain_text("33,554,432 trained parameters")
    form.locator("input[name=heads]").fill("64")
    expect(output).to_contain_text("16,777,216 trained parameters")
    form.locator("input[name=heads]").fill("7")
    expect(output).to_contain_text("do not fit")
