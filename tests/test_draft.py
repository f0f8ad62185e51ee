"""Drafts: edits, one history over form and source, checks, conflicts, and surviving a restart."""

from __future__ import annotations

import codecs
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from weighbridge.draft import Draft, drafts, remove_draft
from weighbridge.draft_state import MAX_STEPS, draft_path
from weighbridge.edits import (
    AddFile,
    Address,
    AddRows,
    DeleteRows,
    Insert,
    Move,
    MoveRow,
    PasteCells,
    SetValue,
    Together,
    add_case,
    add_rule,
    add_term,
    copy_rule,
    delete_rule,
    enable_rule,
    inherit_parameter,
    inherit_rule,
    inherit_weight,
    remove_term,
    set_bin,
    set_cell,
    set_override,
    set_parameter,
    set_text,
    set_tier,
    set_weight,
)
from weighbridge.starter import write_starter
from weighbridge.yaml_text import EditError

GATE, REGIONS, CARD, LISTING = (
    "rulesets/listing_gate.yaml",
    "regions/regions.yaml",
    "scorecards/listing_quality.yaml",
    "rulesets/listing.yaml",
)
RULESET = Address("ruleset", "listing_gate")
TABLE = "id,market,price,verdict\nr1,SA,> 5,warn\nr2,DE,-,pass\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_starter(tmp_path / "p")
    return tmp_path / "p"


def changed(draft: Draft) -> list[str]:
    """The lines that a draft changes, with + and -."""
    lines = "\n".join(diff.unified for diff in draft.diff()).split("\n")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def with_table(root: Path) -> Draft:
    """A project with a decision table in a CSV file."""
    gate = (root / GATE).read_text()
    table = "tables:\n  - id: t\n    inputs: [market, price]\n    outputs: [verdict]\n    rows: t.csv\n"
    (root / GATE).write_text(gate + table)
    (root / "rulesets/t.csv").write_text(TABLE)
    return Draft.open(root)


# ---- edits people speak of


def test_one_value_is_one_line(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(SetValue(RULESET, ("rules", "forecast", "when"), "forecast_units > 5"))
    assert changed(draft) == [
        "-    when: forecast_units > region.review_units",
        "+    when: forecast_units > 5",
    ]
    (value,) = draft.diff()[0].values
    assert (value.place, value.path) == ("ruleset listing_gate", ("rules", "forecast", "when"))
    assert (value.before, value.after) == ("forecast_units > region.review_units", "forecast_units > 5")
    assert value.span is not None and value.span.line == 13
    assert draft.diagnostics() == ()


def test_a_rule_is_added_copied_switched_and_deleted(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(
        add_rule("listing_gate", {"id": "new", "when": "price > 5", "then": {"verdict": "warn"}}, "pork")
    )
    draft.edit(copy_rule("listing_gate", "forecast", "forecast-2"))
    draft.edit(delete_rule("listing_gate", "poor-listing"))
    draft.edit(enable_rule("listing_gate", "pork", False))
    rules = draft.value("ruleset", "listing_gate", "rules")
    assert [r["id"] for r in rules] == ["pork", "new", "forecast", "forecast-2", "toy-without-ce"]
    assert not draft.engine().rule("listing_gate/pork").enabled
    draft.edit(enable_rule("listing_gate", "pork", True))
    assert "enabled" not in draft.value("ruleset", "listing_gate", "rules", "pork")
    draft.edit(Move(RULESET, ("rules", "forecast-2"), 0))
    assert draft.value("ruleset", "listing_gate", "rules", 0, "id") == "forecast-2"


def test_a_region_sets_its_own_values_and_inherits_again(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(set_parameter("SA", "review_units", 50))
    draft.edit(set_weight("listing_quality", "description", 3, "DE"))
    draft.edit(
        set_override("DE", "listing_gate/pork", {"enabled": False}, {"en": "here not", "zh": "此处不用"})
    )
    draft.edit(set_override("DE", "listing_gate/pork", {"verdict": "warn"}, {"en": "softer", "zh": "较松"}))
    assert draft.diagnostics() == ()
    assert draft.value("region", "DE", "overrides", "listing_gate/pork", "set") == {"verdict": "warn"}
    draft.edit(inherit_parameter("SA", "review_units"))
    draft.edit(inherit_weight("listing_quality", "description", "DE"))
    draft.edit(inherit_rule("DE", "listing_gate/pork"))
    assert draft.files == {}


def test_scorecards_terms_and_texts(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(set_weight("listing_quality", "photos", 4))
    draft.edit(set_tier("listing_quality", "good", 60))
    draft.edit(set_bin("listing_quality", "photos", 1, "points", 40))
    draft.edit(add_term("pig", "boar", "en"))
    draft.edit(add_term("pig", "猪皮", "zh"))
    draft.edit(remove_term("pig", "خنزير", "ar"))
    draft.edit(set_text(RULESET, ("rules", "pork", "reason"), "zh", "不可销售：{match}"))
    draft.edit(set_text(RULESET, ("rules", "pork", "title"), "zh", "猪肉"))
    draft.edit(set_text(RULESET, ("rules", "forecast", "reason"), "zh", None))
    assert draft.value("term_list", "pig", "terms") == {
        "en": ["pig", "pigskin", "pork", "boar"],
        "zh": ["猪皮"],
    }
    assert "bins: [{upto: 0, points: 0}, {upto: 2, points: 40}, {points: 100}]" in draft.text(CARD)
    assert draft.value("ruleset", "listing_gate", "rules", "pork", "title") == {"zh": "猪肉"}
    assert "en" in draft.value("ruleset", "listing_gate", "rules", "forecast", "reason")
    assert [d.code for d in draft.diagnostics()] == ["WB340"]


def test_tables_in_a_csv_file(root: Path) -> None:
    draft = with_table(root)
    draft.edit(set_cell("listing_gate", "t", 0, "verdict", "block"))
    draft.edit(AddRows("listing_gate", "t", ({"id": "r3", "market": "SA", "verdict": "pass"},)))
    draft.edit(MoveRow("listing_gate", "t", 2, 0))
    draft.edit(DeleteRows("listing_gate", "t", (1,)))
    draft.edit(PasteCells("listing_gate", "t", 1, "market", "SA\t< 3\r\nDE\t[1..2]\r\n"))
    grid = draft.grid("listing_gate", "t")
    assert grid.header == ("id", "market", "price", "verdict")
    assert grid.rows == (("r3", "SA", "", "pass"), ("r2", "SA", "< 3", "pass"), ("", "DE", "[1..2]", ""))
    assert (grid.file, grid.lines) == ("rulesets/t.csv", (2, 3, 4))
    with pytest.raises(EditError, match="the block has 5 columns"):
        draft.edit(PasteCells("listing_gate", "t", 0, "market", "1\t2\t3\t4\t5"))
    with pytest.raises(EditError, match="no column"):
        draft.edit(PasteCells("listing_gate", "t", 0, "x", "1"))
    while draft.undo():
        pass
    assert draft.files == {}


def test_a_scenario_is_added_also_where_there_is_no_file(root: Path) -> None:
    draft = Draft.open(root)
    case = {"name": "dear", "market": "DE", "record": {"price": 9}, "expect": {"verdict": "pass"}}
    draft.edit(add_case("listing_gate", case))
    assert draft.value("scenarios", "listing_gate", "cases", "dear", "record") == {"price": 9}
    (root / "rulesets/listing_gate.scenarios.yaml").unlink()
    other = Draft.open(root)
    other.edit(add_case("listing_gate", {**case, "as_of": "2026-01-01"}))
    assert list(other.files) == ["rulesets/listing_gate.scenarios.yaml"]
    assert other.value("scenarios", "listing_gate", "cases", 0, "name") == "dear"


def test_several_edits_are_one_step_or_none(root: Path) -> None:
    draft = Draft.open(root)
    good = (set_parameter("SA", "review_units", 5), set_parameter("DE", "review_units", 6))
    draft.edit(Together(good, {"en": "limits", "zh": "上限"}))
    assert [step.title["zh"] for step in draft.undoable] == ["上限"]
    with pytest.raises(EditError):
        draft.edit(Together((set_parameter("SA", "review_units", 9), delete_rule("listing_gate", "x")), {}))
    assert draft.value("region", "SA", "parameters", "review_units") == 5
    draft.undo()
    assert draft.files == {}


def test_every_edit_says_what_it_does_in_both_languages(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(enable_rule("listing_gate", "pork", False))
    draft.edit(set_override("DE", "listing_gate/pork", {"enabled": False}, {"en": "x"}))
    draft.set_text(REGIONS, draft.text(REGIONS) + "# note\n")
    titles = [(step.title["en"], step.title["zh"]) for step in draft.undoable]
    assert titles[0] == ("switch off listing_gate rules pork", "停用 listing_gate rules pork")
    assert titles[1] == ("override listing_gate/pork in DE", "在 DE 覆盖 listing_gate/pork")
    assert titles[2] == (f"edit source of {REGIONS}", f"编辑源文件 {REGIONS}")


def test_an_edit_that_makes_the_project_invalid_is_kept_with_its_diagnostics(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(SetValue(RULESET, ("rules", "pork", "when"), "prise > 5"))
    assert [(d.code, d.suggestion) for d in draft.diagnostics(GATE)] == [("WB203", "price")]
    result = draft.save()
    assert (result.status, result.files) == ("refused", ())
    assert [d.code for d in result.diagnostics] == ["WB203"]
    assert "prise" not in (root / GATE).read_text()
    draft.set_text(GATE, draft.text(GATE) + "  broken: [\n")
    with pytest.raises(EditError, match="that can be read"):
        draft.edit(delete_rule("listing_gate", "pork"))


def test_an_edit_without_a_place_names_the_nearest(root: Path) -> None:
    draft = Draft.open(root)
    with pytest.raises(EditError, match="did you mean: forecast"):
        draft.edit(delete_rule("listing_gate", "forcast"))
    with pytest.raises(EditError, match="did you mean: listing_gate"):
        draft.edit(delete_rule("listing_gat", "forecast"))
    assert draft.undoable == ()


# ---- one history


def test_undo_and_redo_go_over_form_and_source_alike(root: Path) -> None:
    draft = Draft.open(root)
    states = [draft.files]
    for change in (
        lambda: draft.edit(set_parameter("SA", "review_units", 5)),
        lambda: draft.set_text(GATE, draft.text(GATE).replace("price", "prise") + "# end\n"),
        lambda: draft.edit(AddFile("rulesets/new.yaml", "term_list: x\nterms: [a]\n")),
        lambda: draft.edit(Insert(Address("term_list", "x"), ("terms",), "b")),
        lambda: draft.discard(REGIONS),
        lambda: draft.discard(),
    ):
        change()
        states.append(draft.files)
    for state in reversed(states[:-1]):
        draft.undo()
        assert draft.files == state
    assert draft.undo() is None
    for state in states[1:]:
        draft.redo()
        assert draft.files == state
    assert draft.redo() is None
    draft.undo()
    draft.edit(set_parameter("DE", "review_units", 5))
    assert draft.redoable == ()


def test_undo_after_saving_is_an_edit(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(set_parameter("SA", "review_units", 5))
    assert draft.save().status == "saved"
    assert draft.files == {} and draft.save().status == "nothing"
    draft.undo()
    assert "review_units: 5" not in draft.text(REGIONS)
    assert draft.save().status == "saved"
    draft.redo()
    (root / REGIONS).write_text((root / REGIONS).read_text() + "# by hand\n")
    with pytest.raises(EditError, match="changed since"):
        Draft.undo(_saved_then_changed(root))


def _saved_then_changed(root: Path) -> Draft:
    draft = Draft.open(root)
    draft.edit(set_parameter("DE", "review_units", 5))
    assert draft.save().status == "saved"
    (root / REGIONS).write_text((root / REGIONS).read_text() + "# by hand again\n")
    return draft


def test_the_history_is_bounded(root: Path) -> None:
    draft = Draft.open(root)
    for number in range(MAX_STEPS + 5):
        draft.set_text("weighbridge.yaml", f"project: p{number}\n")
    assert len(draft.undoable) == MAX_STEPS


# ---- texts


def test_encoding_mark_and_line_ends_stay(root: Path) -> None:
    text = (root / REGIONS).read_text().replace("\n", "\r\n")
    (root / REGIONS).write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    (root / CARD).write_bytes(codecs.BOM_UTF8 + (root / CARD).read_bytes())
    draft = Draft.open(root)
    draft.edit(set_parameter("SA", "review_units", 5))
    draft.edit(set_weight("listing_quality", "photos", 4))
    # A browser's editor knows only one kind of line end.
    draft.set_text(REGIONS, draft.text(REGIONS).replace("\r\n", "\n").replace("EUR", "XXX"))
    assert draft.save().status == "saved"
    data = (root / REGIONS).read_bytes()
    assert data.startswith(codecs.BOM_UTF16_LE)
    written = data[2:].decode("utf-16-le")
    assert written == text.replace("EUR", "XXX").replace(
        "{currency: SAR}", "{currency: SAR, review_units: 5}"
    )
    assert (root / CARD).read_bytes().startswith(codecs.BOM_UTF8 + b"# yaml")


@pytest.mark.parametrize(
    "path",
    ["../x.yaml", "/etc/x.yaml", "regions/../../x.yaml", "regions/x.txt", "x/y.yaml", ".git/config.yaml",
     "regions\\x.yaml", "compose.yaml", "", "regions/.x.yaml", "regions/\0.yaml",
     "regions/" + "a" * 300 + ".yaml", "C:/x.yaml"],
)  # fmt: skip
def test_only_files_of_the_project_can_be_edited(root: Path, path: str) -> None:
    draft = Draft.open(root)
    with pytest.raises(EditError):
        draft.set_text(path, "region: X\n")
    with pytest.raises(EditError):
        draft.text(path)
    with pytest.raises(EditError):
        draft.check_text(path, "")


def test_what_no_file_can_hold_is_refused(root: Path) -> None:
    draft = Draft.open(root)
    for text in ("region: \ud800\n", "x" * 20_000_001):
        with pytest.raises(EditError):
            draft.set_text(REGIONS, text)
    (root / CARD).write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(EditError):
        draft.set_text(CARD, "x")
    assert draft.files == {}


def test_diagnostics_of_a_text_that_is_being_written(root: Path) -> None:
    draft = Draft.open(root)
    text = draft.text(GATE).replace("price", "x").replace("forecast_units >", "forcast_units >")
    assert [d.code for d in draft.check_text(GATE, text)] == ["WB203"]
    assert draft.check_text(GATE, text, whole=False) == ()
    assert [d.code for d in draft.check_text(GATE, "ruleset: [", whole=False)] == ["WB002"]
    assert [d.code for d in draft.check_text("weighbridge.yaml", "projekt: x\n", whole=False)] == ["WB102"]
    assert [d.code for d in draft.check_text("rulesets/t.csv", "a,b\n1\n", whole=False)] == ["WB011"]
    assert draft.files == {}


def test_checks_see_what_changes_on_disk(root: Path) -> None:
    draft = Draft.open(root)
    assert draft.diagnostics() == ()
    assert draft.checked() is draft.checked()
    (root / CARD).write_text("scorecard: [\n")
    assert {d.code for d in draft.diagnostics(CARD)} == {"WB002"}


# ---- several people


def test_two_people_who_change_different_rules_lose_nothing(root: Path) -> None:
    anna, ben = Draft.open(root, "anna"), Draft.open(root, "ben")
    anna.edit(SetValue(RULESET, ("rules", "pork", "then", "verdict"), "review"))
    anna.edit(SetValue(RULESET, ("rules", "pork", "markets"), ["SA"]))
    ben.edit(SetValue(RULESET, ("rules", "forecast", "when"), "forecast_units > 7"))
    assert ben.save(run_scenarios=False).merged == ()
    (seen,) = anna.stale()
    assert seen.parts == () and "forecast_units > 7" in seen.merged
    result = anna.save(run_scenarios=False)
    assert (result.status, result.files, result.merged) == ("saved", (GATE,), (GATE,))
    text = (root / GATE).read_text()
    assert "forecast_units > 7" in text and "verdict: review" in text
    # The history goes on over what was merged: each step takes back its own change only.
    anna.undo()
    anna.undo()
    assert "forecast_units > 7" in anna.text(GATE) and "then: {verdict: block}" in anna.text(GATE)


def test_the_same_rule_is_a_conflict_to_be_settled(root: Path) -> None:
    anna, ben = Draft.open(root, "anna"), Draft.open(root, "ben")
    anna.edit(SetValue(RULESET, ("rules", "pork", "then", "verdict"), "review"))
    anna.edit(set_parameter("SA", "review_units", 5))
    ben.edit(SetValue(RULESET, ("rules", "pork", "markets"), ["SA"]))
    assert ben.save(run_scenarios=False).status == "saved"
    result = anna.save(run_scenarios=False)
    assert (result.status, result.files) == ("conflict", ())
    (conflict,) = result.conflicts
    assert (conflict.file, conflict.parts) == (GATE, ("listing_gate rules pork",))
    assert conflict.theirs == (root / GATE).read_text()
    assert "review_units: 5" not in (root / REGIONS).read_text()
    anna.resolve(GATE, conflict.mine)
    assert anna.save(run_scenarios=False).status == "saved"
    assert (root / GATE).read_text() == conflict.mine


def test_a_file_deleted_meanwhile_is_a_conflict(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(set_weight("listing_quality", "photos", 4))
    mine = draft.text(CARD)
    (root / CARD).unlink()
    result = draft.save(run_scenarios=False)
    assert (result.status, result.conflicts[0].theirs) == ("conflict", None)
    draft.resolve(CARD, mine)
    assert draft.save(run_scenarios=False).status == "saved"
    assert (root / CARD).read_text() == mine


def test_what_others_saved_already_is_no_change(root: Path) -> None:
    anna, ben = Draft.open(root), Draft.open(root)
    for draft in (anna, ben):
        draft.edit(set_weight("listing_quality", "photos", 4))
    assert anna.save(run_scenarios=False).status == "saved"
    assert ben.save(run_scenarios=False).status == "nothing"
    assert ben.files == {}


def test_saving_warns_of_scenarios_that_fail(root: Path) -> None:
    draft = Draft.open(root)
    draft.edit(SetValue(RULESET, ("rules", "forecast", "when"), "forecast_units > 5000"))
    result = draft.save()
    assert result.status == "saved"
    assert [case.name for case in result.failed_cases] == ["a large forecast goes to the committee"]


# ---- on disk


def test_a_draft_survives_a_restart(root: Path) -> None:
    code = (
        "import sys; from weighbridge.draft import Draft; from weighbridge.edits import set_parameter\n"
        "draft = Draft.open(sys.argv[1], '安娜 / a')\n"
        "draft.edit(set_parameter('SA', 'review_units', 5)); draft.edit(set_parameter('SA', 'review_units', 6))\n"
        "draft.undo()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(root)], check=True)
    draft = Draft.open(root, "安娜 / a")
    assert draft.problems == ()
    assert draft.value("region", "SA", "parameters", "review_units") == 5
    assert (len(draft.undoable), len(draft.redoable)) == (1, 1)
    assert drafts(root) == ("安娜 / a",)
    assert Draft.open(root, "ben").files == {}
    assert (root / ".weighbridge/.gitignore").read_text() == "*\n"
    draft.undo()
    assert draft.files == {}
    remove_draft(root, "安娜 / a")
    assert Draft.open(root, "安娜 / a").redoable == ()


def test_the_same_name_opened_twice_is_one_draft(root: Path) -> None:
    one, two = Draft.open(root, "anna"), Draft.open(root, "anna")
    one.edit(set_parameter("SA", "review_units", 5))
    assert two.files == one.files
    two.edit(set_parameter("DE", "review_units", 6))
    assert [len(d.undoable) for d in (one, two)] == [2, 2]
    one.undo()
    one.undo()
    assert two.files == {}


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"\xff", b'{"format": 9}', b'{"format": 1, "name": "anna", "files": {"../x.yaml": 1}}',
     b"[" * 9999],
)  # fmt: skip
def test_a_damaged_draft_is_set_aside_with_a_message(root: Path, damage: bytes) -> None:
    Draft.open(root, "anna").edit(set_parameter("SA", "review_units", 5))
    path = draft_path(root / ".weighbridge", "anna")
    path.write_bytes(damage)
    draft = Draft.open(root, "anna")
    assert [d.code for d in draft.problems] == ["WB705"]
    assert draft.files == {}
    assert path.with_suffix(".damaged").read_bytes() == damage
    assert drafts(root) == ()
    draft.edit(set_parameter("SA", "review_units", 6))
    assert Draft.open(root, "anna").files == draft.files


def test_a_stored_draft_cannot_name_files_outside(root: Path) -> None:
    draft = Draft.open(root, "anna")
    draft.edit(AddFile("rulesets/new.yaml", "term_list: x\nterms: [a]\n"))
    path = draft_path(root / ".weighbridge", "anna")
    data = json.loads(path.read_bytes())
    data["files"]["../evil.yaml"] = data["files"].pop("rulesets/new.yaml")
    path.write_text(json.dumps(data))
    assert [d.code for d in Draft.open(root, "anna").problems] == ["WB705"]


@pytest.mark.parametrize("name", ["anna", None])
def test_threads_share_a_draft(root: Path, name: str | None) -> None:
    draft = Draft.open(root, name)
    names = [f"r{number}" for number in range(12)]

    def add(name: str) -> None:
        draft.edit(add_rule("listing_gate", {"id": name, "when": "price > 1", "then": {"verdict": "warn"}}))

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {r["id"] for r in draft.value("ruleset", "listing_gate", "rules")} >= set(names)


def test_ten_thousand_rows_stay_usable(root: Path) -> None:
    draft = with_table(root)
    rows = "".join(f"x{i},SA,> {i},warn\n" for i in range(10_000))
    (root / "rulesets/t.csv").write_text(TABLE + rows)
    start = time.process_time()
    draft.edit(set_cell("listing_gate", "t", 9_000, "price", "> 1"))
    draft.edit(PasteCells("listing_gate", "t", 5_000, "market", "\n".join(["DE\t> 2"] * 1000)))
    assert len(draft.grid("listing_gate", "t").rows) == 10_002
    draft.undo()
    assert time.process_time() - start < 5
    (diff,) = draft.diff()
    assert (diff.added, diff.removed) == (1, 1)
    assert [v.path for v in diff.values] == [("x8998", "price")]
