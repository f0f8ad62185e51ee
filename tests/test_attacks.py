"""Hostile projects and hostile records: refused with a diagnostic, or proven harmless by deciding right."""

from __future__ import annotations

import copy
import json
import math
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bombs import EXPECTED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_projects import (
    BASE,
    FIELDS,
    NOWHERE,
    REGIONS,
    TERMS,
    TODAY,
    files,
    gate,
    load,
    problems,
    refusal,
    rule,
    value,
)

import weighbridge
from weighbridge import InvalidRecord, ProjectError
from weighbridge.documents import RESERVED_NAMES
from weighbridge.engine import Engine

# ---------------------------------------------------------------------------------- ways out of the language

ESCAPES = """
().__class__
''.__class__.__mro__[1].__subclasses__()
().__class__.__bases__[0].__subclasses__()
n.__class__
n.__class__.__base__
t.__init__.__globals__
t.__add__('x')
market.__class__
as_of.__class__
as_of.today()
as_of.__reduce__()
region.__class__
region.limit.__class__
region.__dict__
terms.__class__
terms.meat.__class__
terms
region
length.__globals__
length.__self__
length.implementation
length
min
length(length)
coalesce(length, 1)
is_missing(length)
[length]
min if b else max
(min if b else max)(n, m)
[min, max][0](n)
mentions(t, length)
__import__('os').system('id')
__builtins__
__builtins__['eval']
__name__
__debug__
__doc__
__loader__
eval('1')
exec('1')
compile('1', '', 'eval')
open('/etc/passwd')
getattr(n, '__class__')
setattr(t, 'x', 1)
globals()
locals()
vars()
dir()
type(n)
type('X', (), {})
object()
print(1)
input()
breakpoint()
help()
id(n)
hash(t)
str(n)
int(t)
memoryview(b'')
'{0.__class__}'.format(n)
'{}'.format_map({})
'%s' % n
'%(x)s' % n
f'{n}'
f'{n.__class__}'
f'{n!r:>{m}}'
f''
t.format(n)
t.replace('', 'aaaaaaaaaa').replace('', 'aaaaaaaaaa')
t.ljust(999999999)
t.zfill(999999999)
t.center(999999999)
t.expandtabs(999999999)
t.encode()
t.join(l)
'a'.join(l)
'a' * 999999999
999999999 * 'a'
l * 999999999
l + k
l.append('x')
l.clear()
l.__len__()
l[0]
l[0:1]
t[::-1]
t[b]
[].mro()
int.mro()
str.mro
n.real
n.hex()
n.as_integer_ratio()
b.conjugate()
(x for x in l)
[x for x in l]
{x for x in l}
{x: x for x in l}
[y for x in l for y in x if y]
(g.gi_frame.f_back.f_back for g in l)
any(x for x in l)
(lambda: 1)()
lambda x: x
(lambda f: f(f))(lambda f: f(f))
(n := 5)
(n := 5) > m
[n := 1]
(yield)
(yield from l)
await n
(await n)
*l
(*l,)
[*l]
min(*l)
min(**{})
min(key=1)
{}
{'a': 1}
{**{}}
operator.attrgetter('__class__')
os.system
sys.modules
re.compile('(a+)+')
math.inf
weighbridge.engine
simpleeval.DEFAULT_FUNCTIONS
rand()
randint(5)
self
record
record.get('n')
get('n')
nan
inf
k0
v_n
h0
f_length
EMPTY
FIELDS
fire(1)
fired
refuse([])
bad
program
thing/x
NotImplemented
Ellipsis
None
...
1j
b'bytes'
rb'bytes'
import os
from os import path
del n
n = 1
n += 1
n: int
n: int = 1
pass
return n
raise n
assert n
global n
while b: 1
for x in l: 1
if b: 1
with n: 1
class X: 1
def f(): 1
async def f(): 1
try: 1
match n: 1
print n
n; m
n if b
`n`
n$
n?
!n
n!
n := 1
~n
n & m
n | m
n ^ m
n << m
n @ m
n <> m
n is m
n is not m
n == None
not
in
n.
.n
n..m
1.n
'a'.b
# n
n # m
n \\
""".strip().splitlines()


@pytest.mark.parametrize("text", ESCAPES)
def test_no_way_leads_out_of_the_language(text: str) -> None:
    found = problems(text)
    assert found, "it was accepted"
    assert {d.code[:3] for d in found} == {"WB2"}
    assert all(d.span is not None and d.span.line == 1 for d in found)


def test_a_refused_expression_is_refused_by_the_project_too() -> None:
    rules = [rule(text, id=f"r{i}") for i, text in enumerate(ESCAPES)]
    told = refusal(*BASE, gate(*rules))
    lines = {d.span.column for d in told if d.span is not None}
    assert len(lines) >= len(ESCAPES), "every rule has a diagnostic of its own"
    assert all(d.code.startswith("WB2") for d in told)


def test_what_is_refused_is_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for text in (f"open({str(trap)!r}, 'w')", f"__import__('pathlib').Path({str(trap)!r}).touch()"):
        assert refusal(*BASE, gate(rule(text)))
    assert not trap.exists()


LOOK_ALIKES = {
    "full-width letter": "ｎ > 1",
    "full-width operator": "n ＞ 1",
    "full-width brackets": "length（t） > 1",
    "Cyrillic letter": "nоt b",
    "mathematical letter": "𝐧 > 1",
    "ligature": "ﬁeld > 1",
    "feminine ordinal": "ª > 1",
    "combining mark": "n\u0301 > 1",
    "variation selector": "n\ufe0f > 1",
    "zero width space": "n\u200b > 1",
    "zero width joiner": "n\u200d > 1",
    "byte-order mark": "\ufeffn > 1",
    "soft hyphen": "n\u00ad > 1",
    "right-to-left override": "n > \u202e1",
    "isolate": "\u2066n > 1\u2069",
    "no-break space": "n\u00a0> 1",
    "ideographic space": "n\u3000> 1",
    "minus sign": "n > \u22121",
    "curly quotes": "t == ‘a’",
    "not equal sign": "n ≠ 1",
    "Arabic digit": "n > ١",
    "superscript": "n² > 1",
    "line separator": "n >\u20281",
    "next line": "n >\x851",
    "zero byte": "n >\x00 1",
    "form feed": "n >\x0c 1",
    "vertical tab": "n >\x0b 1",
    "escape": "n > \x1b[31m1",
    "delete": "n > 1\x7f and b",
    "end of file": "n\x1a > 1",
    "surrogate": "n > \ud800 1",
    "zero byte in quotes": "t == 'a\x00'",
}


@pytest.mark.parametrize("text", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_characters_that_look_like_others_are_refused_where_they_stand(text: str) -> None:
    (found,) = problems(text)
    assert found.code == "WB210"
    assert found.span is not None
    odd = text[found.span.column - 1]
    assert not odd.isascii() or unicodedata.category(odd) == "Cc"


@pytest.mark.parametrize(
    "text", ["t == '\ud800'", "t == '\\ud800'", "t in ['\\udfff']", "mentions(t, ['\\ud800'])"]
)
def test_half_of_a_surrogate_pair_is_no_text(text: str) -> None:
    assert {d.code for d in problems(text)} <= {"WB208", "WB209"}
    assert problems(text)


def test_quoted_texts_are_compared_as_they_stand() -> None:
    assert value("t == 'ﬁ'", t="fi") is False, "Python folds names, but texts are not touched"
    assert value("t == 'ﬁ'", t="ﬁ") is True
    assert value("t == 'a\u202eb'", t="a\u202eb") is True
    assert value("length(t)", t="e\u0301") == 2.0


# --------------------------------------------------------------------------------------- bombs, under limits


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """What became of every bomb, tried in a process of its own with little memory and time."""
    here = Path(__file__).resolve().parent
    environment = {**os.environ, "PYTHONPATH": str(here.parent / "engine"), "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, str(here / "bombs.py")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return {name: outcome for name, outcome, _ in told}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bomb_does_not_go_off(name: str, outcomes: dict[str, str]) -> None:
    assert outcomes.get(name, "it ended the process") == EXPECTED[name]


# -------------------------------------------------------------------------------------------- files and YAML


def codes(root: Path, texts: Mapping[str, str] | None = None) -> set[str]:
    """The codes a project is refused with."""
    with pytest.raises(ProjectError) as caught:
        weighbridge.load(root, texts)
    return {d.code for d in caught.value.diagnostics}


@pytest.mark.parametrize(
    "text",
    [
        "ruleset: !!python/object/apply:os.system ['id']",
        "ruleset: !!python/name:os.system",
        "ruleset: !!python/module:os",
        "!!python/object:weighbridge.engine.Engine {}",
        "ruleset: gate\nrecord: !!binary aGVsbG8=",
        "ruleset: gate\nrecord: !custom x",
        "ruleset: gate\nrecord: &a thing\ntitle: {<<: *a}",
        "ruleset: &a [*a]",
        "%TAG ! tag:x,2000:\n---\nruleset: gate",
        "ruleset: gate\n? [record, x]\n: thing",
        "ruleset: \x07gate",
    ],
)
def test_what_only_other_yaml_readers_obey_is_refused(text: str) -> None:
    found = codes(NOWHERE, {"rulesets/a.yaml": text})
    assert {c for c in found if c < "WB010"}, found


SECRET = "n,verdict\n1,block\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "rulesets").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text(SECRET)
    (tmp_path / "secret.yaml").write_text("region: SECRET\n")
    return root


def with_rows(root: Path, rows: str) -> Path:
    table = {"id": "tab", "inputs": ["n"], "outputs": ["verdict"], "rows": rows}
    for name, text in files(*BASE, gate(tables=[table])).items():
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "rows",
    [
        "../secret.csv",
        "../../secret.csv",
        "x/../../secret.csv",
        "./../../secret.csv",
        "..\\secret.csv",
        "/etc/passwd",
        "//etc/passwd",
        "C:\\secret.csv",
        "file:///etc/passwd",
        "http://localhost/secret.csv",
        "~/secret.csv",
        "secret.csv\x00.csv",
        ".",
        "x" * 5_000,
    ],
)
def test_a_table_cannot_be_read_from_elsewhere(project: Path, rows: str) -> None:
    (project.parent / "rulesets").mkdir()
    (project.parent / "rulesets" / "secret.csv").write_text(SECRET)
    assert codes(with_rows(project, rows)) == {"WB107"}


def test_links_do_not_lead_out_of_the_project(project: Path) -> None:
    (project / "rulesets" / "rows.csv").symlink_to(project.parent / "secret.csv")
    assert codes(with_rows(project, "rows.csv")) == {"WB107", "WB113"}
    (project / "rulesets" / "more.yaml").symlink_to(project.parent / "secret.yaml")
    (project / "regions").symlink_to(project.parent, target_is_directory=True)
    with pytest.raises(ProjectError) as caught:
        weighbridge.load(project)
    assert "SECRET" not in str(caught.value)


def test_a_link_to_itself_is_refused(project: Path) -> None:
    loop = project / "rulesets" / "loop.yaml"
    loop.symlink_to(loop)
    assert "WB113" in codes(project)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_ordinary_file_is_not_read(project: Path) -> None:
    os.mkfifo(project / "rulesets" / "pipe.yaml")
    assert "WB113" in codes(project)


def test_settings_and_waivers_cannot_be_read_from_elsewhere(project: Path) -> None:
    (project.parent / "waivers.yaml").write_text("waivers: []\n")
    with_rows(project, "rows.csv")
    (project / "rulesets" / "rows.csv").write_text(SECRET)
    (project / "weighbridge.yaml").write_text("waivers: ../waivers.yaml\n")
    assert codes(project) == {"WB113"}
    (project / "weighbridge.yaml").unlink()
    (project / "weighbridge.yaml").symlink_to("/etc/passwd")
    assert codes(project) == {"WB113"}


@pytest.mark.parametrize("text", ["n,verdict\n\ud800,block\n", "n,verdict\n1,\ud800\n"])
def test_half_of_a_surrogate_pair_in_a_table_is_refused(project: Path, text: str) -> None:
    assert codes(with_rows(project, "rows.csv"), {"rulesets/rows.csv": text}) == {"WB009"}


# ------------------------------------------------------------------------------------------------- templates


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("{n.__class__}", "WB203"),
        ("{n.__class__.__mro__}", "WB203"),
        ("{0}", "WB203"),
        ("{}", "WB203"),
        ("{n!r}", "WB203"),
        ("{n[0]}", "WB203"),
        ("{n.real}", "WB203"),
        ("{region.__dict__}", "WB203"),
        ("{self}", "WB203"),
        ("{length}", "WB203"),
        ("{n + 1}", "WB203"),
        ("{'a'}", "WB203"),
        ("{ｎ}", "WB203"),
        ("{n\u200b}", "WB203"),
        ("{n:>999999999}", "WB320"),
        ("{n:999999999}", "WB320"),
        ("{n:d}", "WB320"),
        ("{n:.9f}", "WB320"),
        ("{n:{m}}", "WB320"),
        ("{n:2:3}", "WB320"),
        ("{n", "WB320"),
        ("n}", "WB320"),
        ("{{n}", "WB320"),
        ("{match}", "WB321"),
    ],
)
def test_a_reason_can_only_show_what_is_declared(reason: str, code: str) -> None:
    assert code in {d.code for d in refusal(*BASE, gate(rule("b", reason={"en": reason, "zh": "好"})))}


def test_values_in_a_reason_are_shown_not_obeyed() -> None:
    engine = load(*BASE, gate(rule("b", reason="{t} {{n}} {n:2}")))
    for hostile in ("{n}", "{0.__class__}", "%s", "\\n", "{{", "}"):
        decision = engine.decide("gate", {"b": True, "t": hostile, "n": 1}, market="AA", as_of=TODAY)
        assert decision.findings[0].reason["en"] == f"{hostile} {{n}} 1.00"
    decision = engine.decide("gate", {"b": True, "t": "x" * 1_000_000, "n": 1e300}, market="AA", as_of=TODAY)
    assert len(decision.findings[0].reason["en"]) < 600


# ------------------------------------------------------------------------------ names that would become code

NOT_NAMES = [
    "class", "def", "lambda", "if", "else", "and", "not", "in", "is", "import", "None", "True", "async",
    "yield", "a b", "a'b", 'a"b', "a\nb", "a;b", "a.b", "a-b", "a/b", "a(b)", "a=1", "a#b", "a\\b",
    "a\x00b", "a{b}", "__class__", "_private", "A", "1a", "é", "ﬁeld", "ｎ", "a\u200b", "a\u0301", "а",
    "", " ", "a\n", "\na", *sorted(RESERVED_NAMES),
]  # fmt: skip


@pytest.mark.parametrize("name", NOT_NAMES)
def test_a_name_that_expressions_could_not_use_is_refused(name: str) -> None:
    number = {"type": "number"}
    assert refusal({"record_type": "thing", "fields": {name: number}}, *REGIONS, gate(rule("true")))
    assert refusal(
        {"record_type": "thing", "fields": {"n": number}, "derived": {name: {"value": "n"}}}, *REGIONS
    )
    assert refusal(*BASE, {"ruleset": name, "record": "thing", "rules": [rule("b")]})
    assert refusal(*BASE, gate(rule("b"), outputs={"verdict": {}, name: {"combine": "first"}}))
    assert refusal(*BASE, {**REGIONS[2], "region": "BB", "declares": {name: number}})


@pytest.mark.parametrize(
    "name", ["a'b", 'a"b', "a\nb", "a b", "", "a;b", "{x}", "a\\", "é", "a/b", "x\x00", "-a"]
)
def test_an_id_of_a_rule_or_region_that_is_no_word_is_refused(name: str) -> None:
    assert refusal(*BASE, gate(rule("b", id=name)))
    assert refusal(*BASE, {"region": name, "extends": "world"}, gate(rule("b")))
    assert refusal(
        *BASE, gate(tables=[{"id": name, "inputs": ["n"], "outputs": ["verdict"], "rows": [["1", "block"]]}])
    )


# Words of the generated code, of Python and of this package: harmless names, since all of them get a prefix.
PRIVATE = [
    "nan",
    "inf",
    "record",
    "get",
    "v",
    "v_n",
    "v_v_n",
    "r_v_n",
    "m",
    "e",
    "i",
    "q",
    "fired",
    "fire",
    "und",
    "undecided",
    "computed",
    "bad",
    "refuse",
    "total",
    "scored",
    "known",
    "whole",
    "seen",
    "out",
    "program",
    "check",
    "k0",
    "k1",
    "f_length",
    "f_power",
    "h0",
    "s0",
    "t1",
    "x0",
    "p0",
    "c_p0",
    "u0",
    "g1",
    "o1",
    "prefixes",
    "bisect",
    "is_unicode",
    "unknown_fields",
    "type",
    "float",
    "int",
    "str",
    "len",
    "set",
    "round",
    "min",
    "length",
    "print",
    "exec",
    "eval",
    "match",
    "case",
    "self",
    "cls",
    "object",
    "builtins",
    "code",
    "value",
    "score",
    "tier",
    "verdict",
]


def test_names_of_the_generated_code_may_be_names_of_fields() -> None:
    fields = {name: {"type": "number"} for name in PRIVATE}
    derived = {f"{name}_": {"value": f"{name} * 10"} for name in PRIVATE}
    thing = {"record_type": "thing", "key": "nan", "fields": fields, "derived": derived}
    rules = [rule(f"{name} == {i} and {name}_ == {i * 10}", id=name) for i, name in enumerate(PRIVATE)]
    rules += [rule(f"{name}_ / {name} > 10", id=f"{name}-no", if_unknown="fire") for name in PRIVATE]
    line = {
        "id": "p0",
        "value": "p0 + q",
        "bins": [{"from": 0, "points": 7}],
        "when": "is_missing(m) or m > 0",
    }
    card = {
        "scorecard": "fired",
        "record": "thing",
        "characteristics": [line],
        "tiers": [{"id": "none", "from": 0}],
    }
    rules.append(rule("fired.score == 7 and fired.tier == 'none' and v_n + q > 0", id="card"))
    engine = load(thing, *REGIONS, *TERMS, card, gate(*rules))
    record = {name: float(i) for i, name in enumerate(PRIVATE)}
    decision = engine.decide("gate", record, market="AA", as_of=TODAY)
    zero = f"gate/{PRIVATE[0]}-no"
    assert decision.fired == (*(f"gate/{name}" for name in PRIVATE), "gate/card")
    assert decision.unknown == (zero,), "0 / 0"
    assert decision.scores["fired"].value == 7.0
    wrong = engine.decide("gate", {n: v + 0.5 for n, v in record.items()}, market="AA", as_of=TODAY)
    assert wrong.fired == ("gate/card",)
    assert wrong.to_json()


def test_rulesets_and_scorecards_may_be_called_like_the_fields_they_read() -> None:
    card = {
        "scorecard": "n",
        "record": "thing",
        "characteristics": [{"id": "n", "value": "n", "bins": [{"points": 5}]}],
    }
    ruleset = {"ruleset": "m", "record": "thing", "rules": [rule("m > 1 and n.score == 5")]}
    engine = load(*BASE, card, ruleset, gate(rule("m > 1 and m.verdict == 'block'")))
    for target in ("m", "gate"):
        assert engine.decide(target, {"n": 1, "m": 2}, market="AA", as_of=TODAY).verdict == "block"


def test_derived_values_of_record_types_do_not_mix() -> None:
    other = {
        "record_type": "other",
        "fields": {"a": {"type": "number"}},
        "derived": {"n": {"value": "a * 100"}},
    }
    thing = {**BASE[0], "derived": {"half": {"value": "n / 2"}}}
    others = {**other, "derived": {**other["derived"], "half": {"value": "n / 4"}}}
    second = {"ruleset": "second", "record": "other", "rules": [rule("half == 25")]}
    engine = load(thing, *BASE[1:], others, gate(rule("half == 1 and n == 2")), second)
    assert engine.decide("gate", {"n": 2}, market="AA", as_of=TODAY).verdict == "block"
    assert engine.decide("second", {"a": 1}, market="AA", as_of=TODAY).verdict == "block"


HOSTILE_TEXTS = [
    "'", '"', "'''", '"""', "\\", "\\'", "a\nb", "a\r\nb", "{x}", "{0}", "%s", "#", ";",
    "__import__('os')", "\u2028", "'); import os; ('", "\\x00", "\x1b[31m", "a\tb", "null", "None",
    "nan", "\u202eabc", "ﬁ", "x" * 500, "猪", "𝕏",
]  # fmt: skip


def test_hostile_texts_as_allowed_values_and_in_conditions_decide_as_they_stand() -> None:
    allowed = [t for t in HOSTILE_TEXTS if t.strip()]
    fields = {**FIELDS, "e": {"type": "text", "allowed": allowed}}
    rules = [rule(f"e == {text!r}", id=f"r{i}") for i, text in enumerate(allowed)]
    rules += [rule(f"t != u and t in [{text!r}, 'x']", id=f"s{i}") for i, text in enumerate(allowed)]
    cells = [['"' + text.replace('"', '""') + '"', "warn"] for text in allowed]
    table = {"id": "tab", "inputs": ["e"], "outputs": ["verdict"], "rows": cells}
    engine = load({"record_type": "thing", "fields": fields}, *BASE[1:], gate(*rules, tables=[table]))
    for i, text in enumerate(allowed):
        decision = engine.decide("gate", {"e": text, "t": text, "u": "?"}, market="AA", as_of=TODAY)
        assert decision.fired == (f"gate/r{i}", f"gate/s{i}", f"gate/tab-{i + 1}")
        assert decision.to_json()


def test_hostile_texts_as_terms_match_themselves_only() -> None:
    words = ["(pork)", "p%rk", "x{0}x", "a\\b", "'pork'", "[a-z]", "pork\u202e", "__import__"]
    rules = [rule(f"mentions(t, [{word!r}])", id=f"r{i}") for i, word in enumerate(words)]
    engine = load(*BASE, gate(*rules))
    assert engine.decide("gate", {"t": "nothing of the kind"}, market="AA", as_of=TODAY).fired == ()
    for i, word in enumerate(words):
        assert f"gate/r{i}" in engine.decide("gate", {"t": word}, market="AA", as_of=TODAY).fired


# ------------------------------------------------------------------------------------------- hostile records


class Boom(Exception):
    """What hostile objects raise."""


def boom(*_: Any, **__: Any) -> Any:
    """A method of a hostile object."""
    raise Boom


_METHODS = [
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__hash__",
    "__bool__",
    "__len__",
    "__iter__",
    "__repr__",
    "__str__",
    "__format__",
    "__float__",
    "__int__",
    "__index__",
    "__contains__",
    "__getitem__",
    "__add__",
    "__mul__",
    "__round__",
    "__reduce__",
    "strip",
    "isspace",
    "isascii",
    "casefold",
    "lower",
    "encode",
    "split",
    "startswith",
    "replace",
    "toordinal",
    "isoformat",
    "date",
    "keys",
    "items",
    "get",
    "copy",
    "append",
    "is_integer",
]


def hostile(base: type) -> type:
    """A subclass whose methods all raise."""
    return type(f"Hostile{base.__name__.title()}", (base,), dict.fromkeys(_METHODS, boom))


class Pretender:
    """Says it is of another type."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return self.kind


class Nameless:
    """Cannot even say what it is."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise Boom


class Endless(list[str]):
    """A list that never ends."""

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "pork"

    def __len__(self) -> int:
        return 3


class Shouting(str):
    """A text that is another when asked."""

    def __str__(self) -> str:
        return "pork"

    def __contains__(self, _: object) -> bool:
        return True

    def casefold(self) -> str:
        return "pork"


class Liar(float):
    """A number that is another at every look."""

    looks = 0

    def __float__(self) -> float:
        type(self).looks += 1
        return float(type(self).looks)

    def __gt__(self, _: object) -> bool:
        return True


def _ring() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


EVERYTHING = gate(
    rule("n > 1 and n + m > 2 or n in [5, 7]", id="numbers", if_unknown="review"),
    rule("t == 'pork' or mentions(t, terms.meat) or like(t, '*x*') or lower(t) == u", id="texts"),
    rule("e == 'new' or e in ['used', 'broken'] and under(c, 'toys')", id="enums", if_unknown="fire"),
    rule("b == p or not b", id="booleans", if_unknown="review"),
    rule("d < f or year(d) == 2026 or add_days(d, n) > as_of", id="dates", if_unknown="review"),
    rule("t in l or overlaps(l, k) or mentions(l, terms.meat) or length(l) > 3", id="lists"),
    rule("card.score > 5 or card.tier == 'low'", id="card"),
    {"id": "amount", "when": "n > 0", "then": {"amount": {"value": "n * m + length(join(t, l))"}}},
    *(rule(f"e == 'new' and n >= {i} and n < {i + 1}", id=f"i{i}") for i in range(12)),
    outputs={"verdict": {}, "amount": {"type": "number", "combine": "sum"}},
)
EVERY_LINE = [
    {
        "id": "n",
        "value": "n",
        "bins": [{"upto": 0, "points": 10}, {"points": 0}],
        "missing": 3,
        "reason": "{n:2} {t}",
    },
    {
        "id": "t",
        "value": "mentions(t, terms.meat)",
        "bins": [{"is": True, "points": 0}, {"points": 9}],
        "when": "b",
    },
    {"id": "p", "points": "n * 2 - length(l)", "min": 0, "max": 20},
]
CARD = {
    "scorecard": "card",
    "record": "thing",
    "characteristics": EVERY_LINE,
    "tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 8}],
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load({**BASE[0], "key": "t"}, *BASE[1:], CARD, EVERYTHING)


def answer(engine: Engine, record: Any) -> dict[str, Any] | None:
    """Everything a decision says; None where the record was refused, with diagnostics that can be shown."""
    try:
        decision = engine.decide("gate", record, market="AA", as_of=TODAY)
        told: dict[str, Any] = json.loads(decision.to_json().encode())
        decision.explain("en").encode()
        decision.explain("zh").encode()
        for name in ("dates", "lists", "i0"):
            decision.explain("zh", rule=f"gate/{name}").encode()
        assert isinstance(decision.record_key, str | None)
        return told
    except InvalidRecord as error:
        assert error.diagnostics
        str(error).encode("utf-8", "backslashreplace")
        assert all(d.code.startswith("WB4") for d in error.diagnostics)
        return None


HOSTILE_VALUES: dict[str, Callable[[], Any]] = {
    "str with methods": lambda: hostile(str)("pork"),
    "float with methods": lambda: hostile(float)(2.0),
    "int with methods": lambda: hostile(int)(2),
    "list with methods": lambda: hostile(list)(["pork"]),
    "tuple with methods": lambda: hostile(tuple)(("pork",)),
    "dict with methods": lambda: hostile(dict)({"a": 1}),
    "set with methods": lambda: hostile(frozenset)(("pork",)),
    "date with methods": lambda: hostile(date)(2026, 1, 1),
    "datetime with methods": lambda: hostile(datetime)(2026, 1, 1),
    "Decimal with methods": lambda: hostile(Decimal)("2"),
    "Fraction with methods": lambda: hostile(Fraction)(2),
    "object with methods": lambda: hostile(object)(),
    "list of hostile texts": lambda: [hostile(str)("pork"), hostile(str)("x")],
    "list of objects": lambda: [hostile(object)()],
    "claims to be str": lambda: Pretender(str),
    "claims to be float": lambda: Pretender(float),
    "claims to be bool": lambda: Pretender(bool),
    "claims to be list": lambda: Pretender(list),
    "claims to be date": lambda: Pretender(date),
    "claims nothing": Nameless,
    "class": lambda: str,
    "function": lambda: boom,
    "module": lambda: os,
    "generator": lambda: (x for x in ["pork"]),
    "endless list": lambda: Endless(["pork"]),
    "list in itself": _ring,
    "nested": lambda: [[["pork"]], {"a": ["b"]}],
    "bytes": lambda: b"pork",
    "bytearray": lambda: bytearray(b"pork"),
    "memoryview": lambda: memoryview(b"pork"),
    "range": lambda: range(3),
    "complex": lambda: 1j,
    "huge int": lambda: 10**5_000,
    "int beyond floats": lambda: 2**1024,
    "signalling NaN": lambda: Decimal("sNaN"),
    "Decimal infinity": lambda: Decimal("Infinity"),
    "huge Fraction": lambda: Fraction(10**400, 1),
    "infinity": lambda: math.inf,
    "lone surrogate": lambda: "\ud800",
    "text with a surrogate": lambda: "pork \udfff",
    "zero byte": lambda: "pork\x00",
    "control characters": lambda: "\x1b[2Jpork\x07",
    "bidi": lambda: "\u202epork",
    "numpy text": lambda: np.str_("pork"),
    "numpy array": lambda: np.array(["pork"]),
    "numpy bool": lambda: np.True_,
    "numpy float": lambda: np.float32(2),
    "numpy int": lambda: np.int64(2),
    "numpy date": lambda: np.datetime64("2026-01-01"),
    "pandas NA": lambda: pd.NA,
    "pandas NaT": lambda: pd.NaT,
    "pandas date": lambda: pd.Timestamp("2026-01-01", tz="UTC"),
    "pandas series": lambda: pd.Series(["pork"]),
    "aware datetime": lambda: datetime(2026, 1, 1, tzinfo=UTC),
    "first day": lambda: date.min,
    "last day": lambda: date.max,
    "year 0": lambda: "0000-01-01",
    "year 10000": lambda: "10000-01-01",
    "expression": lambda: "n > 1",
    "template": lambda: "{n.__class__}",
    "set": lambda: {"pork", "x"},
    "mixed list": lambda: ["pork", None, 1],
    "list of blanks": lambda: ["", " ", None],
}


@pytest.mark.parametrize("name", HOSTILE_VALUES)
def test_a_hostile_value_is_refused_or_read_right(engine: Engine, name: str) -> None:
    for field in FIELDS:
        value = HOSTILE_VALUES[name]()
        record = {"n": 2.0, "t": "pork", "e": "new", "c": "toys", "d": "2026-01-01", "l": ["a"], field: value}
        before = dict(record)
        answer(engine, record)
        assert list(record) == list(before)
        assert all(record[key] is before[key] for key in record), "the caller's record is left alone"


@pytest.mark.parametrize(
    ("field", "value", "plain"),
    [
        ("t", hostile(str)("pork"), "pork"),
        ("t", Shouting("beef"), "beef"),
        ("t", np.str_("pork"), "pork"),
        ("e", hostile(str)("new"), "new"),
        ("c", hostile(str)("toys"), "toys"),
        ("n", hostile(float)(2.0), 2.0),
        ("n", hostile(int)(2), 2),
        ("n", Liar(0.5), 0.5),
        ("n", np.float64(2.5), 2.5),
        ("n", np.int64(2), 2),
        ("n", Decimal("2.5"), 2.5),
        ("n", Fraction(5, 2), 2.5),
        ("n", pd.NA, None),
        ("d", pd.NaT, None),
        ("t", float("nan"), None),
        ("d", datetime(2026, 1, 1, 23, 59), "2026-01-01"),
        ("d", pd.Timestamp("2026-01-01 12:00"), "2026-01-01"),
        ("d", hostile(date)(2026, 1, 1), "2026-01-01"),
        ("b", np.True_, True),
        ("l", hostile(list)(["pork"]), ["pork"]),
        ("l", Endless(["beef"]), ["beef"]),
        ("l", ("beef", None, " "), ["beef"]),
        ("l", {"b", "a"}, ["a", "b"]),
        ("l", [hostile(str)("pork")], ["pork"]),
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_value_of_a_subclass_counts_as_what_it_holds(
    engine: Engine, field: str, value: Any, plain: Any
) -> None:
    rest = {
        "n": 2.0,
        "m": 3,
        "t": "x",
        "e": "new",
        "l": ["q"],
        "b": True,
        "p": False,
        "d": "2026-02-02",
        "f": "2026-03-03",
    }
    told = answer(engine, {**rest, field: value})
    assert told is not None
    assert told == answer(engine, {**rest, field: plain})


class Key:
    """A key that meets the field `n` in every dictionary, and then fails."""

    def __hash__(self) -> int:
        return hash("n")

    def __eq__(self, _: object) -> bool:
        raise Boom

    def __repr__(self) -> str:
        raise Boom


class Failing(Mapping[str, Any]):
    """A mapping that fails when it is read."""

    def __getitem__(self, _: str) -> Any:
        raise Boom

    def __iter__(self) -> Iterator[str]:
        return iter(["n"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "record",
    [
        {5: 1},
        {None: 1},
        {("n",): 1},
        {1.5: 1, True: 2},
        {math.nan: 1},
        {b"n": 1},
        {Key(): 1},
        {"N": 1},
        {"n ": 1},
        {"ｎ": 1},
        {"n\u200b": 1},
        {"": 1},
        {"__class__": 1},
        {"\ud800": 1},
        {"n.x": 1},
        {"thing/x": 1},
        None,
        5,
        "n",
        "",
        [],
        [("n", 1)],
        [["n"]],
        {"n"},
        object(),
        Failing(),
        Boom,
    ],
    ids=lambda r: f"{type(r).__name__}",
)
def test_what_is_no_record_of_this_type_is_refused(engine: Engine, record: Any) -> None:
    assert answer(engine, record) is None


def test_mappings_of_any_kind_are_records(engine: Engine) -> None:
    plain = answer(engine, {"n": 2, "t": "pork"})
    mapping = hostile(dict)({"n": 2, "t": "pork"})
    assert answer(engine, mapping) == plain
    assert answer(engine, {Shouting("n"): 2, "t": "pork"}) == plain
    assert answer(engine, pd.Series({"n": 2.0, "t": "pork"}).to_dict()) == plain
    from collections import ChainMap, OrderedDict
    from types import MappingProxyType

    for other in (
        OrderedDict(n=2, t="pork"),
        ChainMap({"n": 2}, {"t": "pork"}),
        MappingProxyType({"n": 2, "t": "pork"}),
    ):
        assert answer(engine, other) == plain


def test_keys_that_are_no_fields_are_ignored_where_the_record_type_says_so() -> None:
    engine = load({**BASE[0], "additional_fields": "ignore"}, *BASE[1:], gate(rule("n > 1")))
    for record in ({"n": 2, 5: 1, None: 2}, {"n": 2, "x" * 1_000_000: 1}, {"n": 2, "class": 1}):
        assert engine.decide("gate", record, market="AA", as_of=TODAY).verdict == "block"


def test_deciding_and_explaining_leave_the_record_alone(engine: Engine) -> None:
    record = {"n": 2, "t": "pork", "l": ["b", None, "a"], "k": ["x"], "d": "2026-01-01", "e": "new"}
    before = copy.deepcopy(record)
    assert answer(engine, record) is not None
    assert record == before


@pytest.mark.parametrize(
    ("target", "market", "as_of"),
    [
        (None, "AA", TODAY),
        (["gate"], "AA", TODAY),
        ("gate", None, TODAY),
        ("gate", ["AA"], TODAY),
        ("gate", "world", TODAY),
        ("gate", "AA", None),
        ("gate", "AA", "2026-02-30"),
        ("gate", "AA", "today"),
        ("gate", "AA", 20260101),
        ("gate", "AA", ["2026-01-01"]),
        ("gate", "\ud800", TODAY),
        ("gate/../x", "AA", TODAY),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    engine: Engine, target: Any, market: Any, as_of: Any
) -> None:
    with pytest.raises(weighbridge.UnknownName):
        engine.decide(target, {"n": 1}, market=market, as_of=as_of)


# ------------------------------------------------------------------------------ a loaded project never fails

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**320),
    st.floats(),
    st.text(max_size=20),
    st.text(st.characters(codec=None), max_size=5),
    st.sampled_from(
        ["pork", "new", "used", "toys", "toys/infant", "2026-01-01", "0001-01-01", "9999-12-31", "猪肉", "ﬁ"]
    ),
    st.dates(),
    st.datetimes(),
    st.decimals(),
    st.binary(max_size=3),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_likely: dict[str, Any] = {
    "number": st.floats(allow_nan=True) | st.integers(),
    "text": st.text(max_size=30) | st.sampled_from(["pork", "new", "toys", "x"]),
    "boolean": st.booleans(),
    "date": st.dates() | st.dates().map(str),
    "text_list": st.lists(st.text(max_size=10) | st.none(), max_size=4),
}
_records = st.fixed_dictionaries(
    {}, optional={name: _likely[field["type"]] | _values for name, field in FIELDS.items()}
) | st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(max_size=5), _values, max_size=6)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=_records)
def test_any_record_is_decided_or_refused(record: dict[str, Any], engine: Engine) -> None:
    answer(engine, record)
