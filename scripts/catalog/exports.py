"""The catalogue for machines: JSON and CSV, and old addresses."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml
from mkdocs.utils.yaml import yaml_load

from adapters_np import core
from adapters_np.knobs import Knob
from scripts.bootstrap import ROOT, SetupError
from scripts.catalog import Catalog, counts, memory, recipes
from scripts.catalog.papers import Paper
from scripts.catalog.records import DIMENSIONS, POINTS, Method, Peft
from scripts.survey.facts import say
from scripts.survey.results import bets, later, together
from scripts.survey.sources import baselines
from scripts.survey.sources.rule import Verdict

SCHEMA = 3


class Site(NamedTuple):
    url: str  # with a slash at its end
    title: str
    author: str
    date: str  # of the release, of a build that of its content, YYYY-MM-DD
    version: str
    repository: str = ""
    commit: str = ""  # that a build was made from, where that is known

    @property
    def state(self) -> str:
        return f"{self.version}, commit {self.commit}" if self.commit else self.version


def read_site(root: Path = ROOT) -> Site:
    """Return the site's own facts, from the files that hold them.

    Raises:
        SetupError: when the address of the site is none.
    """
    configured = yaml_load((root / "mkdocs.yml").read_text("utf-8"))["site_url"]
    address = urlsplit(configured or "")
    if address.scheme not in ("http", "https") or not address.hostname or address.query:
        raise SetupError(
            f"the site's address is {configured!r}, but has to be like https://host/folder/. "
            "It is `site_url` in mkdocs.yml, or the variable SITE_URL where that is set."
        )
    citation = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    title, author = citation["title"].partition(":")[0], citation["authors"][0]["name"]
    date, version = str(citation["date-released"]), str(citation["version"])
    repository = citation["repository-code"].rstrip("/")
    return Site(f"{configured.rstrip('/')}/", title, author, date, version, repository)


def built_site(root: Path = ROOT) -> Site:
    """Return the site's own facts with the commit and the day (UTC) of what it is built from.

    What is not committed is of today. Where there is no history, the day is that of
    SOURCE_DATE_EPOCH, or else of the release.
    """
    site, seconds, commit = read_site(root), os.environ.get("SOURCE_DATE_EPOCH", ""), ""
    if (root / ".git").exists() and (last := _git(root, "log", "-1", "--format=%h %ct")):
        commit, committed = last.split()
        seconds = seconds or committed
        if _git(root, "status", "--porcelain", "--untracked-files=no"):
            commit, seconds = f"{commit}-dirty", str(time.time())
    day = datetime.fromtimestamp(float(seconds), UTC).date() if seconds else site.date
    return site._replace(date=str(day), commit=commit)


def _git(root: Path, *arguments: str) -> str:
    """Return what git says, "" where it is not there or knows nothing."""
    if not shutil.which("git"):
        return ""
    command = ["git", "-c", "core.abbrev=12", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True).stdout.strip()


# JSON and CSV -------------------------------------------------------------------------------------


def models_js(catalog: Catalog) -> str:
    """Return what pages count parameters and estimate memory with, as a script to import."""
    data = counts.data(catalog) | memory.data() | recipes.data(catalog)
    return "".join(f"export const {name}={json.dumps(value)};\n" for name, value in data.items())


def catalog_json(catalog: Catalog, site: Site) -> str:
    """Return the catalogue as JSON; `docs/contributing/contracts.md` documents it."""
    methods = [_entry(m, catalog, site) for m in catalog.methods.values()]
    points = {d: {"name": DIMENSIONS[d], "points": POINTS[d]} for d in DIMENSIONS}
    whole = {"schema": SCHEMA, "site": site.url, "dimensions": points, "methods": methods}
    whole["baselines"] = baselines.records()
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _entry(m: Method, catalog: Catalog, site: Site) -> dict[str, Any]:
    entry: dict[str, Any] = {"number": m.number} if m.number else {}
    entry |= {
        "slug": m.slug,
        "title": m.title,
        "name": m.name,
        "url": site.url + m.url,
        "hypothesis": m.description,
        "answer": m.answer,
        "verdict": {
            "use": m.use,
            "supported": [_supported(bet) for bet in bets.of(m.modules)],
            "sure": m.sure,
        },
        "controls": [_bet(bet) for bet in bets.of(m.modules)],
        "later": [_later(n) for n, e in later.plan().entries.items() if e.slug in m.modules],
        "theme": m.theme,
        "status": m.status,
        "survey": {"total": m.survey_total, "dimensions": list(m.survey)} if m.graded else None,
        "audit": _audit(m) if m.graded else None,
        "evidence": [
            {
                "dimension": f.dimension,
                "source": f.source,
                "unit": f.unit,
                "finding": f.finding,
                "run_by": f.run_by,
                "strength": f.strength,
                "weight": f.weight,
                "claimed_by": f.claimed_by,
                "numbers": f.numbers,
            }
            for f in m.findings
        ],
        "claims": [
            {
                "claim": e.claim,
                "verdict": e.verdict,
                "follows": e.follows,
                "numbers": e.numbers,
                "sources": [", ".join(filter(None, source)) for source in e.sources],
            }
            for e in m.evidence
        ],
        "deploy": m.deploy.model_dump(),
        "peft": m.peft.config if isinstance(m.peft, Peft) else None,
        "papers": [_publication(catalog.papers[key]) for key in m.papers],
        "aliases": list(m.aliases),
        "modules": list(m.modules),
    }
    cls = core.load(m.modules[0])
    entry["starts_at_identity"] = cls.starts_at_identity
    entry["knobs"] = {name: _knob(knob) for name, knob in core.knobs(cls).items()}
    entry["arrays"] = {a.name: {"shape": a.shape, "learned": a.learned} for a in core.arrays(cls)}
    entry["parameters"] = core.parameters(cls, 64, 64)
    return entry


def _supported(bet: bets.Bet) -> dict[str, Any]:
    """Return the answer of a method's page to *Is the idea supported?*, and what it rests on."""
    said = _together()
    words = {e.control: said[f"{bet.method}, {e.control}", "word"] for e in bet.controls}
    against = ", ".join(
        f"{said[f'{bet.method}, {name}', 'against']} {say.named(name)}" for name in words
    )
    return {
        "module": bet.slug,
        "word": (now := said[bet.method, "word"]),
        "where": (where := said["study", "where"]),
        "sentence": f"{now.capitalize()}: {against}, {where}.",
        "because": said[bet.method, "why"],
        "controls": [{"name": name, "word": word} for name, word in words.items()],
    }


@cache
def _together() -> dict[tuple[str, str], str]:
    return {(f.row, f.column): f.text for f in together.facts()}


def _bet(bet: bets.Bet) -> dict[str, Any]:
    return {
        "module": bet.slug,
        "registered": bet.word,
        "because": bets.because(bet).replace("*", ""),
        "controls": [{"name": e.control, "kind": e.kind} for e in bet.controls],
    }


def _later(name: str) -> dict[str, Any]:
    entry, effect = later.plan().entries[name], later.effect(name)
    return {
        "module": entry.slug,
        "control": entry.arm or None,
        "beside": None if entry.arm else entry.like,
        "word": effect.word.replace("not told apart", "no clear difference"),
        "points": [round(v, 3) for v in (effect.mean, effect.low, effect.high)],
    }


def _audit(m: Method) -> dict[str, Any]:
    """Return the verdicts; whoever adds up the evidence finds the same ones."""
    dimensions = {}
    for dimension, v in m.verdicts.items():
        dimensions[dimension] = {
            "verdict": v.word,
            "leaning": v.leaning,
            "for": round(v.F, 3),
            "against": round(v.A, 3),
            "near": _near(v),
            "changes": v.changes,
            "reason": m.audit[dimension],
        }
    totals = {word: getattr(m, word) for word in ("confirmed", "reported", "contested")}
    main = {"main_paper": "not read" if m.unread else "read"}
    return totals | main | {"dimensions": dimensions}


def _near(v: Verdict) -> dict[str, Any] | None:
    if not v.near:
        return None
    return {"weight": round(v.near.weight, 3), "side": v.near.side, "word": v.near.word}


def _publication(paper: Paper) -> dict[str, Any]:
    fields = ("key", "title", "authors", "year", "venue", "url", "arxiv", "doi")
    return {name: value for name in fields if (value := getattr(paper, name))}


def _knob(knob: Knob) -> dict[str, Any]:
    about: dict[str, Any] = {"kind": knob.kind, "default": knob.default}
    if knob.kind == "choice":
        about["options"] = list(knob.options)
    elif knob.kind != "bool":
        about |= {"low": knob.low, "high": knob.high, "step": knob.step}
    return about


def guarded(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded(-1.5), guarded("LoRA")
    ("'=1+1", -1.5, 'LoRA')
    """
    return f"'{cell}" if isinstance(cell, str) and re.match(r"[=+\-@\t\r]", cell) else cell


def catalog_csv(catalog: Catalog, site: Site) -> str:
    """Return a row for each method; a dimension's columns hold the verdict and its balance."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    totals = ("confirmed", "reported", "contested")
    start = ["number", "slug", "title", "theme", "status", "survey", *totals]
    sides = [f"{d}_{side}" for d in DIMENSIONS for side in ("for", "against")]
    survey = [f"survey_{d}" for d in DIMENSIONS]
    table.writerow([*start, *survey, *DIMENSIONS, *sides, "paper", "url"])
    for m in catalog.methods.values():
        row: list[Any] = [m.number or "", m.slug, m.title, m.theme, m.status]
        if m.graded:
            row += [m.survey_total, *(getattr(m, word) for word in totals)]
            row += [int(d in m.survey) for d in DIMENSIONS]
            row += [v.word for v in m.verdicts.values()]
            row += [round(side, 3) for v in m.verdicts.values() for side in (v.F, v.A)]
        else:
            row += [""] * (1 + len(totals) + 4 * len(DIMENSIONS))
        row += [catalog.papers[m.papers[0]].url, site.url + m.url]
        table.writerow(map(guarded, row))
    return text.getvalue()


# Old addresses ------------------------------------------------------------------------------------


def redirects(catalog: Catalog) -> dict[str, str]:
    """Return the slug behind every other name, hyphens for underscores included."""
    names = {alias: m.slug for m in catalog.methods.values() for alias in m.aliases}
    hyphens = {s.replace("_", "-"): s for s in catalog.methods if "_" in s}
    return hyphens | names


def moved(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Return where each old page leads: by its anchors, and by "" for all else."""
    pages: dict[str, dict[str, str]] = {}
    for old, new in yaml.safe_load((root / "docs" / "data" / "moved.yml").read_text()).items():
        page, _, anchor = old.partition("#")
        pages.setdefault(page, {})[anchor] = new
    return pages


FOLLOW = (
    "const at = (id) => document.getElementById(id); let to = at(location.hash.slice(1)); "
    'let id = new URLSearchParams(location.search).get("embed") ?? ""; '
    'for (; id && !to; id = id.slice(0, Math.max(0, id.lastIndexOf("-")))) to = at(id); '
    'to ??= document.querySelector("a"); '
    "const url = new URL(to.href); url.search ||= location.search; url.hash ||= location.hash; "
    "location.replace(url)"
)
"""Sends a reader on with the query and the anchor; it is one text, as the policy has its digest.

A part in a frame goes along with the heading that its id begins with.
"""


def redirect_page(to: str, title: str, old: str, site: Site, anchors: Mapping[str, str]) -> str:
    """Return a page that sends its reader on; without a script, to one place.

    Args:
        to: The new place, below the site's root.
        title: What it is called.
        old: The old page.
        site: The site.
        anchors: The new places of anchors.
    """
    root = "../" * old.count("/")
    links = "".join(
        f'<li><a id="{a}" href="{root}{new}">{a}</a></li>' for a, new in anchors.items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<title>{escape(title)}</title><link rel="canonical" href="{site.url}{to}">'
        '<meta name="robots" content="noindex">'
        f'<noscript><meta http-equiv="refresh" content="0; url={root}{to}"></noscript>'
        f'</head><body><p>This page is now <a href="{root}{to}">{escape(title)}</a>.</p>'
        f"{links and f'<ul>{links}</ul>'}<script>{FOLLOW}</script></body></html>\n"
    )
