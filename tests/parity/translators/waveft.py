"""PEFT's WaveFTConfig on linear layers, with all families of wavelets that PEFT has numbers of."""

import json
from pathlib import Path

import numpy as np

from adapters_np.methods.waveft import Filter, WaveFT, synthesis
from tests.parity.cases import Case, of, slopes

NAMED = {"db1": "haar", "db2": "db2"}
FILTERS: dict[str, list[float]] = json.loads(
    Path(__file__).parent.with_name("wavelets.json").read_text()
)
ARRAYS = {"c": "waveft_spectrum"}
claims = of("WAVEFT")
gradients = slopes(ARRAYS)


def filter_of(case: Case) -> Filter:
    """Return the wavelet by our name of it, or by its low-pass filter."""
    family = case.effective["waveft_wavelet_family"]
    if not case.effective["waveft_use_idwt"]:
        return "none"
    if family == "coif5":
        why = "PEFT's table has 48 numbers for a filter of 30, so what comes out is no wavelet"
        raise case.refuse("wavelet_family", why)
    if family not in FILTERS:
        raise case.refuse("wavelet_family", f"PEFT has the filters of {', '.join(FILTERS)} alone")
    return NAMED.get(family, tuple(FILTERS[family]))


def adapter(case: Case) -> WaveFT:
    about, points = case.effective, case["buffer.waveft_indices"].astype(int)
    wavelet = filter_of(case)
    sides = np.array([synthesis(d, wavelet).shape[1] for d in case["W"].shape])
    points = points + ((sides - np.array(case["W"].shape)) // 2)[:, None]
    if wavelet != "none":
        # PEFT has the differences over outputs in the right half and those over inputs below.
        half = (sides // 2)[:, None]
        fine = points >= half
        points = points - half * fine + half * fine[::-1]
    rows, columns = points
    return WaveFT(case["param.waveft_spectrum"], rows, columns, about["waveft_scaling"], wavelet)
