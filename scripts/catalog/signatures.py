"""What PEFT's configurations take, recorded with `inspect.signature` from the release it names."""

from __future__ import annotations

import json
from pathlib import Path

PEFT = json.loads(Path(__file__).with_name("peft_signatures.json").read_text("utf-8"))
