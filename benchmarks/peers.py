"""Weighbridge and its peers: each makes of a workload a function from a case to an answer.

Every other engine gets the rules in normal form, with guards where it needs them (`workload.normal_form`), is
compiled once, and does per call what it must: read the record, evaluate, say verdict, points and fired rules.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

from benchmarks.workload import (
    AS_OF,
    CHOICES,
    FLAGS,
    NUMBERS,
    VERDICTS,
    All,
    Case,
    Compare,
    Condition,
    Either,
    Equal,
    Flag,
    Leaf,
    Member,
    Number,
    Rule,
    Workload,
    normal_form,
    number_fields,
    project_files,
    write_number,
    write_project,
)

Answer = tuple[str, float | None, tuple[str, ...] | None]
"""An engine's answer; None where it was not asked for."""
Decide = Callable[[Case], Answer]

FIELDS = (*NUMBERS, *CHOICES, *FLAGS)
BLANK: dict[str, Any] = dict.fromkeys(FIELDS)
RANK = {verdict: rank for rank, verdict in enumerate(VERDICTS)}


@dataclass(frozen=True, slots=True)
class Peer:
    """One engine: `make` compiles a workload; the folder is a place for files it may need."""

    name: str
    make: Callable[[Workload, Path], Decide]
    most_rules: int = 100_000
    """More rules than this would take minutes and say nothing new."""


def _answer(fired: Iterable[Rule]) -> Answer:
    """The answer from the rules that fired."""
    found = list(fired)
    if not found:
        return VERDICTS[0], 0.0, ()
    return (
        VERDICTS[max([RANK[rule.verdict] for rule in found])],
        float(sum([rule.points for rule in found])),
        tuple([rule.name for rule in found]),
    )


def scoped(rule: Rule) -> Condition:
    """The rule's normal form, with its markets as a condition on the field `market`."""
    condition = normal_form(rule.condition)
    if not rule.markets:
        return condition
    market: Leaf = (
        Equal("market", rule.markets[0]) if len(rule.markets) == 1 else Member("market", rule.markets)
    )
    return All((market, *(condition.parts if isinstance(condition, All) else (condition,))))


def write(condition: Condition, leaf: Callable[[Leaf], str], both: str = "and", either: str = "or") -> str:
    """A normal form as infix text, with `leaf` writing the conditions."""
    match condition:
        case All(parts):
            return "(" + f" {both} ".join(write(part, leaf, both, either) for part in parts) + ")"
        case Either(parts):
            return "(" + f" {either} ".join(write(part, leaf, both, either) for part in parts) + ")"
        case Compare() | Equal() | Member() | Flag():
            return leaf(condition)
    raise TypeError(f"not a normal form: {condition}")


# Weighbridge ---------------------------------------------------------------------------------------


def weighbridge_verdict(workload: Workload, folder: Path) -> Decide:
    """`decide()`: the record checked, the decision built, its verdict read."""
    decide = _weighbridge(workload, folder)

    def run(case: Case) -> Answer:
        return decide("workload", case.record, market=case.market, as_of=AS_OF).verdict, None, None

    return run


def weighbridge_answer(workload: Workload, folder: Path) -> Decide:
    """The same, and what the other engines answer as well: outputs and fired rules."""
    decide = _weighbridge(workload, folder)

    def run(case: Case) -> Answer:
        decision = decide("workload", case.record, market=case.market, as_of=AS_OF)
        return decision.verdict, decision.outputs["points"] or 0.0, decision.fired

    return run


def weighbridge_findings(workload: Workload, folder: Path) -> Decide:
    """The same, and every finding built: values, matches, source, reason in English and Chinese."""
    decide = _weighbridge(workload, folder)

    def run(case: Case) -> Answer:
        decision = decide("workload", case.record, market=case.market, as_of=AS_OF)
        fired = tuple([finding.rule for finding in decision.findings if finding.status == "fired"])
        return decision.verdict, decision.outputs["points"] or 0.0, fired

    return run


def _weighbridge(workload: Workload, folder: Path) -> Callable[..., Any]:
    import weighbridge

    return weighbridge.load(write_project(project_files(workload), folder)).decide


# Python by hand ------------------------------------------------------------------------------------


def python_leaf(leaf: Leaf) -> str:
    """Straight Python on locals, unknown numbers as NaN and everything else unknown as None."""
    match leaf:
        case Compare(op, left, right):
            return f"{write_number(left)} {op} {right!r}"
        case Equal(name, text, negated):
            return f"{name} is not None and {name} != {text!r}" if negated else f"{name} == {text!r}"
        case Member(name, texts, negated):
            values = "{" + ", ".join(map(repr, texts)) + "}"
            return f"{name} is not None and {name} not in {values}" if negated else f"{name} in {values}"
        case Flag(name, negated):
            return f"{name} is False" if negated else name


def python_straight(workload: Workload, folder: Path) -> Decide:
    """The floor: one function, fields read once into locals, the rules as a run of `if`s."""
    read = [
        *(f" {name} = get({name!r})\n if {name} is None: {name} = NAN" for name in NUMBERS),
        *(
            f" {name} = get({name!r})"
            for name in (*CHOICES, *FLAGS, *(["market"] if workload.spread else []))
        ),
    ]
    tests = [f" if {write(scoped(rule), python_leaf)}: fire({i})" for i, rule in enumerate(workload.rules)]
    source = "\n".join(
        [
            "def decide(record):",
            " get = record.get",
            *read,
            " fired = []; fire = fired.append",
            *tests,
            " if not fired: return 'pass', 0.0, ()",
            " return (VERDICTS[max([RANKS[i] for i in fired])], sum([POINTS[i] for i in fired]),",
            "  tuple([IDS[i] for i in fired]))",
        ]
    )
    scope: dict[str, Any] = {
        "NAN": math.nan,
        "VERDICTS": VERDICTS,
        "RANKS": [RANK[rule.verdict] for rule in workload.rules],
        "POINTS": [float(rule.points) for rule in workload.rules],
        "IDS": [rule.name for rule in workload.rules],
    }
    exec(compile(source, "<straight>", "exec"), scope)
    decide = scope["decide"]
    return lambda case: decide(case.context)


def python_lambdas(workload: Workload, folder: Path) -> Decide:
    """One lambda per rule over the dict, the way rules are kept in a list by hand."""

    def field(name: str) -> str:
        return f"r[{name!r}]"

    def leaf(condition: Leaf) -> str:
        match condition:
            case Compare(op, left, right):
                return f"{write_number(left, field)} {op} {right!r}"
            case Equal(name, text, negated):
                known = f"r[{name!r}] is not None and " if negated else ""
                return f"{known}r[{name!r}] {'!=' if negated else '=='} {text!r}"
            case Member(name, texts, negated):
                known = f"r[{name!r}] is not None and " if negated else ""
                values = "{" + ", ".join(map(repr, texts)) + "}"
                return f"{known}r[{name!r}] {'not in' if negated else 'in'} {values}"
            case Flag(name, negated):
                return f"r[{name!r}] is {not negated}"

    rules = workload.rules
    tests = [eval(f"lambda r: {write(scoped(rule), leaf)}") for rule in rules]
    blank = {**BLANK, **dict.fromkeys(NUMBERS, math.nan)}

    def run(case: Case) -> Answer:
        record = {**blank, **case.context}
        for name in NUMBERS:
            if record[name] is None:
                record[name] = math.nan
        return _answer([rule for rule, test in zip(rules, tests, strict=True) if test(record)])

    return run


# zen-engine ----------------------------------------------------------------------------------------


def guarded(null: str, texts: Callable[[tuple[str, ...]], str], both: str) -> Callable[[Leaf], str]:
    """Writes leaves that are false where a value is null, for languages in which comparing null raises."""

    def leaf(condition: Leaf) -> str:
        match condition:
            case Compare(op, left, right):
                known = [f"{name} != {null}" for name in number_fields(left)]
                return f" {both} ".join([*known, f"{write_number(left)} {op} {right!r}"])
            case Equal(name, text, negated):
                known = [f"{name} != {null}"] if negated else []
                return f" {both} ".join([*known, f"{name} {'!=' if negated else '=='} {json.dumps(text)}"])
            case Member(name, values, negated):
                known = [f"{name} != {null}"]
                inside = f"{name} in {texts(values)}"
                return f" {both} ".join([*known, f"not ({inside})" if negated else inside])
            case Flag(name, negated):
                return f"{name} == {'false' if negated else 'true'}"

    return leaf


def _list(values: tuple[str, ...]) -> str:
    return json.dumps(list(values))


def zen_list(workload: Workload, folder: Path) -> Decide:
    """zen's fastest way: all rules as one compiled expression that yields a list of booleans."""
    import zen

    rules = workload.rules
    leaf = guarded("null", _list, "and")
    expression = zen.compile_expression("[" + ", ".join(write(scoped(rule), leaf) for rule in rules) + "]")
    evaluate = expression.evaluate

    def run(case: Case) -> Answer:
        return _answer(compress(rules, evaluate(case.context)))

    return run


def _zen_table(workload: Workload) -> str:
    """A decision table with one row per rule, its condition in one cell, hit policy collect."""
    leaf = guarded("null", _list, "and")
    rows = [
        {"_id": rule.name, "when": write(scoped(rule), leaf), "out": str(i)}
        for i, rule in enumerate(workload.rules)
    ]
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": "out", "name": "out", "field": "i"}],
        "rules": rows,
    }
    return zen_decision(table)


def zen_decision(table: dict[str, Any]) -> str:
    """A zen decision that consists of one table."""
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "e2", "type": "edge", "sourceId": "table", "targetId": "out"},
    ]
    return json.dumps({"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges})


def zen_table(workload: Workload, folder: Path) -> Decide:
    """A zen decision table, asked for by key."""
    import zen

    rules = workload.rules
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"k": json.loads(_zen_table(workload))}}})
    evaluate = engine.evaluate

    def run(case: Case) -> Answer:
        return _answer([rules[hit["i"]] for hit in evaluate("k", case.context)["result"]])

    return run


def zen_handle(workload: Workload, folder: Path) -> Decide:
    """The same zen decision table through a decision handle."""
    import zen

    rules = workload.rules
    decision = zen.ZenEngine().create_decision(_zen_table(workload))

    def run(case: Case) -> Answer:
        return _answer([rules[hit["i"]] for hit in decision.evaluate(case.context)["result"]])

    return run


# CEL, JsonLogic, rule-engine, simpleeval, business-rules -------------------------------------------


def cel_rust(workload: Workload, folder: Path) -> Decide:
    """CEL in Rust, one compiled program that yields a list."""
    import cel

    rules = workload.rules
    leaf = guarded("null", _list, "&&")

    def cel_leaf(condition: Leaf) -> str:
        return leaf(condition).replace("not (", "!(")

    program = cel.compile("[" + ", ".join(write(scoped(rule), cel_leaf, "&&", "||") for rule in rules) + "]")

    def run(case: Case) -> Answer:
        hits = program.execute({**BLANK, **case.context})
        return _answer(compress(rules, hits))

    return run


def _json_logic(condition: Condition) -> Any:
    def var(name: str) -> dict[str, str]:
        return {"var": name}

    def number(term: Number) -> Any:
        if term.op:
            return {term.op: [number(part) for part in term.parts]}
        return var(term.field) if term.field else term.constant

    def known(name: str) -> Any:
        return {"!==": [var(name), None]}

    match condition:
        case All(parts):
            return {"and": [_json_logic(part) for part in parts]}
        case Either(parts):
            return {"or": [_json_logic(part) for part in parts]}
        case Compare(op, left, right):
            return {"and": [*(known(name) for name in number_fields(left)), {op: [number(left), right]}]}
        case Equal(name, text, negated):
            return (
                {"and": [known(name), {"!==": [var(name), text]}]} if negated else {"===": [var(name), text]}
            )
        case Member(name, values, negated):
            inside = {"in": [var(name), list(values)]}
            return {"and": [known(name), {"!": inside}]} if negated else inside
        case Flag(name, negated):
            return {"===": [var(name), not negated]}
    raise TypeError(f"not a normal form: {condition}")


def json_logic(workload: Workload, folder: Path) -> Decide:
    """JsonLogic in Rust (datalogic), one compiled rule that yields an array, in a session."""
    import datalogic_py

    rules = workload.rules
    engine = datalogic_py.Engine()
    rule = engine.compile([_json_logic(scoped(rule)) for rule in rules])
    evaluate = engine.session().evaluate

    def run(case: Case) -> Answer:
        return _answer(compress(rules, evaluate(rule, case.context)))

    return run


def rule_engine(workload: Workload, folder: Path) -> Decide:
    """rule-engine: one rule object per rule."""
    import rule_engine as engine

    rules = workload.rules
    leaf = guarded("null", _list, "and")
    context = engine.Context(default_value=None)
    compiled = [engine.Rule(write(scoped(rule), leaf), context=context) for rule in rules]

    def run(case: Case) -> Answer:
        record = case.context
        return _answer([rule for rule, test in zip(rules, compiled, strict=True) if test.matches(record)])

    return run


def simple_eval(workload: Workload, folder: Path) -> Decide:
    """simpleeval with each rule parsed once."""
    import simpleeval

    rules = workload.rules

    def leaf(condition: Leaf) -> str:
        known = guarded("None", lambda values: repr(values), "and")
        return known(condition).replace("== true", "== True").replace("== false", "== False")

    evaluator = simpleeval.EvalWithCompoundTypes()
    texts = [write(scoped(rule), leaf) for rule in rules]
    parsed = [(text, evaluator.parse(text)) for text in texts]

    def run(case: Case) -> Answer:
        evaluator.names = {**BLANK, **case.context}
        return _answer(
            [r for r, (text, tree) in zip(rules, parsed, strict=True) if evaluator.eval(text, tree)]
        )

    return run


def business_rules(workload: Workload, folder: Path) -> Decide:
    """business-rules: conditions as JSON over methods; arithmetic has to be a method of its own there."""
    from business_rules.engine import run_all
    from business_rules.variables import (
        BaseVariables,
        boolean_rule_variable,
        numeric_rule_variable,
        select_rule_variable,
    )

    terms: dict[Number, str] = {}

    def conditions(condition: Condition) -> dict[str, Any]:
        match condition:
            case All(parts):
                return {"all": [conditions(part) for part in parts]}
            case Either(parts):
                return {"any": [conditions(part) for part in parts]}
            case Compare(op, left, right):
                name = terms.setdefault(left, f"term_{len(terms)}")
                known = [_test(f"has_{field}", "is_true", True) for field in number_fields(left)]
                return {"all": [*known, _test(name, _BUSINESS_WORDS[op], right)]}
            case Equal(name, text, negated):
                return _business_member(name, (text,), negated)
            case Member(name, values, negated):
                return _business_member(name, values, negated)
            case Flag(name, negated):
                test = _test(name, "is_false" if negated else "is_true", True)
                return {"all": [_test(f"has_{name}", "is_true", True), test]}
        raise TypeError(f"not a normal form: {condition}")

    rules = [
        {"conditions": conditions(scoped(rule)), "actions": [{"name": "fire", "params": {"index": i}}]}
        for i, rule in enumerate(workload.rules)
    ]

    class Variables(BaseVariables):  # type: ignore[misc]
        def __init__(self, record: dict[str, Any]) -> None:
            self.record = record

    for name in (*FIELDS, "market"):
        setattr(
            Variables, f"has_{name}", boolean_rule_variable(_method(lambda r, n=name: r.get(n) is not None))
        )
    for name in (*CHOICES, "market"):
        setattr(Variables, name, select_rule_variable()(_method(lambda r, n=name: [r[n]])))
    for name in FLAGS:
        setattr(Variables, name, boolean_rule_variable(_method(lambda r, n=name: r[n])))
    for term, name in terms.items():
        compute = eval("lambda r: float(" + write_number(term, lambda field: f"r[{field!r}]") + ")")
        setattr(Variables, name, numeric_rule_variable(_method(compute)))

    class Actions:
        def __init__(self) -> None:
            self.fired: list[int] = []

        def fire(self, index: int) -> None:
            self.fired.append(index)

    def run(case: Case) -> Answer:
        actions = Actions()
        run_all(rules, Variables(case.context), actions)
        return _answer([workload.rules[i] for i in actions.fired])

    return run


_BUSINESS_WORDS = {
    "<": "less_than",
    "<=": "less_than_or_equal_to",
    ">": "greater_than",
    ">=": "greater_than_or_equal_to",
}


def _test(name: str, word: str, value: object) -> dict[str, Any]:
    return {"name": name, "operator": word, "value": value}


def _business_member(name: str, values: tuple[str, ...], negated: bool) -> dict[str, Any]:
    known = _test(f"has_{name}", "is_true", True)
    if negated:
        return {"all": [known, *(_test(name, "does_not_contain", value) for value in values)]}
    return {"all": [known, {"any": [_test(name, "contains", value) for value in values]}]}


def _method(read: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    return lambda self: read(self.record)


DECIDE = "Weighbridge, decide()"
ANSWER = "Weighbridge, outputs and fired rules read"
FLOOR = "generated straight Python"
PEERS = (
    Peer(DECIDE, weighbridge_verdict),
    Peer(ANSWER, weighbridge_answer),
    Peer("Weighbridge, findings built as well", weighbridge_findings),
    Peer(FLOOR, python_straight),
    Peer("one lambda per rule", python_lambdas),
    Peer("zen, compiled list expression", zen_list),
    Peer("zen, decision table by key", zen_table),
    Peer("zen, decision handle", zen_handle),
    Peer("JsonLogic in Rust (datalogic)", json_logic),
    Peer("CEL in Rust", cel_rust),
    Peer("simpleeval, parsed once", simple_eval, most_rules=2000),
    Peer("rule-engine", rule_engine, most_rules=2000),
    Peer("business-rules", business_rules, most_rules=2000),
)
SPREAD = (
    DECIDE,
    ANSWER,
    FLOOR,
    "one lambda per rule",
    "zen, compiled list expression",
    "JsonLogic in Rust (datalogic)",
)
"""Those timed on rules spread over markets and categories: the ones that could be fast there."""
