"""JSON Lines: one finding a line, `"type": "finding"`; the last line is the summary, `"type": "summary"`.

A file without the last line was cut short.
"""

from __future__ import annotations

import json
from typing import TextIO

from weighbridge.gate_result import GateResult


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the report; reasons come in every language, so `lang` changes nothing."""
    for finding in result.findings():
        stream.write(json.dumps({"type": "finding", **finding.to_dict()}) + "\n")
    stream.write(json.dumps({"type": "summary", **result.summary()}) + "\n")
