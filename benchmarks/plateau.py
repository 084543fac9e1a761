"""The number of steps that the classifier of a track needs: real-only arms with increasing steps, on validation images.

A recipe is at its plateau if doubling its steps changes R*, the best of R+, R+cm and R+os by mean validation score, by
less than half of the primary endpoint's margin. The table is reported in the task's file under ``[track.X.plateau]``. Every
training is a cell of the store in ``--out``: an interrupted table resumes, and a run with the same recipe reuses its cells.

    python benchmarks/plateau.py --task kneeoa --data knees.zip --track lite --steps 450 900 1800 --replicates 2
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

from qaugbench import definitions
from qaugbench.experiment.arms import REAL_ARMS
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.environment import choose_device, usable_cores
from qaugbench.experiment.execute import execute
from qaugbench.experiment.plan import with_upstream
from qaugbench.experiment.plateau import TIMES, best_validation_score
from qaugbench.experiment.progress import shown
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.source import open_source
from qaugbench.experiment.store import Store
from qaugbench.predictions import fraction_key

ARMS = tuple(arm for arm in REAL_ARMS if arm.info.id in ("R+", "R+cm", "R+os"))


def main() -> None:
    """Print one row per number of steps."""
    chosen = _arguments()
    task = definitions.task(chosen.task)
    track = definitions.track(task, chosen.track)
    source = open_source(
        task,
        track,
        data=chosen.data,
        source=chosen.source,
        split=None,
        allow_leaky=False,
        phantom_folder=chosen.out / "phantom",
    )
    setting = Setting(task, track, source, choose_device(chosen.accelerator))
    fraction = chosen.fraction or track.fractions[0]
    steps = chosen.steps or [track.recipe.steps, TIMES * track.recipe.steps]
    cells = trainings(setting, fraction, steps, chosen.replicates)
    store, needed = Store(chosen.out / "store"), with_upstream(cells.values())
    with store.in_use(), shown(needed, chosen.out / "plateau.log", quiet=False) as progress:
        progress.message(source.banner)
        reports = execute(needed, store, jobs=chosen.jobs, report=progress.cell)
    scores = {
        place: best_validation_score(cell, store) for place, cell in cells.items() if reports[cell.name].outcome == "ok"
    }
    print(
        f"{task.name} {track.name}, {source.facts.source}, {fraction_key(fraction)}: validation score of the kept checkpoint"
    )
    print(table(scores, task.endpoints[0].margin))


def trainings(
    setting: Setting, fraction: float, steps: Sequence[int], replicates: int
) -> dict[tuple[int, str, int], Cell]:
    """Return the cells of the table by (steps, arm, replicate)."""
    found = {}
    for replicate in range(replicates):
        builder = ReplicateCells(setting, fraction_key(fraction), fraction, replicate)
        for n in steps:
            recipe = replace(setting.track.recipe, steps=n)
            for arm in ARMS:
                cell = builder.train(arm, (), recipe)
                found[n, arm.info.id, replicate] = replace(cell, note=f"{n} steps")
    return found


def table(scores: Mapping[tuple[int, str, int], float], margin: float | None) -> str:
    """Return means over the replicates, R* and its change from the row above, beside half a margin."""
    names = [arm.info.id for arm in ARMS]
    lines = [f"{'steps':>7}" + "".join(f"{name:>8}" for name in (*names, "R*")) + f"{'change':>9}"]
    before = None
    for steps in sorted({steps for steps, _, _ in scores}):
        means = [mean(score for (n, arm, _), score in scores.items() if (n, arm) == (steps, name)) for name in names]
        best = max(means)
        change = "" if before is None else f"{best - before:+.4f}"
        lines.append(f"{steps:>7}" + "".join(f"{value:>8.4f}" for value in (*means, best)) + f"{change:>9}")
        before = best
    return "\n".join([*lines, "" if margin is None else f"Half a margin: {margin / 2:.4f}"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="kneeoa")
    parser.add_argument(
        "--data", type=Path, help="images as 'qaugbench run --data' takes them (default: as a run finds them)"
    )
    parser.add_argument("--source")
    parser.add_argument("--track", default="smoke")
    parser.add_argument("--fraction", type=float, help="default: the first of the track")
    parser.add_argument("--steps", type=int, nargs="+", help="default: those of the recipe, and twice as many")
    parser.add_argument("--replicates", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=usable_cores())
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--out", type=Path, default=Path("runs"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
