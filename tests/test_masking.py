"""Masks: personal data shows in no report, and in a decision only where somebody asks for it."""

from __future__ import annotations

import io
import json
import pickle
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from command import process
from small_projects import NOWHERE, files, load

import weighbridge
from weighbridge.diagnostics import InvalidRecord, ProjectError, render_text
from weighbridge.engine import Engine
from weighbridge.gate import run_gate
from weighbridge.masking import MASK, VARIABLE, masks
from weighbridge.reports import FORMATS, reporter

SECRET = "a secret of thirty-two letters.."
DAY = date(2026, 6, 15)

PERSON = {
    "record_type": "person",
    "key": "email",
    "fields": {
        "email": {"type": "text", "personal": "contact"},
        "age": {"type": "number", "personal": "demographic", "min": 0, "max": 150},
        "born": {"type": "date", "personal": "demographic"},
        "vip": {"type": "boolean", "personal": "behaviour"},
        "size": {"type": "text", "personal": "demographic", "allowed": ["XQSMALL", "XQLARGE"]},
        "notes": {"type": "text_list", "personal": "health"},
        "letter": {"type": "text", "personal": "behaviour"},
        "sold": {"type": "text"},
        "amount": {"type": "number"},
        "where": {"type": "text", "personal": "location"},
    },
    "derived": {
        "whole": {"value": "join(letter, sold)"},
        "half": {"value": "age / 2"},
        "loud": {"value": "lower(email)"},
    },
}
WORLD = {"region": "world", "privacy": [{"consent": "not_needed"}]}
RULES = {
    "ruleset": "gate",
    "record": "person",
    "purpose": "service",
    "outputs": {
        "verdict": {},
        "copy": {"type": "text", "combine": "first"},
        "double": {"type": "number", "combine": "max"},
        "until": {"type": "date", "combine": "first"},
        "tag": {"type": "text", "combine": "set"},
    },
    "rules": [
        {"id": "match", "when": "mentions(whole, terms.told)",
         "then": {"verdict": "block", "tag": "told"},
         "reason": {"en": "{match}: {letter} {email} {age:2} {born} {vip} {size} {notes} {half:percent} {loud}",
                    "zh": "{match}：{letter} {email} {age} {whole}"}},
        {"id": "direct", "when": "mentions(letter, terms.told)", "then": {"verdict": "review"},
         "reason": "says {match}"},
        {"id": "list", "when": "length(notes) > 1", "then": {"verdict": "warn"}, "reason": "{notes}"},
        {"id": "out", "when": "age > 10 and amount > 1 and email != 'x'",
         "then": {"verdict": "warn", "copy": {"value": "email"}, "double": {"value": "age * 2"},
                  "until": {"value": "born"}},
         "reason": "{amount} of {sold}"},
        {"id": "never", "when": "age > 90.5 or born > '2020-01-01' or size == 'XQLARGE' or mentions(letter, ['zz'])",
         "then": {"verdict": "warn"}},
    ],
}  # fmt: skip
READER = {
    "ruleset": "reader",
    "record": "person",
    "purpose": "service",
    "rules": [
        {
            "id": "r",
            "when": "gate.copy != 'x'",
            "then": {"verdict": "warn"},
            "reason": "{gate.copy} {gate.tag}",
        }
    ],
}
CARD = {
    "scorecard": "card",
    "record": "person",
    "purpose": "service",
    "characteristics": [
        {"id": "a", "value": "age", "bins": [{"upto": 20, "points": 10}, {"points": 0}], "reason": "{age} {email}"},
        {"id": "b", "value": "count_mentions(letter, terms.told)",
         "bins": [{"upto": 0, "points": 10, "reason": "none"}, {"points": 1, "reason": "{letter}"}]},
    ],
}  # fmt: skip
TERMS = {"term_list": "told", "terms": ["qzdiabetes", "plain"]}
"""In a list, since a condition is shown as it stands in the rules: what rules say is no personal data."""
PROJECT = (PERSON, WORLD, TERMS, {"region": "DE", "extends": "world"}, RULES, READER, CARD)

ANA = {
    "email": "Ana.Qzmail@example.org", "age": 67.25, "born": "1959-07-13", "vip": True, "size": "XQSMALL",
    "notes": ["qznote", "qzother"], "letter": "I have QzDiabetes, dear shop", "sold": "plain kettle", "amount": 3,
    "where": "Qzville",
}  # fmt: skip
TRACES = ["qzmail", "qzdiabetes", "qznote", "qzother", "xqsmall", "67.25", "33.62", "134.5", "1959", "3362",
          "dear shop", "qzville", "23.25"]  # fmt: skip
"""What would show any value of Ana, in whatever form; 23.25 is how far she is from the limit of 90.5."""


def traces(text: str) -> list[str]:
    return [t for t in TRACES if t in text.casefold()]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load(*PROJECT)


def decision(engine: Engine, target: str = "gate") -> Any:
    return engine.decide(target, ANA, market="DE", as_of=DAY)


def everything_said(made: Any) -> Iterator[str]:
    yield repr(made)
    yield made.to_json()
    for language in ("en", "zh"):
        yield made.explain(language)
        for rule in RULES["rules"] if made.target == "gate" else ():
            yield made.explain(language, rule=f"gate/{rule['id']}")
    yield repr(
        [made.why_not(f"gate/{rule['id']}") for rule in RULES["rules"]] if made.target == "gate" else ""
    )
    yield repr((made.findings, made.scores, made.missing, made.reviews, made.record_key))


# ---- decisions


@pytest.mark.parametrize("target", ["gate", "reader", "card"])
def test_nothing_a_decision_says_shows_personal_data(engine: Engine, target: str) -> None:
    made = decision(engine, target)
    assert made.fired or target == "card"
    for said in everything_said(made):
        assert not traces(said), said


@pytest.mark.parametrize("target", ["gate", "reader", "card"])
def test_who_asks_is_shown_it(engine: Engine, target: str) -> None:
    said = " ".join(everything_said(decision(engine, target).unmasked()))
    wanted = {
        "gate": [*TRACES[:11], "23.25"],
        "reader": ["qzmail"],
        "card": ["qzmail", "67.25", "qzdiabetes"],
    }[target]
    shown = traces(said)
    assert [t for t in wanted if t not in (*shown, "3362", "33.62")] == []
    assert MASK not in said


def test_what_is_not_personal_is_shown(engine: Engine) -> None:
    made = decision(engine)
    by_rule = {f.rule: f for f in made.findings}
    assert by_rule["gate/out"].reason["en"] == "3 of plain kettle"
    assert by_rule["gate/out"].values["amount"] == 3
    # A text joined of both: the match in the plain part is shown, that in the personal part is not.
    matches = {m.field: m.text for m in by_rule["gate/match"].matches}
    assert matches == {"letter": MASK, "sold": "plain"}
    assert made.to_dict()["outputs"] == {
        "verdict": "block", "copy": MASK, "double": MASK, "until": MASK, "tag": ["told"]
    }  # fmt: skip


def test_outputs_to_act_on_are_not_masked(engine: Engine) -> None:
    assert decision(engine).outputs["copy"] == ANA["email"]


def test_what_is_missing_is_shown_as_missing(engine: Engine) -> None:
    made = engine.decide("gate", {"email": "x@y.example", "amount": 3}, market="DE", as_of=DAY)
    assert made.findings == ()
    assert made.missing["gate/out"] == ("age",)
    (why,) = [c for c in made.why_not("gate/out").clauses if "age" in c.text]
    assert why.missing == ("age",)


@pytest.mark.parametrize(
    "bad",
    [
        {"age": 167.25},
        {"age": "67.25"},
        {"born": "1959"},
        {"size": "XQSMALLER"},
        {"notes": 67.25},
        {"vip": "67.25"},
    ],
)
def test_a_record_that_is_refused_is_refused_without_its_values(engine: Engine, bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord) as refused:
        engine.decide("gate", bad, market="DE", as_of=DAY)
    told = "".join(render_text(d) for d in refused.value.diagnostics)
    assert next(iter(bad)) in told and MASK in told
    assert not [t for t in traces(told.replace("XQSMALL,", "").replace("XQSMALL", "")) if t != "xqsmall"]
    assert "SMALLER" not in told


# ---- names of persons


def test_a_person_keeps_one_name_under_one_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for secret in (SECRET, SECRET, SECRET[::-1]):
        monkeypatch.setenv(VARIABLE, secret)
        made = load(*PROJECT)
        names.append(decision(made).record_key)
        other = made.decide("gate", {**ANA, "email": "b@c.example"}, market="DE", as_of=DAY)
        assert other.record_key != names[-1]
        assert re.fullmatch("masked-[0-9a-f]{16}", names[-1])
        assert pickle.loads(pickle.dumps(made)).masks == made.masks
    assert names[0] == names[1] != names[2]


def test_without_a_secret_names_hold_within_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert masks() == masks()
    assert not masks().lasting
    assert SECRET not in repr(masks())


def test_a_secret_that_could_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "fifteen letters")
    with pytest.raises(ProjectError) as refused:
        weighbridge.load(NOWHERE, files(*PROJECT))
    assert [d.code for d in refused.value.diagnostics] == ["WB354"]
    assert "fifteen letters" not in str(refused.value)


# ---- the gate

COLUMNS = ["email", "age", "born", "vip", "size", "letter", "sold", "amount", "where"]
ROWS = [
    ["Ana.Qzmail@example.org", "67.25", "1959-07-13", "true", "XQSMALL", "QzDiabetes, dear shop", "plain", "3", "DE"],
    ["Ana.Qzmail@example.org", "67.25", "1959-07-13", "true", "XQSMALL", "QzDiabetes, dear shop", "plain", "4", "DE"],
    ["bo@qzmail.example", "qzmail", "1959", "67.25", "xqsmallish", "dear shop", "plain", "3", "DE"],
    ["", "67.25", "", "", "", "QzDiabetes", "plain", "3", "DE"],
    ["cy@qzmail.example", "12", "", "", "", "", "plain", "3", "Qzville"],
    ["di@qzmail.example", "1e9", "", "", "", "", "plain", "3", "DE"],
]  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lines = [",".join(f'"{cell}"' for cell in row) for row in [COLUMNS, *ROWS]]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    (tmp_path / "people.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    return tmp_path / "people.csv"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("format", sorted(FORMATS))
def test_no_report_shows_personal_data(
    engine: Engine, feed: Path, format: str, language: str, suffix: str, tmp_path: Path
) -> None:
    with run_gate(
        engine,
        feed.with_suffix(suffix),
        target="gate",
        markets=["DE"],
        as_of=DAY,
        undecided=True,
        market_field="where",
    ) as result:
        assert {f.status for f in result.findings()} >= {"fired", "invalid_record", "duplicate_record"}
        stream = io.StringIO()
        reporter(format).write(result, stream, language)
        # Nor what is kept on disk while the gate runs, nor the baseline.
        kept = "".join(json.dumps(f.to_dict()) for f in result.findings()) + repr(list(result.records()))
        result.update_baseline(tmp_path / "baseline.json")
    said = stream.getvalue()
    choices = re.sub(
        "XQSMALL, XQLARGE|XQLARGE, XQSMALL", "", said + kept + (tmp_path / "baseline.json").read_text()
    )
    assert "masked-" in said
    assert not [t for t in traces(choices) if t != "xqsmall"], said
    assert "bo@" not in choices and "cy@" not in choices


def test_findings_of_one_person_belong_together(engine: Engine, feed: Path) -> None:
    with run_gate(engine, feed, target="gate", markets=["DE"], as_of=DAY) as result:
        by_row = {f.row: f.record for f in result.findings() if f.status == "fired"}
        notes = [n.code for n in result.notes]
    assert by_row[1] == by_row[2]
    assert by_row[1] == engine.decide("gate", {"email": ROWS[0][0]}, market="DE", as_of=DAY).record_key
    assert by_row[4] == "line 5"
    assert "WB622" in notes


def test_baselines_and_waivers_know_a_person_again_under_the_same_secret(
    feed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)

    def check(**given: Any) -> Any:
        return run_gate(load(*PROJECT), feed, target="gate", markets=["DE"], as_of=DAY, **given)

    with check() as result:
        assert "WB622" not in [n.code for n in result.notes]
        result.update_baseline(tmp_path / "known.json")
        name = next(f.record for f in result.findings() if f.rule == "gate/match")
    with check(baseline=tmp_path / "known.json") as result:
        assert all(f.suppressed_by == "baseline" for f in result.findings() if f.status == "fired")
    waiver = {"rule": "gate/match", "record": name, "owner": "o", "reason": "r", "expires": "2027-01-01"}
    (tmp_path / "waivers.yaml").write_text(json.dumps({"waivers": [waiver]}))
    with check(waivers=tmp_path / "waivers.yaml") as result:
        assert [f.row for f in result.findings() if f.suppressed_by == "waiver"] == [1, 2]
    monkeypatch.setenv(VARIABLE, SECRET[::-1])
    with check(baseline=tmp_path / "known.json") as result:
        assert not any(f.suppressed_by for f in result.findings())


# ---- the command line


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rulesets").mkdir()
    for name, text in files(*PROJECT).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "ana.json").write_text(json.dumps(ANA), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("more", [[], ["--format", "json"], ["--lang", "zh"], ["--rule", "gate/never"],
                                  ["--rule", "gate/match", "--format", "json"]])  # fmt: skip
def test_decide_masks_unless_it_is_asked_not_to(project: Path, more: list[str]) -> None:
    given = ["decide", "ana.json", "-m", "DE", "--target", "gate", "--as-of", "2026-06-15", *more]
    masked, shown = process(*given, cwd=project), process(*given, "--show-personal", cwd=project)
    assert masked.code == shown.code == 0, masked.said
    assert not traces(masked.said)
    assert traces(shown.out)
