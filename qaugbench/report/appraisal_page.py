"""What is known of the synthetic images of a run, for its page: a table per fraction, and every number of each arm, folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qaugbench.board.appraisal_notes import memorising
from qaugbench.image_facts import SECTIONS, Appraisal
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.appraisal_rows import HEADER, READING, section_rows, section_words, sections, unmeasured
from qaugbench.report.appraisal_summary import SUMMARY_HEADER, SUMMARY_LEGEND, SUMMARY_TITLE, summary_rows
from qaugbench.report.geometry_rows import GEOMETRY_HEADER, GEOMETRY_TITLE, geometry_legend, geometry_rows
from qaugbench.report.judged_rows import HEADER as JUDGED_HEADER
from qaugbench.report.judged_rows import judged_tables
from qaugbench.report.pictures import PairSheet


def images_section(record: Record, sheets: Mapping[str, PairSheet]) -> dict[str, Any]:
    """Return what the section on synthetic images shows; empty where none were appraised."""
    if not record.appraisals:
        return {}
    first = record.fractions[0].key
    faulty = memorising(record, first)
    return {
        "title": SUMMARY_TITLE,
        "legend": SUMMARY_LEGEND,
        "header": SUMMARY_HEADER,
        "measure_header": HEADER,
        "reading": READING,
        "geometry_title": GEOMETRY_TITLE,
        "geometry_header": GEOMETRY_HEADER,
        "geometry": {
            views.share_words(record, key): (rows, geometry_legend(record, key))
            for key in record.geometry
            if (rows := geometry_rows(record, key))
        },
        "tables": {views.share_words(record, key): summary_rows(record, key) for key in record.appraisals},
        "judged": {views.share_words(record, key): judged_tables(record, key) for key in record.judged},
        "judged_header": JUDGED_HEADER,
        "arms": {
            arm: {**asked(one), "sheet": sheets.get(arm), "open": arm in faulty}
            for arm, one in record.appraisals.get(first, {}).items()
        },
    }


def asked(appraisal: Appraisal) -> dict[str, Any]:
    """Return the five questions with their answers and rows, and the notes."""
    questions = [
        {
            "question": SECTIONS[section],
            "answer": section_words(appraisal, section),
            "rows": section_rows(appraisal, section),
        }
        for section in sections()
    ]
    return {"asked": questions, "notes": [*appraisal.remarks, *unmeasured(appraisal)]}
