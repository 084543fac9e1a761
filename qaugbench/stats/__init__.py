"""Inference over training runs and patients; NumPy and SciPy only, and usable by itself.

With predictions and labels alone, begin with ``compare_models``. Everything else works on ``theta[arm, replicate]`` and
``influence[arm, replicate, patient]``. Functions that share the name of their module are imported from there.
"""

from qaugbench.stats.average_precision import average_precision_influence
from qaugbench.stats.bayes import posterior, posterior_of_one
from qaugbench.stats.bootstrap import pigeonhole
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.delong import delong_test
from qaugbench.stats.families import benjamini_hochberg, holm, simultaneous
from qaugbench.stats.influence import auroc_influence, auroc_influence_many, qwk_influence
from qaugbench.stats.jackknife import jackknife_influence
from qaugbench.stats.ladder import climb
from qaugbench.stats.mrmc import Comparison, compare, interval
from qaugbench.stats.operating_point import sensitivity_at_specificity
from qaugbench.stats.per_image import brier_influence, log_loss_influence
from qaugbench.stats.ranks import rank_sets
from qaugbench.stats.two_models import compare_models, evaluate_model

__all__ = [
    "Comparison",
    "auroc_influence",
    "auroc_influence_many",
    "average_precision_influence",
    "benjamini_hochberg",
    "brier_influence",
    "climb",
    "compare",
    "compare_models",
    "contrast_covariance",
    "delong_test",
    "evaluate_model",
    "holm",
    "interval",
    "jackknife_influence",
    "log_loss_influence",
    "pigeonhole",
    "posterior",
    "posterior_of_one",
    "qwk_influence",
    "rank_sets",
    "sensitivity_at_specificity",
    "simultaneous",
]
