"""The result of a run as text: a table for the terminal and the same as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from qaugbench.record import FractionFacts, Record
from qaugbench.report import claims
from qaugbench.report import record_views as rows
from qaugbench.report.numbers import Row, interval, p_value, signed
from qaugbench.report.record_views import Facts

WIDTH = 110
COLUMNS = ("arm", "mean", "sd", "vs {reference}", "95 % CI", "n", "verdict")


def summary_table(record: Record) -> str:
    """Return everything that decides, as plain text at most 110 columns wide.

    A fraction each: the value of every arm (mean and standard deviation over replicates) with its difference from the
    reference and n (replicates), then the differences from the best classical arm and from the controls; at the end the
    verdicts as sentences and what to beware of.
    """
    primary = record.endpoints[0]
    blocks = [
        f"{record.board}: {record.title}",
        *[_wrapped(line) for line in rows.banner(record)],
        *[_fraction_text(record, fraction) for fraction in record.fractions],
        *_sentences(record),
    ]
    notes = rows.notes(record)
    if notes:
        blocks.append("Notes\n" + "\n".join(_wrapped(note, bullet="- ") for note in notes))
    blocks.append(
        f"Values: {primary.title}, higher is better; n: replicates. sd over replicates, intervals over both "
        "replicates and patients."
    )
    return "\n\n".join(_wrapped(block) if "\n" not in block else block for block in blocks) + "\n"


def markdown_table(record: Record) -> str:
    """Return the same tables and sentences as Markdown."""
    parts = [f"## {record.title} (`{record.board}`)", *[f"> **{line}**" for line in rows.banner(record)]]
    for fraction in record.fractions:
        parts.append(f"### {_fraction_title(record, fraction)}")
        for endpoint in record.endpoints:
            title = f"**{endpoint.title}**, higher is better; {_sizes(record, fraction.key, endpoint.id)}"
            parts += [title, _markdown(reference_header(record), reference_rows(record, fraction.key, endpoint.id))]
        for title, found in other_families(record, fraction.key):
            parts += [f"**{title}**", _markdown(DIFFERENCE_HEADER, found)]
        for arm, verdict in rows.verdicts(record, fraction.key, record.endpoints[0].id).items():
            ladder = verdict["ladder"]
            parts += [f"**{arm}, claim by claim**", _markdown(claims.CLAIMS_HEADER, claims.claims_table(ladder))]
            parts += [line for line in [claims.untested(ladder)] if line]
        ranks = claims.ranks_sentence(record, fraction.key)
        parts += [ranks] if ranks else []
    members = claims.adjusted_rows(record)
    if len(members) > 1:
        title = f"**Adjusted for {len(members)} comparisons** ({record.scores['confirmatory']['method']})"
        parts += [title, _markdown(claims.ADJUSTED_HEADER, members)]
    parts += [f"- {said(entry)}" for entry in rows.verdict_sentences(record)]
    parts += [f"- Note: {note}" for note in rows.notes(record)]
    return "\n\n".join(parts) + "\n"


def reference_header(record: Record) -> Row:
    """Return the column names of the main table."""
    return tuple(column.format(reference=reference_arm(record) or "reference") for column in COLUMNS)


def reference_arm(record: Record) -> str | None:
    """Return the id of the reference arm, or None in a record without one."""
    return next((arm.id for arm in record.arms if arm.role == "augmented"), None)


def reference_rows(record: Record, key: str, endpoint: str) -> list[Row]:
    """Return a row an arm of the main table; an arm that could not be scored has dashes and the reason."""
    scored = rows.endpoint_scores(record, key, endpoint)
    differences = {entry["arm"]: entry for entry in rows.contrasts(record, key, endpoint, "reference")}
    dropped = rows.fraction_scores(record, key).get("dropped", {})
    said = {arm: found["words"] for arm, found in rows.verdicts(record, key, endpoint).items()}
    found: list[Row] = []
    for arm in record.arms:
        value = scored.get("arms", {}).get(arm.id)
        if value is None:
            why = "not run" if arm.role == "oracle" and arm.id in dropped else "no result"
            found.append((arm.id, "-", "-", "-", "-", "-", why))
            continue
        difference = differences.get(arm.id)
        own = (arm.id, f"{value['mean']:.4f}", "-" if value["sd"] is None else f"{value['sd']:.4f}")
        n = str(value["n_replicates"]) + (f" ({value['n_flagged']} filled)" if value["n_flagged"] else "")
        if difference is None:
            found.append((*own, "-", "-", n, "reference" if arm.role == "augmented" else "no interval"))
        else:
            words = str(said.get(arm.id, difference["words"]))
            found.append((*own, signed(difference["estimate"]), interval(difference), n, words))
    return found


DIFFERENCE_HEADER = ("difference", "estimate", "95 % CI", "p", "n", "verdict")


def difference_rows(found: Sequence[Facts]) -> list[Row]:
    """Return a row a contrast: what from what, estimate, interval, p-value, n, verdict."""
    return [
        (
            f"{entry['arm']} - {entry['against']}",
            signed(entry["estimate"]),
            interval(entry),
            p_value(entry["p_value"]),
            str(entry["n_replicates"]),
            entry["words"],
        )
        for entry in found
    ]


def best_classical_title(record: Record, key: str) -> str:
    """Return which arm is the best classical one and how it was chosen."""
    best = rows.fraction_scores(record, key).get("best_classical", {})
    if best.get("arm") is None:
        return f"Best classical arm: none ({best.get('reason', 'not scored')})"
    value = best["validation_means"][best["arm"]]
    return f"Against the best classical arm, {best['arm']} (chosen on validation, where it has {value:.4f})"


def other_families(record: Record, key: str) -> list[tuple[str, list[Row]]]:
    """Return the tables of the primary endpoint besides the main one: (title, rows)."""
    primary = record.endpoints[0].id
    titles = {
        "best-classical": best_classical_title(record, key),
        "control": "Against its controls: is it the quantum part?",
    }
    found = [(title, rows.contrasts(record, key, primary, family)) for family, title in titles.items()]
    return [(title, difference_rows(entries)) for title, entries in found if entries]


def _fraction_title(record: Record, fraction: FractionFacts) -> str:
    images = f"{fraction.n_real} real images, {fraction.n_fill} in the synthetic slots"
    return f"{fraction.key} of the training patients: {images}"


def _sizes(record: Record, key: str, endpoint: str) -> str:
    scored = rows.endpoint_scores(record, key, endpoint)
    if not scored:
        return "not scored"
    return f"{scored['n_images']} test images of {scored['n_patients']} {rows.grouping(record)}"


def _fraction_text(record: Record, fraction: FractionFacts) -> str:
    lines = [_fraction_title(record, fraction)]
    for number, endpoint in enumerate(record.endpoints):
        title = f"{endpoint.title}, {_sizes(record, fraction.key, endpoint.id)}"
        lines += ["", title if number == 0 else f"Secondary: {title}"]
        lines += aligned(reference_header(record), reference_rows(record, fraction.key, endpoint.id))
    for title, found in other_families(record, fraction.key):
        lines += ["", title, *aligned(DIFFERENCE_HEADER, found)]
    grid = claims.claims_grid(record, fraction.key, record.endpoints[0].id)
    lines += ["", *aligned(claims.GRID_HEADER, grid)] if grid else []
    ranks = claims.ranks_sentence(record, fraction.key)
    lines += ["", _wrapped(ranks)] if ranks else []
    return "\n".join(lines)


def _sentences(record: Record) -> list[str]:
    found = rows.verdict_sentences(record)
    if not found:
        return ["No generator was run, so there is no verdict."]
    return ["Verdicts\n" + "\n".join(_wrapped(said(entry), bullet="* ") for entry in found), *_adjusted(record)]


def said(entry: Facts) -> str:
    """Return a generator's verdict, and what its images were worth."""
    return entry["sentence"] if entry["worth"] is None else f"{entry['sentence']} {entry['worth']}"


def _adjusted(record: Record) -> list[str]:
    found = claims.adjusted_rows(record)
    if len(found) < 2:
        return []
    title = f"Adjusted for {len(found)} comparisons (max-T)"
    return ["\n".join([title, *aligned(claims.ADJUSTED_HEADER, found)])]


def aligned(header: Row, body: Sequence[Row]) -> list[str]:
    """Return lines with the first and last column to the left, the others to the right; too long cells are cut."""
    limits = [34, *[22] * (len(header) - 2), 22]
    cells = [tuple(_cut(cell, limit) for cell, limit in zip(row, limits, strict=True)) for row in (header, *body)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    last = len(header) - 1
    lines = [
        "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _wrapped(text: str, bullet: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )


def _markdown(header: Row, body: Sequence[Row]) -> str:
    rule = [":--", *["--:"] * (len(header) - 2), ":--"]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *body))
