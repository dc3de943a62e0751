"""Keep what a build has made, and compare: facts, tables, texts of pages, the catalogue.

python -m scripts.golden keep FOLDER [SITE]     of site/, or of another build
python -m scripts.golden compare FOLDER FOLDER  every line that differs
"""

from __future__ import annotations

import sys
from difflib import unified_diff
from pathlib import Path

from lxml import html

from scripts.bootstrap import ROOT
from scripts.survey.sources.providers import facts

BLOCKS = "p|li|td|th|tr|caption|figcaption|summary|h1|h2|h3|h4|dt|dd|div"


def text(path: Path) -> str:
    page = html.fromstring(path.read_text("utf-8"))
    for part in page.xpath("//script|//style|//svg"):
        part.drop_tree()
    for block in page.xpath("|".join(f"//{name}" for name in BLOCKS.split("|"))):
        block.tail = f"\n{block.tail or ''}"
    return "\n".join(filter(None, (" ".join(x.split()) for x in page.text_content().split("\n"))))


def keep(folder: Path, site: Path) -> None:
    files = {f"{p.relative_to(site)}.txt": text(p) for p in sorted(site.rglob("*.html"))}
    files |= {str(p.relative_to(site)): p.read_text("utf-8") for p in site.rglob("*.csv")}
    files["catalog.json"] = (site / "catalog.json").read_text("utf-8")
    files["facts"] = "\n".join(sorted(f"{f.address}\t{f.text}\t{f.value}" for f in facts().all()))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace('","', '",\n"') + "\n", "utf-8")


def compare(one: Path, other: Path) -> int:
    names = sorted(
        {str(p.relative_to(d)) for d in (one, other) for p in d.rglob("*.*")} | {"facts"}
    )
    differ = 0
    for name in names:
        both = [p.read_text("utf-8") if (p := d / name).exists() else "" for d in (one, other)]
        if both[0] != both[1]:
            differ += 1
            before, after = (content.splitlines() for content in both)
            print(*unified_diff(before, after, name, name, n=0, lineterm=""), sep="\n")
    print(f"{differ} of {len(names)} files differ")
    return differ


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keep", folder, *site]:
            keep(Path(folder), Path(*site) if site else ROOT / "site")
        case ["compare", one, other]:
            sys.exit(compare(Path(one), Path(other)) > 0)
        case _:
            sys.exit(__doc__)
