"""How circuits are evaluated: so far the exact, noiseless state vector."""

from __future__ import annotations

from dataclasses import dataclass

from qaugbench.errors import CircuitError


@dataclass(frozen=True)
class Execution:
    """The evaluation of a circuit: ``mode`` names the physics, ``shots`` is None for exact expectations."""

    mode: str = "ideal"
    shots: int | None = None

    def require_available(self) -> None:
        """Raise CircuitError unless this execution is implemented."""
        if self.mode != "ideal" or self.shots is not None:
            raise CircuitError(
                f"Execution mode {self.mode!r} with shots={self.shots} is not available yet; use Execution() (ideal)."
            )


IDEAL = Execution()
