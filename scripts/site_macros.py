"""Gives the macros of scripts/macros to the site generator."""

from __future__ import annotations

from typing import Any

from scripts.macros import house
from scripts.macros.experiment import Experiment
from scripts.macros.head_to_head import HeadToHead
from scripts.macros.lab import Lab
from scripts.macros.lists import Lists
from scripts.macros.method import Furniture
from scripts.macros.page import Page
from scripts.macros.real_changes import RealChanges

PARTS = (Furniture, Lists, HeadToHead, Lab, RealChanges, Experiment)


def define_env(env: Any) -> None:
    """Give the macros to the site generator: they share what a page has cited."""
    page = Page(env)
    for part in (page, *(part(page) for part in PARTS)):
        for name in dir(type(part)):
            if hasattr(getattr(type(part), name), "is_macro"):
                env.macro(getattr(part, name), name)
    env.macro(house.house, "house")
