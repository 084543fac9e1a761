"""The kernel machine: its kernels are PennyLane's, its scores those of scikit-learn, its settings chosen among training rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.svm import SVC

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.controls.build import build_block
from qaugbench.circuits.pure_states import pure_states, states_of
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Known
from qaugbench.classifiers.qkernel import Qkernel, embedding
from qaugbench.classifiers.shared.components import Components
from qaugbench.classifiers.shared.kernel_machine import best_setting, fitted_machine, folds
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.metrics.discrimination import auroc
from qaugbench.seeds import numpy_generator, torch_generator, torch_seeded

QUBITS = 3
LABELS = 3


def features(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features [n, 6] of three classes that differ in mean, and their labels [n, 3]."""
    random = numpy_generator(seed)
    labels = np.arange(n) % LABELS
    centres = numpy_generator(9).normal(size=(LABELS, 6))
    rows = 1.5 * centres[labels] + random.normal(size=(n, 6))
    return torch.from_numpy(rows).float(), torch.eye(LABELS)[labels]


def solved(control: str = "none", n: int = 45, **hyper: object) -> Qkernel:
    with torch_seeded(1):
        found = Qkernel((6,), LABELS, Qkernel.Hyper(qubits=QUBITS, **hyper), CircuitLayers(control, 1)).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        found.solve(Known(*features(n, 1), "multiclass"), Known(*features(30, 2), "multiclass"), torch_generator(3))
    return found


@pytest.mark.parametrize("kernel", ["fidelity", "projected", "gaussian", "linear"])
def test_every_kernel_tells_classes_apart_that_differ(kernel: str) -> None:
    rows, labels = features(60, 4)
    with torch.no_grad():
        logits = solved(kernel=kernel)(rows, torch_generator(1))
    assert np.mean([auroc(logits[:, k].numpy(), labels[:, k].numpy()) for k in range(LABELS)]) > 0.75


@pytest.mark.parametrize("control", ["twin", "no-entanglement", "permuted", "random", "fourier"])
@pytest.mark.parametrize("kernel", ["fidelity", "projected"])
def test_controls_stand_in_for_the_circuit_by_name(kernel: str, control: str) -> None:
    with torch.no_grad():
        logits = solved(control, kernel=kernel, bandwidths=(0.5,), penalties=(1.0,))(
            features(4, 4)[0], torch_generator(1)
        )
    assert logits.shape == (4, LABELS)
    assert torch.isfinite(logits).all()


def test_the_kernel_is_that_of_pennylanes_embedding() -> None:
    qml = pytest.importorskip("pennylane")
    found = solved(bandwidths=(0.7,))
    first, second = features(4, 5)[0][:, :QUBITS], features(3, 6)[0][:, :QUBITS]
    with torch.no_grad():
        ours = found.compared(*(found.embedded(rows, 0.7) for rows in (first, second)), 0.7)

    @qml.qnode(qml.device("default.qubit", wires=QUBITS))
    def overlap(one: np.ndarray, other: np.ndarray) -> object:
        pattern = [[wire, wire + 1] for wire in range(QUBITS - 1)]
        qml.IQPEmbedding(one, wires=range(QUBITS), n_repeats=2, pattern=pattern)
        qml.adjoint(qml.IQPEmbedding)(other, wires=range(QUBITS), n_repeats=2, pattern=pattern)
        return qml.probs(wires=range(QUBITS))

    theirs = [
        [overlap(0.7 * one, 0.7 * other)[0] for other in second.double().numpy()] for one in first.double().numpy()
    ]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-5)


@pytest.mark.parametrize("kernel", ["fidelity", "projected", "gaussian", "linear"])
def test_kernels_of_training_rows_are_positive_semi_definite(kernel: str) -> None:
    found = solved(kernel=kernel).double()
    with torch.no_grad():
        vectors = found.embedded(found.known, 0.6)
        matrix = found.compared(vectors, vectors, 0.6)
    torch.testing.assert_close(matrix, matrix.T)
    assert float(torch.linalg.eigvalsh(matrix).min()) > -1e-6


def test_the_states_of_a_block_are_those_of_its_circuit() -> None:
    circuit, rows = embedding(QUBITS, 2), torch.randn(5, 2 * QUBITS - 1, generator=torch_generator(1))
    block = build_block(circuit)
    overlaps = (states_of(block, rows).conj() * pure_states(circuit, rows)).sum(dim=1).abs()
    torch.testing.assert_close(overlaps, torch.ones(5))
    with pytest.raises(CircuitError, match="one circuit that reads X or Y"):
        states_of(build_block(Circuit(QUBITS, circuit.gates, Readout.each_wire(QUBITS))), rows)


def test_scores_are_those_of_scikit_learn() -> None:
    found = solved(penalties=(1.0,))
    known, other = features(45, 1)[0], features(10, 7)[0]
    bandwidth, _, temperature = found.chosen.tolist()
    with torch.no_grad():
        old, new = (found.embedded(found.components(rows), bandwidth) for rows in (known, other))
        train, test = (found.compared(rows, old, bandwidth).numpy() for rows in (old, new))
        logits = found(other, torch_generator(1)).numpy()
    for k, has in enumerate(features(45, 1)[1].numpy().T > 0):
        machine = SVC(C=1.0, kernel="precomputed", class_weight="balanced").fit(train, has)
        np.testing.assert_allclose(logits[:, k] * temperature, machine.decision_function(test), atol=2e-3)


def test_settings_are_chosen_by_held_out_rows() -> None:
    """A kernel that knows the labels beats one that sees nothing, whatever the order."""
    labels = features(30, 1)[1].numpy()
    kernels = {"nothing": np.ones((30, 30)), "labels": labels @ labels.T}
    for order in (("nothing", "labels"), ("labels", "nothing")):
        setting, penalty, score = best_setting(order, (1.0, 10.0), kernels.__getitem__, labels, seed=1)
        assert (setting, penalty, score) == ("labels", 1.0, 1.0)


def test_folds_share_every_kind_of_row_evenly() -> None:
    labels = np.repeat(np.eye(3), (7, 4, 2), axis=0)
    fold = folds(labels, seed=1)
    for label in np.eye(3):
        counts = np.bincount(fold[(labels == label).all(axis=1)], minlength=3)
        assert counts.max() - counts.min() <= 1


def test_images_of_one_patient_share_a_fold_and_without_patients_nothing_changes() -> None:
    labels = np.repeat(np.eye(3), (12, 9, 6), axis=0)
    patients = np.arange(27) // 3
    fold = folds(labels, 1, patients)
    assert all(np.unique(fold[patients == one]).size == 1 for one in patients)
    assert np.bincount(fold, minlength=3).tolist() == [9, 9, 9]
    assert folds(labels, 1, 5 + np.arange(27)).tolist() == folds(labels, 1).tolist()


def test_a_label_without_an_example_scores_the_same_everywhere() -> None:
    labels = np.zeros((6, 2))
    labels[:3, 0] = 1
    machine = fitted_machine(np.eye(6), labels, 1.0)
    assert machine.scores(np.eye(6))[:, 1].tolist() == [-1.0] * 6


def test_several_findings_and_a_missing_one_are_solved_too() -> None:
    rows, labels = features(45, 1)
    several = torch.stack([labels[:, 0] + labels[:, 1], labels[:, 1], torch.zeros(45)], dim=1)
    with torch_seeded(1):
        found = Qkernel((6,), LABELS, Qkernel.Hyper(qubits=QUBITS), CircuitLayers())
    with torch.no_grad():
        known = Known(rows, several, "multilabel")
        found.solve(known, known, torch_generator(3))
        assert torch.isfinite(found(rows, torch_generator(1))).all()


def test_components_are_whitened_principal_components() -> None:
    rows = features(40, 1)[0]
    found = Components(6, QUBITS)
    found.fit(rows)
    theirs = PCA(QUBITS, whiten=True).fit_transform(rows.numpy())
    np.testing.assert_allclose(np.abs(found(rows).numpy()), np.abs(theirs) * np.sqrt(40 / 39), atol=1e-4)
    assert (found.axes.gather(0, found.axes.abs().argmax(dim=0, keepdim=True)) > 0).all()


def test_few_rows_leave_components_at_zero() -> None:
    found = Components(6, 5)
    found.fit(features(3, 1)[0])
    assert torch.isfinite(found.axes).all()
    assert not found.axes[:, 3:].any()


def test_no_more_rows_are_used_than_stated_and_equal_seeds_give_equal_bits() -> None:
    first, second = solved(rows=20, bandwidths=(0.5,)), solved(rows=20, bandwidths=(0.5,))
    assert first.known.shape == (20, QUBITS)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def test_more_qubits_than_features_are_refused() -> None:
    with pytest.raises(DefinitionError, match="6 features have no 12 principal components"):
        Qkernel((6,), LABELS, Qkernel.Hyper(), CircuitLayers())
