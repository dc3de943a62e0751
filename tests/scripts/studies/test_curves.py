"""Training through our files, step for step as PEFT and torch train (tests/parity/curves.json).

Each curve was recorded from the arrays of its case in tests/parity/fixtures: Adam brings the mean
square of what the adapter changes towards zero. The translators of tests/parity say how PEFT's
arrays make our adapter. They are read by JAX as our files are, so the trained numbers here are
PEFT's own.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from scripts.catalog import read
from scripts.catalog.records import Peft
from scripts.studies import adam
from scripts.studies.jax_copy import COPIES, held_norms
from tests.parity import translators
from tests.parity.cases import FIXTURES, Case, recorded
from tests.parity.test_peft import layer

pytestmark = pytest.mark.long

COPIES[translators.__name__] = "translators_jax"
RECORDED = json.loads((FIXTURES.parent / "curves.json").read_text("utf-8"))
ABSENT = {
    "adaption_prompt": "PEFT builds it inside the attention of a whole model",
    "cpt": "PEFT cuts the trained numbers back after each step, our map cuts what it uses",
    "oft_coft": "PEFT cuts the trained numbers back after each step, our map cuts what it uses",
    "osf": "hooks project PEFT's gradients, which the output that we differentiate does not show",
    "shadow": "the shadow comes from a layer of a whole model, whose numbers are not recorded",
    "xlora": "PEFT builds it across a whole model, whose first pass opens the gate",
}
BESIDE = ("y_base", "W_merged", "b_merged", "original rows", "weights")
SINGLE = 1e-5  # what float32 leaves of equality; PEFT computes two layers in no other way
MODULES = [
    import_module(f"translators_jax.{module.name}")
    for module in pkgutil.iter_modules(translators.__path__)
]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def trained(case: Case) -> dict[str, Any]:
    """Return what PEFT trains, by its recorded names."""
    names = [name for name, about in case.sidecar["arrays"].items() if about["role"] == "trainable"]
    return {name: case.arrays[name] for name in names}


def output(name: str, parts: dict[str, Any]) -> Any:
    """Return all that the adapter changes as one vector, with these numbers in PEFT's arrays."""
    case = Case(FIXTURES / f"{name}.json", "")
    arrays = {k: jnp.asarray(v) if v.ndim > 1 else v for k, v in case.arrays.items()}
    vars(case)["arrays"] = arrays | parts
    (module,) = (m for m in MODULES if m.claims(case))
    pairs = module.compare(case) if hasattr(module, "compare") else layer(case, module)
    return jnp.concatenate([ours.ravel() for what, ours, _ in pairs if not what.startswith(BESIDE)])


def curve(name: str, steps: int) -> list[float]:
    """Return the losses while Adam brings the output's mean square towards zero."""
    rate = RECORDED["adam"]["lr"]
    parts = trained(Case(FIXTURES / f"{name}.json", ""))

    @jax.jit
    def step(parts: Any, moments: adam.Moments) -> Any:
        loss, gradient = jax.value_and_grad(lambda p: (output(name, p) ** 2).mean())(parts)
        moments, way = adam.step(moments, gradient)
        return jax.tree.map(lambda p, w: p - rate * w, parts, way), moments, loss

    moments, losses = adam.begin(parts), []
    with held_norms() if name == "dora" else nullcontext():
        for _ in range(steps):
            parts, moments, loss = step(parts, moments)
            losses.append(float(loss))
    return losses


@pytest.mark.parametrize("name", RECORDED["curves"])
def test_the_loss_falls_as_it_does_in_peft(name: str) -> None:
    theirs = RECORDED["curves"][name]
    assert theirs[-1] < theirs[0]
    single = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))["compute"] == "float32"
    ours = curve(name, len(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=SINGLE if single else 1e-11)


def test_dora_falls_otherwise_by_the_whole_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "held_norms", nullcontext)
    theirs = RECORDED["curves"]["dora"]
    ours = curve("dora", len(theirs))
    assert ours[0] == pytest.approx(theirs[0], rel=1e-12)
    assert abs(ours[-1] - theirs[-1]) > 1e-4


def test_every_module_that_peft_has_is_trained_or_says_why_not() -> None:
    known = RECORDED["curves"].keys() | ABSENT.keys()
    in_peft = {
        name for m in read().methods.values() if isinstance(m.peft, Peft) for name in m.modules
    }
    cases = list(recorded())
    claimed = {
        module.__name__.rpartition(".")[2]: {case.name for case in cases if module.claims(case)}
        for module in MODULES
    }
    without = {name for name in in_peft if claimed.get(name) and not claimed[name] & known}
    assert without == set()
