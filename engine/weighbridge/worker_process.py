"""Processes that work for another: what is Python runs one thread of a process at a time.

A worker is a module run as a program. It reads a pickled job and then pieces from its standard input and writes
answers to its standard output, each with its length before it. Both ends are the same project version.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any

LENGTH = struct.Struct("<Q")


def send(stream: IO[bytes], value: Any) -> None:
    """Writes a value."""
    _send_packed(stream, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))


def _send_packed(stream: IO[bytes], content: bytes) -> None:
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
    """One process that runs `module`, made when it is first asked; a new one takes the place of a killed one."""

    def __init__(self, module: str, job: Any) -> None:
        self._module = module
        # Packed here and now: other threads may go on to work with what is in it.
        self._job = pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, piece: Any) -> Any:
        """The answer to a piece. An error of the worker is raised here."""
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
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                start_new_session=True,  # Ctrl-C is for the one who asked; the worker ends with its input
            )
            assert self._process.stdin is not None
            _send_packed(self._process.stdin, self._job)
        assert self._process.stdin is not None and self._process.stdout is not None
        send(self._process.stdin, piece)
        return receive(self._process.stdout)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def serve(start: Callable[[Any], Callable[[Any], Any]]) -> None:
    """What a worker's module runs: answers pieces until there are no more. `start` makes of the job what answers."""
    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not get between the answers
    answer_to = start(receive(given))
    while True:
        try:
            piece = receive(given)
        except EOFError:
            return
        try:
            answer: Any = answer_to(piece)
        except Exception as error:
            answer = error
        send(answers, answer)
