"""What each difference between a classifier and a control of it asks, and in which order."""

from __future__ import annotations

from qaugbench.classifier_cards import BOTTLENECK, LINEAR

QUESTIONS = {
    "twin": "does a classical layer of the same size do as well?",
    "no-entanglement": "does entanglement matter?",
    "permuted": "does it matter which wires are entangled?",
    "frozen": "does training the circuit matter?",
    "random": "does the circuit do more than supply noise?",
    "fourier": "does a Fourier series of the inputs do as well?",
    BOTTLENECK: "does the circuit matter, beside the width that it leaves?",
    LINEAR: "is it better than the plain last layer?",
}
OF_THE_BOTTLENECK = "what does the narrow width cost or give by itself?"
EACH_OTHER = "which classifier does better?"
