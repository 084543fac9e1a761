"""What is wrong with a source before anything is trained on it: duplicates, leaks, confounds, unusable images."""

from qaugbench.datasets.audit.entry import audit
from qaugbench.datasets.audit.near_duplicates import Pairs, near_duplicate_pairs
from qaugbench.datasets.audit.report import AuditReport, Finding

__all__ = ["AuditReport", "Finding", "Pairs", "audit", "near_duplicate_pairs"]
