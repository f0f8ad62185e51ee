"""The packs are written alike, so that who knows one can read them all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from markdown import ROOT

from weighbridge.documents import KINDS
from weighbridge.project import Project, load_project
from weighbridge.source import Node

RULE = (
    "id", "title", "markets", "effective", "enabled", "when", "then", "if_unknown", "reason", "source", "review",
)  # fmt: skip
REGION = (
    "region", "extends", "market", "title", "about", "implements", "judgements", "declares", "parameters", "privacy",
    "weights", "overrides",
)  # fmt: skip


@pytest.fixture(scope="module")
def packs() -> Project:
    return load_project(ROOT)


def _keys(kind: str) -> Sequence[str]:
    fields = KINDS[kind].model_fields
    return REGION if kind == "region" else [field.alias or name for name, field in fields.items()]


def _in_order(node: Node, order: Sequence[str]) -> bool:
    places = [order.index(str(key.value)) for key, _ in node.items]
    return places == sorted(places)


def test_documents_have_their_keys_in_one_order(packs: Project) -> None:
    for document in packs.documents():
        if document.kind != "mapping":
            assert _in_order(document.node, _keys(document.kind)), (document.file, document.id)


def test_rules_have_their_keys_in_one_order(packs: Project) -> None:
    for document in packs.rulesets.values():
        rules = document.node.get("rules")
        for rule in () if rules is None else rules.elements:
            assert _in_order(rule, RULE), (document.file, str(rule.span))


def test_every_file_says_first_what_it_is_about(packs: Project) -> None:
    files = {document.file for document in packs.documents()} | {d.file for d in packs.scenarios}
    for file in sorted(files):
        modeline, second, *_ = packs.sources[file]
        assert modeline.startswith("# yaml-language-server:"), file
        assert len(second) > 20 and second.startswith("# "), file


def test_headers_leave_judgements_and_purpose_to_their_keys(packs: Project) -> None:
    for document in (*packs.rulesets.values(), *packs.scorecards.values()):
        lines = packs.sources[document.file]
        head = [line.strip("# ") for line in itertools.takewhile(lambda line: line.startswith("#"), lines)]
        header = " ".join(head).casefold()
        assert "judgement" not in header, document.file
        for said in (document.model.about, *document.model.judgements):
            assert said.get("en", "").casefold() not in header or not said, (document.file, said)


def test_every_rule_has_its_reason_and_title_in_both_languages(packs: Project) -> None:
    for document in packs.rulesets.values():
        for rule in document.model.rules:
            assert rule.title.keys() >= {"en", "zh"}, rule.id
            assert rule.reason.keys() >= {"en", "zh"}, rule.id
