"""``clawdbot completion``: shell completion, installed with one line in the shell's start file."""

import click
from click.shell_completion import get_completion_class

from clawdbot.cli.output import say


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
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    say(completion(ctx.find_root().command, {}, "clawdbot", "_CLAWDBOT_COMPLETE").source())
