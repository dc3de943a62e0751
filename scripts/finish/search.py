"""The search index: the generator's, with the names that readers use.

A page is found by its title, by a method's `names` and other addresses, by the `tags` of another
page. These weigh most. They stand in a field of their own, which no result shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import unescape
from pathlib import Path

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.catalog.others import FILE, read_others
from scripts.catalog.records import Method, Peft

PRELUDE = ROOT / "demos" / "page" / "search.js"
WORKER = "assets/javascripts/workers/search.*.min.js"
INDEX = "search/search_index.json"

# Words end at any punctuation but "+", which is a part of names: LoRA+.
SEPARATOR = r"""[\s\-–—_.,:;!?()\[\]{}<>"'’“”/\\|=*^~@#%&·×…$]+"""
FIELDS = {"names": {"boost": 1e6}, "title": {"boost": 1e3}, "text": {"boost": 1.0}}
SECTION = 2.5
"""The weight of a section with names of its own: the worker prefers pages by that much."""


DISPLAYED = r"\\\[.+?\\\]"
INLINE = r"\\\((.+?)\\\)"


def add_search(site: Path, catalog: Catalog, formulas: Mapping[str, str]) -> None:
    """Complete the generator's index, and the theme's worker; for formulas see `readable`."""
    path = site / INDEX
    index = json.loads(path.read_text("utf-8"))
    index["config"] |= {"separator": SEPARATOR, "fields": FIELDS}
    named = names(catalog)
    for entry in index["docs"]:
        place, tags = entry["location"], entry.pop("tags", [])
        entry["text"] = readable(entry["text"], formulas)
        if titles := named.get(place, [] if "#" in place else tags):
            entry["names"] = " ".join(words(titles))
            if "#" in place:
                entry["boost"] = SECTION
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), "utf-8")
    for worker in site.glob(WORKER):
        worker.write_text(PRELUDE.read_text("utf-8") + worker.read_text("utf-8"), "utf-8")


def readable(text: str, formulas: Mapping[str, str]) -> str:
    r"""Return a text of the index without TeX.

    >>> readable(r"\(\Delta W\) is small. \[ x \]", {r"\Delta W": "ΔW"})
    'ΔW is small. '
    """
    text = re.sub(DISPLAYED, "", text, flags=re.DOTALL)
    return re.sub(INLINE, lambda tex: formulas[unescape(tex[1])], text, flags=re.DOTALL)


def names(catalog: Catalog) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for key, title in catalog.themes.items():
        names[f"methods/#{key}"] = [title]
    for other in read_others():
        names[f"{Path(FILE).stem}/#{other.key}"] = [other.name, *other.also]
    classes: set[str] = set()
    for m in catalog.methods.values():
        names[m.url] = list(_of_method(m))
        if isinstance(m.peft, Peft) and m.peft.config not in classes:
            classes.add(m.peft.config)
            names[m.url].append(m.peft.config)
    return names


def _of_method(m: Method) -> Iterable[str]:
    return (m.title, m.name, m.slug, *m.aliases, *m.modules, *m.names)


def words(texts: Iterable[str]) -> list[str]:
    """Return the words of names, each once, and every name as one word behind a mark.

    A word that is said twice must not count twice. The mark is that of demos/page/search.js.

    >>> words(["LoRA+", "P-tuning"])
    ['lora+', '¶lora+', 'p', 'tuning', '¶ptuning']
    """
    words: list[str] = []
    for text in map(str.lower, texts):
        words += filter(None, re.split(SEPARATOR, text))
        words.append("¶" + "".join(letter for letter in text if letter.isalnum() or letter == "+"))
    return list(dict.fromkeys(words))
