"""Every field of every configuration that PEFT has: who heeds it, or why nobody need.

A recorded case is a fixed layer in evaluation. Its arrays and derived scalars are PEFT's own. What
is left is read by a translator, which refuses the values that it cannot compute. `heeded.yml` says
of every field which it is.
"""

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

from tests.parity import translators
from tests.parity.cases import FIELDS, Case, RefusedError
from tests.parity.test_peft import CASES, TRANSLATORS, translator
from tests.parity.translators import lora_starts, mica, peanut, pissa, pvera, waveft

SOURCES = {path.stem: path.read_text() for path in Path(translators.__path__[0]).glob("[!_]*.py")}

HEEDED = yaml.safe_load(Path(__file__).with_name("heeded.yml").read_text())
NEUTRAL = {field for kind in ("where", "training", "recorded") for field in HEEDED[kind].split()}
READ, ELSEWHERE = HEEDED["read"], HEEDED["elsewhere"]


def heeded(family: str, field: str) -> bool:
    """Return whether somebody answers for a field."""
    about = {f"{family}.{field}", f"{family}.*", f"*.{field}"}
    return field in NEUTRAL or field in READ.get(family, {}) or bool(about & set(ELSEWHERE))


@pytest.mark.parametrize("family", [name for name in FIELDS if "." not in name])
def test_every_field_of_peft_is_answered_for(family: str) -> None:
    unheeded = [field for field in FIELDS[family] if not heeded(family, field)]
    assert not unheeded, f"{family}: nobody heeds {unheeded}"


@pytest.mark.parametrize(
    ("family", "field", "slug"), [(f, k, t) for f, named in READ.items() for k, t in named.items()]
)
def test_a_translator_reads_the_fields_that_it_is_said_to_read(
    family: str, field: str, slug: str
) -> None:
    assert field in FIELDS[family]
    assert f'"{field}"' in SOURCES[slug]


def test_no_list_names_what_peft_does_not_have() -> None:
    known = {field for named in FIELDS.values() for field in named}
    assert known >= NEUTRAL | {name.split(".")[1] for name in ELSEWHERE} - {"*"}


def changed(tmp: Path, name: str, **given: Any) -> Case:
    """Return a case of ours whose config says something else."""
    case = Case(Path(__file__).parent / f"fixtures/{name}.json", "")
    sidecar = case.sidecar | {"config": case.config | given}
    sidecar["effective"] = case.effective | {f"waveft_{k}": v for k, v in given.items()}
    path = tmp / f"{name}.json"
    path.write_text(json.dumps(sidecar))
    shutil.copy(case.path.with_suffix(".npz"), path.with_suffix(".npz"))
    return Case(path, case.layer)


def test_a_value_that_cannot_be_computed_is_refused_by_name(tmp_path: Path) -> None:
    refused: dict[ModuleType, tuple[str, dict[str, Any], str]] = {
        pvera: ("pvera", {"sample_at_inference": True}, "sample_at_inference=True is refused: the"),
        peanut: ("peanut_depth0", {"act_fn": "snake"}, "act_fn='snake' is refused: its numbers"),
        waveft: ("waveft", {"wavelet_family": "coif5"}, "wavelet_family='coif5' is refused: PEFT"),
    }
    for module, (name, given, said) in refused.items():
        with pytest.raises(RefusedError, match=f"^{name}: {said}"):
            module.adapter(changed(tmp_path, name, **given))
    with pytest.raises(
        RefusedError, match="wavelet_family='db11' is refused: PEFT has the filters"
    ):
        waveft.adapter(changed(tmp_path, "waveft", wavelet_family="db11"))


def test_a_start_that_is_not_recorded_is_refused_by_its_field(tmp_path: Path) -> None:
    made = {
        "lora_orthogonal": lora_starts.adapter,
        "mica": lambda case: list(mica.start(case)),
        "pissa": pissa.adapter,
    }
    for name, make in made.items():
        case = changed(tmp_path, name)
        del case.arrays["init.lora_A.weight"]
        with pytest.raises(RefusedError, match=r"init_lora_weights='\w+' is refused: init\.lora_A"):
            make(case)


def test_a_field_or_a_method_that_peft_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"PEFT's LORA has no field of \{'warp': 9\}"):
        translator(changed(tmp_path, "lora", warp=9))
    foreign = changed(tmp_path, "lora")
    foreign.sidecar["peft_type"] = "NOVEL"
    foreign.sidecar["config"] = {}
    with pytest.raises(AssertionError, match="no translator computes NOVEL of kind 'linear'"):
        translator(foreign)


@pytest.mark.parametrize(
    "case", [case for case in CASES if "buffer.rec_lo" in case.arrays], ids=lambda case: case.name
)
def test_the_filters_of_wavelets_are_the_recorded_ones(case: Case) -> None:
    family = case.setting("wavelet_family")
    np.testing.assert_allclose(waveft.FILTERS[family], case["buffer.rec_lo"], rtol=1e-14)


def test_one_translator_claims_a_case_whatever_its_neighbours_are() -> None:
    for case in CASES:
        assert sum(t.claims(case) for t in TRANSLATORS) == 1, case.name
