"""Which arms can be scored, by intention to treat: a failed generator is not excused, its replicate is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.predictions import GENERATED_ROLES

if TYPE_CHECKING:
    from qaugbench.predictions import ArmInfo, FractionPredictions, Role


@dataclass(frozen=True)
class Present:
    """The arms of one fraction that have predictions in every replicate, own or filled in.

    ``flagged`` names the replicates filled in with the predictions of ``substitute`` (the compute-matched arm),
    ``dropped`` the arms left out, with a reason. ``arms`` is sorted by id; ``roles`` are those of all arms, dropped too.
    """

    arms: dict[str, ArmInfo]
    roles: dict[str, Role]
    position: dict[str, int]
    predictions: FractionPredictions
    n_replicates: int
    flagged: dict[str, list[int]]
    dropped: dict[str, str]
    substitute: str | None

    @classmethod
    def of(cls, order: Sequence[str], predictions: FractionPredictions, by_id: Mapping[str, ArmInfo]) -> Present:
        """Return the arms of ``predictions``, whose first axis is in the ``order`` of the arm ids."""
        n_replicates = predictions.test_logits.shape[1]
        failed = {arm: _failed_replicates(predictions, place) for place, arm in enumerate(order)}
        complete = [arm for arm in sorted(order) if by_id[arm].role == "compute-matched" and not failed[arm]]
        substitute = complete[0] if complete else None
        dropped = {}
        for arm in sorted(order):
            reason = _why_dropped(by_id[arm].role, failed[arm], n_replicates, substitute)
            if reason is not None:
                dropped[arm] = reason
        kept = [arm for arm in sorted(order) if arm not in dropped]
        return cls(
            arms={arm: by_id[arm] for arm in kept},
            roles={arm: by_id[arm].role for arm in sorted(order)},
            position={arm: place for place, arm in enumerate(order)},
            predictions=predictions,
            n_replicates=n_replicates,
            flagged={arm: failed[arm] for arm in kept if failed[arm]},
            dropped=dropped,
            substitute=substitute,
        )

    def test_logits(self, arm: str) -> np.ndarray:
        """Return the arm's logits [R, N, K] on the test images, failed replicates filled in."""
        return self._filled(arm, self.predictions.test_logits)

    def val_logits(self, arm: str) -> np.ndarray:
        """Return the arm's logits [R, N, K] on the validation images, failed replicates filled in."""
        return self._filled(arm, self.predictions.val_logits)

    def flagged_fraction(self, *arms: str) -> float:
        """Return the largest share of filled-in replicates among ``arms``, in [0, 1]."""
        return max(len(self.flagged.get(arm, ())) for arm in arms) / self.n_replicates

    def with_role(self, *roles: str) -> list[str]:
        """Return the ids of the arms with one of ``roles``, sorted."""
        return [arm for arm, info in self.arms.items() if info.role in roles]

    def _filled(self, arm: str, logits: np.ndarray) -> np.ndarray:
        own = logits[self.position[arm]]
        if arm not in self.flagged:
            return own
        if self.substitute is None:
            raise StatisticsError(f"Arm {arm} lacks replicates and there is no compute-matched arm to fill them in.")
        filled = own.copy()
        filled[self.flagged[arm]] = logits[self.position[self.substitute], self.flagged[arm]]
        return filled


def _failed_replicates(predictions: FractionPredictions, place: int) -> list[int]:
    """Return the replicates with a logit that is not finite, on test or validation images."""
    parts = (predictions.test_logits[place], predictions.val_logits[place])
    return [r for r in range(parts[0].shape[0]) if not all(np.isfinite(part[r]).all() for part in parts)]


def _why_dropped(role: str, failed: list[int], n_replicates: int, substitute: str | None) -> str | None:
    if not failed:
        return None
    if len(failed) == n_replicates:
        return "no replicate has usable predictions"
    lacking = f"no usable predictions in replicates {first_offenders(failed)}"
    if role not in GENERATED_ROLES:
        return f"{lacking}, and {role} arms are never filled in"
    return f"{lacking}, and no complete compute-matched arm to fill them in" if substitute is None else None
