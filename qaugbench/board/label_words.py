"""What a judge makes of labels, in numbers that belong together: the skill with its interval, and the judge on real images."""

from __future__ import annotations

from qaugbench.formatting import change, unsigned
from qaugbench.image_facts import Appraisal


def skill_words(appraisal: Appraisal) -> str:
    """Return the label skill with its interval; empty where there is none."""
    skill = appraisal.measures.get("labels/skill")
    if skill is None or skill.value is None:
        return ""
    return f"label skill {change(skill.value, skill.ci_low, skill.ci_high)}"


def judge_words(appraisal: Appraisal) -> str:
    """Return how often the judge is right on real images, and by chance; empty where an older version appraised."""
    judge = appraisal.measures.get("labels/judge")
    if judge is None or judge.value is None:
        return ""
    return f"judge at {unsigned(judge.value)} on {judge.n_real} real images, {unsigned(judge.noise)} by chance"


def label_words(appraisal: Appraisal) -> str:
    """Return both, those that are there."""
    return ", ".join(words for words in (skill_words(appraisal), judge_words(appraisal)) if words)
