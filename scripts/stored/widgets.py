"""Write the stored widget of every method: controls from its knobs, panels at their defaults.

The result, `.build/demos/<slug>.html`, is all that lies inside `<adapter-demo>`. It needs no script
to be read, and the live picture takes its place without a jump: prerender.mjs draws with the
browser's code.
"""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters_np.core import knobs, load, slugs
from adapters_np.errors import KnobError
from adapters_np.knobs import Knob, signature_knobs
from demos.probe import probe
from demos.settings import AIM, HYPOTHESIS, KEPT, PAGE, hypothesis, main_knob, opens, start
from demos.ways import caption
from demos.world import toy
from scripts.bootstrap import ROOT
from scripts.survey.facts import say

OUT = ROOT / ".build" / "demos"
SWEEPS = ROOT / ".build" / "sweeps"
FITS = ROOT / ".build" / "fits"

LABELS = {
    "average": "Average the",
    "base": "Kind of weight",
    "block_share": "Share one block",
    "d_initial": "Initial d",
    "feedforward": "Feed-forward",
    "first": "First tokens",
    "hypothesis": "Without its hypothesis",
    "last": "Last tokens",
    "n_frequency": "Frequencies",
    "num_vectors": "Vectors in the bank",
    "rate": "Rate",
    "step": "Step (mock training)",
    "steps": "Steps of training",
    "theta_max": "Limit in degrees",
    "topk": "Top k",
    "way": "How ΔW is made",
    "world": "Target",
}
BASES = {
    "trained": "trained: values", "trained_q": "trained: queries", "trained_k": "trained: keys",
    "trained_o": "trained: outputs", "trained_up": "trained: feed-forward, up",
    "trained_down": "trained: feed-forward, down",
}  # fmt: skip
RANDOM = {name: (AIM | signature_knobs(toy))[name].default for name in PAGE}
"""A random step, where pages open with another way: what they say of one is said of this one."""

WAYS = {"fitted": "Fitted", "trained": "Trained", "random": "Random", "hand": "By hand"}
HUNDREDTHS = r"(-?\d{1,3}(_-?\d{1,3}){0,63})?"
"""How an address has gains that are set by hand."""

SHORT = 24  # letters: up to three options that are shorter together are radio buttons


FAMILY = 3
"""Choices from which on they are what a method is about."""

ACTS = {
    "world": "fitted trained hand", "steps": "trained", "rate": "trained", "step": "random",
    "gains": "hand",
}  # fmt: skip
"""The ways in which a knob acts, where that is not in all."""

NOT_FITTED = "trained random"
"""The ways in which a knob acts that the trained arrays make up for."""


class Control(NamedTuple):
    """A knob as the template needs it: every value is text, as in the address bar."""

    name: str
    label: str
    letter: str
    control: str
    value_kind: str
    default: str
    low: str = ""
    high: str = ""
    step: str = ""
    options: tuple[tuple[str, str], ...] = ()
    ways: str = ""
    pattern: str = ""


def text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def words(name: str) -> str:
    """Return a name as a reader would write it.

    >>> words("power_law"), words("64x32")
    ('power law', '64 × 32')
    """
    return re.sub(r"(?<=\d)x(?=\d)", " × ", name.replace("_", " "))


def label(name: str) -> str:
    """Return what is written beside a control.

    >>> label("block_size")
    'Block size'
    """
    return LABELS.get(name, name[0].upper() + words(name)[1:])


def named(knob: str, option: str) -> str:
    if knob == "world":
        return caption(option)[0]
    if knob == "base":
        return BASES.get(option, words(option))
    if knob == HYPOTHESIS:
        return "no" if option == KEPT else say.named(option)
    return WAYS[option] if knob == "way" else words(option)


def offered(knob: Knob, value: Any) -> str:
    """Return what a control calls a value, and whether the method is another with it.

    >>> offered(knobs(load("pissa"))["components"], "minor")
    'minor (not the method)'
    """
    choice = named(knob.name, text(value))
    return f"{choice} (not the method)" if value in knob.departs else choice


def control(knob: Knob) -> Control:
    return _plain(knob)._replace(ways=ways(knob))


def ways(knob: Knob) -> str:
    """Return the ways in which a knob acts, or nothing where it acts in all."""
    return NOT_FITTED if knob.absorbed else ACTS.get(knob.name, "")


def _plain(knob: Knob) -> Control:
    start = (knob.name, label(knob.name), knob.letter)
    default = text(knob.default)
    if knob.kind == "text":
        return Control(*start, "text", "text", default, pattern=HUNDREDTHS)
    if knob.kind == "bool":
        return Control(*start, "checkbox", "bool", default)
    if knob.kind == "choice":
        numeric = all(isinstance(o, (int, float)) for o in knob.options)
        options = tuple((text(o), offered(knob, o)) for o in knob.options)
        few = len(options) <= 3 and sum(len(shown) for _, shown in options) <= SHORT
        few = (few or knob.name == "way") and knob.name != HYPOTHESIS  # one look for all methods
        kind = "radio" if few else "select"
        return Control(*start, kind, "number" if numeric else "text", default, options=options)
    low, high, step = text(knob.low), text(knob.high), text(knob.step)
    return Control(*start, "range", "number", default, low, high, step)


def form(slug: str) -> str:
    """Return the widget of a method without its panels.

    The main knob and α stand in view, and choices where a method is a family of them; its other
    knobs are folded. `unnamed` is what a link means that names other knobs and not this one: the
    default, where the page opens with another.
    """
    opened, own, plain = opening(slug), knobs(load(slug)), every(slug)
    left = {n: knob._replace(default=opened.get(n, knob.default)) for n, knob in plain.items()}
    main, mine = main_knob(slug), [left.pop(name) for name in own]
    first = [knob for knob in mine if (main and knob.name == main.name) or knob.letter == "α"]
    choices = [knob for knob in mine if knob.kind == "choice" and knob not in first]
    first += choices if len(choices) >= FAMILY else []
    rest = [knob for knob in mine if knob not in first]
    return render(
        "demo.html",
        slug=slug,
        aim=[left.pop("way"), left.pop("world")],
        first=first,
        out=left.pop(HYPOTHESIS, None),
        unnamed={n: text(plain[n].default) for n in opened if n in own or n == "world"},
        rest=rest,
        rest_ways=NOT_FITTED if all(knob.absorbed for knob in rest) else "",
        how=[left.pop(name) for name in ("steps", "rate", "step")],
        hand=[left.pop("gains")] if "gains" in left else [],
        world=list(left.values()),
        random=urlencode(RANDOM),
        **along(slug),
        **worlds(slug),
    )


def opening(slug: str) -> dict[str, Any]:
    """Return what a method's page opens with, where that is no knob's default."""
    world = worlds(slug)["opening"]
    return opens(slug) | ({"world": world} if world else {})


def every(slug: str) -> dict[str, Knob]:
    out = hypothesis(slug)
    own = {**AIM, **signature_knobs(toy)}
    if "gains_by_hand" not in load(slug).pictures:
        own["way"] = own["way"]._replace(options=own["way"].options[:3])
        del own["gains"]
    own |= {name: possible(slug, knob) for name, knob in knobs(load(slug)).items()}
    return own | ({HYPOTHESIS: out} if out else {})


@cache
def possible(slug: str, knob: Knob) -> Knob:
    """Return a knob without the numbers to choose from that its page's layer does not allow.

    >>> possible("oft", knobs(load("oft"))["block_size"]).options
    (2, 4, 8, 16, 32)
    """
    base = {name: value for name, value in opens(slug).items() if name not in AIM}

    def fits(option: Any) -> bool:
        try:
            start(slug, base | {knob.name: option})
        except KnobError:
            return False
        return True

    if knob.kind != "choice" or isinstance(knob.default, str):
        return knob
    return knob._replace(options=tuple(o for o in knob.options if fits(o)))


def along(slug: str) -> dict[str, str]:
    """Return a method's main knob and the file of the answers along it, both empty without one."""
    knob, files = main_knob(slug), list(SWEEPS.glob(f"{slug}-sweep-*.bin"))
    return {"main": knob.name if knob else "", "sweep": files[0].name if files else ""}


def worlds(slug: str) -> dict[str, str]:
    for path in FITS.glob(f"{slug}-fits-*.bin"):
        return {"fits": path.name, "opening": head(path)["opening"]}
    return {"fits": "", "opening": ""}


def head(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    head: dict[str, Any] = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
    return head


def render(template: str, **values: Any) -> str:
    """Return a template without line breaks; lists of knobs become lists of controls."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters["control"] = control
    return re.sub(r"\s*\n\s*", "", environment.get_template(template).render(values))


def rounded(value: Any) -> Any:
    """Return an array as a list of nine digits, more than a picture or its text can show."""
    if isinstance(value, np.ndarray):
        return [float(f"{v:.9g}") for v in value]
    raise TypeError(f"{type(value).__name__} has no place in a panel")


def fragments(names: list[str]) -> dict[str, str]:
    return drawn({slug: (form(slug), first(slug)) for slug in names})


def first(slug: str) -> list[dict[str, Any]] | Path:
    """Return the file that has what a method's page opens with as its first answer."""
    return next(FITS.glob(f"{slug}-fits-*.bin"), None) or [dict(probe(slug, opening(slug)))]


def drawn(pictures: dict[str, tuple[str, list[dict[str, Any]] | Path]]) -> dict[str, str]:
    """Return HTML with answers drawn into its forms, one into each; several get common scales.

    A file of stored answers stands for its first one.

    Raises:
        RuntimeError: when the drawing fails; the text is Node's own.
    """
    command = ["node", str(Path(__file__).with_name("prerender.mjs"))]
    named = {
        name: {"html": html, **({"file": str(got)} if isinstance(got, Path) else {"answers": got})}
        for name, (html, got) in pictures.items()
    }
    given = json.dumps(named, default=rounded)
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"scripts/stored/prerender.mjs failed:\n{done.stderr}")
    drawings: dict[str, str] = json.loads(done.stdout)
    return drawings


def main() -> None:
    """Write the stored widgets of all methods, and remove those of methods gone."""
    OUT.mkdir(parents=True, exist_ok=True)
    widgets = fragments(list(slugs()))
    for slug, html in widgets.items():
        (OUT / f"{slug}.html").write_text(html, encoding="utf-8")
    for path in OUT.glob("*.html"):
        if path.stem not in widgets:
            path.unlink()
