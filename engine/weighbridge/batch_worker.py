"""Processes that decide pieces: matching terms in texts is Python, of which a process runs one thread at a time.

A worker is this module run as a program. It reads a pickled `Job` and then pieces from its standard input and
writes tables to its standard output, each with its length before it. Both ends are the same project version.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, Any

from weighbridge.batch_plan import BatchTask
from weighbridge.masking import Masks
from weighbridge.rulebook import Rulebook

LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker decides."""

    book: Rulebook
    task: BatchTask
    masks: Masks


def send(stream: IO[bytes], value: Any) -> None:
    """Writes a value."""
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Reads a value. Raises `EOFError` where the other side is gone."""
    length = LENGTH.unpack(_exactly(stream, LENGTH.size))[0]
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: IO[bytes], count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError
    return content


class Worker:
    """One process, made when it is first asked; a new one takes the place of one that was killed."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, piece: Any) -> Any:
        """The tables of a piece. An error of the worker is raised here."""
        try:
            answer = self._answer(piece)
        except (EOFError, OSError):
            self.close()
            answer = self._answer(piece)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _answer(self, piece: Any) -> Any:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "weighbridge.batch_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                start_new_session=True,  # Ctrl-C is for the one who asked; the worker ends with its input
            )
            assert self._process.stdin is not None
            send(self._process.stdin, self._job)
        assert self._process.stdin is not None and self._process.stdout is not None
        send(self._process.stdin, piece)
        return receive(self._process.stdout)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


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
            worker = self._own.worker = Worker(self._job)
            self._all.append(worker)
        return worker.ask(piece)

    def close(self) -> None:
        """Ends all processes."""
        for worker in self._all:
            worker.close()


def main() -> None:
    """Answers pieces until there are no more."""
    from weighbridge.batch import Batch

    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not get between the answers
    job: Job = receive(given)
    batch = Batch(job.book, job.task, job.masks)
    while True:
        try:
            piece = receive(given)
        except EOFError:
            return
        try:
            answer: Any = batch.decide(piece)
        except Exception as error:
            answer = error
        send(answers, answer)


if __name__ == "__main__":
    main()
