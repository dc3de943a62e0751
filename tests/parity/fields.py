"""Read off PEFT the fields of all its configurations, with their defaults.

    python3 tests/parity/fields.py > tests/parity/fields.json    # where PEFT is

What every configuration has, such as its task, is left out. `LORA.lora_ga_config` and the like are
the configurations inside LoRA's. Beside them are the filters of its wavelets, by family.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
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
    import peft
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING as CONFIGS
    from peft.tuners.lora import config as lora

    shared = {f.name for f in fields(peft.PeftConfig)}
    found = {
        kind.value: {k: v for k, v in defaults(cls).items() if k not in shared}
        for kind, cls in CONFIGS.items()
    }
    for field, name in INSIDE.items():
        found[f"LORA.{field}"] = defaults(getattr(lora, name))
    return dict(sorted(found.items()))


def wavelets() -> dict[str, list[float]]:
    """Return the low-pass filter of every wavelet family that PEFT has the numbers of."""
    from peft.tuners.waveft.wavelet import Wavelet, wavelist

    return {name: list(Wavelet(name).rec_lo) for name in wavelist() if name != "haar"}


if __name__ == "__main__":
    import sys

    json.dump(wavelets() if "wavelets" in sys.argv else every_config(), sys.stdout, indent=1)
