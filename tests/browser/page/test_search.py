"""The search, asked as readers ask, in the worker of the theme and in its own field."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from scripts.catalog import read
from scripts.catalog.others import read_others
from tests.browser.reader import Visit, record

# Asks the theme's worker as the theme does, and returns for each query where its best hit leads.
ASK = """async (queries) => {
  const { base, search } = JSON.parse(document.getElementById("__config").textContent);
  const worker = new Worker(new URL(search, location.href));
  const send = (message) => new Promise((resolve, reject) => {
    worker.onerror = reject;
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message);
  });
  const address = new URL("search/search_index.json", new URL(`${base}/`, location.href));
  const index = await (await fetch(address)).json();
  await send({ type: 0, data: { ...index, options: { suggest: false } } });
  const found = {};
  for (const query of queries) {
    const { items } = (await send({ type: 2, data: query })).data;
    const best = [...(items[0] ?? [])].sort((a, b) => b.score - a.score)[0];
    found[query] = best?.location ?? "nothing";
  }
  worker.terminate();
  return found;
}"""

# Queries of readers, and the page or the section that answers.
QUERIES = {
    "QLoRA": "names/#qlora",
    "(QLoRA": "names/#qlora",
    "4-bit": "names/#qlora",
    "quantized LoRA": "names/#qlora",
    "adapter tuning": "methods/bottleneck/",
    "Houlsby": "methods/bottleneck/",
    "BitFit": "methods/beft/",
    "LoRA+": "names/#lora-plus",
    "LoRA-FA": "names/#lora-fa",
    "DyLoRA": "names/#dylora",
    "GaLore": "methods/galore/",
    "LoftQ": "names/#loftq",
    "gradient initialization": "methods/lora_starts/",
    "full finetuning": "methods/random_subspace/",
    "ptuning": "methods/prompt_tuning/",
    "oft": "methods/oft/",
    "OFT v2": "methods/oftv2/",
    "orthogonal": "methods/oft/",
    "rotation": "methods/oft/",
    "IA^3": "methods/ia3/",
    "(IA)^3": "methods/ia3/",
    "IA³": "methods/ia3/",
    "soft prompt": "methods/prompt_tuning/",
    "prefix tuning": "methods/prompt_tuning/",
    "rslora": "methods/lora/",
    "lora rank": "methods/lora/",
    "LoraConfig": "methods/lora/",
    "magnitude and direction": "methods/dora/",
    "svd initialization": "methods/pissa/",
    "layer norm": "methods/ln_tuning/",
    "mixture of experts": "methods/xlora/",
    "sparse": "methods/shira/",
    "new tokens": "methods/trainable_tokens/",
    "butterfly": "methods/boft/",
    "householder": "methods/hra/",
    "kronecker": "methods/lokr/",
    "ether+": "methods/ether/",
    "activation steering": "methods/steering/",
    "which adapter should I use": "choose/",
    "how much GPU memory": "choose/",
    "8B 12GB": "choose/",
    "which adapter 12 GB": "choose/",
    "learning rate 7B": "questions/learning-rate/",
    "benchmark": "findings/papers/",
    "how to cite": "about/",
    "DoRA better than LoRA": "questions/dora-or-lora/",
    "which learning rate": "questions/learning-rate/",
    "does LoRA forget less": "questions/forgetting/",
    "beats LoRA": "findings/papers/",
    "difference between lora and dora": "compare/",
    "gain control": "methods/#gain",
    "run code": "playground/",
    "errata": "errata/",
    "DailyDilemmas": "methods/antipasto/#evidence",
    "semantic roles": "methods/prompt_tuning/#grade",
    "Stiefel manifold": "names/#stella",
}


def ask(page: Page, queries: list[str]) -> dict[str, str]:
    """Return where the best hit of each query leads."""
    found: dict[str, str] = page.evaluate(ASK, queries)
    return found


def test_results_show_no_tex(site_folder: Path) -> None:
    docs = json.loads((site_folder / "search/search_index.json").read_text("utf-8"))["docs"]
    assert [entry["location"] for entry in docs if "\\" in entry["title"] + entry["text"]] == []


def test_what_readers_ask_and_every_name_are_answered_first(visit: Visit) -> None:
    wanted: dict[str, str] = {}
    for m in read().methods.values():
        own = [m.title, m.slug, *m.aliases, *m.names]
        wanted |= {name: m.url for name in own}
    for other in read_others():
        wanted |= {name: f"names/#{other.key}" for name in (other.name, *other.also)}
    found = ask(visit("about/"), [*QUERIES, *wanted])
    assert {query: found[query].split("?")[0] for query in QUERIES} == QUERIES
    assert {name: (found[name], goal) for name, goal in wanted.items() if found[name] != goal} == {}


def test_the_field_for_the_search_shows_the_same(visit: Visit) -> None:
    page: Any = visit("about/")
    box = page.get_by_role("textbox", name="Search")
    box.press_sequentially("quantized lora")
    first = page.locator(".md-search-result__item").first.locator("a:not(details *)").last
    expect(first).to_contain_text("QLoRA")
    expect(first).not_to_contain_text("Missing")  # no word that nobody has typed
    box.fill("")
    box.press_sequentially("LoftQ")
    links = page.locator(".md-search-result__item").first.locator("a:not(details *)")
    expect(links).to_have_count(2)
    for link in (links.first, links.last):
        expect(link).to_have_attribute("href", re.compile(r"/names/\?h=[^#]*#loftq$"))
    box.fill("")
    box.press_sequentially("(IA)^3")
    expect(page.locator(".md-search-result__link").first).to_contain_text("IA3")
    page.keyboard.press("Escape")


def index(requests: list[str]) -> list[str]:
    return [address for address in requests if address.endswith("search_index.json")]


def test_the_index_waits_for_a_reader_who_searches(
    context: BrowserContext, page: Page, site: str
) -> None:
    requests = record(context)
    page.goto(site + "methods/lora/")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("performance.getEntries().map(({ transferSize }) => transferSize ?? 0)")
    assert 100_000 < sum(sizes) <= 300_000  # all of the page that comes before a touch
    assert index(requests) == []
    page.keyboard.press("/")
    page.keyboard.type("rotation")
    expect(page.locator(".md-search-result__link").first).to_have_attribute(
        "href", re.compile(r"/methods/oft/\?h=")
    )
    assert len(index(requests)) == 1


def test_whoever_nears_the_search_has_the_index(
    context: BrowserContext, page: Page, site: str
) -> None:
    requests = record(context)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site + "about/")
    page.wait_for_load_state("networkidle")
    assert index(requests) == []
    with page.expect_request("**/search_index.json"):
        page.locator(".md-header__button[for=__search]").hover()


def test_a_link_with_words_searches_or_marks_them(page: Page, site: str) -> None:
    page.goto(site + "methods/oft/?q=kronecker")
    link = page.locator(".md-search-result__link").first
    expect(link).to_have_attribute("href", re.compile("/methods/lokr/"))
    page.goto(site + "methods/oft/?h=rotation")
    expect(page.locator("article mark").first).to_have_text(re.compile("rotation", re.IGNORECASE))
