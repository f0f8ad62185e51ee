"""The JSON Schemas agree with the models: what loads is valid, what is misspelt is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from test_documents import SOUND

from weighbridge.documents import KINDS, OTHER_KINDS
from weighbridge.schema import COMBINED, schemas, write_schemas
from weighbridge.source import parse_yaml, to_python

SCHEMAS = schemas()


def data(text: str) -> Any:
    nodes, problems = parse_yaml(text, "f.yaml")
    assert problems == []
    return to_python(nodes[0])


def is_valid(name: str, document: Any) -> bool:
    return Draft7Validator(SCHEMAS[name]).is_valid(document)


def test_there_is_a_schema_for_every_kind_and_one_for_all() -> None:
    assert set(SCHEMAS) == {*KINDS, *OTHER_KINDS, COMBINED}
    for schema in SCHEMAS.values():
        Draft7Validator.check_schema(schema)
        assert "$defs" not in json.dumps(schema)


@pytest.mark.parametrize("kind", SOUND)
def test_sound_documents_are_valid(kind: str) -> None:
    document = data(SOUND[kind])
    assert is_valid(kind, document)
    assert is_valid(COMBINED, document)


@pytest.mark.parametrize("kind", SOUND)
def test_a_misspelt_key_is_not_valid(kind: str) -> None:
    document = data(SOUND[kind]) | {"titel": "x"}
    assert not is_valid(kind, document)
    assert not is_valid(COMBINED, document)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ruleset", "rulset: g\nrecord: l\n"),
        ("ruleset", "ruleset: g\nrecord: l\nrules: [{id: a, whne: x, then: {verdict: block}}]\n"),
        (
            "ruleset",
            "ruleset: g\nrecord: l\nrules: [{id: a, when: x, then: {verdict: block}, if_unknown: fail}]\n",
        ),
        ("ruleset", "ruleset: Gate\nrecord: l\n"),
        ("ruleset", "ruleset: g\n"),
        ("record_type", "record_type: l\nfields: {a: {type: txt}}\n"),
        ("record_type", "record_type: l\nfields: {A: {type: text}}\n"),
        ("record_type", "record_type: l\nfields: {a: {type: text, unit: }}\n"),
        ("region", "region: SA\noverrides: [{scorecard: a, set: {tier: 1}, reason: x}]\n"),
        ("region", "region: SA\nparameters: {a: [{form: 2026-01-01, value: 1}]}\n"),
        ("region", "region: SA\ntitle: {english: x}\n"),
        ("scorecard", "scorecard: c\nrecord: l\ncharacteristics: [{id: a, bins: [{up_to: 1, points: 1}]}]\n"),
        ("scenarios", "scenarios: g\ncases: [{name: n, expect: {verdcit: block}}]\n"),
    ],
)
def test_wrong_documents_are_not_valid(kind: str, text: str) -> None:
    assert not is_valid(kind, data(text))
    assert not is_valid(COMBINED, data(text))


def test_settings_and_waivers() -> None:
    assert is_valid("config", data("target: gate\nmarkets: [SA]\n"))
    assert not is_valid("config", data("targt: gate\n"))
    waiver = "waivers: [{rule: a/b, owner: me, reason: x, expires: 2026-12-31}]\n"
    assert is_valid("waivers", data(waiver))
    assert not is_valid("waivers", data(waiver.replace("expires", "expire")))


def test_every_key_says_what_it_means() -> None:
    for name, definition in SCHEMAS[COMBINED]["definitions"].items():
        assert definition["description"], name
        assert definition["additionalProperties"] is False, name
        for key, entry in definition["properties"].items():
            assert entry.get("description"), f"{name}.{key}"


def test_written_files_are_the_schemas_and_stable(tmp_path: Path) -> None:
    files = write_schemas(tmp_path / "schema")
    assert sorted(path.name for path in files) == sorted(f"{kind}.json" for kind in SCHEMAS)
    first = {path.name: path.read_bytes() for path in files}
    assert json.loads(first["weighbridge.json"]) == SCHEMAS[COMBINED]
    write_schemas(tmp_path / "schema")
    assert {path.name: path.read_bytes() for path in files} == first
