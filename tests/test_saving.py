"""Saving is all or nothing: killed at any moment, raced by others, refused by the disk."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

import weighbridge.draft
from weighbridge.draft import Draft
from weighbridge.edits import Address, SetValue, set_parameter, set_weight
from weighbridge.saving import locked, recover, write_all
from weighbridge.starter import write_starter
from weighbridge.yaml_text import EditError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

REGIONS, CARD = "regions/regions.yaml", "scorecards/listing_quality.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_starter(tmp_path / "p")
    return tmp_path / "p"


def in_child(work: object) -> int:
    """Runs `work` in a process of its own; its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()  # type: ignore[operator]
            os._exit(0)
        except BaseException:  # the child must never go back into the test runner
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(number: int) -> None:
    """Kills this process right before the n-th thing it changes on the disk."""
    done = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal done
        opens = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if opens or event in ("os.rename", "os.remove", "os.chmod", "os.mkdir"):
            done += 1
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_killed_at_every_write_both_files_are_old_or_both_are_new(project: Path) -> None:
    before = {name: (project / name).read_bytes() for name in (REGIONS, CARD)}
    outcomes: list[str] = []
    for number in range(1, 100):

        def save(n: int = number) -> None:
            draft = Draft.open(project)
            draft.edit(set_parameter("world", "review_units", 7))
            draft.edit(set_weight("listing_quality", "photos", 9))
            kill_at(n)
            assert draft.save(run_scenarios=False).status == "saved"

        code = in_child(save)
        for name in (REGIONS, CARD):
            # Each file is whole at once; both belong together after the next opening.
            assert (project / name).read_bytes().startswith(b"# yaml-language-server")
        draft = Draft.open(project)
        after = {name: (project / name).read_bytes() for name in (REGIONS, CARD)}
        assert [d.code for d in draft.problems] in ([], ["WB704"])
        assert draft.diagnostics() == ()
        changed = {name: after[name] != before[name] for name in before}
        assert len(set(changed.values())) == 1
        outcomes.append("new" if changed[CARD] else "old")
        left = [p for p in project.rglob("*") if p.name.endswith(".new") or p.name.startswith("save.p")]
        assert [p for p in left if p.parent.name != ".weighbridge"] == []
        for name, data in before.items():
            (project / name).write_bytes(data)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert code == 0
    assert outcomes == sorted(outcomes, reverse=True)
    assert outcomes.count("old") > 5
    assert outcomes.count("new") > 3


def test_savers_at_the_same_time_lose_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children = []
    for name in ("review_units", "pork_prohibited", "ramadan", "currency"):
        child = os.fork()
        if child == 0:
            # A long time between looking at the file and writing it: without the lock, the last one would win.
            monkeypatch.setattr(weighbridge.draft, "write_all", lambda *a: (time.sleep(0.4), write_all(*a)))
            value: object = {"review_units": 5, "currency": "XXX"}.get(name, True)
            for _ in range(20):
                draft = Draft.open(project, name)
                draft.edit(set_parameter("world", name, value))
                if draft.save(run_scenarios=False).status in ("saved", "nothing"):
                    os._exit(0)
            os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    draft = Draft.open(project)
    assert draft.value("region", "world", "parameters") == {
        "pork_prohibited": True,
        "review_units": 5,
        "ramadan": True,
        "currency": "XXX",
    }


def test_a_lock_ends_with_its_process(project: Path) -> None:
    def hold() -> None:
        with locked(project):
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(hold) == -signal.SIGKILL
    with locked(project) as folder:
        assert recover(project, folder) == ()


def test_what_others_changed_after_a_crash_is_left_alone(project: Path) -> None:
    def crash() -> None:
        with locked(project) as folder:
            os.replace = lambda *a: (  # type: ignore[assignment]
                os.kill(os.getpid(), signal.SIGKILL) if str(a[1]).endswith("regions.yaml") else os.rename(*a)
            )
            write_all(project, folder, {REGIONS: b"new", CARD: b"new"})

    assert in_child(crash) == -signal.SIGKILL
    (project / REGIONS).write_bytes(b"by hand")
    with locked(project) as folder:
        notes = recover(project, folder)
    assert (project / REGIONS).read_bytes() == b"by hand"
    assert (project / CARD).read_bytes() == b"new"
    assert any("left as it is" in note.message for note in notes)


def test_permissions_and_links_inside_the_project_stay(project: Path) -> None:
    os.chmod(project / CARD, 0o640)
    (project / "regions/real.txt").write_bytes((project / REGIONS).read_bytes())
    (project / REGIONS).unlink()
    (project / REGIONS).symlink_to("real.txt")
    draft = Draft.open(project)
    draft.edit(set_parameter("world", "review_units", 7))
    draft.edit(set_weight("listing_quality", "photos", 9))
    assert draft.save().status == "saved"
    assert (project / CARD).stat().st_mode & 0o777 == 0o640
    assert (project / REGIONS).is_symlink()
    assert b"review_units: 7" in (project / "regions/real.txt").read_bytes()


def test_nothing_is_written_through_links_that_lead_outside(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_text("region: X\n")
    (project / "regions/link.yaml").symlink_to(outside / "x.yaml")
    (project / "regions/sub").symlink_to(outside)
    (project / "regions/loop.yaml").symlink_to("loop.yaml")
    draft = Draft.open(project)
    for path in ("regions/link.yaml", "regions/sub/x.yaml", "regions/loop.yaml"):
        with pytest.raises(EditError):
            draft.set_text(path, "region: Y\n")
    # A link that appears between edit and save.
    draft.set_text("regions/new.yaml", "region: YY\nextends: world\n")
    (project / "regions/new.yaml").symlink_to(outside / "y.yaml")
    assert draft.save().status == "failed"
    assert not (outside / "y.yaml").exists()


def test_a_folder_that_cannot_be_written_is_said_and_the_draft_stays(project: Path) -> None:
    (project / ".weighbridge").write_text("in the way")
    draft = Draft.open(project, "anna")
    draft.edit(SetValue(Address("region", "SA"), ("parameters", "currency"), "XXX"))
    assert [d.code for d in draft.problems] == ["WB706"]
    result = draft.save()
    assert (result.status, [d.code for d in result.diagnostics]) == ("failed", ["WB690"])
    assert "XXX" in draft.text(REGIONS)
    assert "XXX" not in (project / REGIONS).read_text()


def test_a_full_disk_leaves_everything_as_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft.open(project)
    draft.edit(set_parameter("world", "review_units", 7))
    draft.edit(set_weight("listing_quality", "photos", 9))
    before = {name: (project / name).read_bytes() for name in (REGIONS, CARD)}
    real, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    assert draft.save().status == "failed"
    assert {name: (project / name).read_bytes() for name in before} == before
    assert [p.name for p in project.rglob("*.new")] == []
    monkeypatch.undo()
    assert draft.save().status == "saved"
