"""The root of the command line: what an error becomes, and how an unknown name is answered."""

from __future__ import annotations

import errno
import sys
from typing import Any, NoReturn

import click

from qaugbench import __version__
from qaugbench.cli import complete
from qaugbench.errors import TRAINING, QaugbenchError, missing_package, near_names, printable, shown

EPILOG = (
    "Exit codes: 0 done; 1 some step failed, or something does not hold; 2 wrong use, bad input or an unusable environment; "
    "130 interrupted. docs/commands.md describes them, --json and completion by the shell."
)

LINES = "\n"
"""A message may have several lines; every other control character is escaped, whatever it was made of."""


def say(text: str) -> None:
    """Print what was made of other people's records and entries: a terminal must not obey what they hold."""
    click.echo(printable(text.rstrip("\n"), LINES))


def tell(text: str) -> None:
    """Say on standard error what takes a while, so that nothing is silent and standard output holds the answer alone."""
    click.echo(text, err=True)


def tell_error(message: str) -> None:
    """Print an error in the one style that all have, on standard error."""
    click.echo(f"error: {printable(message, LINES)}", err=True)


class NearNamesGroup(click.Group):
    """A group that answers an unknown command with near ones."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"There is no command {shown(args[0])!r}.{near_names(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


SECTIONS = {
    "Run": ("run", "estimate", "tune", "noise", "list", "show", "doctor"),
    "Images": ("metrics",),
    "Results": ("report", "power", "folds", "keep", "verify", "rescore", "leaderboard", "selftest"),
    "Entries": ("submit", "withdraw", "reproduce"),
    "Papers": ("table", "paper", "cite"),
    "Data": ("data",),
    "Circuits": ("execute", "hardware", "refresh-presets"),
    "Help": ("help",),
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
@click.version_option(__version__, "-V", "--version", prog_name="qaugbench")
def cli() -> None:
    """Does synthetic data from quantum generative models help a medical image classifier, and is it the quantum part?"""


@cli.command(name="help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1, shell_complete=complete.commands)
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show this help, or that of a command.

    As 'qaugbench COMMAND --help' does.
    """
    context = ctx.find_root()
    for word in words:
        if not isinstance(context.command, click.Group):
            context.fail(f"{context.command_path!r} has no commands of its own.")
        name, command, _ = context.command.resolve_command(context, [word])
        context = click.Context(command or context.command, info_name=name, parent=context)
    click.echo(context.get_help())


EXTRA = "Got unexpected extra argument"
"""How click's message begins where words are left over."""


def main() -> NoReturn:
    """Run the command line; bad input is one message on standard error and exit code 2."""
    try:
        sys.exit(cli.main(prog_name="qaugbench", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        interrupted()
    except click.ClickException as error:
        _misused(error)
    except QaugbenchError as error:
        tell_error(str(error))
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in TRAINING:
            raise
        tell_error(missing_package("This command", error.name, extra="run"))
        sys.exit(2)
    except KeyboardInterrupt:
        interrupted()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        tell_error(f"There is no space left for {shown(error.filename) if error.filename else 'what is printed'}.")
        sys.stdout = None  # what it still holds has no place either
        sys.exit(2)


def _misused(error: click.ClickException) -> NoReturn:
    """Print what was wrong with a command, in the style of every other error, and where its help is; exit with code 2."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    message = _no_option(error) if isinstance(error, click.NoSuchOption) else error.format_message()
    if isinstance(error, click.BadParameter):
        message += _near_choice(error)
    if message.startswith(EXTRA):
        message += f".{_repeated(context)}"
    if context is not None and message == context.get_help():  # a group without a command
        click.echo(message, err=True)
    else:
        see = "" if context is None else f" See '{_path(context)} --help'."
        tell_error(f"{message}{'' if message.endswith(('.', '?')) else '.'}{see}")
    sys.exit(2)


def _path(context: click.Context) -> str:
    """Return the words of a command whose help a person can ask for: those before a hidden one."""
    while context.command.hidden and context.parent is not None:
        context = context.parent
    return context.command_path


def _repeated(context: click.Context | None) -> str:
    """Return how several names are given to a command that has options for them; click says only that words are left over."""
    options = context.command.params if context is not None else []
    names = [option.opts[0] for option in options if isinstance(option, click.Option) and option.multiple]
    return f" One value follows each {' or '.join(names[:2])}: repeat the option for several." if names else ""


def _no_option(error: click.NoSuchOption) -> str:
    near = " or ".join(map(repr, error.possibilities or ()))
    command = error.ctx.command.name if error.ctx is not None else None
    if (command, error.option_name) == ("run", "--estimate"):
        return "'qaugbench run' has no option '--estimate': 'qaugbench estimate' takes the same options and says how long it takes."
    return f"There is no option {shown(error.option_name)!r}.{f' Did you mean {near}?' if near else ''}"


def _near_choice(error: click.BadParameter) -> str:
    """Return which of an option's choices may be meant; click lists them all after the value, and says no more."""
    choices = getattr(getattr(error.param, "type", None), "choices", ())
    value = error.message.partition(" is not ")[0].strip("'\"")
    return near_names(value, choices).partition(" Known:")[0]


UNDONE = "What was begun is undone; the same command begins again."
"""What is true of an interrupted command that does all or nothing."""


def interrupted(command: str = "", said: str = "Finished steps are kept; the same command resumes.") -> NoReturn:
    """Say that a command was interrupted, what became of its work, and which one resumes it; exit with code 130."""
    if command:
        said = f"Finished steps are kept; resume with: {printable(command)}"
    click.echo(f"Interrupted. {said}", err=True)
    sys.exit(130)
