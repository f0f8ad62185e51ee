"""JSON: one object with the summary and all findings, written finding by finding."""

from __future__ import annotations

import json
from typing import TextIO

from weighbridge.gate_result import GateResult
from weighbridge.messages import LANGUAGES

SCHEMA_VERSION = 1


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the report; reasons come in every language, `lang` only says which was asked for."""
    head = {
        "report": SCHEMA_VERSION,
        "language": lang if lang in LANGUAGES else LANGUAGES[0],
        **result.summary(),
    }
    # Written as ASCII: a broken surrogate in a feed must not break the report's encoding.
    stream.write(json.dumps(head, indent=2)[:-2] + ',\n  "findings": [')
    separator = "\n"
    for finding in result.findings():
        stream.write(f"{separator}    {json.dumps(finding.to_dict())}")
        separator = ",\n"
    stream.write("]\n}\n" if separator == "\n" else "\n  ]\n}\n")
