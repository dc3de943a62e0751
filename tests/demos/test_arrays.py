"""Readers' files: what the browser reads is what numpy wrote, and what it cannot read it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.node import read

M = np.array([[0.1, -2.5, 3e4], [1e-6, 0.0, -0.3333]])


def save(folder: Path, name: str, array: Any, **options: Any) -> Path:
    np.save(folder / name, array, **options)
    return folder / name


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


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_matrix_of_numpy_is_read_as_it_was_written(tmp_path: Path, dtype: str) -> None:
    wanted = M.astype(dtype)
    rows, columns = (
        save(tmp_path, n, a) for n, a in (("c.npy", wanted), ("f.npy", wanted.T.copy().T))
    )
    for (answer,) in read("matrices", rows, columns):
        assert (answer["rows"], answer["columns"]) == M.shape
        assert answer["values"] == wanted.astype(float).ravel().tolist()


def test_a_long_head_is_read(tmp_path: Path) -> None:
    with (tmp_path / "w.npy").open("wb") as file:
        np.lib.format.write_array(file, M, version=(2, 0))
    ((answer,),) = read("matrices", tmp_path / "w.npy")
    assert answer["values"] == M.ravel().tolist()


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
    (found,) = read("matrices", safetensors(tmp_path / "w.safetensors", tensors))
    values = {matrix["name"]: matrix["values"] for matrix in found}
    assert list(values) == ["half", "brain", "single", "double"]
    assert values["half"] == M.astype(np.float16).astype(float).ravel().tolist()
    widened = (brain.astype(np.uint32) << 16).view(np.float32)
    assert values["brain"] == widened.astype(float).ravel().tolist()
    assert values["single"] == single.astype(float).ravel().tolist()
    assert values["double"] == M.ravel().tolist()


def test_numbers_that_are_none_are_kept_to_be_told(tmp_path: Path) -> None:
    odd = np.array([[np.nan, np.inf], [-np.inf, 1]], np.float16)
    ((answer,),) = read("matrices", save(tmp_path, "w.npy", odd))
    assert answer["values"] == ["NaN", "Infinity", "-Infinity", 1]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w=M)
    (tmp_path / "text.npy").write_text("0.1 0.2")
    (tmp_path / "w.txt").write_text("0.1 0.2 0.3 0.4")
    whole = save(tmp_path, "whole.npy", M).read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-8])
    eight = {"w": ("F8_E4M3", [2, 3], b"\0" * 6)}
    cases = {
        save(tmp_path, "int.npy", M.astype(int)): "int.npy holds <i8, and what is read is float16",
        save(tmp_path, "big.npy", M.astype(">f4")): "big.npy holds >f4 (big-endian)",
        save(tmp_path, "row.npy", M[0]): "row.npy has the shape (3,), and a matrix has two axes",
        save(tmp_path, "brain.npy", np.zeros((2, 2), "V2")): "perhaps bfloat16",
        tmp_path / "w.npz": "w.npz is an archive",
        tmp_path / "text.npy": "text.npy does not begin as a .npy file does",
        tmp_path / "w.txt": "w.txt is neither a .npy nor a .safetensors file",
        tmp_path / "cut.npy": "cut.npy is cut off",
        safetensors(tmp_path / "e.safetensors", eight): "e.safetensors holds F8_E4M3",
        safetensors(tmp_path / "n.safetensors", {}): "n.safetensors has no tensor with two axes",
    }
    for answer, message in zip(read("matrices", *cases), cases.values(), strict=True):
        assert message in answer


def head(text: str) -> bytes:
    """Return the beginning of a .npy file with such a head."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


def listed(entries: Any, body: bytes = b"") -> bytes:
    """Return a .safetensors file with such a list of tensors."""
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + body


def described(descr: str = "'<f8'", shape: str = "(2, 3)") -> bytes:
    return head(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}") + M.tobytes()


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
    "adapter_config.json": {
        b'{"peft_type": "LORA"}': "adapter_config.json holds settings and no matrix. Those of an "
        "adapter are in adapter_model.safetensors beside it."
    },
    "w.npy": {
        b"": "w.npy is empty.",
        POINTER: "w.npy is a pointer of Git LFS, not the file: fetch it with git lfs pull",
        described()[:8]: "w.npy is cut off: its head needs 10 bytes, the file has 8.",
        b"\x93NUMPY\x02\x00abc": "w.npy is cut off: its head needs 12 bytes, the file has 11.",
        described()[:40]: "w.npy is cut off: its head needs ",
        described("'constructor'"): "w.npy holds constructor, and what is read is",
        described("'__proto__'"): "w.npy holds __proto__, and what is read is",
        described("[('x', '<f8')]"): "w.npy holds [('x', '<f8')], and what is read is",
        described(shape="(-2, 3)"): f"w.npy has the shape (-2, 3), and {SHAPE}",
        described(shape="(2, 'a')"): f"w.npy has the shape (2, 'a'), and {SHAPE}",
        described(shape="()"): "w.npy has the shape (), and a matrix has two axes",
        head("{'descr': '<f8'}"): f"w.npy has no shape, and {SHAPE}",
        head("{'shape': (2, 3)}"): "w.npy has no dtype, and a dtype is a name",
    },
    "w.safetensors": {
        b"": "w.safetensors is empty.",
        POINTER: "w.safetensors is a pointer of Git LFS",
        tensor()[:20]: "w.safetensors is cut off: its head needs",
        tensor()[:-8]: "w.safetensors is cut off: w needs",
        listed(deep()): "w.safetensors has more than 64 lists and objects within each other",
        listed(None): "w.safetensors has null where its list of tensors should be",
        listed([1]): "w.safetensors has [1] where its list of tensors should be",
        listed({"w": None}): "w in w.safetensors is null, and a tensor has a dtype, a shape and",
        listed({"n" * 5000: 1}): f"{'n' * 100}… in w.safetensors is 1, and a tensor has",
        listed({name: ONE for name in "ab"}, bytes(8)): "a and b in w.safetensors share bytes",
        tensor(data_offsets=...): f"w in w.safetensors has no data_offsets, and {OFFSETS}",
        tensor(data_offsets=[48, 0]): f"has the data_offsets [48,0], and {OFFSETS}",
        tensor(data_offsets=[-48, 0]): f"has the data_offsets [-48,0], and {OFFSETS}",
        tensor(data_offsets="ab"): f'has the data_offsets "ab", and {OFFSETS}',
        tensor(data_offsets=[0, 40]): "w in w.safetensors has 40 bytes, and 2 × 3 of F64 need 48",
        tensor(shape=...): f"w in w.safetensors has no shape, and {SHAPE}",
        tensor(shape=[-2, 3]): f"w in w.safetensors has the shape [-2,3], and {SHAPE}",
        tensor(shape=[2, 1.5]): f"has the shape [2,1.5], and {SHAPE}",
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
    for answer, message in zip(read("matrices", *paths), WRONG[name].values(), strict=True):
        assert isinstance(answer, str), (answer, message)
        assert message in answer
        assert len(answer) < 400


def test_an_adapter_without_tensors_and_one_that_may_run_code_are_refused(tmp_path: Path) -> None:
    pickled = tmp_path / "p.safetensors"
    pickled.write_bytes(b"PK\x03\x04" + bytes(100))
    empty, code = read("tensors", safetensors(tmp_path / "w.safetensors", {}), pickled)
    assert empty == "w.safetensors lists no tensor."
    assert "p.safetensors is a pickle, which may run code" in code
