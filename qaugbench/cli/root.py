"""The root of the command line: what an error becomes, and how an unknown name is answered."""

from __future__ import annotations

import io
import sys
from typing import Any, NoReturn

import click

from qaugbench import __version__
from qaugbench.errors import QaugbenchError, near_names, printable, shown

EPILOG = "Exit codes: 0 done, 1 some cells failed or a check did not pass, 2 bad input or unusable environment, 130 interrupted."

LINES = "\n"
"""A message may have several lines; every other control character is escaped, whatever it was made of."""


def say(text: str) -> None:
    """Print what was made of other people's records and entries: a terminal must not obey what they hold."""
    click.echo(printable(text.rstrip("\n"), LINES))


def tell(text: str) -> None:
    """Say on standard error what takes a while, so that nothing is silent and standard output holds the answer alone."""
    click.echo(text, err=True)


class NearNamesGroup(click.Group):
    """A group that answers an unknown command with near ones."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"There is no command {shown(args[0])!r}.{near_names(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


SECTIONS = {
    "Run": ("run", "estimate", "tune", "list", "show", "doctor"),
    "Results": ("report", "power", "folds", "verify", "rescore", "submit", "leaderboard", "selftest"),
    "Data": ("data",),
    "Circuits": ("execute",),
}
"""The commands of the first screen, in the order in which a person meets them."""


class SectionedGroup(NearNamesGroup):
    """The root group, whose help lists its commands by what they are about."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per subject; a command of no section comes last, so that none is missing."""
        listed = [name for names in SECTIONS.values() for name in names]
        others = tuple(name for name in self.list_commands(ctx) if name not in listed)
        for title, names in {**SECTIONS, "Other": others}.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, command.get_short_help_str(100)) for name, command in commands if command is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(
    cls=SectionedGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="qaugbench")
def cli() -> None:
    """Does synthetic data from quantum generative models help a medical image classifier, and is it the quantum part?"""


def main() -> NoReturn:
    """Run the command line; bad input is one message on standard error and exit code 2."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        _interrupted()
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        click.echo(printable(said.getvalue(), LINES), err=True, nl=False)
        sys.exit(2)
    except QaugbenchError as error:
        click.echo(f"error: {printable(str(error), LINES)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _interrupted()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _interrupted() -> NoReturn:
    click.echo("Interrupted. Finished cells are kept; the same command resumes.", err=True)
    sys.exit(130)
