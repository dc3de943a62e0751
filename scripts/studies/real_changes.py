"""Does full fine-tuning change weights as any adapter believes? Two models that were, measured.

It writes docs/data/real_changes.csv in a minute of one core, and real_changes_descents.csv beside
it in ten; real_changes_noise.csv has what families that look at singular values alone explain of
five draws of independent entries.

Question: what share of ‖ΔW‖² does each family of `demos.reach` explain with the parameters of one,
two and four LoRA ranks, and how much more than of a change with the same singular values in random
directions? Models: the pretrained BERT and its two fully fine-tuned descendants in the PyPI wheel
rxnfp 0.1.0 (MIT), which is read and never imported. Grid: both × 12 layers × query, key, value and
output (256 × 256), up (512 × 256) and down (256 × 512) × change and control × all families × three
budgets. The uniform shrink c W is removed from each change first, and noted: weight decay alone
causes it, and it would be taken for a gain. The control is drawn once, with a seed per matrix.
Every cell is computed once, in closed form. Families that have none (scripts/studies/descents.py)
are descended for, on the attention matrices of layers 0, 3, 6 and 9 within the budget of two ranks.
"""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from adapters_np.linalg import Array
from demos.reach import FAMILIES, Change, elsewhere, reached, shrink, turned
from scripts.studies.corpora import Corpus, fetch
from scripts.studies.descents import DESCENTS
from scripts.studies.encoder import PARTS
from scripts.studies.rows import Done, Make, Table, Where
from scripts.studies.rows import main as fill
from scripts.survey.results import changes
from scripts.survey.results.changes import CONTROL, ENTRIES, MODELS, SAMPLED_RANK, SPECTRAL

WHEEL = Corpus(
    *("pip", "rxnfp", "0.1.0", "rxnfp-0.1.0-py3-none-any.whl"),
    "c5c1e818add6f34539a6b29bc680c47c9e7311e9383d1b34ce901481e34b58cf",
    "rxnfp/models/transformers/*",
)
BEFORE = "bert_pretrained"
RANKS = (1, 2, 4)
ROTATED = 512
"""Inputs of which one rotation is looked for: of more it would take longer than all families."""

SAMPLED_LAYERS = (0, 3, 6, 9)
SAMPLED_PARTS = ("query", "key", "value", "output")

Weights = dict[str, Array]

# Reading ------------------------------------------------------------------------------------------


STORAGES = {"FloatStorage": np.float32, "LongStorage": np.int64}


def tensor(storage: Array, offset: int, size: Any, stride: Any, *rest: Any) -> Array:
    strides = [step * storage.itemsize for step in stride]
    return np.array(np.lib.stride_tricks.as_strided(storage[offset:], tuple(size), strides))


class Tensors(pickle.Unpickler):
    """Reads what tensors are made of, whose numbers come afterwards, and nothing that could run."""

    def __init__(self, file: Any, storage: Callable[[Any], Array]) -> None:
        super().__init__(file)
        self.storage = storage

    def persistent_load(self, pid: Any) -> Array:
        return self.storage(pid)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *parts: parts[:4]
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no tensor: it is not loaded")


def read(data: bytes) -> Weights:
    """Return the tensors of a file as PyTorch wrote them before version 1.6."""
    file = io.BytesIO(data)
    storages: dict[str, Array] = {}

    def storage(pid: Any) -> Array:
        return storages.setdefault(pid[2], np.zeros(pid[4], pid[1]))

    for _ in range(3):  # a magic number, the format's version, the maker's byte order
        Tensors(file, storage).load()
    found = Tensors(file, storage).load()
    for key in Tensors(file, storage).load():
        (count,) = struct.unpack("<q", file.read(8))
        values = storages[key]
        values[:] = np.frombuffer(file.read(count * values.itemsize), values.dtype)
    return {name: tensor(*parts) for name, parts in found.items()}


@cache
def models() -> dict[str, Weights]:
    archive = zipfile.ZipFile(fetch(WHEEL))
    found = {}
    for name in (BEFORE, *MODELS):
        data = archive.read(f"rxnfp/models/transformers/{name}/pytorch_model.bin")
        found[name] = {key.removeprefix("bert."): value for key, value in read(data).items()}
    return found


# Measuring ----------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A matrix of a model, before fine-tuning and what it has added, with a seed of its own."""

    where: dict[str, Any]
    W: Array
    D: Array
    seed: list[int]


def case(model: str, layer: int, part: str) -> Case:
    name = f"encoder.layer.{layer}.{PARTS[part]}.weight"
    W = models()[BEFORE][name].astype(float)
    D = models()[model][name].astype(float) - W
    where = {"model": model, "layer": layer, "part": part}
    return Case(where, W, D, [layer, [*PARTS].index(part)])


def kinds(case: Case) -> dict[str, Change]:
    bare = case.D - shrink(case.W, case.D) * case.W
    moved = elsewhere(bare, np.random.default_rng(case.seed))
    return {"change": Change(case.W, bare), CONTROL: Change(case.W, moved)}


def measure(case: Case, ranks: Iterable[int] = RANKS) -> Iterator[dict[str, Any]]:
    d_out, d_in = case.W.shape
    for kind, change in kinds(case).items():
        energy = np.cumsum(change.sigma**2) / change.energy
        rotated = None
        if d_in <= ROTATED:
            rotated = round(1 - float((turned(change, d_in) ** 2).sum()) / change.energy, 5)
        facts = {
            "d_out": d_out,
            "d_in": d_in,
            "kind": kind,
            "shrink": round(shrink(case.W, case.D), 5),
            "relative_norm": round(float(np.sqrt(change.energy) / np.linalg.norm(case.W)), 5),
            "directions_for_half": int(np.searchsorted(energy, 0.5)) + 1,
            "directions_for_90": int(np.searchsorted(energy, 0.9)) + 1,
            "full_rotation": rotated,
        }
        for rank in ranks:
            most = rank * (d_out + d_in)
            shares: dict[str, Any] = {}
            for name, found in reached(change, most).items():
                shares[name] = found and round(found.share, 5)
                shares[f"{name}_parameters"] = found and found.size
            yield {**case.where, **facts, "rank": rank, "budget": most, **shares}


def descended(case: Case) -> Iterator[dict[str, Any]]:
    most = SAMPLED_RANK * sum(case.W.shape)
    for kind, change in kinds(case).items():
        for name, form in DESCENTS.items():
            if found := form(change, most):
                share = round(found.share, 5)
                yield {
                    **case.where,
                    "kind": kind,
                    "family": name,
                    "share": share,
                    "parameters": found.size,
                }


def noise(name: str, rank: int) -> Iterator[dict[str, Any]]:
    """Yield how many times chance a family explains of independent entries at 256 × 256."""
    rng, most = np.random.default_rng(0), rank * 512
    form = FAMILIES[name].form if name in FAMILIES else DESCENTS[name]
    times = []
    for _ in range(5):
        found = form(Change(np.zeros((256, 256)), rng.normal(size=(256, 256))), most)
        if found:
            times.append(found.share * ENTRIES / found.size)
    mean = float(np.mean(times))
    yield {"family": name, "rank": rank, "mean": mean, "least": min(times), "most": max(times)}


# The tables ---------------------------------------------------------------------------------------


def due(
    of: Callable[[Case], Iterator[dict[str, Any]]],
    layers: Iterable[int],
    parts: Iterable[str],
    _: Done,
) -> Iterator[tuple[Where, Make]]:
    for model in MODELS:
        for layer in layers:
            for part in parts:
                yield (model, str(layer), part), partial(_rows, of, model, layer, part)


def _rows(of: Callable[[Case], Iterator[dict[str, Any]]], *where: Any) -> Iterator[dict[str, Any]]:
    return of(case(*where))


def noises(_: Done) -> Iterator[tuple[Where, Make]]:
    for name in SPECTRAL:
        for rank in RANKS if name in FAMILIES else (SAMPLED_RANK,):
            yield (name, str(rank)), partial(noise, name, rank)


WHERE = ("model", "layer", "part")
HEAD = (
    f"{WHEEL.name}=={WHEEL.version} (MIT), wheel SHA-256 {WHEEL.sha256}",
    f"numpy {np.__version__}",
)
TABLES = (
    Table(changes.TABLE, WHERE, partial(due, measure, range(12), PARTS), head=HEAD),
    Table(
        changes.DESCENTS, WHERE, partial(due, descended, SAMPLED_LAYERS, SAMPLED_PARTS), head=HEAD
    ),
    Table(changes.NOISE, ("family", "rank"), noises, digits=16),
)
main = partial(fill, __doc__, *TABLES)
