"""States of a widget that pages type, for links that set it."""

from __future__ import annotations

from typing import Any

from adapters_np.knobs import Knob
from demos.settings import AIM, start
from scripts.stored.widgets import RANDOM, every, label, named, opening, text


def state(slug: str, typed: str) -> dict[str, str]:
    """Return settings that a page types as `name=value` pairs, as texts of the widget's address.

    A plus stands for a space in a value, as in an address. What is not typed is that of a random
    step, or where another way is, what the page opens with.

    Raises:
        ValueError: when the widget cannot take them; the text has the pair and the rule.

    >>> state("lora", "rank=4")
    {'way': 'random', 'size': '64x64', 'rank': '4'}
    """
    known = every(slug)
    values = {name: _offered(known, name, said) for name, said in _pairs(typed).items()}
    random = values.get("way", RANDOM["way"]) == RANDOM["way"]
    base = RANDOM if random else opening(slug)
    chosen = base | values
    start(slug, {name: value for name, value in chosen.items() if name not in AIM})
    return {name: text(value) for name, value in chosen.items()}


def _pairs(typed: str) -> dict[str, str]:
    """Return typed names and values.

    >>> _pairs("rank=4 hypothesis=random+bases")
    {'rank': '4', 'hypothesis': 'random bases'}
    """
    pairs = (pair.partition("=") for pair in typed.split())
    return {name: value.replace("+", " ") for name, _, value in pairs}


def _offered(known: dict[str, Knob], name: str, said: str) -> Any:
    if name not in known:
        raise ValueError(f"{name}={said} is none of its controls: {', '.join(known)}")
    values = {text(value): value for value in known[name].values()}
    if said not in values:
        raise ValueError(f"{name}={said} is nothing that its control offers: {known[name].rule()}")
    return values[said]


def called(slug: str, typed: str) -> str:
    """Return what typed settings are called.

    >>> called("lora", "alpha=4 rank_stabilised=true"), called("lora", "")
    ('α 4, rank stabilised', 'the default')
    """
    said = []
    for name, value in _pairs(typed).items():
        knob = every(slug)[name]
        plain = label(name).partition(" (")[0]
        word = knob.letter if knob.letter > "~" else plain[0].lower() + plain[1:]
        if knob.kind == "bool":
            said.append(word if value == "true" else f"{word} off")
        else:
            said.append(f"{word} {named(name, value)}")
    return ", ".join(said) or "the default"
