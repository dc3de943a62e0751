"""Choosing on the built site: order, memory, recipes and the address, against Python."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.catalog import read
from scripts.catalog.counts import MODELS
from scripts.catalog.memory import GIB
from scripts.catalog.recipes import Wish, memory, recipe, trained
from tests.browser.reader import Visit, becomes

PHI = next(model for model in MODELS if model.name == "Phi-4-mini")


def row(page: Page, slug: str) -> Locator:
    return page.locator(f"#shortlist tr[data-method={slug}]")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


WISHES = (
    ("base=Llama-3.2-3B&bits=16&weights=attention&length=512&batch=2",
     Wish(MODELS[0], targets="attention", length=512, batch=2)),
    ("memory=12&rank=8&chunked=yes", Wish(bits=4, rank=8, chunked=True)),
    ("base=Phi-4-mini&bits=16&checkpointing=no", Wish(PHI, checkpointing=False)),
)  # fmt: skip


@pytest.mark.parametrize(("address", "wish"), WISHES, ids=[address for address, _ in WISHES])
def test_numbers_and_memory_of_every_method_are_those_of_python(
    visit: Visit, address: str, wish: Wish
) -> None:
    page = visit(f"choose/?{address}")
    for slug, about in read().recipes().items():
        m = read().methods[slug]
        count = trained(m, wish.model, wish.targets, wish.rank)
        if wish.bits in about.bits:
            wanted = f"{memory(m, wish)['all'] / GIB:.1f} GiB {count:,} trained"
            expect(row(page, slug).locator("td").first).to_have_text(wanted)


@pytest.mark.parametrize("slug", ["lora", "ia3", "boft", "adalora", "ln_tuning"])
def test_a_link_shows_the_recipe_that_was_tested(visit: Visit, slug: str) -> None:
    page = visit(f"choose/?bits=4&recipe={slug}&weights=attention&checkpointing=no")
    wish = Wish(bits=4, targets="attention", checkpointing=False)
    shown = page.locator("adapter-choice .recipe pre code")
    expect(shown).to_be_visible()
    expect(shown).to_have_text(recipe(read().methods[slug], wish), use_inner_text=False)


def test_8b_on_12_gib_takes_four_bits_and_as_many_steps_as_the_examples_make(visit: Visit) -> None:
    page = visit("choose/?memory=12&examples=2000&epochs=2&recipe=lora")
    output = page.locator("adapter-choice output")
    expect(output).to_contain_text("LoRA fits")
    expect(output).to_contain_text(
        "with the base in 4 bits. Its recipe makes three runs of 238 steps of 16 examples"
    )
    lora = recipe(read().methods["lora"], Wish(bits=4, epochs=2))
    shown = page.locator("adapter-choice .recipe pre code")
    expect(shown).to_have_text(lora, use_inner_text=False)
    page.locator("adapter-choice [name=examples]").fill("200")
    expect(output).to_contain_text("Its recipe makes three runs of 96 steps of 4 examples")


def test_lora_stands_first_and_ties_with_it_are_marked(visit: Visit) -> None:
    page = visit("choose/?memory=1000")
    rows = page.locator("#shortlist tbody tr")
    expect(rows.first).to_have_attribute("data-method", "lora")
    expect(rows.filter(visible=True)).to_have_count(8)
    scores = rows.evaluate_all(
        "rows => rows.map((r) => [Number(r.dataset.score), !!r.querySelector('.tie')])"
    )
    lora = scores[0][0]
    assert {tie for score, tie in scores if abs(score - lora) < 4} == {True}
    assert {tie for score, tie in scores if abs(score - lora) >= 4} == {False}
    page.get_by_role("button", name="Show all").click()
    expect(rows.filter(visible=True)).to_have_count(rows.count())


def test_a_thumb_reaches_the_recipes_on_a_phone(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}choose/?bits=4")
    page.get_by_role("button", name="Show all").click()
    for slug in ("lora", "dora"):
        row(page, slug).get_by_role("button", name="Show").click()
        title = read().methods[slug].title
        expect(page.locator("adapter-choice .recipe")).to_contain_text(title)
        expect(page.locator("adapter-choice .recipe h2")).to_be_in_viewport()  # where it begins


def test_a_recipe_is_offered_once_it_can_be_shown(site_folder: Path) -> None:
    text = (site_folder / "choose/index.html").read_text("utf-8")
    buttons = re.findall(r'<button[^>]*name="show"[^>]*>', text)
    assert len(buttons) == len(read().recipes()) + 1  # LoRA's once more, in the answer
    assert all("disabled" in button for button in buttons)  # a click before the script is lost


def test_qlora_is_a_name_that_leads_to_a_recipe_on_four_bits(visit: Visit) -> None:
    page = visit("names/#qlora")
    page.locator("section:has(#qlora)").get_by_role("link", name="Choose").click()
    expect(page.locator("adapter-choice [name=bits]")).to_have_value("4")
    expect(page.locator("adapter-choice .recipe h2")).to_have_text("Recipe: LoRA")
    expect(page.locator("adapter-choice .recipe pre code")).to_contain_text("load_in_4bit=True")


def test_what_is_chosen_goes_into_the_address(visit: Visit) -> None:
    page = visit("choose/")
    form = page.locator("adapter-choice form").first
    expect(form.locator("output")).to_contain_text("methods fit")
    form.locator("summary").click()
    form.locator("[name=bits]").select_option("4")
    form.locator("[name=memory]").fill("12")
    page.get_by_role("button", name="Show all").click()
    row(page, "dora").get_by_role("button", name="Show").click()
    expect(page.locator("adapter-choice .recipe h2")).to_have_text("Recipe: DoRA")
    page.wait_for_function("() => location.search.includes('recipe=dora')")
    assert query(page) == {"bits": ["4"], "memory": ["12"], "recipe": ["dora"]}
    page.check("row-filter input[value=merges]")
    page.wait_for_function("() => location.search.includes('needs=merges')")
    assert query(page)["recipe"] == ["dora"]


def test_what_does_not_fit_or_cannot_be_quantised_comes_last(visit: Visit) -> None:
    page = visit("choose/?bits=4&memory=12")
    output = page.locator("adapter-choice output")
    expect(output).to_contain_text("methods fit")
    rows = page.locator("#shortlist tbody tr")
    over = rows.evaluate_all("rows => rows.map(({ classList }) => classList.contains('over'))")
    assert over == sorted(over)
    assert False in over
    assert True in over
    expect(row(page, "pissa").locator("button[name=show]")).to_be_disabled()
    page.locator("adapter-choice [name=memory]").fill("1")
    expect(output).to_contain_text("0 methods fit. A shorter sequence would take less.")


def test_what_failed_on_eight_bits_is_not_offered_there_and_says_why(visit: Visit) -> None:
    page = visit("choose/?bits=8&recipe=dora")
    expect(row(page, "dora").locator("button[name=show]")).to_be_disabled()
    expect(row(page, "dora").locator("td").first).to_have_text(
        f"no recipe for 8 bits {read().recipes()['dora'].why}"
    )
    expect(page.locator("adapter-choice .recipe")).to_be_hidden()
    page.locator("adapter-choice [name=bits]").select_option("4")
    expect(page.locator("adapter-choice .recipe h2")).to_have_text("Recipe: DoRA")
    expect(row(page, "dora").locator("td").first).to_contain_text("GiB")


CONFIG = {
    "model_type": "llama", "num_hidden_layers": 10, "hidden_size": 1024, "num_attention_heads": 8,
    "num_key_value_heads": 4, "intermediate_size": 4096, "vocab_size": 32_000,
}  # fmt: skip


def test_a_model_comes_by_its_configuration_and_stays_in_the_address(visit: Visit) -> None:
    page = visit("choose/")
    form = page.locator("adapter-choice")
    form.locator("summary").click()
    form.locator("textarea").fill(json.dumps(CONFIG | {"num_attention_heads": 7}))
    expect(form.locator("#paste-says")).to_contain_text("num_key_value_heads is 4, and it has to")
    expect(form.locator("[name=base]")).to_have_value("Llama-3.1-8B")
    form.locator("textarea").fill(json.dumps(CONFIG))
    expect(form.locator("#paste-says")).to_contain_text("Read: 10 layers of 1024")
    page.wait_for_function("() => location.search.includes('my-total=')")
    model = MODELS[1]._replace(
        layers=10, hidden=1024, heads=8, queries=1024, keys=512, inner=4096, vocabulary=32_000
    )
    count = f"{trained(read().methods['lora'], model, 'all linear'):,}"
    expect(row(page, "lora").locator("td").first).to_contain_text(f" {count} trained")
    page = visit(f"choose/?{urlsplit(page.url).query}")
    expect(row(page, "lora").locator("td").first).to_contain_text(f" {count} trained")
    form.locator("[name=my-total]").fill("14")
    expect(form.locator("output")).to_contain_text("Parameters in all is 14, and a decoder of this")


def test_methods_stand_in_the_order_of_a_task(visit: Visit) -> None:
    page = visit("choose/?memory=1000")
    page.locator("adapter-choice [name=order]").select_option("time")
    second = "#shortlist tbody tr:nth-child(2)"
    becomes(page, f"document.querySelector('{second}').dataset.time < 1", True)
    rows = page.locator("#shortlist tbody tr:not(.over, [data-method=lora])")
    for order, key in (("time", "time"), ("forgetting", "forgetting"), ("code", "code")):
        page.locator("adapter-choice [name=order]").select_option(order)
        page.wait_for_function("order => location.search.includes(order)", arg=f"order={order}")
        told = rows.evaluate_all("(rows, key) => rows.map((row) => row.dataset[key])", key)
        values = [float(value) for value in told if value]
        assert values == sorted(values, reverse=order == "code")
        assert [bool(value) for value in told] == sorted(map(bool, told), reverse=True)
