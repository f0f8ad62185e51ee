"""The documentation is true: generated parts are current, links lead somewhere, examples run."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft7Validator
from markdown import ROOT, blocks, documents

from weighbridge.documents import KINDS, OTHER_KINDS, Model
from weighbridge.engine import check_project, load
from weighbridge.project import load_text
from weighbridge.scenarios import run_scenarios
from weighbridge.schema import schemas
from weighbridge.source import parse_yaml, to_python

DOCS = ROOT / "docs"
FORMATS = DOCS / "formats.md"
SHIPPED = sorted(
    path
    for folder in ("regions", "scorecards", "rulesets")
    for path in [
        *(ROOT / folder).rglob("*.yaml"),
        *(ROOT / "engine" / "weighbridge" / "starter_project" / folder).rglob("*.yaml"),
    ]
)


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _generator()
REWRITE = "run: python docs/generate.py"


# ---------------------------------------------------------------------------------- generated from the code


def test_the_key_tables_are_current() -> None:
    text = FORMATS.read_text(encoding="utf-8")
    assert generate.with_tables(text) == text, REWRITE


def test_every_part_of_a_document_has_its_key_table() -> None:
    shown = set(re.findall(r"<!-- keys: (\w+) -->", FORMATS.read_text(encoding="utf-8")))
    models = {model.__name__ for model in _models(Model)}
    assert shown == models - {"DatedWeight", "WaiversModel"}


def _models(root: type[Model]) -> Iterator[type[Model]]:
    for model in root.__subclasses__():
        yield model
        yield from _models(model)


def test_the_list_of_diagnostics_is_current() -> None:
    assert (DOCS / "diagnostics.md").read_text(encoding="utf-8") == generate.diagnostics(), REWRITE


def test_the_schemas_are_current() -> None:
    written = {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in (DOCS / "schema").glob("*.json")}
    assert written == schemas(), REWRITE


# ------------------------------------------------------------------------------------------- shipped projects


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    return Draft7Validator(json.loads((DOCS / "schema" / "weighbridge.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_shipped_file_fits_its_schema_and_names_it(path: Path, validator: Draft7Validator) -> None:
    text = path.read_text(encoding="utf-8")
    nodes, problems = parse_yaml(text, path.name)
    assert problems == []
    for node in nodes:
        assert [e.message for e in validator.iter_errors(to_python(node))] == []
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert modeline is not None, "the first line names no schema"
    named = (path.parent / modeline[1]).resolve()
    if "starter_project" in path.parts:  # `weighbridge init` writes the schemas beside the folders
        named = DOCS / named.relative_to(ROOT / "engine" / "weighbridge" / "starter_project")
    assert named == DOCS / "schema" / "weighbridge.json"


@pytest.mark.parametrize("path", ["weighbridge.yaml", "engine/weighbridge/starter_project/weighbridge.yaml"])
def test_the_settings_fit_their_schema_and_name_it(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    schema = json.loads((DOCS / "schema" / "config.json").read_text(encoding="utf-8"))
    nodes, problems = parse_yaml(text, path)
    assert problems == []
    assert Draft7Validator(schema).is_valid(to_python(nodes[0]))
    assert re.match(r"# yaml-language-server: \$schema=\S*schema/config\.json\n", text)


def test_the_settings_name_what_the_packs_have() -> None:
    _, book, diagnostics = check_project(ROOT)
    assert [d for d in diagnostics if d.severity == "error"] == []
    config = to_python(
        parse_yaml((ROOT / "weighbridge.yaml").read_text(encoding="utf-8"), "weighbridge.yaml")[0][0]
    )
    assert isinstance(config, dict)
    assert config["target"] in book.rulesets
    assert set(config["markets"]) <= set(book.regions.markets)


# ------------------------------------------------------------------------------------- examples of formats.md


def _kind(text: str) -> str:
    return re.split(r":", text.strip(), maxsplit=1)[0]


def test_the_examples_of_the_formats_are_a_project_that_passes_its_scenarios(tmp_path: Path) -> None:
    folder = tmp_path / "rulesets"
    folder.mkdir()
    examples = [b for b in blocks(FORMATS, "yaml") if _kind(b.text) in KINDS]
    assert {_kind(b.text) for b in examples} == set(KINDS)
    for number, block in enumerate(examples):
        (folder / f"{number}.yaml").write_text(block.text, encoding="utf-8")
    _, _, diagnostics = check_project(tmp_path)
    assert [str(d) for d in diagnostics if d.severity == "error"] == []
    run = run_scenarios(load(tmp_path))
    assert len(run.cases) == 5
    assert [(c.name, [f.message for f in c.failures]) for c in run.failed] == []


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_the_examples_of_settings_and_waivers_are_sound(kind: str) -> None:
    first = {"config": "project", "waivers": "waivers"}[kind]
    (example,) = [b for b in blocks(FORMATS, "yaml") if _kind(b.text) == first]
    loaded = load_text(example.text.encode(), "example.yaml", kind)
    assert loaded.diagnostics == []
    assert len(loaded.documents) == 1


# ------------------------------------------------------------------------------------------------- all pages


@pytest.mark.parametrize("page", documents(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"", text)
    for target in (a or b for a, b in targets):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file).resolve() if file else page
        assert other.exists(), target
        if anchor and other.suffix == ".md":
            assert anchor in _anchors(other.read_text(encoding="utf-8")), target


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


COMMAND = re.compile(
    r"\bweighbridge (init|lint|test|check|decide|graph|schema|docs|explain-region)\b([^\n`|#]*)"
)


def _commands() -> list[Any]:
    found: list[Any] = []
    for page in documents():
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for match in COMMAND.finditer(text):
            options = re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", match[2])
            if options:
                found.append(pytest.param(match[1], options, id=f"{page.stem}: {match[0].strip()[:60]}"))
    return found


@pytest.mark.parametrize(("command", "options"), _commands())
def test_commands_in_the_documentation_use_options_that_exist(
    command: str, options: list[str], helps: dict[str, str]
) -> None:
    for option in options:
        assert re.search(rf"(?<!\S){re.escape(option)}\b", helps[command]), option


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    import typer.testing

    from weighbridge.cli import app

    names = ("init", "lint", "test", "check", "decide", "graph", "schema", "docs", "explain-region")
    runner = typer.testing.CliRunner()
    return {name: runner.invoke(app, [name, "--help"]).output for name in names}
