"""From the names given with ``--execution`` to noisy drawing: the devices, and the circuits that they would have to run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.named import SUFFIX, NamedDevice, named_device
from qaugbench.errors import CircuitError, DefinitionError, EntryError, shown
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.files import write_whole
from qaugbench.kinds import is_quantum
from qaugbench.record import ExecutionFacts, Record
from qaugbench.stats.wording import listed
from qaugbench.task import Task, Track

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
QUANTUM_ONES = "Those of the kinds quantum and hybrid in 'qaugbench list generators' have them."


@dataclass(frozen=True)
class ExecutionChoice:
    """What circuits are evaluated on besides exactly; ``circuits`` are the different ones of each generator that is drawn so."""

    device: NamedDevice
    circuits: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What arms and tables call it: a preset, ``fake:NAME``, or the name of a file without its ending."""
        return self.device.name

    @property
    def execution(self) -> Execution:
        """How circuits are evaluated."""
        from qaugbench.circuits.written import without_idle_noise

        return without_idle_noise(Execution(noise=self.device.noise))


def named_executions(names: Sequence[str]) -> tuple[ExecutionChoice, ...]:
    """Return what the names mean, each once, in the order given.

    Raises:
        CircuitError, DefinitionError: an unknown name, a file that cannot be read or named after, two devices of one name.
    """
    found: dict[str, ExecutionChoice] = {}
    for text in dict.fromkeys(names):
        choice = ExecutionChoice(named_device(text))
        if not NAME.fullmatch(choice.name):
            raise DefinitionError(
                f"--execution {text}: {choice.name!r} would name an arm; call the file by letters, digits and the signs . _ -."
            )
        if choice.name in found or _is_taken(choice.device):
            raise DefinitionError(f"--execution {text}: another device is called {choice.name!r}; rename the file.")
        found[choice.name] = choice
    return tuple(found.values())


def check_executions(names: Sequence[str], generators: Sequence[str]) -> None:
    """Raise for a device that there is not, and where no generator is of a kind that runs circuits."""
    if not named_executions(names):
        return
    kinds = {name: definitions.generator_card(definitions.split_name(name)[0]).kind for name in generators}
    if not any(map(is_quantum, kinds.values())):
        raise _nothing_to_run(names, [f"{name} ({kind})" for name, kind in kinds.items()])


def choose_executions(
    names: Sequence[str], generators: Iterable[GeneratorChoice], task: Task, track: Track
) -> tuple[ExecutionChoice, ...]:
    """Return the executions of a run with the circuits of each quantum or hybrid generator, whose sample is drawn under each.

    Raises:
        CircuitError: circuits that cannot be run so, naming their generator and the reason.
        DefinitionError: as ``named_executions``, a device without an error, and where no generator has circuits.
    """
    executions = named_executions(names)
    if not executions:
        return ()
    choices = tuple(generators)
    circuits = {
        choice.card.id: found
        for choice in choices
        if is_quantum(choice.card.kind) and (found := circuits_of(choice, task, track))
    }
    if not circuits:
        raise _nothing_to_run(names, [f"{choice.card.id} ({choice.card.kind})" for choice in choices])
    for execution in executions:
        if execution.execution.is_ideal:
            raise DefinitionError(
                f"--execution {execution.name}: it has no error, so its arm would be the generator's own. State one in the file, "
                "such as two_qubit_error = 0.004."
            )
        for generator, found in circuits.items():
            for circuit in found:
                _check_runs(circuit, execution, generator)
    return tuple(replace(execution, circuits=circuits) for execution in executions)


def written_devices(record: Record, folder: Path) -> tuple[str, ...]:
    """Return what names the executions of a record; a device of one's own is written into ``devices`` of ``folder`` for it.

    Raises:
        EntryError: a device whose name is none of a file.
    """
    return tuple(_device_text(name, facts, folder / "devices") for name, facts in record.executions.items())


def _device_text(name: str, facts: ExecutionFacts, folder: Path) -> str:
    from qaugbench.circuits.noise.presets import names

    if facts.facts is None or name in names():
        return name
    if not NAME.fullmatch(name):
        raise EntryError(f"The execution {shown(name)!r} cannot be the name of a file, so it cannot be computed again.")
    stated = {"title": facts.title, "date": facts.date, "source": facts.origin, **facts.facts}
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in stated.items()]
    write_whole(folder / f"{name}{SUFFIX}", "\n".join([*lines, ""]))
    return str(folder / f"{name}{SUFFIX}")


def circuits_of(choice: GeneratorChoice, task: Task, track: Track) -> tuple[Any, ...]:
    """Return the different circuits of a generator as a run makes it, in a space that is not fitted; none if it runs none."""
    from qaugbench.generators.shared.binding import bound
    from qaugbench.generators.shared.discovery import generator_class
    from qaugbench.generators.shared.model import Model
    from qaugbench.generators.spaces.named import new_space

    space = choice.space
    if space is None:
        return ()
    shape = (track.image_size, track.image_size, task.channels)
    made, _ = new_space(space.name, shape, dict(space.settings))  # type: ignore[arg-type]
    recipe = bound(choice.card, generator_class(choice.generator), track.name, "none", choice.weights)
    model = Model(recipe, made, len(task.labels))
    return tuple(dict.fromkeys(block.circuit for block in model.circuits))


def _check_runs(circuit: Any, execution: ExecutionChoice, generator: str) -> None:
    from qaugbench.circuits.executors import build_executor

    device = execution.device
    wires = getattr(circuit, "n_wires", None)
    most = None if device.preset is None else device.preset.n_qubits
    why = None
    if wires is None:
        why = f"its circuits are photonic, and {device.name} has qubits"
    elif most is not None and wires > most:
        why = f"it has a circuit of {wires} wires, and {device.name} {most} qubits"
    else:
        try:
            build_executor(circuit, execution.execution)
        except CircuitError as error:
            why = str(error)
    if why is not None:
        raise CircuitError(f"{generator} cannot be drawn with --execution {device.name}: {why.rstrip('.')}.")


def _is_taken(device: NamedDevice) -> bool:
    """Return whether a file of one's own has the name of a preset."""
    from qaugbench.circuits.noise.presets import names, preset

    return device.preset is not None and device.name in names() and device.preset != preset(device.name)


def _nothing_to_run(names: Sequence[str], generators: Sequence[str]) -> DefinitionError:
    return DefinitionError(
        f"--execution {names[0]} draws images with noisy circuits, and no generator of this run has circuits: "
        f"{listed(generators)}. {QUANTUM_ONES}"
    )
