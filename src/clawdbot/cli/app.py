"""``clawdbot``: the root command. Subcommands are imported when they are called."""

import importlib
import io
import logging
import os
import sys

import click

from clawdbot import paths
from clawdbot.cli.output import report
from clawdbot.errors import ClawdbotError, StoreUnavailable, UsageError

COMMANDS = {
    "backup": ("clawdbot.cli.backup", "write the whole state into one private file"),
    "channels": ("clawdbot.cli.channels", "add a chat channel, see whether it works"),
    "completion": ("clawdbot.cli.completion", "print the shell completion script"),
    "dashboard": ("clawdbot.cli.dashboard", "see and decide in a browser: a link that pairs it"),
    "devices": ("clawdbot.cli.devices", "decide which devices may join the gateway"),
    "doctor": ("clawdbot.cli.doctor", "check state, configuration and tokens, and mend what can be mended"),
    "import": ("clawdbot.cli.carry_over", "take over the state of the reference, or of another directory"),
    "explain": ("clawdbot.cli.explain", "say why somebody is in, waiting or refused"),
    "gateway": ("clawdbot.cli.gateway", "run the gateway: the configured channels and the assistant"),
    "history": ("clawdbot.cli.history", "see who asked, who decided and who was refused"),
    "node": ("clawdbot.cli.node", "make this machine a node, and say what may be run on it"),
    "nodes": ("clawdbot.cli.nodes", "see and use the nodes: machines and phones that do things for you"),
    "pairing": ("clawdbot.cli.pairing", "decide who may write to the bot"),
    "restore": ("clawdbot.cli.restore", "bring a backup back"),
    "security": ("clawdbot.cli.security", "find what is open and should not be"),
    "status": ("clawdbot.cli.status", "what is on, who waits, what to do next"),
}

UNKNOWN = (click.exceptions.NoSuchCommand, click.NoSuchOption)
"""What click adds a suggestion to, which belongs into the hint."""


class Root(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = importlib.import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="clawdbot", message="%(version)s")
@click.option("--profile", metavar="NAME", help="Use ~/.clawdbot-NAME instead of ~/.clawdbot.")
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
        case click.NoSuchOption(possibilities=[nearest, *_]):
            hint = f'did you mean "{nearest}"?'
        case _:
            hint = f'run "{where} --help"'
    text = error.message if isinstance(error, UNKNOWN) else error.format_message()
    message = " ".join(text.split()).rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _unwritable(error: OSError) -> int:
    """A full disk behind ``>``, a terminal that is gone: nothing more can be said on standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    message = f"{error.filename or 'the output'} cannot be written: {error.strerror}"
    return report(StoreUnavailable(message, hint='it may be done all the same: run "clawdbot status"'))
