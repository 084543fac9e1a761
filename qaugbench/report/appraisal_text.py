"""What is known of synthetic images, for a terminal and in Markdown."""

from __future__ import annotations

from qaugbench.formatting import count, markdown_table
from qaugbench.image_facts import SECTIONS, Appraisal
from qaugbench.report.appraisal_rows import HEADER, READING, section_rows, section_words, sections, unmeasured
from qaugbench.text_table import Layout, laid_out, wrapped

RIGHT = frozenset(range(1, len(HEADER) - 1))


def appraisal_text(appraisal: Appraisal, width: int) -> str:
    """Return the remarks, then the five questions with answers and numbers, in lines of at most ``width`` characters."""
    lines = [_sizes(appraisal), *(wrapped(remark, "- ", width=width) for remark in appraisal.remarks), ""]
    for section in sections():
        rows = section_rows(appraisal, section)
        answer = section_words(appraisal, section)
        lines.append(wrapped(f"{SECTIONS[section]} {answer}".rstrip(), width=width))
        if rows:
            lines += laid_out(HEADER, rows, width, Layout(right=RIGHT, wraps=frozenset({0, len(HEADER) - 1})))
        lines.append("")
    lines += [wrapped(remark, "- ", width=width) for remark in unmeasured(appraisal)]
    return "\n".join([*lines, wrapped(READING, width=width)])


def appraisal_markdown(appraisal: Appraisal) -> str:
    """Return the same in Markdown, a heading per question."""
    remarks = [f"- {remark}" for remark in appraisal.remarks]
    parts = [_sizes(appraisal), *(["\n".join(remarks)] if remarks else [])]
    for section in sections():
        rows = section_rows(appraisal, section)
        answer = section_words(appraisal, section)
        parts += [f"## {SECTIONS[section]}", *([answer] if answer else [])]
        parts += [markdown_table(HEADER, rows)] if rows else []
    notes = [f"- {note}" for note in unmeasured(appraisal)]
    return "\n\n".join([*parts, *(["\n".join(notes)] if notes else []), READING]) + "\n"


def _sizes(appraisal: Appraisal) -> str:
    training = count(appraisal.n_training, "training image") if appraisal.n_training else "no training images"
    return (
        f"{count(appraisal.n_synthetic, 'synthetic image')}, against {count(appraisal.n_reference, 'real image')} and "
        f"{training}."
    )
