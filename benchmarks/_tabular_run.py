"""The runner of ``tabular.py``: one worker process per set and method, one line per fit.

A worker lives for all folds of a method on a set, as a process of a user's cross-validation
would, so that what is compiled once is compiled once. Imports are over before the clock starts;
the first compilation is in the first fit. Every library has one thread.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from _tabular_sets import N_FOLDS, chosen_sets

ONE_THREAD = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
         "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore",
}  # fmt: skip
# Probabilities are clipped here: float32 and float64 then pay the same for a sure error.
LEAST_PROBABILITY = 1e-7
# A fit may wait for a busy processor, but not for ever: seconds on the wall per second of limit.
PATIENCE = 20
AUTOMATIC_TIMES_CATBOOST = 3
TIMEOUTS_IN_A_ROW = 2
KEY = ("set", "method", "rows", "seed", "fold")


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


def scores(table, truth, predicted) -> dict[str, float]:
    """Return the scores of predictions: AUC, log loss and accuracy, or RMSE and R2."""
    import numpy as np
    from sklearn import metrics

    if not np.isfinite(predicted).all():
        raise ValueError("the predictions hold NaN or infinity")
    if table.task == "regression":
        predicted = np.asarray(predicted, dtype=float).reshape(truth.shape)
        return {
            "rmse": float(metrics.root_mean_squared_error(truth, predicted)),
            "r2": float(metrics.r2_score(truth, predicted)),
        }
    predicted = np.asarray(predicted, dtype=float).clip(LEAST_PROBABILITY, 1)
    predicted /= predicted.sum(axis=1, keepdims=True)
    of_class = predicted[:, 1] if len(table.classes) == 2 else predicted
    return {
        "auc": float(metrics.roc_auc_score(truth, of_class, multi_class="ovr", average="macro")),
        "log_loss": float(metrics.log_loss(truth, predicted, labels=range(len(table.classes)))),
        "accuracy": float((predicted.argmax(axis=1) == truth).mean()),
    }


def measure(method, table, split, seed: int, budget: float | None) -> dict:
    """Fit and predict once; return scores and seconds."""
    train, test = split
    X, y = table.X.iloc[train].reset_index(drop=True), table.y[train]
    X_test = table.X.iloc[test].reset_index(drop=True)
    wall, cpu = time.perf_counter(), cpu_seconds()
    fitted = method.fit(X, y, table.task, seed, budget)
    fit_wall, fit_cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    wall, cpu = time.perf_counter(), cpu_seconds()
    classify = table.task == "classification"
    predicted = fitted.predict_proba(X_test) if classify else fitted.predict(X_test)
    predict_wall, predict_cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    return {
        "scores": scores(table, table.y[test], predicted),
        "n_train": len(train),
        "n_test": len(test),
        "n_features": table.X.shape[1],
        "fit_seconds": round(fit_wall, 4),
        "fit_cpu": round(fit_cpu, 4),
        "predict_seconds": round(predict_wall, 5),
        "predict_cpu": round(predict_cpu, 5),
    }


def work(pipe, set_name: str, method_name: str, rows: int, log: str) -> None:
    """Serve fits of one method on one set until the pipe closes: the life of a worker."""
    quiet = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    from _tabular_methods import METHODS, NotInThisVersion
    from _tabular_sets import folds, load

    method = METHODS[method_name]
    with _Telling(pipe):
        table = load(set_name, rows)
        # Some libraries leave files where they are started.
        with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
            try:
                method.prepare(table.task)
                pipe.send(("ready",))
                while (job := pipe.recv()) is not None:
                    split = folds(table, job["seed"])[job["fold"]]
                    pipe.send(("done", measure(method, table, split, job["seed"], job["budget"])))
            except NotInThisVersion as absent:
                pipe.send(("absent", str(absent)))
            except EOFError:
                return  # the runner was killed


# -- in the runner -------------------------------------------------------------------------------


class Worker:
    """A worker process seen from the runner."""

    def __init__(self, set_name: str, method: str, rows: int, log: Path):
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe()
        self.process = context.Process(
            target=work, args=(end, set_name, method, rows, str(log)), daemon=True
        )
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

    def read(self) -> dict[tuple, dict]:
        """Return the fits by (set, method, rows, seed, fold); of two, the later one."""
        return {tuple(r[k] for k in KEY): r for r in read_lines([self.path]) if "set" in r}


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


def versions() -> dict:
    """Return the line that says on what a run was made."""
    from importlib import metadata

    names = ("appliednn", "tensorflow", "keras", "scikit-learn", "numpy", "pandas", "lightgbm",
             "catboost", "xgboost", "torch", "skorch", "pytabkit")  # fmt: skip
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


def run(options) -> None:
    """Run what is asked for and not yet in the file."""
    from _tabular_methods import chosen_methods

    os.environ.update(ONE_THREAD)
    results = Results(options.out)
    stop_at = time.monotonic() + options.budget
    absent: set[str] = set()
    for set_name in chosen_sets(options.sets):
        for method in chosen_methods(options.methods):
            if method not in absent and time.monotonic() < stop_at:
                fits = _Fits(options, results, set_name, method, stop_at)
                if not fits.run():
                    absent.add(method)
    if time.monotonic() >= stop_at:
        print("budget spent; the same command goes on from here")


class _Fits:
    """All fits of one method on one set that are still to be made."""

    def __init__(self, options, results: Results, set_name: str, method: str, stop_at: float):
        self.options, self.results, self.stop_at = options, results, stop_at
        self.set_name, self.method = set_name, method
        self.log = options.out.with_suffix(".log")
        self.code = code_version()

    def jobs(self) -> list[dict]:
        """Return the (seed, fold, budget) to do, in order."""
        from _tabular_methods import METHODS

        had = self.results.read()
        todo, waiting = [], 0
        for seed in range(self.options.seeds):
            for fold in range(min(self.options.folds, N_FOLDS)):
                place = (self.options.rows, seed, fold)
                old = had.get((self.set_name, self.method, *place))
                if old is not None and not self._repeat(old):
                    continue
                budget = None
                if METHODS[self.method].needs_budget:
                    paid = had.get((self.set_name, "catboost", *place), {}).get("fit_cpu")
                    if paid is None:
                        waiting += 1
                        continue
                    budget = AUTOMATIC_TIMES_CATBOOST * paid
                todo.append({"seed": seed, "fold": fold, "budget": budget})
        if waiting:
            print(f"{self.set_name} {self.method}: {waiting} fits wait for catboost's seconds")
        return todo

    def _repeat(self, old: dict) -> bool:
        again = self.options.again
        return again == "all" or (again == "failed" and old["status"] != "ok")

    def run(self) -> bool:
        """Make the fits; return False if the method is not in this version."""
        todo, worker, timeouts = self.jobs(), None, 0
        while todo and time.monotonic() < self.stop_at:
            if timeouts >= TIMEOUTS_IN_A_ROW:
                answer = ("timeout", "TimeoutError", "not tried: the folds before took too long")
            else:
                worker, answer = self._answer(worker, todo[0])
            if answer[0] == "absent":
                print(f"{self.method}: not in this version, skipped: {answer[1]}")
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
            worker = Worker(self.set_name, self.method, self.options.rows, self.log)
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
        place = (self.set_name, self.method, self.options.rows, job["seed"], job["fold"])
        record = dict(zip(KEY, place, strict=True)) | {"code": self.code}
        if hasattr(os, "getloadavg"):  # a busy machine spoils seconds
            record["load"] = round(os.getloadavg()[0], 1)
        if answer[0] == "done":
            record |= {"status": "ok", "budget": job["budget"], **answer[1]}
            shown = " ".join(f"{k} {v:.4f}" for k, v in answer[1]["scores"].items())
            shown += f" | fit {answer[1]['fit_cpu']:.2f} CPU s"
        else:
            status, kind, words = answer
            record |= {"status": status, "error": kind, "message": words}
            record["limit"] = self.options.limit
            shown = f"{status}: {kind}: {words.splitlines()[0] if words else ''}"
        self.results.append(record)
        print(*place[:2], f"seed {job['seed']} fold {job['fold']}:", shown, flush=True)
