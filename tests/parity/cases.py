"""Recorded PEFT cases: a JSON sidecar that describes an .npz of arrays."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from adapters_np.linalg import Array

FIXTURES = Path(os.environ.get("PARITY_FIXTURES") or Path(__file__).parent / "fixtures")
FIELDS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("fields.json").read_text())
"""Every field of PEFT's configurations with its default, as `fields.py` reads them off PEFT."""


class RefusedError(Exception):
    """A recorded case that nothing here can compute; the text names the field and its value."""


def columns(rows: Array) -> Array:
    """Return PEFT's rows (..., d) as columns (d, n)."""
    return rows.reshape(-1, rows.shape[-1]).T


@dataclass(frozen=True)
class Case:
    """One layer of one recorded case; `layer` is "", or "L0", "L1", … where there are several."""

    path: Path
    layer: str

    @property
    def name(self) -> str:
        """The case's name, with the layer where there are several."""
        return f"{self.path.stem}[{self.layer}]" if self.layer else self.path.stem

    @cached_property
    def sidecar(self) -> dict[str, Any]:
        """The recording's own facts."""
        return dict(json.loads(self.path.read_text()))

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that PEFT's config class was given."""
        return dict(self.sidecar["config"])

    @property
    def family(self) -> str:
        """PEFT's name of the method."""
        return str(self.sidecar["peft_type"])

    def setting(self, field: str) -> Any:
        """Return the value of a field of PEFT's config: the given one, else PEFT's default."""
        return self.config.get(field, FIELDS[self.family][field])

    def part(self, field: str) -> dict[str, Any]:
        """Return a config inside LoRA's, such as `lora_ga_config`, with PEFT's defaults."""
        return FIELDS[f"{self.family}.{field}"] | (self.config.get(field) or {})

    def given(self, field: str) -> bool:
        """Return whether a field has another value than PEFT's default."""
        default = FIELDS[self.family].get(field)
        return bool(field in self.config and self.config[field] != default)

    def refuse(self, field: str, why: str) -> RefusedError:
        """Return the error that says why a value cannot be computed here."""
        return RefusedError(f"{self.name}: {field}={self.setting(field)!r} is refused: {why}")

    @property
    def module(self) -> str:
        """The name of the recorded layer in the recorder's model."""
        return f"lin{self.layer.removeprefix('L') or 0}"

    @property
    def effective(self) -> dict[str, Any]:
        """The scalars that PEFT derived, those of this layer without their prefix."""
        values: dict[str, Any] = self.sidecar.get("effective", {})
        prefix = f"{self.layer}."
        own = {
            k.removeprefix(prefix): v
            for k, v in values.items()
            if self.layer and k.startswith(prefix)
        }
        return {**values, **own}

    @property
    def atol(self) -> float:
        """The tolerance that the recording suggests."""
        return float(self.sidecar["suggested_atol"])

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """All arrays by their recorded names, floats widened to float64."""
        with np.load(self.path.with_suffix(".npz")) as z:
            return {k: z[k].astype(float) if z[k].dtype.kind == "f" else z[k] for k in z.files}

    def find(self, name: str) -> Array | None:
        """Return an array of this layer, such as "W" or "param.lora_A.weight", or None."""
        kind, _, rest = name.partition(".")
        spellings = [name]
        if self.layer:
            spellings = [f"{self.layer}.{name}", f"{kind}.{self.layer}.{rest}", name]
        return next((self.arrays[s] for s in spellings if s in self.arrays), None)

    def __getitem__(self, name: str) -> Array:
        """Return an array of this layer.

        Raises:
            KeyError: when it was not recorded.
        """
        found = self.find(name)
        if found is None:
            raise KeyError(f"{self.name} has no array {name}")
        return found

    def ours(self, kind: str, names: dict[str, str]) -> dict[str, Array]:
        """Return recorded arrays of a kind, "param" or "grad", by our names of PEFT's."""
        found = {ours: self.find(f"{kind}.{theirs}") for ours, theirs in names.items()}
        return {ours: array for ours, array in found.items() if array is not None}


def of(family: str, kind: str | None = "linear") -> Callable[[Case], bool]:
    """Return what claims all cases of a method of PEFT's, by default those of a linear layer."""
    return lambda case: case.family == family and kind in (None, case.sidecar["kind"])


def slopes(names: dict[str, str]) -> Callable[[Case], dict[str, Array]]:
    """Return what finds PEFT's gradients by our names of its arrays, of those that a case has."""
    return lambda case: {
        ours: case[f"grad.{names[ours]}"]
        for ours, array in case.ours("param", names).items()
        if array.size
    }


def recorded(folder: Path = FIXTURES) -> Iterator[Case]:
    """Yield every recorded case, a layer at a time."""
    for path in sorted(arrays.with_suffix(".json") for arrays in folder.glob("*.npz")):
        layers = json.loads(path.read_text()).get("layers")
        for layer in [f"L{i}" for i in range(len(layers))] if layers else [""]:
            yield Case(path, layer)
