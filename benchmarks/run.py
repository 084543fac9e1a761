"""Wall-clock time, processor time and peak memory of complete runs, as a user starts them.

``python benchmarks/run.py`` measures what ``make demo`` runs. With ``--data ZIP --task TASK --track lite`` it measures the main
job on real images, then a second generator on the same board, which reuses the shared cells. The targets: demo under
2 minutes, lite under 60, the second generator under 20, 4 GB, all on two cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil


def main() -> None:
    """Run and print one row per command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="chestxray")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--source")
    parser.add_argument("--track", default="smoke")
    parser.add_argument("--out", type=Path, help="keep the runs here (default: a folder that is removed)")
    chosen = parser.parse_args()
    common = ["--task", chosen.task, "--track", chosen.track, "--quiet"]
    common += ["--data", str(chosen.data)] if chosen.data else ["--source", "phantom"]
    common += ["--source", chosen.source] if chosen.data and chosen.source else []
    print(f"{'generators':<14}{'wall s':>9}{'processor s':>13}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        out = ["--out", str(chosen.out or scratch)]
        for generators in (["qldm"], ["qldm", "ldm"]):
            names = [word for generator in generators for word in ("--generator", generator)]
            wall, cpu, peak = measured([sys.executable, "-m", "qaugbench", "run", *common, *names, *out])
            print(f"{'+'.join(generators):<14}{wall:>9.1f}{cpu:>13.1f}{peak:>9.0f}", flush=True)


def measured(command: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and the peak of the proportional memory of all processes, in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watch = _Watch(process.pid)
    watch.start()
    code = process.wait()
    wall = time.perf_counter() - started
    watch.join()
    if code != 0:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return wall, watch.cpu_s, watch.peak_mb


class _Watch(threading.Thread):
    """Looks at a process and its children twice a second; shared pages are counted once where the system reports them (PSS)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(pid)
        self.cpu: dict[int, float] = {}
        self.peak_mb = 0.0

    @property
    def cpu_s(self) -> float:
        """Processor seconds of all processes seen."""
        return sum(self.cpu.values())

    def run(self) -> None:
        while self.root.is_running() and self.root.status() != psutil.STATUS_ZOMBIE:
            memory = 0.0
            for process in [self.root, *self.root.children(recursive=True)]:
                try:
                    times = process.cpu_times()
                    self.cpu[process.pid] = times.user + times.system
                    full = process.memory_full_info()
                except psutil.Error:
                    continue
                memory += getattr(full, "pss", full.rss)
            self.peak_mb = max(self.peak_mb, memory / 2**20)
            time.sleep(0.5)


if __name__ == "__main__":
    main()
