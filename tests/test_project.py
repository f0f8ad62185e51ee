"""A folder becomes a project: what is found, what is refused, tables, versions, and edits in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge.diagnostics import Diagnostic
from weighbridge.project import Project, TableRows, load_project, load_text

WORLD = "region: world\ndeclares: {halal: {type: boolean}}\nparameters: {halal: false}\n"
GATE = """ruleset: gate
record: listing
rules:
- id: a
  when: price > 3
  then: {verdict: block}
"""
TABLE = (
    GATE
    + """tables:
- id: t
  rows: rows.csv
  columns:
    id: {as: id}
    price: {as: test}
    verdict: {as: output}
"""
)
ROWS = "id,price,verdict\nT-1,>= 5,block\nT-2,[1..5),warn\n"
NOWHERE = Path("/nowhere/at/all")


def of(files: dict[str, str]) -> Project:
    return load_project(NOWHERE, files)


def complaints(project: Project) -> list[str]:
    return [f"{d.code} {d.span}" for d in project.diagnostics]


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def table_of(project: Project, index: int = 0) -> TableRows:
    rows = project.table(project.rulesets["gate"], index)
    assert rows is not None
    return rows


def row_texts(rows: TableRows) -> list[dict[str, str]]:
    return [{name: cell.text for name, cell in row.items()} for row in rows.rows]


# ---- finding documents


def test_a_sound_project(tmp_path: Path) -> None:
    files = {
        "regions/world.yaml": WORLD + "---\nregion: SA\nextends: world\n",
        "rulesets/deep/er/gate.yml": TABLE,
        "rulesets/deep/er/rows.csv": ROWS,
        "rulesets/gate.scenarios.YAML": "scenarios: gate\nmarket: SA\nas_of: 2026-01-01\ncases:\n"
        "- {name: n, expect: {verdict: pass}}\n",
        "rulesets/notes.md": "region: x",
        "rulesets/.hidden.yaml": "nonsense: [",
        "rulesets/.git/x.yaml": "nonsense: [",
        "other/x.yaml": "nonsense: [",
        "weighbridge.yaml": "target: gate\nmarkets: [SA]\n",
        "waivers.yaml": "waivers: [{rule: gate/a, owner: me, reason: why, expires: 2026-12-31}]\n",
    }
    project = load_project(write(tmp_path, files))
    assert complaints(project) == []
    assert set(project.regions) == {"world", "SA"}
    assert project.rulesets["gate"].file == "rulesets/deep/er/gate.yml"
    assert [document.model.scenarios for document in project.scenarios] == ["gate"]
    assert (project.config.model.target, project.config.model.markets) == ("gate", ("SA",))
    assert project.waivers is not None
    assert project.waivers.model.waivers[0].rule == "gate/a"
    assert row_texts(table_of(project))[1] == {"id": "T-2", "price": "[1..5)", "verdict": "warn"}
    assert str(table_of(project).rows[1]["price"].span) == "rulesets/deep/er/rows.csv:3:5"
    assert project.sources["rulesets/deep/er/rows.csv"][1] == "T-1,>= 5,block"
    assert (
        str(project.rulesets["gate"].text_span(("rules", 0, "when"), 6, 7))
        == "rulesets/deep/er/gate.yml:5:15"
    )


def test_no_folder_and_no_documents_are_errors(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other" / "rules").mkdir(parents=True)
    for name, message in [
        ("absent", "does not exist"),
        ("file", "is not a folder"),
        ("empty", "no documents"),
        ("other", "no documents"),
    ]:
        (problem,) = load_project(tmp_path / name).diagnostics
        assert (problem.code, problem.severity) == ("WB100", "error")
        assert message in problem.message


def test_a_file_without_documents_is_a_warning() -> None:
    project = of({"regions/world.yaml": WORLD, "rulesets/empty.yaml": "# nothing yet\n"})
    assert complaints(project) == ["WB101 rulesets/empty.yaml:1:1"]
    assert project.diagnostics[0].severity == "warning"


def test_duplicate_ids_point_at_both_files() -> None:
    project = of(
        {"regions/a.yaml": WORLD, "regions/b.yaml": "\n" + WORLD, "rulesets/x.yaml": "region: world\n"}
    )
    assert complaints(project) == ["WB106 regions/b.yaml:2:9", "WB106 rulesets/x.yaml:1:9"]
    assert [str(span) for d in project.diagnostics for _, span in d.related] == ["regions/a.yaml:1:9"] * 2
    assert project.regions["world"].file == "regions/a.yaml"


def test_a_ruleset_and_a_scorecard_cannot_share_a_name() -> None:
    card = "scorecard: gate\nrecord: l\ncharacteristics: [{id: a, points: '1'}]\n"
    project = of({"rulesets/g.yaml": GATE, "scorecards/c.yaml": card})
    assert complaints(project) == ["WB106 rulesets/g.yaml:1:10"]
    assert str(project.diagnostics[0].related[0][1]) == "scorecards/c.yaml:1:12"


def test_all_problems_of_all_files_are_reported_in_one_run() -> None:
    files = {
        "regions/a.yaml": "region: SA\nextnds: world\nparameters:\n  a: [{from: 2026-13-01, value: 1}]\n",
        "regions/b.yaml": "region: DE\na: [\n---\nregion: FR\nregion: FR\n",
        "rulesets/c.yaml": TABLE.replace("when", "whn").replace("as: id", "as: di"),
        "rulesets/rows.csv": ROWS + "T-3,5\n",
        "weighbridge.yaml": "targt: gate\n",
    }
    assert complaints(of(files)) == [
        "WB102 regions/a.yaml:2:1",
        "WB104 regions/a.yaml:4:14",
        "WB002 regions/b.yaml:3:1",
        "WB003 regions/b.yaml:5:1",
        "WB102 rulesets/c.yaml:5:3",
        "WB105 rulesets/c.yaml:11:14",
        "WB011 rulesets/rows.csv:4:5",
        "WB102 weighbridge.yaml:1:1",
    ]


def test_broken_documents_are_left_out_but_remembered() -> None:
    files = {
        "regions/a.yaml": "region: SA\nbad: 1\n---\nregion: DE\nx: [\n---\nregion: 'FR'\n",
        "rulesets/g.yaml": "ruleset: gate\nrecord: l\nrules: {\n",
        "rulesets/h.yaml": b"ruleset: latin\nrecord: l\n".decode(),
    }
    project = of(files)
    assert set(project.regions) == {"FR"}
    assert set(project.rulesets) == {"latin"}
    assert project.broken == {("region", "SA"), ("region", "DE"), ("ruleset", "gate")}
    assert [document.id for document in project.partial] == ["SA"]


def test_a_file_that_is_not_unicode_is_a_diagnostic(tmp_path: Path) -> None:
    write(tmp_path, {"regions/world.yaml": WORLD})
    (tmp_path / "regions" / "x.yaml").write_bytes("region: 世界\n".encode("gb18030"))
    project = load_project(tmp_path)
    assert complaints(project) == ["WB001 regions/x.yaml:1:9"]
    assert project.sources["regions/x.yaml"]


# ---- what is refused


def test_links_that_leave_the_project_are_refused(tmp_path: Path) -> None:
    outside = write(
        tmp_path / "outside", {"x.yaml": "region: XX\n", "rows.csv": ROWS, "more/y.yaml": "region: YY\n"}
    )
    root = write(tmp_path / "inside", {"regions/world.yaml": WORLD, "rulesets/g.yaml": TABLE})
    (root / "regions" / "x.yaml").symlink_to(outside / "x.yaml")
    (root / "regions" / "more").symlink_to(outside / "more")
    (root / "rulesets" / "rows.csv").symlink_to(outside / "rows.csv")
    project = load_project(root)
    assert sorted(complaints(project)) == [
        "WB107 rulesets/g.yaml:9:9",
        "WB113 regions/more:1:1",
        "WB113 regions/x.yaml:1:1",
        "WB113 rulesets/rows.csv:1:1",
    ]
    assert set(project.regions) == {"world"}


def test_links_inside_the_project_are_followed(tmp_path: Path) -> None:
    root = write(tmp_path / "p", {"shared/w.yaml": WORLD})
    (root / "regions").mkdir()
    (root / "regions" / "w.yaml").symlink_to(root / "shared" / "w.yaml")
    linked_root = tmp_path / "link"
    linked_root.symlink_to(root)
    assert complaints(load_project(linked_root)) == []


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("../rows.csv", "WB107"),
        ("/etc/passwd", "WB107"),
        ("a/../../rows.csv", "WB107"),
        ("C:/rows.csv", "WB107"),
        ("..\\\\rows.csv", "WB107"),
        ("row.csv", "WB107"),
        ("x" * 5000, "WB107"),
        ('"a\\0b"', "WB107"),
        (".", "WB107"),
        ("''", "WB104"),
    ],
)
def test_table_files_outside_or_absent(tmp_path: Path, rows: str, code: str) -> None:
    write(tmp_path, {"rows.csv": ROWS, "rulesets/rows.csv": ROWS})
    write(tmp_path, {"rulesets/g.yaml": TABLE.replace("rows.csv", rows)})
    assert complaints(load_project(tmp_path)) == [f"{code} rulesets/g.yaml:9:9"]


def test_an_absent_table_file_names_the_nearest() -> None:
    (problem,) = of({"rulesets/g.yaml": TABLE, "rulesets/row.csv": ROWS}).diagnostics
    assert (problem.message, problem.suggestion) == ("there is no file 'rulesets/rows.csv'", "row.csv")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user that permissions bind")
def test_files_without_permission_are_diagnostics(tmp_path: Path) -> None:
    write(tmp_path, {"regions/world.yaml": WORLD, "regions/x.yaml": WORLD, "rulesets/in/y.yaml": WORLD})
    (tmp_path / "regions" / "x.yaml").chmod(0)
    (tmp_path / "rulesets" / "in").chmod(0)
    found = complaints(load_project(tmp_path))
    (tmp_path / "rulesets" / "in").chmod(0o700)
    assert found == ["WB001 regions/x.yaml:1:1", "WB001 rulesets/in:1:1"]


def test_a_file_name_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"regions/world.yaml": WORLD})
    try:
        (tmp_path / "regions" / os.fsdecode(b"\xff.yaml")).write_text("region: X\n")
    except OSError:
        pytest.skip("the file system takes only Unicode names")
    (problem,) = load_project(tmp_path).diagnostics
    assert problem.code == "WB113"
    assert problem.message.encode("utf-8")


def test_a_folder_with_the_name_of_a_file_is_a_diagnostic(tmp_path: Path) -> None:
    write(tmp_path, {"regions/world.yaml": WORLD, "rulesets/g.yaml": TABLE, "rulesets/rows.csv/x": ""})
    (tmp_path / "regions" / "dir.yaml").mkdir()
    assert complaints(load_project(tmp_path)) == ["WB107 rulesets/g.yaml:9:9"]


def test_waivers_that_are_named_must_exist() -> None:
    files = {
        "regions/w.yaml": WORLD,
        "weighbridge.yaml": "waivers: waiver.yaml\n",
        "waivers.yaml": "waivers: []\n",
    }
    (problem,) = of(files).diagnostics
    assert (problem.code, str(problem.span), problem.suggestion) == (
        "WB001",
        "weighbridge.yaml:1:10",
        "waivers.yaml",
    )


def test_settings_hold_one_document() -> None:
    found = complaints(of({"regions/w.yaml": WORLD, "weighbridge.yaml": "target: a\n---\ntarget: b\n"}))
    assert found == ["WB101 weighbridge.yaml:3:1"]


# ---- tables


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (ROWS.replace("price,", "prize,"), ["WB108 rulesets/g.yaml:12:5", "WB108 rulesets/rows.csv:1:4"]),
        (ROWS.replace("verdict\n", "verdict,x\n").replace("k\n", "k,1\n").replace("warn\n", "warn,2\n"),
         ["WB108 rulesets/rows.csv:1:18"]),
        ("id,price\n1,2\n", ["WB108 rulesets/g.yaml:13:5"]),
        ("id,price,verdict\n", ["WB108 rulesets/g.yaml:9:9"]),
        ("", ["WB012 rulesets/rows.csv:1:1"]),
        (ROWS + 'x,"y\n', ["WB010 rulesets/rows.csv:4:3", "WB011 rulesets/rows.csv:4:3"]),
    ],
)  # fmt: skip
def test_columns_of_a_file_and_of_its_table_must_agree(rows: str, found: list[str]) -> None:
    project = of({"rulesets/g.yaml": TABLE, "rulesets/rows.csv": rows})
    assert complaints(project) == found
    assert project.table(project.rulesets["gate"], 0) is None


def test_an_undeclared_column_is_compared_with_those_that_are_still_free() -> None:
    project = of({"rulesets/g.yaml": TABLE, "rulesets/rows.csv": ROWS.replace("price", "prices")})
    assert [d.suggestion for d in project.diagnostics] == ["prices", "price"]


INLINE = GATE + "tables:\n- id: t\n  inputs: [market, price]\n  outputs: [verdict, on]\n  rows:\n"


def test_inline_rows_keep_the_text_that_was_written() -> None:
    rows = '  - ["-", 1e3, block, true]\n  - {market: [SA, AE], verdict: warn}\n  - ["a b", 1.50, x, null]\n'
    table = table_of(of({"rulesets/g.yaml": INLINE + rows}))
    assert [cell.text for cell in table.header] == ["market", "price", "verdict", "on"]
    assert row_texts(table) == [
        {"market": "-", "price": "1e3", "verdict": "block", "on": "true"},
        {"market": "SA|AE", "price": "", "verdict": "warn", "on": ""},
        {"market": "a b", "price": "1.50", "verdict": "x", "on": ""},
    ]
    assert str(table.rows[0]["price"].span) == "rulesets/g.yaml:12:11"
    assert str(table.rows[1]["price"].span) == "rulesets/g.yaml:13:5"


def test_inline_rows_may_carry_an_id() -> None:
    rows = "  - {id: R-1, market: SA, price: 1, verdict: a, on: b}\n  - {market: SA}\n"
    table = table_of(of({"rulesets/g.yaml": INLINE + rows}))
    assert [row["id"].text for row in table.rows] == ["R-1", ""]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("  - [a, b, c]\n", ["WB108 rulesets/g.yaml:12:5"]),
        ("  - [a, b, c, d, e]\n", ["WB108 rulesets/g.yaml:12:5"]),
        ("  - {markt: SA}\n", ["WB108 rulesets/g.yaml:12:6"]),
        ("  - [[a|b, c], d, e, f]\n", ["WB108 rulesets/g.yaml:12:7"]),
        ("    []\n", ["WB108 rulesets/g.yaml:12:5"]),
    ],
)
def test_inline_rows_that_do_not_fit(rows: str, found: list[str]) -> None:
    assert complaints(of({"rulesets/g.yaml": INLINE + rows})) == found


# ---- versions


def test_the_version_ignores_layout_comments_files_and_tests() -> None:
    one = of({"rulesets/g.yaml": TABLE, "rulesets/rows.csv": ROWS, "regions/w.yaml": WORLD})
    moved = TABLE.replace("rows: rows.csv", "rows: sub/r.csv # moved").replace("price > 3", '"price > 3"')
    other = of(
        {
            "rulesets/x/g.yaml": "# a comment\n\n" + WORLD + "---\n" + moved,
            "rulesets/x/sub/r.csv": ROWS.replace("\n", "\r\n").replace("T-1", '"T-1"'),
            "scorecards/s.yaml": "scenarios: gate\nmarket: SA\nas_of: 2026-01-01\n"
            "cases: [{name: n, expect: {verdict: a}}]\n",
            "weighbridge.yaml": "target: gate\n",
        }
    )
    assert complaints(one) == complaints(other) == []
    assert one.content_hash() == other.content_hash()
    assert len(one.content_hash()) == 64


def test_inline_rows_and_a_file_with_the_same_rows_are_the_same_version() -> None:
    inline = TABLE.replace("rows: rows.csv", "rows: [[T-1, '>= 5', block], [T-2, '[1..5)', warn]]")
    one, other = of({"rulesets/g.yaml": TABLE, "rulesets/rows.csv": ROWS}), of({"rulesets/g.yaml": inline})
    assert one.content_hash() == other.content_hash()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("price > 3", "price > 4"),
        ("[1..5)", "[1..5]"),
        ("halal: false", "halal: true"),
        ("block", "warn"),
        ("id: a", "id: b"),
    ],
)
def test_whatever_changes_a_decision_changes_the_version(old: str, new: str) -> None:
    files = {"rulesets/g.yaml": TABLE, "rulesets/rows.csv": ROWS, "regions/w.yaml": WORLD}
    changed = {name: text.replace(old, new) for name, text in files.items()}
    assert of(files).content_hash() != of(changed).content_hash()


def test_equal_numbers_are_the_same_version() -> None:
    texts = [
        WORLD + f"---\nregion: SA\nparameters: {{a: {number}}}\n" for number in ("1000", "1e3", "1000.0")
    ]
    assert len({of({"regions/w.yaml": text}).content_hash() for text in texts}) == 1
    assert (
        of({"regions/w.yaml": texts[0].replace("1000", "true")}).content_hash()
        != of({"regions/w.yaml": texts[0].replace("1000", "1")}).content_hash()
    )


# ---- in memory


def test_texts_in_memory_replace_and_add_files(tmp_path: Path) -> None:
    write(tmp_path, {"regions/world.yaml": WORLD, "rulesets/g.yaml": "ruleset: [\n"})
    project = load_project(tmp_path, {"rulesets/g.yaml": TABLE, "rulesets/rows.csv": ROWS})
    assert complaints(project) == []
    assert set(project.regions) == {"world"}
    assert len(table_of(project).rows) == 2


def test_one_text_by_itself() -> None:
    loaded = load_text("waivers: [{rule: a/b, owner: me, reason: x}]\n", kind="waivers")
    assert [(d.code, str(d.span)) for d in loaded.diagnostics] == [("WB103", "<expression>:1:11")]
    assert load_text("", kind="config").diagnostics == []


def test_diagnostics_are_hashable_and_in_order() -> None:
    project = of({"regions/b.yaml": "x: 1\n", "regions/a.yaml": "region: A\nz: 1\ny: 1\n"})
    found: set[Diagnostic] = set(project.diagnostics)
    assert len(found) == 3
    assert complaints(project) == [
        "WB102 regions/a.yaml:2:1",
        "WB102 regions/a.yaml:3:1",
        "WB101 regions/b.yaml:1:1",
    ]


def test_documents_are_ordered_by_kind_and_id() -> None:
    project = of({"rulesets/g.yaml": GATE, "regions/w.yaml": "region: b\n---\nregion: a\n"})
    found = [(document.kind, document.id) for document in project.documents()]
    assert found == [("region", "a"), ("region", "b"), ("ruleset", "gate")]


def test_loading_imports_nothing_heavy() -> None:
    heavy = {"pandas", "pyarrow", "numpy", "networkx"}
    code = f"import sys, weighbridge.project; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
