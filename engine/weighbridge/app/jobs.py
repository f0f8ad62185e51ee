"""Work that takes longer than a glance: done beside the page, with progress, and it can be cancelled."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from weighbridge.app.shown import show_diagnostics
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic, DiagnosticError

LOG = logging.getLogger("weighbridge.app")
AT_ONCE = 2
"""Jobs that run at the same time on a server; the others wait."""
_POOL = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="weighbridge-job")
EVERY = 0.5
"""Seconds between two looks at a running job."""
LEFT_AFTER = 3.0
"""Seconds after which a job's speed is known well enough to say how long it will take."""

Unit = Literal["steps", "bytes", "records"]
"""What a part of a job counts."""


class Cancelled(Exception):
    """The person does not want the result any more."""


@dataclass(slots=True)
class Job:
    """A piece of work and how far it has come."""

    name: str
    done: int = 0
    total: int = 0
    result: Any = None
    problems: tuple[Diagnostic, ...] = ()
    fault: str | None = None
    finished: bool = False
    about: Any = None
    """What it was started for, for pages to compare with what they show now."""
    unit: Unit = "steps"
    started: float = field(default_factory=time.monotonic)
    part_started: float = field(default_factory=time.monotonic)
    _stop: threading.Event = field(default_factory=threading.Event)

    def step(self, done: int, total: int) -> None:
        """Called by the work: how far it is. Raises `Cancelled` when it is to stop."""
        if self._stop.is_set():
            raise Cancelled
        self.done, self.total = done, total

    def part(self, unit: Unit) -> None:
        """Called by the work: another part begins, which counts in `unit`. Raises `Cancelled` when it is to stop."""
        self.unit, self.part_started = unit, time.monotonic()
        self.step(0, 0)

    def left(self) -> float | None:
        """Seconds that this part will take still, as fast as it went so far; None where that is not known."""
        gone = time.monotonic() - self.part_started
        if not 0 < self.done <= self.total or gone < LEFT_AFTER:
            return None
        return gone * (self.total - self.done) / self.done

    def cancel(self) -> None:
        """Asks the work to stop at its next step."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()


Work = Callable[[Job], Any]


def start(name: str, work: Work) -> Job:
    """Starts work under a name; what ran under it before is cancelled."""
    before = current(name)
    if before is not None:
        before.cancel()
    job = st.session_state[_key(name)] = Job(name)
    _POOL.submit(_run, job, work)
    return job


def current(name: str) -> Job | None:
    """The session's latest job of a name."""
    found: Job | None = st.session_state.get(_key(name))
    return found


def _key(name: str) -> str:
    return f"job {name}"


def _run(job: Job, work: Work) -> None:
    try:
        # Work that was cancelled while it waited is begun all the same: it may have something to clear away.
        job.result = work(job)
    except Cancelled:
        pass
    except DiagnosticError as error:
        job.problems = error.diagnostics
    except Exception:
        job.fault = secrets.token_hex(4)
        LOG.exception("fault %s in job %s", job.fault, job.name)
    finally:
        job.finished = True


def watch(name: str) -> Job | None:
    """Shows the progress of a running job and gives it when it has a result. What went wrong is shown."""
    job = current(name)
    if job is None:
        return None
    if not job.finished:
        _progress(name)
        return None
    if job.fault is not None:
        st.error(t("fault", reference=job.fault), icon=":material/error:")
    if job.problems:
        show_diagnostics(job.problems)
    if job.cancelled and job.result is None:
        st.info(t("job_cancelled"), icon=":material/cancel:")
    return job if job.result is not None else None


@st.fragment(run_every=EVERY)
def _progress(name: str) -> None:
    job = current(name)
    if job is None or job.finished:
        st.rerun()
    assert job is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        share = min(1.0, job.done / job.total) if job.total else 0.0
        st.progress(share, text=progress_words(job))
        st.button(t("cancel"), icon=":material/stop_circle:", key=f"cancel {name}", on_click=job.cancel)


MEGABYTE = 1_000_000


def progress_words(job: Job) -> str:
    """How far a job is, in its unit, since when and for how long still."""
    seconds = f"{time.monotonic() - job.started:.0f}"
    if job.cancelled:
        return t("job_stopping", seconds=seconds)
    if not job.total:
        return t("job_waiting", seconds=seconds)
    counts = [f"{job.done:,}", f"{job.total:,}"]
    if job.unit == "bytes":
        counts = [f"{count / MEGABYTE:,.1f}" for count in (job.done, job.total)]
    said = t(f"progress_{job.unit}", done=counts[0], total=counts[1], seconds=seconds)
    left = job.left()
    return said if left is None else said + t("progress_left", seconds=f"{left:.0f}")
