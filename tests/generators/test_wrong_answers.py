"""A class that a run cannot use is answered with its line, what it gave, and what to write instead; nothing bare from Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.errors import ContractError, DefinitionError, QaugbenchError
from qaugbench.experiment.generator_choice import choose_generators
from qaugbench.generators.shared.checked import checked
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.generators.smote import Smote
from qaugbench.testing.variant import Variant
from tests.generators.documented import MEAN_IMAGE, PAINTER, Documented

DRAWN = (
    '        return torch.einsum("nk,k...->n...", weights, self.means) + self.hyper.noise * random.normal(*self.shape)'
)
STEPPED = '        return {"error": descend(optimizers["adamw"], loss)}'
ANSWERS = {
    "a NumPy array": (MEAN_IMAGE, DRAWN, "        return self.means.numpy()", "draw", "a numpy ndarray of float32"),
    "another shape": (MEAN_IMAGE, DRAWN, "        return self.means[:2]", "draw", "with the shape [2, 1, 32, 32]"),
    "another type": (MEAN_IMAGE, DRAWN, DRAWN.replace("return ", "return (") + ").double()", "draw", "torch.float64"),
    "nothing drawn": (MEAN_IMAGE, DRAWN, "        return None", "draw", "draw returns None"),
    "no dictionary": (PAINTER, STEPPED, "        return [loss]", "step", "step returns a list"),
    "no losses": (PAINTER, STEPPED, "        return {}", "step", "step returns {}"),
    "nothing": (PAINTER, STEPPED, "        return None", "step", "step returns None"),
    "a loss per image": (
        PAINTER,
        STEPPED,
        '        return {"error": batch.points.flatten(1).mean(1)}',
        "step",
        "'error': a torch Tensor of torch.float32 with the shape [8]",
    ),
    "a list of optimisers": (
        PAINTER,
        "    def step(",
        "    def optimizers(self, training):\n        return [1]\n\n    def step(",
        "optimizers",
        "optimizers returns a list ([1])",
    ),
}


def line_of(generator: Documented, method: str) -> int:
    lines = generator.source.splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(f"def {method}("))


def fit_and_sample(name: str) -> None:
    variant = Variant(definitions.generator_card(name), generator_class(name))
    variant.fitted().model.sample(variant.labels, seed=1)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_no_run_can_use_is_named_with_its_line(answer: str, tmp_path: Path) -> None:
    generator, sound, faulty, method, given = ANSWERS[answer]
    changed = generator.with_(sound, faulty)
    with changed.registered(tmp_path), pytest.raises(ContractError) as raised:
        fit_and_sample(changed.name)
    assert given in str(raised.value)
    assert "has to return a" in str(raised.value)
    assert f"(plugged_{changed.name}.py, line {line_of(changed, method)}, in {method})" in str(raised.value)


CLASSES = {
    "another constructor": (
        "hyper: Hyper, circuits: Circuits) -> None:\n        super().__init__(shape, n_labels, hyper, circuits)",
        "hyper: Hyper) -> None:\n        super().__init__(shape, n_labels, hyper, None)",
        r"MeanImage\.__init__ takes \(self, shape.*def __init__\(self, shape, n_labels, hyper, circuits\).*line \d+, in __init__\)",
    ),
    "another draw": (
        "def draw(self, labels: torch.Tensor, random: RowRandom)",
        "def draw(self, labels: torch.Tensor)",
        r"MeanImage\.draw takes \(self, labels.*def draw\(self, labels, random\)' \(plugged_meanimage\.py, line \d+, in draw\)",
    ),
    "no dataclass": (
        "    @dataclass(frozen=True)\n    class Hyper",
        "    class Hyper",
        r"MeanImage \(plugged_meanimage\.py, line \d+, in MeanImage; .*has a Hyper that is no dataclass.*under @dataclass",
    ),
    "no kind": ('    kind: ClassVar[Kind] = "classical"\n', "", "is 'classical', but its class MeanImage is None"),
    "neither stepped nor solved": (
        "class MeanImage(Solved)",
        "class MeanImage(Generator)",
        r"MeanImage \(plugged_meanimage\.py, line \d+, in MeanImage\) is neither Stepped nor Solved",
    ),
    "settings that it refuses": (
        "        noise: float = 0.1\n",
        "        noise: float = 0.1\n\n        def __post_init__(self):\n            raise ValueError('too loud')\n",
        r"Hyper does not take .*'noise': 0\.1.*ValueError: too loud \(plugged_meanimage\.py, line \d+, in __post_init__\)",
    ),
    "a constructor that fails": (
        "        self.register_buffer(",
        "        assert n_labels == 0\n        self.register_buffer(",
        r"cannot be built .*AssertionError \(plugged_meanimage\.py, line \d+, in __init__\)",
    ),
    "an import that fails": (
        "import torch\n",
        "import torch\nimport absent_library\n",
        r"cannot be imported .*ModuleNotFoundError: .*absent_library.*\(plugged_meanimage\.py, line \d+, in <module>\)",
    ),
    "a module that ends Python": (
        "import torch\n",
        "import torch\nraise SystemExit(3)\n",
        r"cannot be imported .*SystemExit: 3 \(plugged_meanimage\.py, line \d+, in <module>\)",
    ),
}


@pytest.mark.parametrize("fault", CLASSES)
def test_a_class_that_no_run_can_use_is_refused_before_data_are_opened(fault: str, tmp_path: Path) -> None:
    sound, faulty, said = CLASSES[fault]
    generator = MEAN_IMAGE.with_(sound, faulty)
    if faulty.endswith("(Generator)"):
        generator = generator.with_("import Batch, Circuits, Solved", "import Batch, Circuits, Generator")
    task = definitions.task("fundus")
    with generator.registered(tmp_path), pytest.raises(DefinitionError, match=said):
        choose_generators(["meanimage"], task, task.tracks["smoke"])


def test_checking_changes_nothing_else() -> None:
    assert checked(Smote) is checked(Smote)
    assert issubclass(checked(Smote), Smote)
    assert (checked(Smote).__name__, checked(Smote).__module__) == ("Smote", Smote.__module__)
    assert issubclass(ContractError, QaugbenchError)
