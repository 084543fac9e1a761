"""Every check of a generator in turn, each reported in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError, NoControlError, QaugbenchError, near_names
from qaugbench.generators.shared.author_code import described, place_raised
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.generators.shared.pretrained import require_pretrained
from qaugbench.kinds import is_quantum
from qaugbench.testing import drawing, learning
from qaugbench.testing.card_checks import card_results
from qaugbench.testing.variant import Variant, one_thread
from qaugbench.testing.verdict import About, CheckFailed, CheckResult, DoesNotApply, State

CHECKS: tuple[Callable[[Variant], None], ...] = (
    learning.fits,
    drawing.draws_images,
    drawing.keeps_colour,
    drawing.draws_nothing_for_nothing,
    drawing.draws_from_its_seed_alone,
    drawing.repeats_itself,
    drawing.follows_labels,
    drawing.ignores_neighbours,
    drawing.draws_each_row_alone,
    drawing.keeps_its_state,
    drawing.refuses_before_a_fit,
    drawing.refuses_other_widths,
    drawing.follows_the_execution,
    learning.fits_the_same_again,
    learning.tells_every_step,
    learning.learns,
    learning.resumes_to_the_bit,
    learning.counts_its_parameters,
    learning.changes_only_the_block,
    learning.is_live,
    learning.stays_frozen,
)

CIRCUITS = (learning.changes_only_the_block, learning.is_live, learning.stays_frozen)
OF_THE_GENERATOR = (drawing.keeps_colour, drawing.refuses_before_a_fit, learning.resumes_to_the_bit)
"""What no block of a control can change: its weights are state like all others, and its randomness that of the step."""
COMPARE_DRAWS = (drawing.keeps_its_state, drawing.follows_the_execution, learning.fits_the_same_again)


def check_generator(name: str) -> tuple[CheckResult, ...]:
    """Return the result of every check of a generator under each of its controls, or under one, as in ``qldm:twin``.

    The generator may be a file of this package or registered by another one; one that starts from pretrained weights is called
    with them, as in ``finetune:PATH``. It is built with the settings of its smoke
    track for 32x32 images, and fitted for two steps to 64 of them with three labels; an image may have any number of these.

    Raises:
        DefinitionError: an unknown generator or control, or one that only returns images made elsewhere.
    """
    return tuple(checks_of(name))


def checks_of(name: str) -> Iterator[CheckResult]:
    """Yield the results of ``check_generator`` as they are found; names are checked at the first one."""
    generator, control = definitions.split_name(name)
    if generator not in definitions.generator_names():
        raise definitions.unknown_generator(generator)
    try:
        card = definitions.generator_card(generator)
        kind = None if card.kind == "external" else generator_class(generator)
    except DefinitionError as error:
        yield CheckResult(generator, "Facts and class can be loaded.", "fails", str(error))
        return
    if kind is None:
        raise DefinitionError(f"{generator!r} returns images that something else made; there is no model to check.")
    weights = require_pretrained(card, control).folder if card.pretrained else None
    controls = _controls(card, "" if card.pretrained else control)
    facts = list(card_results(card, kind, weights))
    yield from facts
    if not any(result.fails and result.about != "paper" for result in facts):
        for one in controls:
            yield from _variant_results(Variant(card, kind, one, weights))


def _controls(card: GeneratorCard, asked: str) -> tuple[str, ...]:
    """Return the controls to check: the requested one, or every control that a run may include."""
    known = tuple(CONTROLS) if is_quantum(card.kind) else ("none", *card.controls)
    if asked and asked not in known:
        raise DefinitionError(f"Generator {card.id!r} has no control {asked!r}.{near_names(asked, known)}")
    return (asked,) if asked else known


def _variant_results(variant: Variant) -> Iterator[CheckResult]:
    """Yield the result of every check; a generator that cannot be fitted gets no further.

    Under a control, what is the generator's alone is not checked again. Where draws do not repeat themselves, checks that compare
    draws of one seed would blame what is sound.
    """
    repeats = True
    for check in checks_under(variant.control):
        if check in COMPARE_DRAWS and not repeats:
            promise = str(check.__doc__).partition("\n")[0]
            why = "draws of one seed are not the same bits yet"
            yield CheckResult(variant.name, promise, "does not apply", why, _about(check))
            continue
        result = _result(variant, check)
        yield result
        if result.fails and check is learning.fits:
            return
        repeats = repeats and not (result.fails and check is drawing.repeats_itself)


def checks_under(control: str) -> tuple[Callable[[Variant], None], ...]:
    """Return the checks of a generator under a control, ``none`` being the generator itself."""
    return tuple(check for check in CHECKS if control == "none" or check not in OF_THE_GENERATOR)


def _about(check: Callable[[Variant], None]) -> About:
    """Return of which kind a check is."""
    if check in CIRCUITS:
        return "circuits"
    return "drawing" if check.__module__ == drawing.__name__ else "learning"


def _result(variant: Variant, check: Callable[[Variant], None]) -> CheckResult:
    promise, state, detail = str(check.__doc__).partition("\n")[0], *_outcome(variant, check)
    return CheckResult(variant.name, promise, state, detail, _about(check))


def _outcome(variant: Variant, check: Callable[[Variant], None]) -> tuple[State, str]:
    """Return what a check found, and the sentence on it."""
    try:
        with one_thread():
            check(variant)
    except DoesNotApply as reason:
        return "does not apply", str(reason)
    except NoControlError as reason:
        if variant.control not in variant.card.controls:
            return "does not apply", str(reason)
        return "fails", f"The facts name the control {variant.control!r}, so that runs have it. {reason}"
    except CheckFailed as failure:
        return "fails", str(failure)
    except QaugbenchError as error:
        where = place_raised(error, variant.kind.__module__)
        return "fails", str(error) + ("" if where is None else f" ({where})")
    except Exception as error:  # another author's code may raise anything; every exception is a finding
        return "fails", described(error, variant.kind.__module__)
    return "passes", ""
