"""The dependency graph as a drawing."""


def test_labels_of_the_drawing_are_text_whatever_they_hold() -> None:
    import networkx as nx

    from weighbridge.graph import to_mermaid

    graph = nx.DiGraph()
    graph.add_node("rule:a/b", kind="rule")
    drawn = to_mermaid(graph, label=lambda node: 'a "<b>" `c` #1')
    assert '["a #34;#60;b#62;#34; #96;c#96; #35;1"]' in drawn
