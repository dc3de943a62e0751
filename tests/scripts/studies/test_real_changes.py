"""The study of real changes: its file reader runs nothing, and its table is what it says."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from demos.reach import FAMILIES
from demos.world import toy
from demos.worlds import change
from scripts.macros.real_changes import rows
from scripts.studies.descents import DESCENTS
from scripts.studies.real_changes import (
    OUT,
    WHEEL,
    Case,
    kinds,
    noise,
    read,
)
from scripts.survey.facts.reader import comments, records
from scripts.survey.results import changes
from scripts.survey.results.changes import ANOTHER, MODELS

M = np.arange(12, dtype=np.float32).reshape(3, 4)


class FloatStorage:
    """Stands for PyTorch's."""


class Tensor:
    """Is pickled as PyTorch pickles a tensor."""

    def __init__(self, array: Any, offset: int = 0) -> None:
        self.array, self.offset = array, offset

    def __reduce__(self) -> Any:
        import torch._utils  # type: ignore[import-not-found]

        stride = tuple(step // self.array.itemsize for step in self.array.strides)
        parts: Any = (Storage(self.array), self.offset, self.array.shape, stride, False, {})
        return torch._utils._rebuild_tensor_v2, parts


class Storage:
    def __init__(self, array: Any) -> None:
        self.array = array


class Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, Storage):
            return ("storage", FloatStorage, "0", "cpu", value.array.size, None)
        return None


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the names that are pickled a place, while they are."""

    def _rebuild_tensor_v2() -> None:
        pass

    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    vars(utils)["_rebuild_tensor_v2"] = _rebuild_tensor_v2
    vars(torch).update(FloatStorage=FloatStorage, _utils=utils)
    monkeypatch.setattr(FloatStorage, "__module__", "torch")
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def pickled(value: Any) -> bytes:
    file = io.BytesIO()
    Pickler(file, 2).dump(value)
    return file.getvalue()


def former(value: Any, data: bytes, count: int) -> bytes:
    head = [
        pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    ]
    tail = [pickle.dumps(["0"], 2), struct.pack("<q", count), data]
    return b"".join([*head, pickled(value), *tail])


@pytest.mark.usefixtures("torch")
def test_a_file_gives_the_tensor_and_one_that_leaves_its_storage_is_refused() -> None:
    np.testing.assert_array_equal(read(former({"w": Tensor(M)}, M.tobytes(), 12))["w"], M)
    with pytest.raises(pickle.UnpicklingError, match="leaves its storage"):
        read(former({"w": Tensor(M, offset=1)}, M.tobytes(), 12))
    with pytest.raises(pickle.UnpicklingError, match="a storage has 5 entries, not 12"):
        read(former({"w": Tensor(M)}, M.tobytes()[:20], 5))


@pytest.mark.parametrize("function", [print, eval, __import__], ids=lambda f: f.__name__)
def test_nothing_in_a_file_is_run(function: Any) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return function, ("1",)

    for data in (former(Harm(), b"", 0), pickle.dumps(Harm())):
        with pytest.raises(pickle.UnpicklingError, match="is no tensor"):
            read(data)


def test_the_shrink_is_removed_and_the_control_has_the_same_spectrum() -> None:
    W = toy(size="32x32").W
    D = change("mix", W) - 0.05 * W
    found = kinds(Case({}, W, D, [0]))
    assert abs((found["change"].D * W).sum()) < 1e-9
    np.testing.assert_allclose(found["control"].sigma, found["change"].sigma, atol=1e-9)


# The results --------------------------------------------------------------------------------------


def test_the_table_has_every_matrix_at_every_budget_and_tells_its_source() -> None:
    listed = records(OUT)
    assert WHEEL.sha256 in comments(OUT)[0]
    assert len(listed) == 2 * 12 * 6 * 2 * 3
    assert set(FAMILIES) <= set(listed[0])
    for row in listed:
        for name in FAMILIES:
            assert not row[name] or (
                float(row[name]) <= 1 and int(row[f"{name}_parameters"]) <= int(row["budget"])
            )


def test_the_control_of_what_looks_at_the_spectrum_alone_is_the_change_itself() -> None:
    found = changes.measured(2)
    for model in MODELS:
        few, control = (
            changes.by_layer(found, "low_rank", model, kind) for kind in ("change", "control")
        )
        for layer, times in few.items():
            assert times == pytest.approx(control[layer], rel=1e-3)


def test_independent_entries_have_few_directions_by_chance_alone() -> None:
    """The two largest singular values of noise hold 8/n of its energy (Marchenko and Pastur)."""
    assert changes.noise("low_rank", 2).mean == pytest.approx(2, rel=0.05)
    assert noise("low_rank", 2)["mean"] == pytest.approx(changes.noise("low_rank", 2).mean)


def test_a_family_that_is_left_out_is_another_one_at_its_budget() -> None:
    def place(row: Mapping[str, str]) -> tuple[str, ...]:
        return row["model"], row["layer"], row["part"]

    own = [r for r in records(changes.DESCENTS) if r["family"] == ANOTHER]
    found = {place(r): float(r["share"]) for r in own if r["kind"] == "change"}
    rank_1 = [r for r in records(changes.TABLE) if (r["kind"], r["rank"]) == ("change", "1")]
    best = {place(r): float(r["low_rank"]) for r in rank_1}
    assert found
    assert found == pytest.approx({key: best[key] for key in found}, abs=1e-5)


def test_every_other_family_is_on_the_page_with_both_models() -> None:
    assert changes.DESCENDED.keys() == DESCENTS.keys()
    assert {row.name for row in rows()} == (FAMILIES.keys() | DESCENTS.keys()) - {ANOTHER}
    assert all(len(row.found) == len(MODELS) for row in rows())
    for row in rows():
        for mean in (mean for pair in row.found for mean in pair):
            assert mean.low <= mean.mean <= mean.high
