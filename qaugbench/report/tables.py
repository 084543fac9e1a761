"""The result of a run as text: a table for the terminal and the same as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.board.check_arms import HEADER as CHECK_HEADER
from qaugbench.board.check_arms import TITLE, check_rows
from qaugbench.formatting import (
    NONE,
    WIDTH,
    Row,
    interval,
    markdown_table,
    p_value,
    signed,
    unsigned,
)
from qaugbench.predictions import ArmInfo
from qaugbench.record import FractionFacts, Record
from qaugbench.report import claims
from qaugbench.report import record_views as views
from qaugbench.report.answers import further_notes, image_faults, question_blocks
from qaugbench.report.appraisal_summary import SUMMARY_HEADER, SUMMARY_LEGEND, SUMMARY_TITLE, summary_rows
from qaugbench.report.geometry_rows import GEOMETRY_HEADER, GEOMETRY_TITLE, geometry_legend, geometry_rows
from qaugbench.report.judged_rows import HEADER as JUDGED_HEADER
from qaugbench.report.judged_rows import judged_tables
from qaugbench.report.noise_rows import HEADER as NOISE_HEADER
from qaugbench.report.noise_rows import LEGEND as NOISE_LEGEND
from qaugbench.report.noise_rows import TITLE as NOISE_TITLE
from qaugbench.report.noise_rows import noise_rows, noise_sentences
from qaugbench.report.notes import banner, interval_words
from qaugbench.report.profile_rows import TITLE as PROFILE_TITLE
from qaugbench.report.profile_rows import group_tables, profile_header, profile_legend, profile_of, profile_rows
from qaugbench.report.two_by_two_rows import EFFECTS_HEADER, MEANS_HEADER, two_by_two_tables
from qaugbench.report.two_by_two_rows import LEGEND as TWO_BY_TWO_LEGEND
from qaugbench.stats.decide import NOT_MATCHED
from qaugbench.stats.results import ArmScore, Contrast, EndpointScore, Profile
from qaugbench.stats.wording import listed
from qaugbench.text_table import Layout, aligned, laid_out, wrapped

HEADER = ("arm", "mean", "sd", "vs R*", "95 % CI", "vs R+", "n", "verdict")
DIFFERENCE_HEADER = ("difference", "estimate", "95 % CI", "two-sided p", "n", "verdict")


def summary_table(record: Record, width: int = WIDTH, *, failures: bool = True) -> str:
    """Return everything that decides, as plain text at most ``width`` columns wide; ``failures`` of a run are its last note.

    Per fraction: what the reference R* is, the value of every arm (mean and standard deviation over replicates) with its
    differences from R* and from R+ and n (replicates), then the differences from the best classical arm and from the
    controls, and what decides nothing: calibration, recall by rarity, scores by group, what the images are like; at the end the
    answers to both questions and what to beware of.
    """
    primary = record.endpoints[0]
    blocks = [
        wrapped(f"{record.board}: {record.title}", width=width),
        *[wrapped(line, width=width) for line in banner(record)],
        *[_fraction_text(record, fraction, width) for fraction in record.fractions],
        *_answers(record, width),
        *_adjusted(record, width),
    ]
    found = further_notes(record, failures=failures)
    if found:
        blocks.append("Notes\n" + "\n".join(wrapped(note, "- ", width) for note in found))
    legend = (
        f"Values: {primary.title}, higher is better; n: replicates; sd: over replicates; {interval_words(record)}. "
        f"R*: the reference of every claim. vs R+: {NOT_MATCHED}, so no verdict rests on it."
    )
    return "\n\n".join([*blocks, wrapped(legend, width=width)]) + "\n"


def markdown_summary(record: Record) -> str:
    """Return the same tables and sentences as Markdown."""
    parts = [f"## {record.title} (`{record.board}`)", *[f"> **{line}**" for line in banner(record)]]
    for fraction in record.fractions:
        parts += [f"### {_fraction_title(record, fraction)}", views.reference_sentence(record, fraction.key)]
        for endpoint, scored in scored_endpoints(record, fraction.key):
            parts.append(f"**{scored.title}**, higher is better; {views.sizes_words(record, scored)}")
            parts.append(markdown_table(main_header(), main_rows(record, fraction.key, endpoint)))
        for title, found in other_families(record, fraction.key):
            parts += [f"**{title}**", markdown_table(DIFFERENCE_HEADER, difference_rows(found))]
        parts += why_no_verdicts(record, fraction.key)
        parts += _markdown_noise(record, fraction.key)
        for apart in two_by_two_tables(record, fraction.key):
            parts += [f"**{apart.title}**", markdown_table(MEANS_HEADER, apart.means, words=0)]
            parts += [markdown_table(EFFECTS_HEADER, apart.effects, words=0), TWO_BY_TWO_LEGEND]
        checks = check_rows(record, fraction.key)
        parts += [f"**{TITLE}**", markdown_table(CHECK_HEADER, checks)] if checks else []
        parts += _markdown_claims(record, fraction.key)
        parts += [line for line in [claims.ranks_sentence(record, fraction.key)] if line]
        parts += _markdown_profile(record, fraction.key)
        images = summary_rows(record, fraction.key)
        parts += [f"**{SUMMARY_TITLE}**", markdown_table(SUMMARY_HEADER, images), SUMMARY_LEGEND] if images else []
        for table in judged_tables(record, fraction.key):
            parts += [f"**{table.title}**", markdown_table(JUDGED_HEADER, table.rows, words=0), table.legend]
        latent = geometry_rows(record, fraction.key)
        legend = geometry_legend(record, fraction.key)
        parts += [f"**{GEOMETRY_TITLE}**", markdown_table(GEOMETRY_HEADER, latent), legend] if latent else []
    members = claims.adjusted_rows(record)
    if len(members) > 1:
        title = f"**{claims.adjusted_title(record)}**: {record.scores.confirmatory.method}"
        parts += [title, markdown_table(claims.ADJUSTED_HEADER, members)]
    for question, lines in question_blocks(record).items():
        parts += [f"### {question}", *(f"- {line}" for line in lines)]
    parts += [f"**{fault}**" for fault in image_faults(record)]
    parts += [f"- Note: {note}" for note in further_notes(record)]
    return "\n\n".join(parts) + "\n"


def main_header() -> Row:
    """Return the column names of the main table, with what the difference from R+ lacks."""
    return tuple(f"{column} ({NOT_MATCHED})" if column == "vs R+" else column for column in HEADER)


def scored_endpoints(record: Record, key: str) -> list[tuple[str, EndpointScore]]:
    """Return (id, scores) of the endpoints that have a value at one fraction; the others are named in the notes."""
    found = [(endpoint.id, views.endpoint_score(record, key, endpoint.id)) for endpoint in record.endpoints]
    return [(name, scored) for name, scored in found if scored is not None and scored.arms]


def main_rows(record: Record, key: str, endpoint: str) -> list[Row]:
    """Return one row per arm of the main table; an arm that could not be scored has dashes and the reason.

    Arms that check the benchmark itself have a table of their own (``check_arms.check_rows``).
    """
    scored = views.endpoint_score(record, key, endpoint)
    values = {} if scored is None else scored.arms
    against = {
        family: {one.arm: one for one in views.contrasts(record, key, endpoint, family)}
        for family in ("reference", "augmented")
    }
    found: list[Row] = []
    for arm in views.main_arms(record):
        value = values.get(arm.id)
        if value is None:
            found.append((arm.id, *[NONE] * 6, _why_no_value(record, key, arm)))
            continue
        difference, over_augmented = against["reference"].get(arm.id), against["augmented"].get(arm.id)
        found.append(
            (
                arm.id,
                unsigned(value.mean),
                unsigned(value.sd),
                NONE if difference is None else signed(difference.estimate),
                NONE if difference is None else interval(difference.ci_low, difference.ci_high),
                NONE if over_augmented is None else signed(over_augmented.estimate),
                _replicates(value),
                _verdict_cell(record, key, endpoint, arm.id, difference),
            )
        )
    return found


def difference_rows(found: Sequence[Contrast]) -> list[Row]:
    """Return one row per contrast: what from what, estimate, interval, p-value, n, verdict."""
    return [
        (
            f"{one.arm} - {one.against}",
            signed(one.estimate),
            interval(one.ci_low, one.ci_high),
            p_value(one.p_value),
            str(one.n_replicates),
            one.words,
        )
        for one in found
    ]


def best_classical_title(record: Record, key: str) -> str:
    """Return which arm is the best classical one and how it was chosen."""
    fraction = record.scores.fractions.get(key)
    if fraction is None or fraction.best_classical.arm is None:
        return f"Best classical arm: none ({'not scored' if fraction is None else fraction.best_classical.reason})"
    best = fraction.best_classical
    mean = best.validation_means.get(str(best.arm))
    where = "" if mean is None else f", where it has {unsigned(mean)}"
    primary = record.endpoints[0].id
    itself = any(one.arm == best.arm for one in views.contrasts(record, key, primary, "best-classical"))
    others = f"; {best.arm} itself is compared with the best of the others" if itself else ""
    return f"Against the best classical arm, {best.arm} (chosen on validation{where}{others})"


def other_families(record: Record, key: str) -> list[tuple[str, list[Contrast]]]:
    """Return what the tables of the primary endpoint besides the main one hold: (title, differences)."""
    primary = record.endpoints[0].id
    titles = {
        "best-classical": best_classical_title(record, key),
        "control": "Against its controls: is it the quantum part?",
        "execution": "Drawn under noise: against the same fits drawn exactly, and against the twin",
    }
    found = [(title, views.contrasts(record, key, primary, family)) for family, title in titles.items()]
    return [(title, entries) for title, entries in found if entries]


def why_no_verdicts(record: Record, key: str) -> list[str]:
    """Return why the differences in ``other_families`` that have no verdict have none, one sentence per reason."""
    primary = record.endpoints[0].id
    by_reason: dict[str, list[str]] = {}
    for family in ("best-classical", "control", "execution"):
        for one in views.contrasts(record, key, primary, family):
            if one.reason is not None:
                by_reason.setdefault(one.reason, []).append(f"{one.arm} - {one.against}")
    return [f"No verdict on {listed(pairs)}: {reason}." for reason, pairs in by_reason.items()]


def _why_no_value(record: Record, key: str, arm: ArmInfo) -> str:
    fraction = record.scores.fractions.get(key)
    dropped = fraction is not None and arm.id in fraction.dropped
    return "not run" if arm.role == "oracle" and dropped else "no result"


def _replicates(value: ArmScore) -> str:
    return str(value.n_replicates) + (f" ({value.n_flagged} filled)" if value.n_flagged else "")


def _verdict_cell(record: Record, key: str, endpoint: str, arm: str, difference: Contrast | None) -> str:
    if difference is None:
        return "reference" if arm == views.reference_arm(record, key) else "no interval"
    said = views.verdicts(record, key, endpoint).get(arm)
    return difference.words if said is None else said.words


def _fraction_title(record: Record, fraction: FractionFacts) -> str:
    images = f"{fraction.n_real:,} real images, {fraction.n_fill:,} in the synthetic slots"
    return f"{views.share_words(record, fraction.key)}: {images}"


def _fraction_text(record: Record, fraction: FractionFacts, width: int) -> str:
    key = fraction.key
    lines = [
        wrapped(text, width=width)
        for text in (_fraction_title(record, fraction), views.reference_sentence(record, key))
    ]
    for endpoint, scored in scored_endpoints(record, key):
        title = f"{scored.title}, {views.sizes_words(record, scored)}"
        title = title if endpoint == record.endpoints[0].id else f"Secondary: {title}"
        rows = _under_generators(record, main_rows(record, key, endpoint))
        lines += ["", wrapped(title, width=width), *aligned(HEADER, rows, width)]
    for title, found in other_families(record, key):
        lines += ["", wrapped(title, width=width), *aligned(DIFFERENCE_HEADER, _differences(found), width)]
    lines += [wrapped(line, width=width) for line in why_no_verdicts(record, key)]
    lines += _noise_text(record, key, width)
    lines += _two_by_two_text(record, key, width)
    checks = check_rows(record, key)
    lines += ["", TITLE, *aligned(CHECK_HEADER, checks, width)] if checks else []
    grid = claims.claims_grid(record, key, record.endpoints[0].id)
    lines += ["", *aligned(claims.GRID_HEADER, grid, width)] if grid else []
    ranks = claims.ranks_sentence(record, key)
    lines += ["", wrapped(ranks, width=width)] if ranks else []
    lines += _profile_text(record, key, width)
    images = _under_generators(record, summary_rows(record, key))
    if images:
        lines += ["", SUMMARY_TITLE, *aligned(SUMMARY_HEADER, images, width), wrapped(SUMMARY_LEGEND, width=width)]
    for table in judged_tables(record, key):
        lines += [
            "",
            wrapped(table.title, width=width),
            *aligned(JUDGED_HEADER, _under_generators(record, table.rows), width),
            wrapped(table.legend, width=width),
        ]
    latent = geometry_rows(record, key)
    if latent:
        drawn = aligned(GEOMETRY_HEADER, _under_generators(record, latent), width)
        lines += ["", GEOMETRY_TITLE, *drawn, wrapped(geometry_legend(record, key), width=width)]
    return "\n".join(lines)


def _under_generators(record: Record, rows: Sequence[Row]) -> list[Row]:
    """Return rows of arms in which a control is called by its own name alone, indented, where its generator stands above."""
    names = views.indented_names(record, [row[0] for row in rows])
    return [(name, *row[1:]) for name, row in zip(names, rows, strict=True)]


def _differences(found: Sequence[Contrast]) -> list[Row]:
    """Return the rows of differences; those from controls are called by the control's own name, under their generator's, and what
    was drawn under noise stands above what it is compared with."""
    rows: list[Row] = []
    above = None
    for one, row in zip(found, difference_rows(found), strict=True):
        under = one.family in ("control", "execution")
        if under and one.arm != above:
            rows.append((f"{one.arm} minus", *[""] * (len(row) - 1)))
            above = one.arm
        rows.append((f"{views.INDENT}{one.against.removeprefix(f'{one.arm}:')}", *row[1:]) if under else row)
    return rows


def _noise_text(record: Record, key: str, width: int) -> list[str]:
    """Return what noise costs; nothing where nothing was drawn under noise."""
    rows = noise_rows(record, key)
    if not rows:
        return []
    layout = Layout(right=frozenset(range(1, len(NOISE_HEADER))))
    said = [wrapped(line, width=width) for line in (*noise_sentences(record, key), NOISE_LEGEND)]
    return ["", NOISE_TITLE, *laid_out(NOISE_HEADER, rows, width, layout), *said]


def _markdown_noise(record: Record, key: str) -> list[str]:
    rows = noise_rows(record, key)
    if not rows:
        return []
    return [
        f"**{NOISE_TITLE}**",
        markdown_table(NOISE_HEADER, rows, words=0),
        *noise_sentences(record, key),
        NOISE_LEGEND,
    ]


def _two_by_two_text(record: Record, key: str, width: int) -> list[str]:
    lines: list[str] = []
    layout = Layout(wraps=frozenset(range(len(MEANS_HEADER))))
    for apart in two_by_two_tables(record, key):
        lines += ["", wrapped(apart.title, width=width), *laid_out(MEANS_HEADER, apart.means, width, layout)]
        lines += ["", *aligned(EFFECTS_HEADER, apart.effects, width), wrapped(TWO_BY_TWO_LEGEND, width=width)]
    return lines


def _profile_text(record: Record, key: str, width: int) -> list[str]:
    """Return calibration, recall by rarity and scores by group; nothing where an older version scored."""
    found = profile_of(record, key)
    if found is None:
        return []
    lines = ["", wrapped(PROFILE_TITLE, width=width), *_profile_lines(record, found, width)]
    lines.append(wrapped(profile_legend(found), width=width))
    for table in group_tables(record, key):
        lines += ["", wrapped(table.title, width=width), *aligned(table.header, table.rows, width)]
    return lines


def _profile_lines(record: Record, found: Profile, width: int) -> list[str]:
    header = profile_header(found)
    layout = Layout(right=frozenset(range(1, len(header))), wraps=frozenset())
    return laid_out(header, _under_generators(record, profile_rows(record, found)), width, layout)


def _markdown_profile(record: Record, key: str) -> list[str]:
    found = profile_of(record, key)
    if found is None:
        return []
    parts = [f"**{PROFILE_TITLE}**", markdown_table(profile_header(found), profile_rows(record, found), words=0)]
    parts.append(profile_legend(found))
    for table in group_tables(record, key):
        parts += [f"**{table.title}**", markdown_table(table.header, table.rows)]
    return parts


def _markdown_claims(record: Record, key: str) -> list[str]:
    parts = []
    for arm, verdict in views.verdicts(record, key, record.endpoints[0].id).items():
        if verdict.ladder.rungs:
            table = markdown_table(claims.CLAIMS_HEADER, claims.claims_table(verdict.ladder))
            parts += [f"**{arm}, claim by claim**", table]
            parts += [line for line in [claims.untested(verdict.ladder)] if line]
    return parts


def _answers(record: Record, width: int) -> list[str]:
    return [
        "\n".join([wrapped(question, width=width), *(wrapped(line, "* ", width) for line in lines)])
        for question, lines in question_blocks(record).items()
    ] + [wrapped(fault, width=width) for fault in image_faults(record)]


def _adjusted(record: Record, width: int) -> list[str]:
    found = claims.adjusted_rows(record)
    if len(found) < 2:
        return []
    return ["\n".join([claims.adjusted_title(record), *aligned(claims.ADJUSTED_HEADER, found, width)])]
