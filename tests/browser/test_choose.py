"""Choosing on the built site: order, memory, recipes and the address, against Python."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.catalog import read
from scripts.catalog.counts import MODELS
from scripts.catalog.memory import INPUTS, STATES, estimate
from scripts.catalog.recipes import NAMES, RECIPES, SLOT, recipe, trained
from tests.browser.reader import Visit

HOMES = {"Llama-3.2-3B": "meta-llama/Llama-3.2-3B", "Llama-3.1-8B": "meta-llama/Llama-3.1-8B"}


def row(page: Page, slug: str) -> Locator:
    return page.locator(f"#shortlist tr[data-method={slug}]")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def expected(slug: str, model: Any, bits: int, targets: str, tokens: int) -> str:
    """Return the cell of a method's memory."""
    shape = {k: v for k, v in model._asdict().items() if isinstance(v, int)}
    about = RECIPES[slug]
    own = about.arguments.get("target_modules") == SLOT
    names = (about.targets or NAMES[targets]) if own else ()
    outside = (1 if model.tied else 2) * model.vocabulary * model.hidden
    given = {
        **shape,
        "bits": bits,
        "linear": model.total - outside,
        "state": STATES["AdamW"],
        "tokens": tokens,
        "checkpointing": True,
        "trained": trained(read().methods[slug], model, targets),
        "inputs": sum(shape[INPUTS[name]] for name in names if name in INPUTS),
    }
    return f"{estimate(given)['all'] / 1e9:.1f} GB"


@pytest.mark.parametrize("model", MODELS[:2], ids=lambda model: model.name)
def test_numbers_and_memory_of_every_method_are_those_of_python(visit: Visit, model: Any) -> None:
    page = visit(f"choose/?base={model.name}&weights=attention&length=512&batch=2")
    for slug in RECIPES:
        count = trained(read().methods[slug], model, "attention")
        expect(row(page, slug).locator("td").nth(0)).to_have_text(f"{count:,}")
        wanted = expected(slug, model, 16, "attention", 1024)
        expect(row(page, slug).locator("td").nth(1)).to_have_text(wanted)


@pytest.mark.parametrize("slug", ["lora", "ia3", "boft", "adalora", "ln_tuning"])
@pytest.mark.parametrize(("bits", "checkpointing"), [(16, True), (16, False), (4, True)])
def test_a_link_shows_the_recipe_that_was_tested(
    visit: Visit, slug: str, bits: int, checkpointing: bool
) -> None:
    off = "" if checkpointing else "&checkpointing=no"
    page = visit(f"choose/?bits={bits}&recipe={slug}&weights=all+linear{off}")
    code = recipe(read().methods[slug], HOMES["Llama-3.1-8B"], bits, "all linear", checkpointing)
    shown = page.locator("adapter-choice .recipe code")
    expect(shown).to_be_visible()
    page.wait_for_function(
        "text => document.querySelector('adapter-choice .recipe code').textContent === text",
        arg=code,
    )


def test_qlora_is_a_name_that_leads_to_a_recipe_on_four_bits(visit: Visit) -> None:
    page = visit("names/#qlora")
    page.locator("section:has(#qlora)").get_by_role("link", name="Choose").click()
    expect(page.locator("adapter-choice [name=bits]")).to_have_value("4")
    expect(page.locator("adapter-choice .recipe h3")).to_have_text("Recipe: LoRA")
    expect(page.locator("adapter-choice .recipe code")).to_contain_text("load_in_4bit=True")


def test_what_is_chosen_goes_into_the_address(visit: Visit) -> None:
    page = visit("choose/")
    form = page.locator("adapter-choice form")
    expect(form.locator("output")).to_contain_text("methods fit")
    form.locator("[name=bits]").select_option("4")
    form.locator("[name=memory]").fill("12")
    row(page, "dora").get_by_role("button", name="Show").click()
    expect(page.locator("adapter-choice .recipe h3")).to_have_text("Recipe: DoRA")
    page.wait_for_function("() => location.search.includes('recipe=dora')")
    assert query(page) == {"bits": ["4"], "memory": ["12"], "recipe": ["dora"]}
    page.check("row-filter input[value=merges]")
    page.wait_for_function("() => location.search.includes('needs=merges')")
    assert query(page)["recipe"] == ["dora"]


def test_what_does_not_fit_or_cannot_be_quantised_comes_last(visit: Visit) -> None:
    page = visit("choose/?bits=4&memory=24&weights=all+linear")
    output = page.locator("adapter-choice output")
    expect(output).to_contain_text("methods fit")
    rows = page.locator("#shortlist tbody tr")
    over = rows.evaluate_all("rows => rows.map(({ classList }) => classList.contains('over'))")
    assert over == sorted(over)
    assert False in over
    assert True in over
    expect(row(page, "pissa").get_by_role("button", name="Show")).to_be_disabled()
    page.locator("adapter-choice [name=memory]").fill("1")
    expect(output).to_contain_text("0 methods fit")


def test_what_failed_on_eight_bits_is_not_offered_there_and_says_why(visit: Visit) -> None:
    page = visit("choose/?bits=8&recipe=dora")
    output = page.locator("adapter-choice output")
    expect(output).to_contain_text(RECIPES["dora"].why)
    expect(row(page, "dora").get_by_role("button", name="Show")).to_be_disabled()
    expect(row(page, "dora").locator("td").nth(1)).to_have_text("no recipe for 8 bits")
    expect(page.locator("adapter-choice .recipe")).to_be_hidden()
    page.locator("adapter-choice [name=bits]").select_option("4")
    expect(page.locator("adapter-choice .recipe h3")).to_have_text("Recipe: DoRA")
    expect(output).not_to_contain_text("DoRA")


def test_a_model_of_ones_own_is_counted(visit: Visit) -> None:
    page = visit("choose/?base=own&my-layers=10&my-hidden=1024&my-queries=1024&my-keys=512")
    expect(page.locator("adapter-choice output")).to_contain_text("Query heads")
    page.locator("adapter-choice summary").click()
    rest = {"heads": "8", "inner": "4096", "vocabulary": "32000", "total": "200000000"}
    for name, value in rest.items():
        page.locator(f"adapter-choice [name=my-{name}]").fill(value)
    page.wait_for_function("() => location.search.includes('my-total=200000000')")
    assert query(page)["my-layers"] == ["10"]
    model = MODELS[1]._replace(
        layers=10, hidden=1024, queries=1024, keys=512, inner=4096, vocabulary=32_000
    )
    count = trained(read().methods["lora"], model, "query and value")
    expect(row(page, "lora").locator("td").first).to_have_text(f"{count:,}")


def test_a_wrong_number_is_named(visit: Visit) -> None:
    page = visit("choose/")
    page.locator("adapter-choice [name=memory]").fill("-3")
    expect(page.locator("adapter-choice output")).to_contain_text("Memory, GB")


def test_the_calculator_has_names_and_its_state_in_the_address(visit: Visit) -> None:
    page = visit("choose/?method=poly&targets=attention&knob-rank=4")
    form = page.locator("parameter-calculator")
    expect(form.locator("select[name=method]")).to_have_value("poly")
    expect(form.locator("input[name=knob-rank]")).to_have_value("4")
    names = form.locator("select[name=method] option").all_inner_texts()
    assert not [name for name in names if "_" in name or name.islower()]
    form.locator("select[name=method]").select_option("adalora")
    form.locator("input[name=knob-rank]").fill("3")
    page.wait_for_function("() => location.search.includes('knob-rank=3')")
    assert query(page)["method"] == ["adalora"]
