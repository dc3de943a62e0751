"""Readers' files: what the browser reads is what numpy wrote, and what it cannot read it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.node import read

M = np.array([[0.1, -2.5, 3e4], [1e-6, 0.0, -0.3333]])


def safetensors(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> Path:
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, (dtype, shape, data) in tensors.items():
        offsets = [len(body), len(body) + len(data)]
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        body += data
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_all_kinds_of_tensors_are_read(tmp_path: Path) -> None:
    single = M.astype(np.float32)
    brain = (single.view(np.uint32) >> 16).astype(np.uint16)
    tensors = {
        "half": ("F16", [2, 3], M.astype(np.float16).tobytes()),
        "brain": ("BF16", [2, 3], brain.tobytes()),
        "single": ("F32", [2, 3], single.tobytes()),
        "double": ("F64", [2, 3], M.tobytes()),
        "bias": ("F32", [3], b"\0" * 12),
    }
    (found,) = read(safetensors(tmp_path / "w.safetensors", tensors))
    values = {tensor["name"]: tensor["values"] for tensor in found}
    assert list(values) == [*tensors]
    assert values["half"] == M.astype(np.float16).astype(float).ravel().tolist()
    widened = (brain.astype(np.uint32) << 16).view(np.float32)
    assert values["brain"] == widened.astype(float).ravel().tolist()
    assert values["single"] == single.astype(float).ravel().tolist()
    assert values["double"] == M.ravel().tolist()


def test_numbers_that_are_none_are_kept_to_be_told(tmp_path: Path) -> None:
    odd = np.array([[np.nan, np.inf], [-np.inf, 1]], np.float16)
    file = safetensors(tmp_path / "w.safetensors", {"w": ("F16", [2, 2], odd.tobytes())})
    ((answer,),) = read(file)
    assert answer["values"] == ["NaN", "Infinity", "-Infinity", 1]


def listed(entries: Any, body: bytes = b"") -> bytes:
    """Return a .safetensors file with such a list of tensors."""
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + body


def tensor(**changed: Any) -> bytes:
    entry = {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]} | changed
    known = {name: value for name, value in entry.items() if value is not ...}
    return listed({"w": known}, M.tobytes())


def deep() -> list[Any]:
    """Return lists within lists: a parser may break down at a million of them."""
    found: list[Any] = []
    for _ in range(65):
        found = [found]
    return found


POINTER = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""
ONE = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
SHAPE = "a shape is made of whole numbers from 0 up"
OFFSETS = "data_offsets are two whole numbers from 0 up, the first no larger than the second"
WRONG: dict[str, dict[bytes, str]] = {
    "w.txt": {b"0.1 0.2 0.3": "w.txt is neither an adapter_config.json nor a .safetensors file"},
    "w.safetensors": {
        b"": "w.safetensors is empty.",
        POINTER: "w.safetensors is a pointer of Git LFS",
        tensor()[:20]: "w.safetensors is cut off: its head needs",
        tensor()[:-8]: "w.safetensors is cut off: w needs",
        listed(deep()): "w.safetensors has more than 64 lists and objects within each other",
        listed([1]): "w.safetensors has [1] where its list of tensors should be",
        listed({"w": None}): "w in w.safetensors is null, and a tensor has a dtype, a shape and",
        listed({"n" * 5000: 1}): f"{'n' * 100}… in w.safetensors is 1, and a tensor has",
        listed({name: ONE for name in "ab"}, bytes(8)): "a and b in w.safetensors share bytes",
        tensor(data_offsets=...): f"w in w.safetensors has no data_offsets, and {OFFSETS}",
        tensor(data_offsets=[48, 0]): f"has the data_offsets [48,0], and {OFFSETS}",
        tensor(data_offsets="ab"): f'has the data_offsets "ab", and {OFFSETS}',
        tensor(data_offsets=[0, 40]): "w in w.safetensors has 40 bytes, and 2 × 3 of F64 need 48",
        tensor(shape=...): f"w in w.safetensors has no shape, and {SHAPE}",
        tensor(shape=[-2, 3]): f"w in w.safetensors has the shape [-2,3], and {SHAPE}",
        tensor(shape="ab"): f'has the shape "ab", and {SHAPE}',
        tensor(dtype=...): "w in w.safetensors has no dtype, and a dtype is a name",
        tensor(dtype="constructor"): "w.safetensors holds constructor, and what is read is",
        tensor(dtype="__proto__"): "w.safetensors holds __proto__, and what is read is",
    },
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_head_is_named_with_its_value_and_the_rule(
    tmp_path: Path, name: str
) -> None:
    paths = [tmp_path / f"{number}" / name for number, _ in enumerate(WRONG[name])]
    for path, data in zip(paths, WRONG[name], strict=True):
        path.parent.mkdir()
        path.write_bytes(data)
    for answer, message in zip(read(*paths), WRONG[name].values(), strict=True):
        assert isinstance(answer, str), (answer, message)
        assert message in answer
        assert len(answer) < 400


def test_an_adapter_without_tensors_and_one_that_may_run_code_are_refused(tmp_path: Path) -> None:
    pickled = tmp_path / "p.safetensors"
    pickled.write_bytes(b"PK\x03\x04" + bytes(100))
    empty, code = read(safetensors(tmp_path / "w.safetensors", {}), pickled)
    assert empty == "w.safetensors lists no tensor."
    assert "p.safetensors is a pickle, which may run code" in code
