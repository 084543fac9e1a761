"""The setting of tuning replicates: seeds that no evaluation uses, and no test image within reach."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from qaugbench.experiment.replicate_cells import Setting
from qaugbench.seeds import Streams, tuning_streams


@dataclass(frozen=True)
class TuningSetting(Setting):
    """A setting whose replicates are those of tuning; the cells made with it can be no cell of a run."""

    @classmethod
    def of(cls, setting: Setting) -> TuningSetting:
        """Return ``setting`` for tuning: validation images take the place of test images, which no cell can then read."""
        split = replace(setting.source.split, test=setting.source.split.val)
        own = {field.name: getattr(setting, field.name) for field in fields(setting)}
        return cls(**{**own, "source": replace(setting.source, split=split)})

    def streams(self, fraction: float, replicate: int) -> Streams:
        """Return the seeds of one tuning replicate at ``fraction``."""
        return tuning_streams(self.task.name, self.source.facts.manifest_sha256, fraction, replicate)
