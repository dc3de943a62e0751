"""Our adapters against numbers that were recorded from PEFT.

A translator, `translators/<slug>.py`, puts PEFT's arrays into our class. It defines

    claims(case) -> bool                  whether the case is of this method; mostly `of(…)`
    adapter(case) -> Adapter              our adapter with PEFT's arrays

and, where the method asks for it,

    weight(case) -> Array                 the frozen weight (default: the one inside PEFT's layer)
    bias(case, adapter) -> Array          the adapted bias (default: unchanged)
    start(case) -> (name, ours, PEFT's)   what a fresh adapter holds; PEFT's is of float32
    compare(case) -> (name, ours, PEFT's) instead of the layer output and merged weight
    gradients(case) -> {field: array}     PEFT's gradients in the order of our learned arrays'
                                          entries; `slopes(…)` where the names alone differ
    DETACHED = {field: reason}            fields whose gradient in PEFT is not the derivative, with
    the reason

`PARITY_FIXTURES` points this test at another folder of recordings in the same format. None of them
is skipped: what cannot be computed fails with `RefusedError`, which names the field and its value.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

from adapters_np.core import flatten, learned, restore
from adapters_np.linalg import Array
from tests.parity import translators
from tests.parity.cases import FIELDS, FIXTURES, Case, columns, recorded

TRANSLATORS = [
    import_module(f"{translators.__name__}.{module.name}")
    for module in pkgutil.iter_modules(translators.__path__)
]
CASES = list(recorded())
EVERYWHERE = {
    *("auto_mapping", "base_model_name_or_path", "inference_mode", "peft_type", "peft_version"),
    *("revision", "task_type"),
}
"""What all of PEFT's configurations have, and no layer's numbers depend on."""

START_ATOL = 1e-4
"""Of what PEFT starts from in float32: singular vectors are as exact as their values are apart."""


def translator(case: Case) -> ModuleType:
    """Return the one translator that claims a case.

    Raises:
        AssertionError: when none or several do, or a field is not PEFT's; it names case and fields.
    """
    unknown = {k: v for k, v in case.config.items() if k not in FIELDS.get(case.family, {})}
    foreign = {k: v for k, v in unknown.items() if k not in EVERYWHERE}
    assert not foreign, f"{case.name}: PEFT's {case.family} has no field of {foreign}"
    claiming = [t for t in TRANSLATORS if t.claims(case)]
    given = f"{case.family} of kind {case.sidecar['kind']!r} with {case.config}"
    assert claiming, f"{case.name}: no translator computes {given}"
    assert len(claiming) == 1, f"{case.name} is claimed by {[t.__name__ for t in claiming]}"
    return claiming[0]


def weight(case: Case, module: ModuleType) -> Array:
    """Return the weight that our adapter is attached to."""
    found: Array = module.weight(case) if hasattr(module, "weight") else case["W"]
    return found


def layer(case: Case, module: ModuleType) -> Iterator[tuple[str, Array, Array]]:
    """Yield output, merged weight and merged bias of a linear layer: ours and PEFT's."""
    adapter, W, b = module.adapter(case), weight(case, module), case.find("b")
    b_adapted = module.bias(case, adapter) if hasattr(module, "bias") else b
    y = adapter.forward(W, columns(case["x"]))
    yield "y", y if b_adapted is None else y + b_adapted[:, None], columns(case["y"])
    merged = case.find("W_merged")
    if merged is not None:
        yield "W_merged", adapter.forward(W, np.eye(W.shape[1])), merged
    b_merged = case.find("b_merged")
    if b_merged is not None:
        assert b_adapted is not None, f"{case.name} has a merged bias and no bias"
        yield "b_merged", b_adapted, b_merged


def test_there_are_recordings() -> None:
    assert CASES, f"no recorded case in {FIXTURES}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_equal_to_peft(case: Case) -> None:
    module = translator(case)
    compared = list(module.compare(case) if hasattr(module, "compare") else layer(case, module))
    assert compared
    for name, ours, theirs in compared:
        assert ours.shape == theirs.shape, name
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=case.atol, err_msg=f"{case.name}: {name}"
        )


STARTED = [
    case for case in CASES if any(hasattr(t, "start") and t.claims(case) for t in TRANSLATORS)
]


@pytest.mark.parametrize("case", STARTED, ids=lambda case: case.name)
def test_start_equals_peft(case: Case) -> None:
    for name, ours, theirs in translator(case).start(case):
        assert ours.shape == theirs.shape, name
        atol = START_ATOL * max(1.0, float(np.abs(theirs).max()))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol, err_msg=f"{case.name}: {name}")


GRADED = [
    case for case in CASES if any(hasattr(t, "gradients") and t.claims(case) for t in TRANSLATORS)
]


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case.name)
def test_gradients_equal_to_peft(case: Case) -> None:
    """PEFT's recorded gradients of sum(y * g) against central differences of our forward pass."""
    module = translator(case)
    adapter = module.adapter(case)
    start, step = flatten(adapter), 1e-6
    W, b = weight(case, module), case.find("b")
    X, G = columns(case["x"]), columns(case["g"])

    def loss(vector: Array) -> float:
        moved = restore(adapter, vector)
        total = float((moved.forward(W, X) * G).sum())
        if b is not None and hasattr(module, "bias"):
            total += float((module.bias(case, moved)[:, None] * G).sum())
        return total

    steps = step * np.eye(len(start))
    slopes = np.array([(loss(start + s) - loss(start - s)) / (2 * step) for s in steps])
    ours = learned(restore(adapter, slopes))
    detached = getattr(module, "DETACHED", {})
    tolerance = max(1e-6, case.atol)  # wider where PEFT computes in float32
    for field, theirs in module.gradients(case).items():
        largest = max(1.0, float(np.abs(theirs).max(initial=0.0)))
        gap = (
            float(np.abs(ours[field] - theirs.reshape(ours[field].shape)).max(initial=0.0))
            / largest
        )
        if field in detached:
            assert gap > 1e-3, (
                f"{case.name}: {field} is differentiated after all, though {detached[field]}"
            )
        else:
            assert gap < tolerance, f"{case.name}: gradient of {field} is off by {gap:.1e}"
