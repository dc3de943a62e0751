"""Check the catalogue and print what it holds.

python -m scripts.catalog                      every method with its totals
python -m scripts.catalog verdicts             the verdicts, with what is for and against each
python -m scripts.catalog verdicts boft BL     the evidence behind one of them, to be added up
python -m scripts.catalog source lee2026learningrate   what a source says, moves, and is cited as
python -m scripts.catalog changed              verdicts and printed numbers that edits have changed
python -m scripts.catalog changed v1.0.0       the same since a commit, for the changelog
"""

import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, readable
from scripts.catalog.checks import check
from scripts.survey.facts.addresses import Facts
from scripts.survey.facts.papers import flags, read_tables
from scripts.survey.facts.records import CatalogError
from scripts.survey.sources.bare import asked_of
from scripts.survey.sources.providers import facts
from scripts.survey.sources.rule import DIMENSIONS, Verdict, by_source, decide, vote


def main(arguments: list[str]) -> None:
    try:
        catalog = check()
    except CatalogError as error:
        sys.exit(f"✗ the catalogue has problems:\n{error}")
    match arguments:
        case []:
            _summary(catalog)
        case ["verdicts"]:
            _verdicts(catalog)
        case ["verdicts", slug, *dimensions]:
            if slug not in catalog.methods:
                known = ", ".join(catalog.methods)
                sys.exit(f"✗ there is no method {slug!r}; it is one of {known}")
            if wrong := set(dimensions) - DIMENSIONS.keys():
                sys.exit(f"✗ {wrong.pop()!r} is not one of {', '.join(DIMENSIONS)}")
            _evidence(catalog, slug, dimensions or list(DIMENSIONS))
        case ["source", key]:
            _source(catalog, key)
        case ["changed", *since] if len(since) < 2:
            _changed(catalog, *since)
        case _:
            sys.exit(__doc__)


def _summary(catalog: Catalog) -> None:
    for m in catalog.methods.values():
        grade = (
            f"survey {m.survey_total:.1f}  audit {m.confirmed:.1f} confirmed, "
            f"{m.reported:.1f} reported, {m.contested:.1f} contested"
        )
        print(f"{m.number or '–':>3}  {m.slug:18} {m.theme:14} {grade if m.graded else 'no grade'}")
    print(f"{len(catalog.methods)} methods, {len(catalog.papers)} publications")


def _verdicts(catalog: Catalog) -> None:
    for m in catalog.methods.values():
        for dimension, verdict in m.verdicts.items():
            print(f"{m.slug:18} {dimension:4} {_line(verdict)}")


def _line(verdict: Verdict) -> str:
    more = [str(verdict.near)] if verdict.near else []
    more += [f"{word} {how}" for how, word in verdict.changes.items()]
    return f"{verdict.F:5.1f} : {verdict.A:<5.1f} {verdict.text}" + (
        f"  ({'; '.join(more)})" if more else ""
    )


def _evidence(catalog: Catalog, slug: str, dimensions: list[str]) -> None:
    m = catalog.methods[slug]
    for dimension, verdict in m.verdicts.items():
        if dimension in dimensions:
            print(f"\n{slug} {dimension} {_line(verdict)}")
            for key, findings in by_source(m.found(dimension)).items():
                given = vote(findings)
                print(f"  {key}: {given.supports:.2f} for, ", end="")
                print(f"{given.level:.2f} level, {given.against:.2f} against")
                for f in findings:
                    print(f"    {f.finding:8} {f.strength} {f.weight} {f.run_by:12} {f.unit}")
                    print(f"      {f.place}: {f.numbers}")


def _source(catalog: Catalog, key: str) -> None:
    """Print a source's units, the verdicts that would be others without it, and its citation."""
    file = ROOT / "docs/data/tables" / f"{key}.yml"
    if not file.exists():
        sys.exit(f"✗ there is no {file.relative_to(ROOT)}; docs/contributing says what it holds")
    print(f"✓ {file.relative_to(ROOT)} is as it should be\n")
    moved = []
    for m in catalog.methods.values():
        for dimension, verdict in m.verdicts.items():
            findings = [f for f in m.found(dimension) if f.source_key == key]
            for f in findings:
                print(
                    f"{m.slug:18} {dimension:4} {f.finding:8} {f.strength} {f.run_by:12} {f.unit}"
                )
            if findings:
                left = [f for f in m.found(dimension) if f.source_key != key]
                before = decide(dimension, left, unread=m.unread)
                moved.append((m.slug, dimension, before, verdict))
    print("\nWithout it and with it:" if moved else "It has no unit, so it moves nothing.")
    for slug, dimension, before, now in moved:
        sums = f"{before.F:.1f} : {before.A:.1f} → {now.F:.1f} : {now.A:.1f}"
        same = before.text == now.text
        words = f"still {now.text}" if same else f"{before.text} → {now.text}"
        print(f"{slug:18} {dimension:4} {sums:26} {words}")
    for flag in flags(read_tables()):
        if flag.source_key == key:
            print(f"! {flag.place}: {flag.what}")
    paper = catalog.papers[key]
    print(f'\nCite it on a page as {{{{ ref("{key}", "Table 1") }}}}: {paper.short}.')
    print(f"{paper.sentence} {paper.url}")


def _changed(catalog: Catalog, since: str = "HEAD") -> None:
    """Print the verdicts, and the numbers of each page, that a commit of git has otherwise."""
    with TemporaryDirectory() as folder:
        packed = Path(folder, "old.tar")
        git = ["git", "archive", "--output", str(packed), since]
        if subprocess.run(git, cwd=ROOT).returncode:
            sys.exit(f"✗ git has no commit {since!r}")
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
        before, _ = readable(Path(folder))
        old = facts(Path(folder))
        lines = [
            f"{m.slug:18} {dimension:4} {old_verdict.text} → {verdict.text}"
            for m in catalog.methods.values()
            if m.slug in before.methods
            for dimension, verdict in m.verdicts.items()
            if (old_verdict := before.methods[m.slug].verdicts[dimension]).text != verdict.text
        ]
        for page, asked in asked_of(ROOT):
            was, now = said(old, asked), said(facts(), asked)
            if was != now:
                lines.append(f"{page}: {asked}: {was} → {now}")
    print("\n".join(lines) or f"No verdict and no printed number differs from {since}.")


def said(known: Facts, asked: str) -> str:
    try:
        return known.say(asked)
    except (LookupError, ValueError):
        return "no such address"


if __name__ == "__main__":
    main(sys.argv[1:])
