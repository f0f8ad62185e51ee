"""Writes what the documentation takes from the code: key tables, functions, diagnostics, JSON Schemas.

    python docs/generate.py

Key tables stand in docs/formats.md between `<!-- keys: Model -->` and `<!-- end of keys -->`, functions in
docs/language.md between `<!-- functions -->` and `<!-- end of functions -->`. Tests fail while what is written
differs from what the code says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from weighbridge.codes import CODES
from weighbridge.documents import Model
from weighbridge.function_reference import with_functions
from weighbridge.schema import schemas, write_schemas

DOCS = Path(__file__).resolve().parent
FORMATS = DOCS / "formats.md"
DIAGNOSTICS = DOCS / "diagnostics.md"
LANGUAGE = DOCS / "language.md"
SCHEMAS = DOCS / "schema"

_TABLE = re.compile(r"(<!-- keys: (\w+) -->\n).*?(<!-- end of keys -->)", re.DOTALL)
_FAMILIES = {
    "WB0": "The text of a file",
    "WB1": "The shape of a document",
    "WB2": "Expressions",
    "WB3": "Names and their meaning",
    "WB4": "Records and feeds",
    "WB5": "Scenarios",
    "WB6": "The gate and the command line",
    "WB7": "Drafts",
    "WB8": "Proof, and comparing versions",
}
_PATTERNS = {
    "^[a-z][a-z0-9_]*$": "id",
    "^[A-Za-z][A-Za-z0-9_-]*$": "region id",
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": "rule id",
    "^[a-z][a-z0-9_]*/[A-Za-z0-9][A-Za-z0-9._-]*$": "rule, as `ruleset/rule`",
    "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": "language code",
    r"^\d{4}-\d{2}-\d{2}$": "date",
    "^[1-9][0-9]{0,4}[mhd]$": "duration",
    r"^https?://\S+$": "web address",
}
_TYPES = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "null",
}


def with_tables(text: str) -> str:
    """The text of docs/formats.md with every key table as the models say."""
    models = {model.__name__: model for model in _all_models(Model)}
    return _TABLE.sub(lambda m: f"{m[1]}{key_table(models[m[2]])}{m[3]}", text)


def key_table(model: type[Model]) -> str:
    """A Markdown table of a document part's keys."""
    entry = _definitions()[model.__name__]
    required = entry.get("required", [])
    lines = ["| key | value | meaning |", "|---|---|---|"]
    for key, value in entry["properties"].items():
        name = f"**`{key}`**" if key in required else f"`{key}`"
        lines.append(f"| {name} | {shape(value)} | {_meaning(value)} |")
    return "\n".join(lines) + "\n"


def shape(value: dict[str, Any]) -> str:
    """What may stand behind a key, in words."""
    options = value.get("anyOf") or value.get("oneOf")
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "allOf" in value or "$ref" in value:
        return _noun(value["allOf"][0]["$ref"] if "allOf" in value else value["$ref"])
    if options:
        return _either(options)
    if isinstance(value.get("type"), list):
        kinds = [kind for kind in value["type"] if kind not in ("null", "array")]
        return "value" if len(kinds) > 1 else _TYPES[kinds[0]]
    if value.get("type") == "array":
        return f"list: {_nested(shape(value['items']))}"
    if value.get("type") == "object":
        return _map(value)
    if "pattern" in value:
        return _PATTERNS.get(value["pattern"], "text")
    if "minimum" in value and "maximum" in value and abs(value["maximum"]) <= 100:
        return f"number from {value['minimum']} to {value['maximum']}"
    return _TYPES[value.get("type", "string")]


def _either(options: list[dict[str, Any]]) -> str:
    kinds = [option.get("type") for option in options]
    if kinds == ["string", "number", "boolean"]:
        return "expression"
    if kinds[:4] == ["string", "number", "boolean", "null"] or kinds[:3] == ["string", "number", "boolean"]:
        return "value"
    words = [shape(option) for option in options]
    if words == ["text", "map: language code → text"]:
        return "text, or texts by language"
    return ", or ".join(dict.fromkeys(words))


def _map(value: dict[str, Any]) -> str:
    key, entry = "text", value.get("additionalProperties")
    if "patternProperties" in value:
        ((pattern, entry),) = value["patternProperties"].items()
        key = _PATTERNS[pattern]
    return f"map: {key} → {_nested(shape(entry) if isinstance(entry, dict) else 'value')}"


def _nested(words: str) -> str:
    return f"({words})" if ", or " in words or ": " in words else words


def _noun(reference: str) -> str:
    models = {model.__name__: model for model in _all_models(Model)}
    noun = models[reference.rsplit("/", 1)[-1]].noun
    return re.sub(r"^(an?|the) ", "", noun)


def _meaning(value: dict[str, Any]) -> str:
    text = str(value["description"])
    default = value.get("default")
    if isinstance(default, bool):
        text += f" Default: `{str(default).lower()}`."
    elif default not in (None, [], {}, "") and not isinstance(default, list | dict):
        text += f" Default: `{default}`."
    return text.replace("|", "\\|")


def diagnostics() -> str:
    """docs/diagnostics.md."""
    parts = [
        "# Diagnostics",
        "",
        "Written by `python docs/generate.py` from `engine/weighbridge/codes.py`; do not edit.",
        "",
        "Every problem has a code, a place where there is one, what was expected and the nearest valid name.",
        "A code never changes its meaning.",
    ]
    for family, title in _FAMILIES.items():
        parts += ["", f"## {family}xx {title}", "", "| code | title | meaning |", "|---|---|---|"]
        for code, (name, explanation) in CODES.items():
            if code.startswith(family):
                parts.append(f"| {code} | {name} | {explanation.replace('|', chr(92) + '|')} |")
    return "\n".join(parts) + "\n"


def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for schema in schemas().values():
        found |= schema["definitions"]
    return found


def _all_models(root: type[Model]) -> list[type[Model]]:
    return [model for child in root.__subclasses__() for model in (child, *_all_models(child))]


def main() -> None:
    """Writes everything."""
    FORMATS.write_text(with_tables(FORMATS.read_text(encoding="utf-8")), encoding="utf-8")
    DIAGNOSTICS.write_text(diagnostics(), encoding="utf-8")
    LANGUAGE.write_text(with_functions(LANGUAGE.read_text(encoding="utf-8")), encoding="utf-8")
    write_schemas(SCHEMAS)


if __name__ == "__main__":
    main()
