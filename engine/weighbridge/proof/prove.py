"""Proof of a whole project: every check over every ruleset and scorecard, by one process or several."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine
from weighbridge.proof.answers import Kept, read_answers, write_answers
from weighbridge.proof.tasks import Outcome, Task, first_tasks, run_task
from weighbridge.worker_process import Worker

FEW_RULES = 100
"""A project with fewer rules is proved faster than other processes start."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Findings sorted by place, and what could not be settled: question -> why. `cache`: why it was of no use."""

    findings: tuple[Diagnostic, ...]
    unsettled: Mapping[str, str]
    asked: int
    cache: str = ""

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """A note for every question that is left open, and for a cache that cannot be used."""
        notes = [
            Diagnostic("WB801", f"not settled: {question} ({why})", severity="note")
            for question, why in self.unsettled.items()
        ]
        if self.cache:
            message = f"the kept answers are not used: {self.cache}"
            notes.insert(0, Diagnostic("WB831", message, severity="note"))
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class ProofJob:
    """What a worker process proves tasks of."""

    engine: Engine
    former: Mapping[str, Kept]


def prove(engine: Engine, cache: Path | None = None, workers: int | None = None) -> Proof:
    """Proves what can be proved of a loaded project; `cache` keeps answers between runs. Raises `OSError`.

    `workers` processes take part (default: one for each processor, one alone for a small project). What is
    found does not depend on them.
    """
    former, damage = ({}, "") if cache is None else read_answers(cache)
    team = _team(engine, former, workers)
    try:
        tasks = list(first_tasks(engine))
        outcomes = _run(team, tasks)
        later = [_together(name, tasks, outcomes) for name in engine.book.rulesets]
        outcomes += _run(team, later)
    finally:
        for member in team:
            member.close()
    answers: dict[str, Kept] = {}
    unsettled: dict[str, str] = {}
    for outcome in outcomes:
        answers = {**outcome.answers, **answers}
        unsettled = {**outcome.unsettled, **unsettled}
    if cache is not None:
        write_answers(cache, answers)
    found = dict.fromkeys(d for outcome in outcomes for d in outcome.findings)
    ordered = tuple(sorted(found, key=lambda d: (str(d.span), d.code, d.message)))
    return Proof(ordered, dict(sorted(unsettled.items())), sum(o.asked for o in outcomes), damage)


def _together(name: str, tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> Task:
    """The second task of a ruleset, from what its first ones found."""
    task = Task("together", name)
    for first, outcome in zip(tasks, outcomes, strict=True):
        if (first.kind, first.name) == ("rules", name):
            firings = {**task.firings, **outcome.firings}
            task = replace(task, firings=firings, always=task.always | outcome.always)
    return task


# --- who does it ------------------------------------------------------------------------------------------


class _Here:
    """A member of the team that works in this process."""

    def __init__(self, job: ProofJob) -> None:
        self.job = job

    def ask(self, task: Task) -> Outcome:
        """The outcome of a task."""
        return run_task(self.job.engine, self.job.former, task)

    def close(self) -> None:
        """Nothing is to be ended."""


def _team(engine: Engine, former: Mapping[str, Kept], workers: int | None) -> list[_Here | Worker]:
    job = ProofJob(engine, former)
    rules = sum(len(r.rules) for r in engine.book.rulesets.values())
    usual = 1 if rules < FEW_RULES else os.cpu_count() or 1
    count = usual if workers is None else workers
    if count == 1:
        return [_Here(job)]
    return [_Here(job), *(Worker("weighbridge.proof.worker", job) for _ in range(count - 1))]


def _run(team: Sequence[_Here | Worker], tasks: Sequence[Task]) -> list[Outcome]:
    """The outcomes of tasks in their order, whoever did them. What a task raises is raised."""
    pending: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(tasks)):
        pending.put(number)
    found: dict[int, Outcome] = {}
    failed: list[BaseException] = []

    def work(member: _Here | Worker) -> None:
        while not failed:
            try:
                number = pending.get_nowait()
            except queue.Empty:
                return
            try:
                found[number] = member.ask(tasks[number])
            except BaseException as error:
                failed.append(error)

    others = [threading.Thread(target=work, args=(m,), daemon=True) for m in team[1:]]
    for thread in others:
        thread.start()
    work(team[0])
    for thread in others:
        thread.join()
    if failed:
        raise failed[0]
    return [found[number] for number in range(len(tasks))]
