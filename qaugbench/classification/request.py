"""What a comparison of classifiers is asked to do, as plain data, and what names alone can say against it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from qaugbench.errors import DefinitionError
from qaugbench.experiment.check_request import check_generators
from qaugbench.experiment.classifier_choice import check_classifiers
from qaugbench.experiment.command import command_of, resuming
from qaugbench.experiment.request import RunRequest

NOT_TAKEN = {
    "arms": "--arm",
    "executions": "--execution",
    "extractors": "--extractor",
    "withhold_test": "--no-test",
}
"""Options of a run that say nothing of a comparison of classifiers."""


@dataclass(frozen=True)
class ClassifierRequest:
    """The ``classifiers`` to compare on the data and replicates of ``run``.

    Its generators, if any, are what the gain under each classifier is asked of.
    """

    classifiers: tuple[str, ...]
    run: RunRequest

    @property
    def command(self) -> str:
        """The command that asks the same, without folders and without switching off what no comparison does anyway."""
        return self._with_names(command_of(replace(self.run, plateau_check=True, metrics=True)))

    @property
    def resuming(self) -> str:
        """The command that goes on with this comparison on this machine."""
        return self._with_names(resuming(self.run))

    def _with_names(self, command: str) -> str:
        named = " ".join(f"--classifier {shlex.quote(name)}" for name in self.classifiers)
        return command.replace("qaugbench run", f"qaugbench run {named}", 1)


def check_names(request: ClassifierRequest) -> None:
    """Raise DefinitionError for a classifier or generator that nothing has, and for an option that does not apply here."""
    check_classifiers(request.classifiers)
    if request.run.generators:
        check_generators(request.run.generators)
    for field, option in NOT_TAKEN.items():
        if getattr(request.run, field):
            raise DefinitionError(
                f"{option} does not apply with --classifier, which compares classifiers; leave it out."
            )
    if request.run.ratio is not None and not request.run.generators:
        raise DefinitionError(
            f"--ratio {request.run.ratio:g} says how many images of generators there are, and without --generator there are "
            "none; add one or leave it out."
        )
