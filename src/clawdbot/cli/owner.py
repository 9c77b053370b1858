"""``clawdbot owner``: what is for the owner himself."""

import asyncio

import click

from clawdbot.cli import context
from clawdbot.cli.output import hint, say
from clawdbot.errors import Refused

MESSAGE = "This is a test: here you are told who waits for you."


@click.group("owner")
def command() -> None:
    """See that you are told who waits, and of what else needs you."""


@command.command("test")
@click.pass_context
def test(ctx: click.Context) -> None:
    """Send a test message to every place of owner.notify.

    Exit code 1 if one of them could not be told. Owners in chat are told by the gateway: see clawdbot channels status.
    """
    from clawdbot.gateway.push import INSTALL, Failure, Push, kind

    urls = context.config().notify.urls
    if not urls:
        raise Refused(
            "owner.notify names no place to tell you at",
            hint=f'write owner: {{notify: ["ntfy://ntfy.sh/a-topic"]}} into {context.paths().config_path}',
        )
    push = Push(lambda: urls)

    async def run() -> list[Failure | None]:
        return await asyncio.gather(*(push.try_to_tell(url, MESSAGE) for url in urls))

    failures = asyncio.run(run())
    for number, (url, failure) in enumerate(zip(urls, failures, strict=True), 1):
        say(f"no. {number} ({kind(url)}): {failure or 'told'}")
    if Failure.MISSING in failures:
        hint(f"install it: {INSTALL}")
    if any(failures):
        ctx.exit(1)
