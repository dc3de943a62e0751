"""Gives the macros of scripts/macros to the site generator, and runs it."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from scripts.bootstrap import ROOT, run
from scripts.macros.bets import Bets
from scripts.macros.controls import Controls
from scripts.macros.english import English
from scripts.macros.experiment import Experiment
from scripts.macros.findings import Findings
from scripts.macros.forest import Forests
from scripts.macros.glossary import Glossary
from scripts.macros.head_to_head import HeadToHead
from scripts.macros.home import Home
from scripts.macros.lab import Lab
from scripts.macros.lists import Lists
from scripts.macros.method import Furniture
from scripts.macros.page import Page
from scripts.macros.portraits import Portraits
from scripts.macros.protocol import Protocol
from scripts.macros.rates import RatesTable
from scripts.macros.real_changes import RealChanges
from scripts.macros.several import Several
from scripts.macros.story import Story
from scripts.survey import peft

PARTS = (
    Home,
    Glossary,
    Furniture,
    Lists,
    Portraits,
    HeadToHead,
    Lab,
    RealChanges,
    RatesTable,
    Experiment,
    Protocol,
    English,
    Controls,
    Bets,
    Findings,
    Forests,
    Several,
    Story,
)


def define_env(env: Any) -> None:
    """Give the macros to the site generator: they share what a page has cited."""
    page = Page(env)
    for part in (page, *(part(page) for part in PARTS)):
        for name in dir(type(part)):
            if hasattr(getattr(type(part), name), "is_macro"):
                env.macro(getattr(part, name), name)


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
