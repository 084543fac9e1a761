"""Calls of a device: from a request to the bits of all its jobs, run now, run before, or replayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from qaugbench.circuits.devices.backends import Machine
from qaugbench.circuits.devices.jobs import JobFailed, collect, new_job, plan_jobs, submit
from qaugbench.circuits.devices.routing import Routed
from qaugbench.circuits.devices.store import Answers, Bits, JobRecord, Request, explain_missing
from qaugbench.errors import CircuitError, StoreError

Job = tuple[JobRecord, Bits]
Progress = Callable[[str], None]


def ask(
    machine: Machine,
    routed: Sequence[Routed],
    store: Path | None,
    request: Request,
    angles: np.ndarray,
    progress: Progress,
) -> list[Job]:
    """Return the answers of all jobs of a request, one job after the other; those in ``store`` are not run again."""
    answers = Answers(store, request) if store else None
    if answers:
        answers.begin(angles, machine.name)
    known = {job.index: job for job in answers.jobs()} if answers else {}
    done = []
    for index, part in enumerate(plan_jobs(request, len(routed), one_setting_per_job=machine.is_local)):
        before = known.get(index)
        if before and (before.settings, before.start, before.stop) != part:
            raise StoreError(f"{store} holds this request split into other jobs; use another folder.")
        if answers and before and before.sha256:
            done.append((before, answers.bits(before)))
            progress(f"{_title(before, request)}: answered before, job id {before.job_id}")
            continue
        job = before if before and not machine.is_local else new_job(machine, routed, index, part)
        done.append(_run(machine, routed, request, job, angles, answers))
        progress(f"{_title(job, request)}: {done[-1][0].seconds} s, job id {done[-1][0].job_id}")
    return done


def replay(folder: Path, request: Request, angles: np.ndarray, progress: Progress) -> list[Job]:
    """Return the answers that ``folder`` holds to a request.

    Raises:
        CircuitError: it holds none, or none for these angles.
        StoreError: its files were changed.
    """
    answers = Answers(folder, request)
    if not answers.exists:
        raise CircuitError(explain_missing(folder, request))
    answers.check(angles)
    found = [(job, answers.bits(job)) for job in answers.jobs() if job.sha256]
    for job, _ in found:
        progress(f"{_title(job, request)}: replayed, job id {job.job_id}")
    return found


def join(jobs: Sequence[Job], setting: int, request: Request) -> np.ndarray:
    """Return the bits of a setting for all samples, uint8 [samples, shots, bytes], or raise if a job is missing."""
    parts = [(job.start, job.stop, bits[job.settings.index(setting)]) for job, bits in jobs if setting in job.settings]
    parts.sort(key=lambda part: part[0])
    ends = [0, *(stop for _, stop, _ in parts)]
    if not parts or [start for start, _, _ in parts] != ends[:-1] or ends[-1] != request.samples:
        raise CircuitError(
            f"The stored answers are not complete (setting {setting + 1} lacks samples): finish the run on its device, "
            "with the same folder, before replaying it."
        )
    return np.concatenate([bits for _, _, bits in parts])


def _run(
    machine: Machine,
    routed: Sequence[Routed],
    request: Request,
    job: JobRecord,
    angles: np.ndarray,
    answers: Answers | None,
) -> Job:
    """Return the answer of one job, fetching it if it was submitted to a remote device before."""
    start = time.monotonic()
    if job.job_id:
        handle = machine.job(job.job_id)
    else:
        handle = submit(machine, routed, request, job, angles)
        job = replace(job, job_id=handle.job_id())
        if answers:
            answers.submitted(job)
    try:
        bits = collect(handle, request, job)
    except JobFailed:
        if answers:
            answers.forget(job)
        raise
    job = replace(job, seconds=round(time.monotonic() - start, 3))
    return (answers.finished(job, bits) if answers else job), bits


def _title(job: JobRecord, request: Request) -> str:
    numbers = ", ".join(str(s + 1) for s in job.settings)
    return (
        f"job {job.index + 1} on {job.backend}, setting {numbers}, samples {job.start + 1} to {job.stop} of "
        f"{request.samples}, {request.shots} shot(s) each"
    )
