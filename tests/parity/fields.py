"""Read off PEFT the fields of all its configurations, with their defaults.

    python3 tests/parity/fields.py > fields.json    # where PEFT is
    python3 tests/parity/fields.py wavelets > wavelets.json

What every configuration has, such as its task, is left out. `LORA.lora_ga_config` and the like are
the configurations inside LoRA's. The filters of its wavelets are read off in the same way.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any

INSIDE = {
    "lora_ga_config": "LoraGAConfig",
    "corda_config": "CordaConfig",
    "eva_config": "EvaConfig",
    "velora_config": "VeloraConfig",
    "kasa_config": "KasaConfig",
    "use_bdlora": "BdLoraConfig",
    "monteclora_config": "MontecloraConfig",
    "arrow_config": "ArrowConfig",
    "loftq_config": "LoftQConfig",
}


def plain(value: Any) -> Any:
    """Return a default as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return sorted(value) if isinstance(value, set | tuple) else value


def defaults(cls: Any) -> dict[str, Any]:
    """Return the default of every field of a configuration; a required one has none."""
    found = {}
    for f in fields(cls):
        made = None if f.default_factory is MISSING else f.default_factory()
        found[f.name] = plain(made if f.default is MISSING else f.default)
    return found


def every_config() -> dict[str, dict[str, Any]]:
    """Return the fields of every method's configuration, by PEFT's name of the method."""
    shared = {f.name for f in fields(import_module("peft").PeftConfig)}
    configs, lora = import_module("peft.mapping"), import_module("peft.tuners.lora.config")
    found = {
        kind.value: {k: v for k, v in defaults(cls).items() if k not in shared}
        for kind, cls in configs.PEFT_TYPE_TO_CONFIG_MAPPING.items()
    }
    for field, name in INSIDE.items():
        found[f"LORA.{field}"] = defaults(getattr(lora, name))
    return dict(sorted(found.items()))


def wavelets() -> dict[str, list[float]]:
    """Return the low-pass filter of every wavelet family that PEFT has the numbers of."""
    theirs = import_module("peft.tuners.waveft.wavelet")
    names = [name for name in theirs.wavelist() if name != "haar"]
    return {name: list(theirs.Wavelet(name).rec_lo) for name in names}


if __name__ == "__main__":
    import sys

    print(json.dumps(wavelets() if "wavelets" in sys.argv else every_config(), indent=1))
