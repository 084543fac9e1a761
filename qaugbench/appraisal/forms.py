"""Sets of pictures of other forms made comparable: grey beside colour, and classes that are spelled otherwise.

The rule is that of a run: what can mean one thing only is taken, and said in one line; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qaugbench.datasets.label_text import matching_classes
from qaugbench.datasets.own.plain import Pictures
from qaugbench.errors import DataError, first_offenders


def one_form(opened: Mapping[str, Pictures], *, grey: bool) -> tuple[int, list[str]]:
    """Return the channels in which all sets are compared, 1 or 3, and what is to be said of it.

    Pictures that are stored in colour and show none are grey. Raises DataError where a set has colour and another has none:
    comparing in grey leaves out what may tell them apart, which is for the user to ask for (``grey``).
    """
    stored_grey = {name: one.grey for name, one in opened.items()}
    if grey or all(stored_grey.values()):
        return 1, []
    if not any(stored_grey.values()):
        return 3, []
    coloured = {name: [] if one.grey else one.coloured() for name, one in opened.items()}
    if not any(coloured.values()):
        stored = " and ".join(name for name, is_grey in stored_grey.items() if not is_grey)
        return 1, [f"The {stored} pictures are stored in colour and show none: all are compared in grey."]
    words = ", ".join(
        f"{one.path}: {f'{len(coloured[name])} of {len(one)} in colour' if coloured[name] else 'grey'}"
        for name, one in opened.items()
    )
    raise DataError(f"Some pictures are grey and some in colour ({words}). Compare all in grey: --grey.")


def one_spelling(opened: Mapping[str, Pictures]) -> tuple[Mapping[str, Pictures], tuple[str, ...], list[str]]:
    """Return the sets with the classes of the real pictures, the classes, and what is to be said of other spellings.

    Pictures that all lie in one folder have its name for a class, where another set has a class of that name. There are no classes
    where the real or the synthetic pictures have none. Raises DataError for a class of the others that is none of the real ones, or
    could be several.
    """
    opened, taken = _one_folder_each(opened)
    if any(opened[name].classes is None for name in ("real", "synthetic")):
        return opened, (), []
    names = sorted(set((opened["real"].classes or {}).values()))
    spelled, said, unknown = {}, taken, []
    for name, one in opened.items():
        written = sorted(set((one.classes or {}).values()))
        meant = matching_classes(written, names)
        unknown += [f"{word!r} ({name})" for word in written if meant[word] is None]
        other = [f"{word!r} is {meant[word]!r}" for word in written if meant[word] not in (None, word)]
        said += [f"Classes of the {name} pictures as written: {first_offenders(other)}."] if other else []
        classes = {picture: str(meant[word]) for picture, word in (one.classes or {}).items()}
        spelled[name] = one if one.classes is None else replace(one, classes=classes)
    if unknown:
        raise DataError(
            f"These classes are none of those of the real pictures, or could be several: {first_offenders(unknown)} (real classes: "
            f"{first_offenders(names)}). Name the classes alike, or leave them out."
        )
    return spelled, tuple(names), said + _absent(spelled["synthetic"], names)


def _one_folder_each(opened: Mapping[str, Pictures]) -> tuple[Mapping[str, Pictures], list[str]]:
    """Return the sets, one folder's name being the class of its set where another set has that class, and what is to be said."""
    taken, said = dict(opened), []
    for name, one in opened.items():
        others = {word for other in opened.values() if other is not one for word in (other.classes or {}).values()}
        if one.folder is None or not others:
            continue
        if matching_classes([one.folder], sorted(others))[one.folder] is None:
            why = f"{one.path} has no labels.csv, and its one folder, {one.folder!r}, is no class of another set"
            taken[name] = replace(one, unlabelled=why)
            continue
        taken[name] = replace(one, classes=dict.fromkeys(one.sizes, one.folder))
        said.append(f"All {name} pictures lie in one folder, {one.folder!r}, which is taken for their class.")
    return taken, said


def _absent(synthetic: Pictures, names: list[str]) -> list[str]:
    absent = [name for name in names if name not in (synthetic.classes or {}).values()]
    if not absent:
        return []
    return [f"No synthetic picture is of {first_offenders(map(repr, absent))}: what is told by class leaves that out."]
