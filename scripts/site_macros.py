"""Gives the macros of scripts/macros to the site generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.macros import house
from scripts.macros.method import Furniture

MACROS = (
    "verdict", "demo", "comparison", "arrays", "source", "evidence_table", "grade", "errata_list",
    "relations_list", "peft_config", "ref", "references", "cite", "cards", "dimensions",
    "argument_map", "claims_list", "claim_cards", "themes_list", "predictions_list",
    "all_errata", "scorecard", "chooser", "parameter_table", "calculator", "benchmark_plot",
    "benchmark_table", "agreement", "example", "examples_list",
)  # fmt: skip


def define_env(env: Any) -> None:
    """Give the macros to the site generator."""
    furniture = Furniture(env)
    for name in MACROS:
        macro: Callable[..., str] = getattr(furniture, name)
        env.macro(macro, name)
    env.macro(house.house, "house")
