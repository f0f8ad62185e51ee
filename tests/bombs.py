"""Small inputs that would take for ever, or all memory, were they taken at their word.

Run as a program it tries each of them in turn under tight limits and prints, as JSON lines, the name of each,
what became of it and the seconds of processor time it took. A bomb that goes off ends the program.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY = 1_500_000_000
SECONDS = 20

Outcome = str
"""Codes of the diagnostics it was refused with ("WB208"), or "decided: " and the verdict."""


def _engine(*documents: dict[str, Any], **more: str) -> Any:
    from small_projects import NOWHERE, files

    import weighbridge

    return weighbridge.load(NOWHERE, files(*documents) | more)


def _project(*documents: dict[str, Any], record: Any = None, target: str = "gate", **more: str) -> Outcome:
    """What becomes of a project and of a record decided by it, explanation and all."""
    from small_projects import TODAY

    from weighbridge import InvalidRecord, ProjectError

    try:
        engine = _engine(*documents, **more)
        decision = engine.decide(target, {} if record is None else record, market="AA", as_of=TODAY)
        decision.to_json()
        decision.explain("zh")
    except (ProjectError, InvalidRecord) as refused:
        str(refused)
        return " ".join(sorted({d.code for d in refused.diagnostics}))
    return f"decided: {decision.verdict}"


def _rule(when: str, record: Any = None, **keys: Any) -> Outcome:
    from small_projects import BASE, gate, rule

    return _project(*BASE, gate(rule(when, **keys)), record=record)


def _nested(before: str, middle: str, after: str, times: int) -> str:
    return before * times + middle + after * times


EXPRESSIONS: dict[str, tuple[str, Outcome]] = {
    "tower of powers": ("9 ** 9 ** 9 ** 9 > n", "decided: pass"),
    "power of a literal": ("9.9 ** 99999999 > 1", "decided: block"),
    "repeated text": ("length('a' * 10 ** 9) > 1", "WB206"),
    "repeated list": ("length(['a'] * 10 ** 9) > 1", "WB206"),
    "padding by format": ("'%999999999d' % 1 == t", "WB206"),
    "shift": ("1 << 10 ** 9 > n", "WB202"),
    "brackets": (_nested("(", "n", ")", 4_000) + " > 1", "WB208"),
    "lists in lists": (_nested("[", "n", "]", 40) + " == l", "WB206"),
    "not of not": ("not " * 2_400 + "b", "WB208"),
    "minus of minus": ("-" * 9_000 + "n > 1", "WB208"),
    "sums": ("n" + " + 1" * 2_400 + " > 1", "WB208"),
    "powers": ("n" + " ** 2" * 1_600 + " > 1", "WB208"),
    "attributes": ("n" + ".a" * 4_900 + " > 1", "WB208"),
    "subscripts": ("n" + "[0]" * 3_000 + " > 1", "WB208"),
    "calls of calls": ("n" + "()" * 4_900 + " > 1", "WB208"),
    "choices": ("1 if b else " * 800 + "2 > n", "WB208"),
    "choices in brackets": (_nested("(1 if b else ", "2", ")", 48) + " > n", "decided: pass"),
    "lambdas": ("lambda: " * 1_200 + "n", "WB208"),
    "chained comparison": ("n < " * 2_400 + "1", "WB208"),
    "many operands": ("b or " * 1_990 + "b", "decided: pass"),
    "too many operands": ("b or " * 1_999 + "b", "WB208"),
    "long list": ("n in [" + "1, " * 3_000 + "1]", "WB208"),
    "long text": ("t == '" + "x" * 100_000 + "'", "WB208"),
    "long name": ("x" * 9_900 + " > 1", "WB203"),
    "long digits": ("9" * 5_000 + " > n", "WB209"),
    "long hexadecimal": ("0x" + "f" * 9_000 + " > n", "WB209"),
    "long exponent": ("1e" + "9" * 9_000 + " > n", "WB209"),
    "many unknown names": (" or ".join(f"name_{i}" for i in range(700)), "WB203"),
    "equality of equalities": (_nested("(", "b", " == p)", 45), "WB208"),
    "missing of missing": (_nested("is_missing(", "b", ")", 45), "WB208"),
    "fallback of fallbacks": (_nested("coalesce(", "b", ", p)", 45), "WB208"),
    "conditions of conditions": (_nested("(b if ", "b", " else p)", 45), "WB208"),
    "conditions of numbers": (_nested("(1 if 0 < ", "n", " else 2)", 20) + " > 1", "WB208"),
    "membership of membership": (_nested("(", "b", " in [b, p])", 40), "WB208"),
    "division of divisions": ("n / (" * 45 + "m" + ")" * 45 + " > 1", "decided: pass"),
    "inverse tower": ("2 ** -(9 ** 9 ** 9) > n", "decided: pass"),
}


def _like() -> Outcome:
    return _rule("like(t, '" + "*a" * 40 + "*b')", {"t": "a" * 1_000_000})


def _like_with_gaps() -> Outcome:
    return _rule("like(t, '*" + "?" * 100 + "b')", {"t": "a" * 1_000_000})


def _aliases() -> Outcome:
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    return _project(**{"rulesets/bomb.yaml": "term_list: bomb\n" + "\n".join(lines)})


def _depth() -> Outcome:
    return _project(**{"rulesets/bomb.yaml": "ruleset: " + _nested("[", "", "]", 100_000)})


def _depth_of_blocks() -> Outcome:
    deep = "\n".join(" " * i + "a:" for i in range(3_000))
    return _project(**{"rulesets/bomb.yaml": "ruleset: gate\n" + deep})


def _keys() -> Outcome:
    return _project(**{"rulesets/bomb.yaml": "ruleset: gate\n" + "\n".join(f"k{i}: 1" for i in range(5_000))})


def _region_diamonds() -> Outcome:
    from small_projects import BASE, gate, rule

    regions: list[dict[str, Any]] = [{"region": "r0", "extends": "world"}]
    for i in range(1, 30):
        regions += [{"region": f"{side}{i}", "extends": f"r{i - 1}"} for side in "xy"]
        regions.append({"region": f"r{i}", "extends": [f"x{i}", f"y{i}"]})
    return _project(*BASE, *regions, gate(rule("n == 1")), record={"n": 1})


def _region_chain() -> Outcome:
    from small_projects import BASE, gate, rule

    chain = [{"region": f"x{i}", "extends": f"x{i - 1}" if i else "world"} for i in range(1_000)]
    return _project(*BASE, *chain, gate(rule("n == 1")))


def _ruleset_diamonds() -> Outcome:
    from small_projects import BASE, rule

    sets: list[dict[str, Any]] = [{"ruleset": "g0", "record": "thing", "rules": [rule("n == 1")]}]
    for i in range(1, 30):
        sets += [{"ruleset": f"{side}{i}", "record": "thing", "include": [f"g{i - 1}"]} for side in "xy"]
        sets.append({"ruleset": f"g{i}", "record": "thing", "include": [f"x{i}", f"y{i}"]})
    return _project(*BASE, *sets, record={"n": 1}, target="g29")


def _chain_of_rulesets() -> Outcome:
    from small_projects import BASE, rule

    sets = [
        {
            "ruleset": f"g{i}",
            "record": "thing",
            "rules": [rule(f"g{i - 1}.verdict == 'block'" if i else "n == 1")],
        }
        for i in range(400)
    ]
    return _project(*BASE, *sets, record={"n": 1}, target="g399")


def _derived(values: dict[str, str], when: str, record: Any = None) -> Outcome:
    from small_projects import BASE, RECORD_TYPE, gate, rule

    derived = {name: {"value": text} for name, text in values.items()}
    thing = RECORD_TYPE | {"derived": derived}
    return _project(thing, *BASE[1:], gate(rule(when, if_unknown="review")), record=record)


def _derived_diamonds() -> Outcome:
    values = {"x0": "n"}
    for i in range(1, 30):
        values |= {f"y{i}": f"x{i - 1} + 1", f"z{i}": f"x{i - 1} + 2", f"x{i}": f"y{i} + z{i}"}
    return _derived(values, "x29 == 1")


def _derived_chain() -> Outcome:
    return _derived({f"x{i}": f"x{i - 1} + 1" if i else "n" for i in range(1_000)}, "x999 == 1")


def _chain_nobody_needs() -> Outcome:
    chain = {f"x{i}": f"x{i - 1} + 1" if i else "n" for i in range(1_000)}
    return _derived(chain, "market == 'AA' or x999 == 1")


def _doubling_text() -> Outcome:
    values = {"x0": "t"} | {f"x{i}": f"join(x{i - 1}, x{i - 1})" for i in range(1, 40)}
    return _derived(values, "mentions(x39, terms.meat)", {"t": "pork " * 10})


def _quotes_never_closed() -> Outcome:
    return _derived({"x0": "'" + "\\'" * 50_000}, "b")


def _table(cell: str, column: str = "n", record: Any = None) -> Outcome:
    from small_projects import BASE, gate

    table = {"id": "tab", "inputs": [column], "outputs": ["verdict"], "rows": [[cell, "block"]]}
    return _project(*BASE, gate(tables=[table]), record=record)


def _card(record: Any = None, **keys: Any) -> Outcome:
    from small_projects import BASE

    line = {"id": "x", "value": "n", "bins": [{"points": 1}]} | keys.pop("line", {})
    card = {"scorecard": "card", "record": "thing", "characteristics": [line], **keys}
    return _project(*BASE, card, record=record, target="card")


def _terms() -> Outcome:
    from small_projects import BASE, gate, rule

    hostile = ["a" * 200, "(a+)+$", "[a-z]*", "%s{0}", "a" + "\u0301" * 150]
    words = [*hostile, *(f"{'a' * 150}{i}" for i in range(2_000))]
    lists = {"term_list": "hostile", "terms": words, "except": [f"{w}b" for w in words[5:]]}
    text = "a" * 150 + ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " * 500)
    return _project(*BASE, lists, gate(rule("mentions(t, terms.hostile)")), record={"t": text})


def _record(**record: Any) -> Outcome:
    return _rule("n == 1 and mentions(t, terms.meat) or t in l", record)


def _deep(times: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(times):
        found = [found]
    return found


OTHERS: dict[str, tuple[Callable[[], Outcome], Outcome]] = {
    "wildcards over a long text": (_like, "decided: pass"),
    "gaps over a long text": (_like_with_gaps, "decided: pass"),
    "aliases of aliases": (_aliases, "WB005"),
    "lists in lists of YAML": (_depth, "WB006"),
    "mappings in mappings of YAML": (_depth_of_blocks, "WB006"),
    "unknown keys of YAML": (_keys, "WB006 WB102 WB103"),
    "regions in diamonds": (_region_diamonds, "decided: block"),
    "chain of regions": (_region_chain, "WB313"),
    "rulesets in diamonds": (_ruleset_diamonds, "decided: block"),
    "chain of rulesets": (_chain_of_rulesets, "decided: block"),
    "derived values in diamonds": (_derived_diamonds, "decided: review"),
    "chain of derived values": (_derived_chain, "decided: review"),
    "chain of derived values nobody needs": (_chain_nobody_needs, "decided: block"),
    "text that doubles": (_doubling_text, "decided: block"),
    "quotes never closed": (_quotes_never_closed, "WB208"),
    "cell of nots": (lambda: _table(_nested("not(", "1", ")", 3_000)), "WB310"),
    "cell of dots": (lambda: _table("[" + "." * 1_000_000), "WB310"),
    "cell of blanks": (lambda: _table("1" + " " * 1_000_000 + "x"), "WB310"),
    "cell of quotes": (lambda: _table('"' * 999_999, "t"), "WB310"),
    "cell of numbers": (lambda: _table("1," * 20_000 + "1", record={"n": 1}), "decided: block"),
    "cell of ranges": (lambda: _table(">= 1," * 20_000 + ">= 1", record={"n": 1}), "WB310"),
    "cell of digits": (lambda: _table("9" * 10_000), "WB310"),
    "many tiers": (
        lambda: _card({"n": 1}, tiers=[{"id": f"t{i}", "from": i} for i in range(5_000)]),
        "decided: None",
    ),
    "many bins": (lambda: _card(line={"bins": [{"from": i, "points": 1} for i in range(5_000)]}), "WB331"),
    "most bins": (
        lambda: _card({"n": 498.5}, line={"bins": [{"from": i, "points": 1} for i in range(500)]}),
        "decided: None",
    ),
    "braces of a reason": (lambda: _rule("b", reason="}{" * 4_000), "WB203 WB320"),
    "long reason": (lambda: _rule("b", reason="{x} " * 30_000), "WB320"),
    "open brace of a reason": (lambda: _rule("b", reason="{" + "n" * 9_000), "WB320"),
    "hostile terms": (_terms, "decided: pass"),
    "10 MB of text": (lambda: _record(t="x" * 10_000_000), "WB401"),
    "a million characters": (lambda: _record(n=1, t="pig " * 250_000), "decided: pass"),
    "list of 100,000 texts": (lambda: _record(l=["x"] * 100_000), "WB401"),
    "list of long texts": (lambda: _record(l=["x" * 900_000] * 9), "WB401"),
    "whole number of 100,000 digits": (lambda: _record(n=10**100_000), "WB401"),
    "nested lists": (lambda: _record(n=_deep(100_000), l=_deep(100_000)), "WB401"),
    "200,000 keys": (lambda: _record(**{f"k{i}": 1 for i in range(200_000)}), "WB404"),
    "long key": (lambda: _record(**{"k" * 10_000_000: 1}), "WB404"),
}

EXPECTED: dict[str, Outcome] = {n: o for n, (_, o) in EXPRESSIONS.items()} | {
    n: o for n, (_, o) in OTHERS.items()
}


def main() -> None:
    """Tries every bomb."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.path[:0] = [str(Path(__file__).resolve().parent)]
    tries: dict[str, Callable[[], Outcome]] = {
        name: lambda text=text: _rule(text) for name, (text, _) in EXPRESSIONS.items()
    }
    for name, attempt in (tries | {name: call for name, (call, _) in OTHERS.items()}).items():
        start = time.process_time()
        try:
            outcome = attempt()
        except BaseException as error:
            outcome = f"{type(error).__name__}: {str(error)[:100]}"
        print(json.dumps([name, outcome, round(time.process_time() - start, 2)]), flush=True)


if __name__ == "__main__":
    main()
