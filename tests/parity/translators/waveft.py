"""PEFT's WaveFTConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.waveft import WaveFT, synthesis
from tests.parity.cases import Case

WAVELETS = {"db1": "haar", "db2": "db2"}


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "WAVEFT" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> WaveFT:
    about, points = case.effective, case["buffer.waveft_indices"].astype(int)
    wavelet = WAVELETS[about["waveft_wavelet_family"]] if about["waveft_use_idwt"] else "none"
    sides = np.array([synthesis(d, wavelet).shape[1] for d in case["W"].shape])
    points = points + ((sides - np.array(case["W"].shape)) // 2)[:, None]
    if wavelet != "none":
        # PEFT has the differences over outputs in the right half and those over inputs below.
        half = (sides // 2)[:, None]
        fine = points >= half
        points = points - half * fine + half * fine[::-1]
    rows, columns = points
    return WaveFT(case["param.waveft_spectrum"], rows, columns, about["waveft_scaling"], wavelet)


def gradients(case: Case) -> dict[str, Array]:
    return {"c": case["grad.waveft_spectrum"]}
