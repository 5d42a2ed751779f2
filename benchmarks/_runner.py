"""The runner of the benchmarks on sets: one worker process per set and method, a line per fit.

A worker lives for all fits of a method on a set, as a user's process would, so that what is
compiled once is compiled once. Imports are over before the clock starts; the first compilation is
in the first fit. Every library has one thread.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ONE_THREAD = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
         "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore",
}  # fmt: skip
# A fit may wait for a busy processor, but not for ever: seconds on the wall per second of limit.
PATIENCE = 20
TIMEOUTS_IN_A_ROW = 2


class NotInThisVersion(ImportError):
    """The installed packages do not have this method."""


def import_all(modules: tuple[str, ...]) -> None:
    """Import what a fit needs; raise NotInThisVersion for what is not there."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as missing:
            raise NotInThisVersion(
                f"{missing.name} is not installed (pip install 'appliednn[bench]')"
            ) from missing


# -- in the worker -------------------------------------------------------------------------------


class _Telling:
    """Send an exception's type and words through the pipe, then let it end the process."""

    def __init__(self, pipe):
        self.pipe = pipe

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace) -> bool:
        if kind is not None and issubclass(kind, Exception):
            self.pipe.send(("failed", kind.__name__, str(value)[:500]))
        return False


def cpu_seconds() -> float:
    """Return processor seconds of this process, all its threads, and its finished children."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call returns, its seconds on the wall and its processor seconds."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = call()
    return result, time.perf_counter() - wall, cpu_seconds() - cpu


def serve(pipe, log: str, start: Callable[[], Callable[[dict], dict]]) -> None:
    """Answer jobs until the pipe closes: the life of a worker.

    ``start`` loads data, imports what a fit needs and returns the function that does a job.
    """
    quiet = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    with _Telling(pipe):
        try:
            measure = start()
            # Some libraries leave files where they are started.
            with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
                pipe.send(("ready",))
                while (job := pipe.recv()) is not None:
                    pipe.send(("done", measure(job)))
        except NotInThisVersion as absent:
            pipe.send(("absent", str(absent)))
        except EOFError:
            return  # the runner was killed


# -- in the runner -------------------------------------------------------------------------------


class Worker:
    """A worker process seen from the runner; it runs ``work(pipe, log, *args)``."""

    def __init__(self, work: Callable[..., None], log: Path, *args):
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=work, args=(end, str(log), *args), daemon=True)
        self.process.start()
        end.close()

    def fit(self, job: dict, limit: float) -> tuple:
        """Return what the worker tells of a job: done, absent, failed or timeout.

        The limit counts the worker's processor seconds.
        """
        self.pipe.send(job)
        return self.answer(limit)

    def answer(self, limit: float) -> tuple:
        """Wait for the next word of the worker."""
        import psutil

        began = time.monotonic()
        try:
            seen = psutil.Process(self.process.pid)
            start = sum(seen.cpu_times()[:2])
            while not self.pipe.poll(0.5):
                waited = time.monotonic() - began
                if waited > PATIENCE * limit or sum(seen.cpu_times()[:2]) - start > limit:
                    self.process.kill()
                    return ("timeout", "TimeoutError", f"over {limit:g} s of processor time")
            return self.pipe.recv()
        except (EOFError, psutil.NoSuchProcess):
            self.process.join()
            return ("failed", "WorkerDied", f"exit code {self.process.exitcode}")

    def close(self) -> None:
        """End the process."""
        if self.process.is_alive():
            with contextlib.suppress(OSError):
                self.pipe.send(None)
            self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.pipe.close()


class Results:
    """The file of results: one JSON object a line, read anew whenever it is asked."""

    def __init__(self, path: Path):
        self.path, self.head = path, versions()
        path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, record: dict) -> None:
        """Write a line and have it on the disk before going on; say first where it was made."""
        line = json.dumps(record) + "\n"
        if self.head:
            line, self.head = json.dumps(self.head) + "\n" + line, None
        with self.path.open("ab+") as file:
            if file.tell() and self._last_byte(file) != b"\n":
                line = "\n" + line  # a killed run left half a line
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def _last_byte(file) -> bytes:
        file.seek(-1, os.SEEK_END)
        return file.read(1)

    def read(self, key: tuple[str, ...]) -> dict[tuple, dict]:
        """Return the fits by what names them; of two, the later one."""
        return fits_by_key(read_lines([self.path]), key)


def read_lines(paths: list[Path]) -> Iterator[dict]:
    """Yield the objects of files of JSON lines; half a line of a killed run is passed over."""
    for path in paths:
        if not path.exists():
            continue
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def fits_by_key(lines: Iterable[dict], key: tuple[str, ...]) -> dict[tuple, dict]:
    """Return the lines that are fits by what names them; of two, the later one.

    >>> lines = [{"machine": {}}, {"set": "a", "seed": 0, "x": 1}, {"set": "a", "seed": 0, "x": 2}]
    >>> fits_by_key(lines, ("set", "seed"))
    {('a', 0): {'set': 'a', 'seed': 0, 'x': 2}}
    """
    return {tuple(line[k] for k in key): line for line in lines if "set" in line}


def versions() -> dict:
    """Return the line that says on what a run was made."""
    from importlib import metadata

    names = ("appliednn", "tensorflow", "keras", "scikit-learn", "numpy", "pandas", "lightgbm",
             "catboost", "xgboost", "torch", "skorch", "pytabkit", "pyod", "python-crfsuite",
             "fasttext-wheel", "sacrebleu", "gymnasium", "stable-baselines3")  # fmt: skip
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "versions": found}
    return {"machine": machine, "when": time.strftime("%Y-%m-%d %H:%M")}


def code_version() -> str:
    """Return the commit of this checkout; a "+" says that files differ from it."""
    git = ["git", "-C", str(Path(__file__).resolve().parent)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "../appliednn"])
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "unknown"
    return commit + "+" * (changed.returncode != 0)


class Fits:
    """All fits of one method on one set that are still to be made.

    A subclass names its worker's function and which jobs there are; a job and ``place()`` together
    name a fit.
    """

    key: tuple[str, ...]
    work: Callable[..., None]

    def __init__(self, options, results: Results, set_name: str, method: str, stop_at: float):
        self.options, self.results, self.stop_at = options, results, stop_at
        self.set_name, self.method = set_name, method
        self.log = options.out.with_suffix(".log")
        self.code = code_version()

    def wanted(self, had: dict[tuple, dict]) -> Iterator[dict]:
        """Yield the jobs, done or not, in order; ``had`` holds the fits of the file."""
        raise NotImplementedError

    def place(self, job: dict) -> dict:
        """Return what names the fit of a job."""
        named = {"set": self.set_name, "method": self.method, "rows": self.options.rows, **job}
        return {k: named[k] for k in self.key}

    def jobs(self) -> list[dict]:
        """Return the jobs to do, in order."""
        had = self.results.read(self.key)
        return [j for j in self.wanted(had) if self._due(had.get(tuple(self.place(j).values())))]

    def _due(self, old: dict | None) -> bool:
        again = self.options.again
        return old is None or again == "all" or (again == "failed" and old["status"] != "ok")

    def run(self) -> bool:
        """Make the fits; return False if the method is not in this version."""
        todo, worker, timeouts = self.jobs(), None, 0
        while todo and time.monotonic() < self.stop_at:
            if timeouts >= TIMEOUTS_IN_A_ROW:
                answer = ("timeout", "TimeoutError", "not tried: the fits before took too long")
            else:
                worker, answer = self._answer(worker, todo[0])
            if answer[0] == "absent":
                print(f"{self.method}: not in this version, skipped: {answer[1]}", flush=True)
                worker.close()
                return False
            timeouts = timeouts + 1 if answer[0] == "timeout" else 0
            self._note(todo.pop(0), answer)
        if worker is not None:
            worker.close()
        return True

    def _answer(self, worker: Worker | None, job: dict) -> tuple[Worker | None, tuple]:
        """Return a living worker, if one is left, and its answer to a job."""
        if worker is None:
            work = type(self).work
            worker = Worker(work, self.log, self.set_name, self.method, self.options.rows)
            ready = worker.answer(self.options.limit)
            if ready[0] != "ready":
                return self._unless_dead(worker, ready)
        return self._unless_dead(worker, worker.fit(job, self.options.limit))

    @staticmethod
    def _unless_dead(worker: Worker, answer: tuple) -> tuple[Worker | None, tuple]:
        if answer[0] in ("failed", "timeout"):
            worker.close()
            return None, answer
        return worker, answer

    def _note(self, job: dict, answer: tuple) -> None:
        """Write a finished fit to the file and the screen."""
        record = self.place(job) | {"code": self.code}
        if hasattr(os, "getloadavg"):  # a busy machine spoils seconds
            record["load"] = round(os.getloadavg()[0], 1)
        if answer[0] == "done":
            record |= {"status": "ok", **job, **answer[1]}
            shown = " ".join(f"{k} {v:.4f}" for k, v in answer[1]["scores"].items())
            shown += f" | fit {answer[1]['fit_cpu']:.2f} CPU s"
        else:
            status, kind, words = answer
            record |= {"status": status, "error": kind, "message": words}
            record["limit"] = self.options.limit
            shown = f"{status}: {kind}: {words.splitlines()[0] if words else ''}"
        self.results.append(record)
        of_job = " ".join(f"{k} {job[k]}" for k in self.key if k in job)
        print(self.set_name, self.method, f"{of_job}:", shown, flush=True)


def run_all(kind: type[Fits], options, sets: list[str], methods: list[str]) -> None:
    """Run what is asked for and not yet in the file."""
    os.environ.update(ONE_THREAD)
    results = Results(options.out)
    stop_at = time.monotonic() + options.budget
    absent: set[str] = set()
    for set_name in sets:
        for method in methods:
            if method not in absent and time.monotonic() < stop_at:
                fits = kind(options, results, set_name, method, stop_at)
                if not fits.run():
                    absent.add(method)
    if time.monotonic() >= stop_at:
        print("budget spent; the same command goes on from here")
