"""Gives the macros of scripts/macros to the site generator."""

from __future__ import annotations

from typing import Any

from scripts.macros import house
from scripts.macros.experiment import Experiment
from scripts.macros.lists import Lists
from scripts.macros.method import Furniture


class Macros(Furniture, Lists, Experiment):
    """All macros: they share what a page has cited."""


def define_env(env: Any) -> None:
    """Give the macros to the site generator."""
    macros = Macros(env)
    for name in dir(Macros):
        if hasattr(getattr(Macros, name), "is_macro"):
            env.macro(getattr(macros, name), name)
    env.macro(house.house, "house")
