"""``clawdbot``: the root command. Subcommands are imported when they are called."""

import io
import logging
import os
import sys
from difflib import get_close_matches

import click

from clawdbot import paths
from clawdbot.cli.lazy_group import LazyGroup
from clawdbot.cli.output import report, speak_of
from clawdbot.errors import ClawdbotError, StoreUnavailable, UsageError

COMMANDS = {
    "backup": ("backup:backup_command", "Write the whole state into one private file."),
    "channels": ("channels:command", "Add a chat channel, see whether it works."),
    "completion": ("completion:command", "Print the shell completion script."),
    "dashboard": ("dashboard:command", "Print a link that pairs a browser with the gateway."),
    "devices": ("devices:command", "Decide which devices may join the gateway."),
    "doctor": ("doctor:command", "Check state, configuration and channels; say the way out of what is wrong."),
    "explain": ("explain:command", "Say why somebody is in, waiting or refused, and what would change it."),
    "gateway": ("gateway:command", "Run the gateway: the configured channels and the assistant."),
    "history": ("history:command", "Show who asked, who decided and who was refused."),
    "import": ("carry_over:command", "Take over the state of another directory: the reference's, OpenClaw's or ours."),
    "node": ("node:command", "Make this machine a node, and say what may be run on it."),
    "nodes": ("nodes:command", "See and use the nodes: machines and phones that do things for you."),
    "owner": ("owner:command", "See that you are told who waits, and of what else needs you."),
    "pairing": ("pairing:command", "Decide who may write to the bot."),
    "qr": ("qr:command", "Print a setup code that lets one device in without an approval."),
    "restore": ("backup:restore_command", "Bring a backup back."),
    "security": ("security:command", "Find what is open and should not be."),
    "status": ("status:command", "Show what is on, who waits and what to do next."),
}

UNKNOWN = (click.exceptions.NoSuchCommand, click.NoSuchOption)
"""What click adds a suggestion to, which belongs into the hint."""

GRANTING = {"--owner"}
SLIP = 0.75
"""How alike two words are that are the same but for a slip; from 0, in nothing, to 1."""


def _speak_of(_ctx: click.Context, _option: click.Parameter, profile: str | None) -> str | None:
    """As soon as it is read, for what is said of the rest of the line."""
    speak_of(profile, COMMANDS)
    return profile


@click.group(
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="clawdbot", message="%(version)s")
@click.option(
    "--profile", metavar="NAME", is_eager=True, callback=_speak_of, help="Use ~/.clawdbot-NAME instead of ~/.clawdbot."
)
def root(profile: str | None) -> None:
    """Decide who may talk to your assistant bot, and which devices may join it.

    An unknown sender gets a code and is not processed until you approve it:

    \b
      clawdbot pairing list telegram
      clawdbot pairing approve telegram <CODE>
    """
    if profile:
        home = paths.home_of(os.environ)
        os.environ[paths.STATE_DIR] = str(paths.locate(os.environ, home, profile).state_dir)


def main() -> None:
    """Run the command line; the one place that turns errors into lines and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a stranger's name in a terminal that is not Unicode
    if logging.lastResort is not None:  # what the store warns of, where no gateway has set up a log
        logging.lastResort.setFormatter(logging.Formatter("clawdbot: warning: %(message)s"))
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code: 0 done, 1 refused or not found, 2 usage, 3 unavailable."""
    try:
        code = root.main(arguments, prog_name="clawdbot", standalone_mode=False)
    except ClawdbotError as error:
        return report(error)
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.ctx.get_help(), err=True)
        return UsageError.exit_code
    except click.UsageError as error:
        return report(_in_our_words(error))
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("clawdbot: interrupted", err=True)
        return 130
    except OSError as error:
        return _unwritable(error)
    return code if isinstance(code, int) else 0


def _in_our_words(error: click.UsageError) -> UsageError:
    """What click says about a command line, as one line and one hint."""
    where = error.ctx.command_path if error.ctx else "clawdbot"
    match error:
        case click.exceptions.NoSuchCommand(possibilities=[nearest, *_]):
            hint = f'did you mean "{where} {nearest}"?'
        case click.NoSuchOption() if meant := _meant(error):
            hint = f'did you mean "{meant}"?'
        case _:
            hint = f'run "{where} --help"'
    text = error.message if isinstance(error, UNKNOWN) else error.format_message()
    message = " ".join(text.split()).rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _meant(error: click.NoSuchOption) -> str | None:
    """The option that was misspelled, if it is a slip; never one that gives somebody more than he would have had."""
    wanted = error.option_name.lstrip("-")
    near = {one.lstrip("-"): one for one in error.possibilities or () if one not in GRANTING}
    found = get_close_matches(wanted, near, n=1, cutoff=SLIP)
    return near[found[0]] if found else None


def _unwritable(error: OSError) -> int:
    """A full disk behind ``>``, a terminal that is gone: nothing more can be said on standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    message = f"{error.filename or 'the output'} cannot be written: {error.strerror}"
    return report(StoreUnavailable(message, hint='it may be done all the same: run "clawdbot status"'))
