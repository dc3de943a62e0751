"""A model before and after: tensors that belong together, and numbers that are numpy's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.stored.example import safetensors
from tests.node import printed

READ = """
import { openAsBlob } from "node:fs";
import { tensors } from "./demos/page/arrays.js";
import { leading, paired, sizes } from "./demos/lab/difference.js";
const { signal } = new AbortController();
const models = [];
for (const path of process.argv.slice(1)) {
  const file = new File([await openAsBlob(path)], path.split("/").pop());
  models.push(new Map((await tensors(file)).map((tensor) => [tensor.name, tensor])));
}
let answer;
try {
  const { pairs, notes } = paired(...models);
  const found = [];
  for (const pair of pairs) {
    const { module, row } = pair;
    found.push({ module, row, ...(await sizes(pair, signal)), ...(await leading(pair, signal)) });
  }
  answer = { found, notes };
} catch ({ message }) {
  answer = { message };
}
console.log(JSON.stringify(answer));
"""
Model = dict[str, np.ndarray[Any, Any]]


def compared(folder: Path, before: Model, after: Model) -> dict[str, Any]:
    """Return what the browser's code says of two models."""
    paths = [folder / "before.safetensors", folder / "after.safetensors"]
    for path, model in zip(paths, (before, after), strict=True):
        path.write_bytes(safetensors(model))
    answer: dict[str, Any] = printed(READ, *paths)
    return answer


def halves(model: Model) -> Model:
    """Return the model as its file holds it."""
    return {name: a.astype(np.float16).astype(float) for name, a in model.items()}


def model(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> Model:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pytest.mark.long
def test_each_matrix_is_compared_as_numpy_does(tmp_path: Path) -> None:
    names = ("model.layers.10.mlp.up_proj", "model.layers.2.self_attn.q_proj")
    shapes: dict[str, tuple[int, ...]] = {
        f"{names[0]}.weight": (1200, 900),  # more than a slice
        f"{names[1]}.weight": (40, 12),
        "model.norm.weight": (12,),
    }
    before = model(shapes)
    spread = np.exp(-np.arange(900) / 5)
    rng = np.random.default_rng(1)
    U, V = (np.linalg.qr(rng.normal(size=(n, 900)))[0] for n in (1200, 900))
    after = {n: a.copy() for n, a in before.items()}
    after[f"{names[0]}.weight"] += 200 * U * spread @ V.T
    after[f"{names[1]}.weight"][:10] += 1
    answer = compared(tmp_path, before, after)
    assert [f["module"] for f in answer["found"]] == [names[1], names[0]]
    assert answer["found"][1]["row"] == "model.layers.10"
    assert answer["notes"] == ["Not measured: 1 tensors with one axis, such as biases and norms."]
    before, after = halves(before), halves(after)
    for found in answer["found"]:
        W = before[f"{found['module']}.weight"]
        change = after[f"{found['module']}.weight"] - W
        sigma = np.linalg.svd(change, compute_uv=False)[:16]
        assert found["norm"] == pytest.approx(np.linalg.norm(change), rel=1e-9)
        assert found["relative"] == pytest.approx(
            np.linalg.norm(change) / np.linalg.norm(W), rel=1e-9
        )
        assert found["moved"] == pytest.approx((change != 0).mean(), rel=1e-12)
        assert found["settled"]
        assert np.abs(found["sigma"] - sigma[: len(found["sigma"])]).max() < 2e-3 * sigma[0]


def test_singular_values_that_lie_close_together_are_never_too_large(tmp_path: Path) -> None:
    before = model({"w.weight": (300, 200)})
    after = {"w.weight": before["w.weight"] + model({"w": (300, 200)}, 1)["w"]}
    (found,) = compared(tmp_path, before, after)["found"]
    change = halves(after)["w.weight"] - halves(before)["w.weight"]
    sigma = np.linalg.svd(change, compute_uv=False)[:16]
    assert (np.array(found["sigma"]) <= sigma * (1 + 1e-9)).all()
    assert found["sigma"][0] > 0.98 * sigma[0]


SHAPES: dict[str, tuple[int, ...]] = {"a.0.weight": (6, 4), "a.1.weight": (6, 4)}


def test_what_does_not_match_is_named(tmp_path: Path) -> None:
    before = model(SHAPES | {"head.weight": (9, 4), "tail.weight": (3, 4)})
    after = model(SHAPES | {"head.weight": (8, 4), "more.weight": (3, 4)}, 1)
    answer = compared(tmp_path, before, after)
    assert [f["module"] for f in answer["found"]] == ["a.0", "a.1"]
    assert answer["notes"] == [
        "Not measured, since shapes differ: head.weight is 9 × 4 before and 8 × 4 after.",
        "Only in the model before: 1 tensors (tail.weight).",
        "Only in the model after: 1 tensors (more.weight).",
    ]


def test_names_that_lack_their_first_part_are_paired(tmp_path: Path) -> None:
    before, after = model(SHAPES), model(SHAPES, 1)
    longer = {f"bert.{name}": a for name, a in before.items()}
    for pair in ((longer, after), (after, longer)):
        assert len(compared(tmp_path, *pair)["found"]) == 2


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (
            {"b.weight": (6, 4)},
            "No tensor has the same name in both models: the first is a.0.weight",
        ),
        ({n: (5, 4) for n in SHAPES}, "a.0.weight is 6 × 4 before and 5 × 4 after: these are"),
    ],
)
def test_models_that_are_of_another_kind_are_refused(
    tmp_path: Path, after: dict[str, tuple[int, ...]], says: str
) -> None:
    assert compared(tmp_path, model(SHAPES), model(after))["message"].startswith(says)


def test_an_entry_that_is_no_number_is_named(tmp_path: Path) -> None:
    before = model(SHAPES)
    after = {name: a.copy() for name, a in before.items()}
    after["a.1.weight"][2, 3] = np.nan
    assert compared(tmp_path, before, after)["message"] == "a.1 has an entry that is not finite."
