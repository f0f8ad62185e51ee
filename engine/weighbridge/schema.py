"""JSON Schemas of all document kinds, so that editors complete and check YAML while typing.

The schemas are draft-07, which the YAML language server reads. `weighbridge.json` serves every file in the
folders of a project: each document is checked by the schema of its kind. A file chooses it with a first line
such as `# yaml-language-server: $schema=../docs/schema/weighbridge.json`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from weighbridge.documents import KINDS, OTHER_KINDS, Model

DRAFT = "http://json-schema.org/draft-07/schema#"
COMBINED = "weighbridge"
"""Name of the schema that serves documents of every kind."""

_DEFINITION = "#/definitions/"


def schemas() -> dict[str, dict[str, Any]]:
    """A self-contained JSON Schema for every kind, and one for any document of a project under `COMBINED`."""
    models = {**KINDS, **OTHER_KINDS}
    references, shared = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=_DEFINITION + "{model}"
    )
    definitions = {name: _draft_07(entry) for name, entry in shared["$defs"].items()}
    # `verdict` may do without; the model fills it in, but a schema cannot tell one output from another.
    definitions["OutputModel"]["required"].remove("combine")
    for model in _all_models(models.values()):
        if model.__name__ in definitions:
            definitions[model.__name__]["title"] = _title(model)
    result: dict[str, dict[str, Any]] = {}
    for kind, model in models.items():
        reference = references[model, "validation"]
        result[kind] = {"$schema": DRAFT, "title": _title(model), **reference, "definitions": definitions}
    result[COMBINED] = _combined(definitions)
    return {kind: _with_used_definitions(schema) for kind, schema in result.items()}


def write_schemas(directory: Path) -> list[Path]:
    """Write `<kind>.json` for every kind into `directory` (made if needed); returns the files written."""
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for kind, schema in schemas().items():
        path = directory / f"{kind}.json"
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _combined(definitions: dict[str, Any]) -> dict[str, Any]:
    """A schema that hands each document to the schema of the kind its keys tell."""
    branches = [
        {"if": {"required": [kind]}, "then": {"$ref": _DEFINITION + model.__name__}}
        for kind, model in KINDS.items()
    ]
    return {
        "$schema": DRAFT,
        "title": "a document of a Weighbridge project",
        "type": "object",
        "anyOf": [{"required": [kind]} for kind in KINDS],
        "allOf": branches,
        "definitions": definitions,
    }


def _title(model: type[Model]) -> str:
    return model.noun.removeprefix("an ").removeprefix("a ").removeprefix("the ")


def _all_models(roots: Any) -> list[type[Model]]:
    found: list[type[Model]] = []
    waiting: list[type[Model]] = [*roots, *Model.__subclasses__()]
    while waiting:
        model = waiting.pop()
        if model not in found:
            found.append(model)
            waiting += model.__subclasses__()
    return found


def _draft_07(schema: Any) -> Any:
    """Rewrite what draft-07 does not have or would ignore."""
    if isinstance(schema, list):
        entries: list[Any] = schema
        return [_draft_07(entry) for entry in entries]
    if not isinstance(schema, dict):
        return schema
    keys: dict[str, Any] = schema
    entry = {key: _draft_07(value) for key, value in keys.items()}
    # Keys beside $ref are ignored in draft-07, so a description needs the reference one level down.
    if "$ref" in entry and len(entry) > 1:
        entry["allOf"] = [{"$ref": entry.pop("$ref")}]
    if entry.get("default", 0) is None:
        del entry["default"]
    if "patternProperties" in entry:
        entry["additionalProperties"] = False
    return entry


def _with_used_definitions(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with only those definitions that it leads to."""
    definitions: dict[str, Any] = schema["definitions"]
    rest = {key: value for key, value in schema.items() if key != "definitions"}
    used: set[str] = set()
    waiting = _references(rest)
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting |= _references(definitions[name])
    # Beside a $ref draft-07 sees nothing, so the reference of the whole document goes one level down.
    if "$ref" in rest:
        rest["allOf"] = [{"$ref": rest.pop("$ref")}]
    return {**rest, "definitions": {name: definitions[name] for name in sorted(used)}}


def _references(schema: Any) -> set[str]:
    return set(re.findall(rf'"{_DEFINITION}([^"]+)"', json.dumps(schema)))
