"""``clawdbot completion``: shell completion, installed with one line in the shell's start file."""

import click
from click.shell_completion import FishComplete, get_completion_class

from clawdbot.cli.output import say


class Fish(FishComplete):
    """Click's, whose script cuts every description at its first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the shell completion script.

    \b
      bash:  eval "$(clawdbot completion bash)"     in ~/.bashrc
      zsh:   eval "$(clawdbot completion zsh)"      in ~/.zshrc, after compinit
      fish:  clawdbot completion fish | source      in ~/.config/fish/config.fish
    """
    completion = Fish if shell == Fish.name else get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    say(completion(ctx.find_root().command, {}, "clawdbot", "_CLAWDBOT_COMPLETE").source())
