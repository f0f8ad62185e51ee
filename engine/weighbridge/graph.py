"""The dependency graph: fields, parameters, derived values, scorecards, rules, tables and outputs in one graph.

An edge leads from what is read to what reads it. Node ids are `kind:name`, for example `field:price`,
`parameter:region.currency`, `rule:listing_gate/pig-materials`, `output:listing_gate.verdict`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import networkx as nx

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.rulebook import Rule, Rulebook, Scorecard, term_lists
from weighbridge.specialise import card_trees
from weighbridge.tree import names as tree_names

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]
else:
    Graph = nx.DiGraph


def dependency_graph(book: Rulebook) -> Graph:
    """The graph of a whole rulebook. Nodes carry `kind`, `title`, `span` and, for rules, `table`."""
    graph: Graph = nx.DiGraph()
    for name, model in book.record_types.items():
        for field, details in model.fields.items():
            graph.add_node(f"field:{field}", kind="field", title=details.title, span=None, record=name)
    for name, parameter in book.regions.declared.items():
        graph.add_node(f"parameter:region.{name}", kind="parameter", title=parameter.title, span=None)
    for path, derived in book.derived.items():
        node = f"derived:{path}"
        graph.add_node(node, kind="derived", title=derived.title, span=derived.span)
        _read(graph, book, node, tree_names(derived.tree), term_lists(derived.tree))
    for name, card in book.scorecards.items():
        _add_scorecard(graph, book, name, card)
    for name, ruleset in book.rulesets.items():
        for output in ruleset.outputs.values():
            graph.add_node(
                f"output:{name}.{output.name}", kind="output", title=output.title, span=ruleset.span
            )
        for rule in ruleset.rules:
            node = f"rule:{rule.ref}"
            graph.add_node(node, kind="rule", title=rule.title, span=rule.span, table=rule.table)
            _read(graph, book, node, rule.reads, rule.looks_for)
    for name, ruleset in book.rulesets.items():
        for rule in book.rules_of(name):
            for set_output in rule.then:
                if set_output in ruleset.outputs:
                    graph.add_edge(f"rule:{rule.ref}", f"output:{name}.{set_output}")
    return graph


def _add_scorecard(graph: Graph, book: Rulebook, name: str, card: Scorecard) -> None:
    node = f"scorecard:{name}"
    graph.add_node(node, kind="scorecard", title=card.title, span=card.span)
    for line in card.characteristics:
        part = f"characteristic:{name}.{line.id}"
        graph.add_node(part, kind="characteristic", title=line.title, span=line.span)
        graph.add_edge(part, node)
        for tree in (c.tree for c in (line.applies, line.value, line.points) if c is not None):
            _read(graph, book, part, tree_names(tree), term_lists(tree))
    for tree in card_trees(card):
        _read(graph, book, node, tree_names(tree), term_lists(tree))


def _read(graph: Graph, book: Rulebook, reader: str, names: Iterable[str], terms: Iterable[str]) -> None:
    for path in sorted(names):
        node = node_of(book, path)
        if node is not None:
            if node not in graph:
                graph.add_node(node, kind=node.split(":")[0], title={}, span=None)
            graph.add_edge(node, reader)
    for name in sorted(terms):
        graph.add_node(f"terms:{name}", kind="terms", title={}, span=None)
        graph.add_edge(f"terms:{name}", reader)


def all_read(book: Rulebook) -> tuple[frozenset[str], frozenset[str]]:
    """The names that anything reads, and the term lists that anything looks for."""
    rules = [rule for ruleset in book.rulesets.values() for rule in ruleset.rules]
    trees = [derived.tree for derived in book.derived.values()]
    trees += [tree for card in book.scorecards.values() for tree in card_trees(card)]
    names = frozenset[str]().union(*(rule.reads for rule in rules), *map(tree_names, trees))
    terms = frozenset[str]().union(*(rule.looks_for for rule in rules), *map(term_lists, trees))
    return names, terms


def node_of(book: Rulebook, path: str) -> str | None:
    """The graph node that gives a name its value; None for `market` and `as_of`, which come with the question."""
    if path in ("market", "as_of", "region.code"):
        return None
    if path.startswith("region."):
        return f"parameter:{path}"
    if path in book.derived:
        return f"derived:{path}"
    head = path.split(".")[0]
    if "." in path:
        return f"scorecard:{head}" if head in book.scorecards else f"output:{path}"
    return f"field:{path}"


def dependency_cycles(book: Rulebook) -> Iterator[Diagnostic]:
    """A diagnostic per ring of things that need each other, as a path through the files."""
    graph = dependency_graph(_computing(book))
    for component in nx.strongly_connected_components(graph):
        if len(component) == 1 and not graph.has_edge(*(2 * list(component))):
            continue
        start = min(component)
        ring = [edge[0] for edge in nx.find_cycle(graph.subgraph(component), start)]
        steps = [(n, graph.nodes[n].get("span")) for n in ring]
        placed: list[tuple[str, Span]] = [(f"{_plain(n)} is here", s) for n, s in steps if s is not None]
        shown = " -> ".join(_plain(n) for n in [*ring, ring[0]])
        span = placed[0][1] if placed else None
        yield Diagnostic("WB301", f"these need each other: {shown}", span, related=tuple(placed[1:]))


def _computing(book: Rulebook) -> Rulebook:
    """The rulebook without the rules that read only what is given: no ring goes through them."""
    rulesets = {
        name: replace(ruleset, rules=tuple(rule for rule in ruleset.rules if _reads_results(book, rule)))
        for name, ruleset in book.rulesets.items()
    }
    return replace(book, rulesets=rulesets)


def _reads_results(book: Rulebook, rule: Rule) -> bool:
    return any(
        path in book.derived or ("." in path and not path.startswith("region.")) for path in rule.reads
    )


def _plain(node: str) -> str:
    return node.split(":", 1)[1]


def around(graph: Graph, nodes: Iterable[str], *, up: bool = True, down: bool = True) -> Graph:
    """The part of the graph that leads to `nodes` and that they lead to."""
    kept: set[str] = set()
    for node in nodes:
        kept.add(node)
        if up:
            kept |= nx.ancestors(graph, node)
        if down:
            kept |= nx.descendants(graph, node)
    return graph.subgraph(kept)


def nearest(graph: Graph, nodes: Iterable[str], most: int) -> Graph:
    """The part of a graph that is fewest steps from `nodes`, in any direction, of at most `most` nodes."""
    kept: dict[str, None] = {}
    ring = [node for node in nodes if node in graph]
    while ring and len(kept) < most:
        kept |= dict.fromkeys(ring[: most - len(kept)])
        near = (n for node in ring for n in (*graph.predecessors(node), *graph.successors(node)))
        ring = [n for n in dict.fromkeys(near) if n not in kept]
    return graph.subgraph(kept)


def to_dict(graph: Graph) -> dict[str, Any]:
    """JSON form: nodes and edges, sorted."""
    described: list[tuple[str, dict[str, Any]]] = sorted(
        ((node, dict(data)) for node, data in graph.nodes(data=True)), key=lambda entry: entry[0]
    )
    nodes = [
        {
            "id": node,
            "kind": data.get("kind"),
            "title": dict(data.get("title") or {}),
            "location": None if data.get("span") is None else str(data["span"]),
        }
        for node, data in described
    ]
    return {"nodes": nodes, "edges": [{"from": a, "to": b} for a, b in sorted(graph.edges())]}


def to_json(graph: Graph) -> str:
    """`to_dict` as JSON text."""
    return json.dumps(to_dict(graph), ensure_ascii=False, indent=2)


def to_text(graph: Graph) -> str:
    """A line for every edge: what is read, and what reads it."""
    return "\n".join(f"{a} -> {b}" for a, b in sorted(graph.edges())) + "\n"


_SHAPES = {
    "field": ('["', '"]'),
    "parameter": ('[/"', '"/]'),
    "derived": ('("', '")'),
    "scorecard": ('{{"', '"}}'),
    "characteristic": ('("', '")'),
    "rule": ('["', '"]'),
    "output": ('(["', '"])'),
    "terms": ('[("', '")]'),
}


def to_mermaid(graph: Graph, lit: Iterable[str] = (), label: Callable[[str], str] = _plain) -> str:
    """Mermaid flow chart; the nodes `lit` stand out. `label` names a node, by default by its id."""
    ids = {node: f"n{i}" for i, node in enumerate(sorted(graph))}
    lines = ["flowchart LR"]
    for node, short in ids.items():
        opening, closing = _SHAPES.get(str(graph.nodes[node].get("kind")), ('["', '"]'))
        lines.append(f"  {short}{opening}{_mermaid_text(label(node))}{closing}")
    lines += [f"  {ids[a]} --> {ids[b]}" for a, b in sorted(graph.edges())]
    shining = [ids[node] for node in lit if node in ids]
    if shining:
        lines += ["  classDef lit stroke:#e08a00,stroke-width:4px", f"  class {','.join(shining)} lit"]
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    """A label as Mermaid reads it: no sign of it ends the label, or is taken for HTML or Markdown."""
    return "".join(f"#{ord(sign)};" if sign in _SIGNS else sign for sign in " ".join(text.split()))


_SIGNS = frozenset('"#<>&`\\')


def to_dot(graph: Graph) -> str:
    """Graphviz DOT."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = ["digraph weighbridge {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {quoted(n)} [label={quoted(_plain(n))}];" for n in sorted(graph)]
    lines += [f"  {quoted(a)} -> {quoted(b)};" for a, b in sorted(graph.edges())]
    return "\n".join([*lines, "}"]) + "\n"
