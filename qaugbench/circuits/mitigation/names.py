"""The names of mitigations on the command line, known without loading what they compute."""

from __future__ import annotations

from qaugbench.errors import CircuitError, near_names

NAMES = ("readout", "zero-noise", "zero-noise-exponential", "readout-and-zero-noise")
SHORT = {"zne": "zero-noise", "readout+zne": "readout-and-zero-noise"}
"""What is also understood."""


def full_name(text: str) -> str:
    """Return the name of a mitigation, which may be given in its short form.

    Raises:
        CircuitError: an unknown name.

    >>> full_name("zne"), full_name("readout")
    ('zero-noise', 'readout')
    """
    name = SHORT.get(text, text)
    if name not in NAMES:
        raise CircuitError(f"Unknown mitigation {text!r}.{near_names(text, (*NAMES, *SHORT))}")
    return name
