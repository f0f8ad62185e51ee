"""Processes that decide pieces of a batch: matching terms in texts is Python. See `weighbridge.worker_process`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from weighbridge.batch_plan import BatchTask
from weighbridge.masking import Masks
from weighbridge.rulebook import Rulebook
from weighbridge.worker_process import Worker, serve


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker decides."""

    book: Rulebook
    task: BatchTask
    masks: Masks


class Workers:
    """A process for each thread that asks."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._own = threading.local()
        self._all: list[Worker] = []

    def ask(self, piece: Any) -> Any:
        """The tables of a piece, decided by the calling thread's process."""
        worker: Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = Worker("weighbridge.batch_worker", self._job)
            self._all.append(worker)
        return worker.ask(piece)

    def close(self) -> None:
        """Ends all processes."""
        for worker in self._all:
            worker.close()


def _start(job: Job) -> Callable[[Any], Any]:
    from weighbridge.batch import Batch

    return Batch(job.book, job.task, job.masks).decide


if __name__ == "__main__":
    serve(_start)
