"""The arms that train on real images alone and that a run has only when asked: further augmentations, another loss.

An augmentation is applied on top of the locked one, to the real images and to their repeats in the further slots, so these arms
see as many images per step as ``R+cm``, which they are compared with. ``R+focal`` has real slots only, as ``R+`` has. None of
them may become the reference R*, which is chosen among the same three arms for every entry of a board.
"""

from __future__ import annotations

from qaugbench.augmentations import FURTHER
from qaugbench.experiment.arms import Arm
from qaugbench.predictions import ArmInfo

OPTIONAL_ARMS = (
    *(Arm(ArmInfo(id=f"C-{name}", role="augmentation"), fill="repeat", augment=name) for name in FURTHER),
    Arm(ArmInfo(id="R+focal", role="loss"), fill=None, loss="focal"),
)
