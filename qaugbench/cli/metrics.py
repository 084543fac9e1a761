"""The command that appraises images without a run."""

from __future__ import annotations

from pathlib import Path

import click

from qaugbench.cli.output import json_option, print_json, terminal_width
from qaugbench.cli.root import cli, say, tell


@cli.command()
@click.argument("real", type=click.Path(path_type=Path))
@click.argument("synthetic", type=click.Path(path_type=Path))
@click.option(
    "--train", type=click.Path(path_type=Path), help="Images that the generator learned from: are there copies?"
)
@click.option(
    "--size", type=click.IntRange(8, 1024), help="Side in pixels at which all are compared. Default: their own."
)
@click.option("--grey", is_flag=True, help="Compare in grey where some sets are in colour.")
@click.option(
    "--extractor",
    "extractors",
    multiple=True,
    metavar="NAME[=WEIGHTS]",
    help="Network whose features are compared, besides pixels: dinov2, inception, squeezenet, radimagenet, torchxrayvision or "
    "timm:TAG, with the file of its weights; or lpips, for distances of pairs. Repeat for several. The first of features decides "
    "on copies and collapse.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all that is drawn.")
@click.option(
    "--card", type=click.Path(path_type=Path), help="Write the card of the synthetic set: a .html or .md file."
)
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    help="Write the 20 closest pairs of synthetic and training images: a .png file. Needs --train.",
)
@json_option
def metrics(
    real: Path,
    synthetic: Path,
    train: Path | None,
    size: int | None,
    grey: bool,
    extractors: tuple[str, ...],
    seed: int,
    card: Path | None,
    pairs: Path | None,
    as_json: bool,
) -> None:
    """Say what synthetic images are like.

    Are they copies, is it one image everywhere, do labels hold, how near are they to real ones? REAL holds real images that the
    generator did not see, SYNTHETIC its images: two folders or .zip files of pictures; folders below them are classes.
    """
    from qaugbench.appraisal.folders import FolderRequest, appraise_folders
    from qaugbench.report.appraisal_text import appraisal_text
    from qaugbench.report.asked_file import refuse_file_among
    from qaugbench.report.card import check_card_path, write_card
    from qaugbench.report.pair_sheet import check_sheet_path, write_pair_sheet

    inputs = [path for path in (real, synthetic, train) if path is not None]
    if card is not None:
        check_card_path(card)
        refuse_file_among(card, inputs, "--card")
    if pairs is not None:
        check_sheet_path(pairs, training=train is not None)
        refuse_file_among(pairs, inputs, "--pairs")
    request = FolderRequest(real, synthetic, train, size, grey, extractors, seed)
    found = appraise_folders(request, tell=lambda what: tell(f"{what} ..."))
    try:
        if card is not None:
            tell(f"Card: {write_card(card, found.appraisal, title=synthetic.resolve().name)}")
        if pairs is not None:
            tell(f"Closest pairs: {write_pair_sheet(pairs, *found.pairs)}")
    finally:
        if as_json:
            print_json([found.to_dict()])
        else:
            say(appraisal_text(found.appraisal, terminal_width()))
