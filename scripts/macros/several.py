"""One table of what is known of any number of methods, a row each, of which a reader chooses."""

from __future__ import annotations

from typing import Any

from scripts.catalog.counts import MODELS
from scripts.catalog.memory import INPUTS, STATES, estimate
from scripts.catalog.recipes import NAMES, RECIPES, SLOT, UNTESTED, trained
from scripts.catalog.records import DIMENSIONS, Method, Peft
from scripts.macros.lists import NEEDS, offers
from scripts.macros.method import configured
from scripts.macros.page import Part, catalog, macro
from scripts.macros.portraits import drawing
from scripts.survey import bets, peft

MODEL = MODELS[1]
TARGETS = "query and value"
TOKENS = 1024
"""What Choose opens with: 16 bits, AdamW, checkpointing, one sequence of so many tokens."""

FIRST = ("lora", "dora", "pissa")
"""The rows that stand there before a reader has chosen."""


def memory(m: Method) -> float:
    """Return the bytes that training with a method's recipe takes, as Choose estimates them.

    Raises:
        KeyError: when the method has no recipe.
    """
    about, shape = RECIPES[m.slug], MODEL._asdict()
    adapted = about.targets or NAMES[TARGETS]
    own = SLOT in about.arguments.values()
    outside = (1 if MODEL.tied else 2) * MODEL.vocabulary * MODEL.hidden
    given = {
        **{key: value for key, value in shape.items() if isinstance(value, int)},
        "bits": 16,
        "linear": MODEL.total - outside,
        "state": STATES["AdamW"],
        "tokens": TOKENS,
        "checkpointing": True,
        "trained": trained(m, MODEL, TARGETS),
        "inputs": sum(shape[INPUTS[name]] for name in adapted if name in INPUTS) if own else 0,
    }
    return estimate(given)["all"]


def row(m: Method, run: peft.Run | None) -> dict[str, Any]:
    """Return what the table says of a method; `run` is its best in PEFT's benchmark."""
    known = m.slug in RECIPES
    return {
        "method": m,
        "drawn": drawing(m.slug, "small"),
        "trained": trained(m, MODEL, TARGETS) if known else None,
        "memory": memory(m) / 1e9 if known else None,
        "run": None if m.slug in UNTESTED else run,
        "bets": bets.of(m.modules),
        "offers": offers(m),
        "code": configured(m) if isinstance(m.peft, Peft) else "",
        "first": m.slug in FIRST,
    }


class Several(Part):
    """The macro of the table."""

    @macro("widget")
    def several(self) -> str:
        """Any number of methods in one table; without a script it has the first few."""
        runs = peft.best("metamathqa")
        rows = [row(m, runs.get(m.runs)) for m in catalog().methods.values()]
        themes = {key: theme.title for key, theme in catalog().themes.items()}
        given = (rows, themes, NEEDS, DIMENSIONS, MODEL.name)
        html = self.page.draw("several", *given, file="several.html", found=False)
        assets = f"{self.page.root}assets/demo"
        return f'{html}<script type="module" src="{assets}/several.js"></script>\n'
