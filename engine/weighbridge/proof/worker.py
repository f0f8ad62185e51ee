"""The process that proves tasks for another: see `weighbridge.worker_process`."""

from __future__ import annotations

from collections.abc import Callable

from weighbridge.proof.prove import ProofJob
from weighbridge.proof.tasks import Outcome, Task, run_task
from weighbridge.worker_process import serve


def _start(job: ProofJob) -> Callable[[Task], Outcome]:
    return lambda task: run_task(job.engine, job.former, task)


if __name__ == "__main__":
    serve(_start)
