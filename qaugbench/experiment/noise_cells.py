"""The cells of noise: a fit drawn or made under an execution, its twin with noise as strong, and the measures of both.

They depend on cells of a run, and no cell of a run depends on them: a fit that a run computed is found, not computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.written import (
    MITIGATION_CODE,
    NOISE_CODE,
    SHOTS_CODE,
    is_mitigated,
    kind_of,
    unmitigated,
    without_idle_noise,
    written,
)
from qaugbench.experiment.appraisal_cells import judge_cell
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.cells import YIELD, Cell
from qaugbench.experiment.fingerprint import code_hash, libraries, module_hash
from qaugbench.experiment.noise_stages import ADDED, FIRST
from qaugbench.experiment.replicate_cells import MODEL_CODE, STAGES_CODE, ReplicateCells
from qaugbench.seeds import child_seed

OWN_CODE = (*STAGES_CODE, MODEL_CODE, "qaugbench.experiment.noise_stages", "qaugbench.circuits.written")
ADDED_CODE = "qaugbench.generators.shared.added_noise"
YIELD_CODE = "qaugbench.generators.shared.photon_yield"
YIELD_IMAGES = 128
FIT_CODE = ("qaugbench.experiment.noise_fits", "qaugbench.generators.shared.noisy_fit")
MEASURE_CODE = (
    "qaugbench.appraisal.labels",
    "qaugbench.downstream.judge",
    "qaugbench.metrics.diversity",
    "qaugbench.metrics.kernel_distance",
)
TWIN = "twin"
Mode = Literal["sample", "both", "train"]
"""Where noise acts: while images are drawn, while the generator is fitted too, or only then."""


@dataclass(frozen=True)
class NoiseCells:
    """Makes the cells of one replicate of the generator ``choice``, whose run has ``builder``.

    With ``images``, only the first so many are drawn under noise and measured; label vectors are in random order.
    """

    builder: ReplicateCells
    choice: GeneratorChoice
    images: int | None = None

    def ideal(self, control: str = "none") -> Cell:
        """Return the sample of a run: the generator's, or that of a control."""
        return self.builder.sample(self.choice, control)

    def drawn(self, execution: Execution, mode: Mode = "sample", *, note: str = "") -> Cell:
        """Return the sample under ``execution``: the run's own where that is the ideal one or its noise does nothing.

        ``mode`` says where the noise acts; for "both" and "train" the fit is one under noise, for "train" drawing is ideal.
        ``note`` is what people read of the noise.
        """
        ideal, execution = replace(self.ideal(), note=note), without_idle_noise(execution)
        if execution.is_ideal:
            return ideal
        if mode != "sample":
            fit = replace(self._fitted(unmitigated(execution)), note=note)
            ideal = replace(ideal, needs={**ideal.needs, "fit": fit})
        return ideal if mode == "train" else self._under(ideal, written(execution), (ADDED_CODE, *_code_of(execution)))

    def yields(self, execution: Execution) -> Cell:
        """Return the measurement of the share of detections that photonic circuits keep under ``execution``, ideal or not."""
        ideal = self.ideal()
        under = self._under(ideal, written(execution), (YIELD_CODE, *_code_of(execution)))
        return replace(under, stage=YIELD, key={**under.key, FIRST: YIELD_IMAGES})

    def _fitted(self, execution: Execution) -> Cell:
        """Return the fit under ``execution``, with the seeds of the run's own."""
        fit = self.ideal().needs["fit"]
        code = _code_of(execution)
        further = {"code": [*map(module_hash, FIT_CODE), code_hash(*code)], "libraries": libraries(*code)}
        return replace(fit, key={**fit.key, "execution": written(execution), "noise": further})

    def twin_with(self, noisy: Cell) -> Cell:
        """Return the twin's sample with Gaussian noise added to its outputs, as strong as that of the circuits in ``noisy``."""
        ideal = self.ideal(TWIN)
        if not noisy.is_noisy:
            return ideal
        made = self._under(
            ideal, {ADDED: "Gaussian, of the mean square of the noisy outputs about the ideal ones"}, (ADDED_CODE,)
        )
        return replace(made, needs={**made.needs, "noise": noisy})

    def measured(self, sample: Cell) -> Cell:
        """Return the measures of a sample, on the judge of the run."""
        setting, builder = self.builder.setting, self.builder
        split = builder.split
        key = {
            "label_kind": setting.task.labels.kind,
            "labels": setting.task.labels.names,
            "seed": child_seed(setting.streams(builder.used, builder.replicate).init_seed, "measure"),
            "code": [*map(module_hash, (*OWN_CODE, "qaugbench.experiment.appraisal_inputs")), code_hash(*MEASURE_CODE)],
            "libraries": libraries(*MEASURE_CODE),
            "device": setting.device,
            **self._first,
        }
        prepare = sample.needs["prepare"]
        needs = {"prepare": prepare, "sample": sample, "judge": judge_cell(setting, prepare, split)}
        return Cell("measure", key, needs, sample.place)

    def trained(self, train: Cell, sample: Cell) -> Cell:
        """Return the training ``train`` of an arm with ``sample`` in place of its own."""
        return replace(train, needs={**train.needs, "sample": sample})

    def _under(self, ideal: Cell, execution: dict[str, Any], code: tuple[str, ...]) -> Cell:
        """Return ``ideal`` drawn otherwise: its seeds and all that it depends on stay."""
        further = {"code": [*map(module_hash, OWN_CODE), code_hash(*code)], "libraries": libraries(*code)}
        return replace(ideal, key={**ideal.key, "execution": execution, "noise": further, **self._first})

    @property
    def _first(self) -> dict[str, int]:
        """What the key of a cell says of how many images it has, where these are not all."""
        return {} if self.images is None else {FIRST: self.images}


def _code_of(execution: Execution) -> tuple[str, ...]:
    """Return the modules that numbers under an execution depend on."""
    kind = kind_of(execution)
    return (
        *([NOISE_CODE[kind]] if kind else []),
        *([SHOTS_CODE] if execution.shots else []),
        *([MITIGATION_CODE] if is_mitigated(execution) else []),
    )
