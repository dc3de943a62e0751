"""Gives the macros of scripts/macros to the site generator, and runs it."""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from scripts.bootstrap import ROOT, run
from scripts.macros.choice import Choice
from scripts.macros.errata import ErrataLists
from scripts.macros.experiment import Experiment
from scripts.macros.family import Family
from scripts.macros.forest import Forests
from scripts.macros.glossary import Glossary
from scripts.macros.home import Home
from scripts.macros.lab import Lab
from scripts.macros.lists import Lists
from scripts.macros.method import Furniture
from scripts.macros.page import Page
from scripts.macros.protocol import Protocol
from scripts.macros.story import Story
from scripts.macros.views import Views
from scripts.survey.facts import peft

PARTS = (
    Home,
    Glossary,
    Furniture,
    Lists,
    Choice,
    ErrataLists,
    Family,
    Lab,
    Experiment,
    Protocol,
    Forests,
    Story,
    Views,
)


def define_env(env: Any) -> None:
    """Give the macros to the site generator: they share what a page has cited."""
    page = Page(env)
    kinds: dict[str, dict[str, Callable[..., str]]] = defaultdict(dict)
    for part in (page, *(part(page) for part in PARTS)):
        for name in dir(type(part)):
            if not (called := getattr(getattr(type(part), name), "called", None)):
                continue
            kind, word = called
            if kind is None:
                env.macro(getattr(part, name), word)
            elif word in kinds[kind]:
                raise ValueError(f'{kind}("{word}") is two macros')
            else:
                kinds[kind][word] = getattr(part, name)
    for kind, macros in kinds.items():
        env.macro(one_of(kind, macros), kind)


def one_of(kind: str, macros: Mapping[str, Callable[..., str]]) -> Callable[..., str]:
    """Return a macro that calls one of a kind, by its first word.

    Raises:
        LookupError: when there is none of this name; the text lists what there is.
    """

    def chosen(name: str, /, *arguments: Any, **options: Any) -> str:
        if name not in macros:
            raise LookupError(f'{kind}("{name}"): there is {", ".join(sorted(macros))}')
        return macros[name](*arguments, **options)

    return chosen


def main() -> None:
    """Make the pages; until they are whole, the last ones stay, for a preview."""
    peft.check()  # the generator would bury what is wrong with it
    pages = ROOT / ".build" / "pages"
    made = pages.with_suffix(".new")
    run(
        "mkdocs",
        [sys.executable, "-m", "mkdocs", "build", "--clean", "--site-dir", made],
        help="The lines above name the page and what is wrong with it.",
        extra={"NO_MKDOCS_2_WARNING": "1"},
    )
    shutil.rmtree(pages, ignore_errors=True)
    made.rename(pages)
