"""``clawdbot node run``: the node host in the foreground, as the command line, a setup code or its record say."""

import os

import click

from clawdbot.cli import context, pasted_code
from clawdbot.cli.call_options import CallOptions, secret
from clawdbot.cli.gateway_target import choose
from clawdbot.cli.output import say


@click.command("run")
@click.option(
    "--pair",
    metavar="CODE|-",
    help='A setup code, which says all of the rest and lets the node in. "-": from $CLAWDBOT_SETUP_CODE, or asked for.',
)
@click.option("--host", metavar="HOST", help="The gateway's host. Default: the one that this node belongs to.")
@click.option("--port", metavar="PORT", type=click.IntRange(1, 65535), help="The gateway's port. Default: 18789.")
@click.option("--url", metavar="URL", help="Both in one: ws://host:port or wss://host:port.")
@click.option("--tls", is_flag=True, help="Connect with TLS.")
@click.option("--tls-fingerprint", metavar="SHA256", help="The one certificate that the gateway may have.")
@click.option("--display-name", metavar="NAME", help="What the node is called. Default: like this machine.")
@click.option("--token", metavar="TOKEN", help="The gateway's token; -: asked for; or in CLAWDBOT_GATEWAY_TOKEN.")
@click.option("--password", metavar="PASSWORD", help="The gateway's password; -: asked for.")
@click.option("--verbose", is_flag=True, help="Log more.")
def run_command(verbose: bool, port: int | None, tls: bool, **texts: str | None) -> None:
    """Run the node host in the foreground.

    The first time it waits until the gateway's owner approves it, and says how that is done. With a setup code, which
    "clawdbot qr" prints on the gateway's machine, it is in at once. It reconnects by itself, stops on Ctrl-C or
    SIGTERM, and ends with exit code 1 when the gateway does not want it any more.
    """
    from clawdbot.node import app, choice
    from clawdbot.node.record import RecordFile

    said = choice.Said(
        host=_text(texts["host"]),
        port=port,
        url=_text(texts["url"]),
        tls=tls,
        fingerprint=_text(texts["tls_fingerprint"]),
        name=_text(texts["display_name"]),
        token=_secret("token", texts["token"]),
        password=_secret("password", texts["password"]),
        code=None if texts["pair"] is None else pasted_code.read(texts["pair"]),
    )
    paths = context.paths()
    target = choose(CallOptions())
    configured = choice.Configured(choice.at(target.address), target.credentials)
    wanted = choice.choose(said, RecordFile(paths.state_dir).read(), configured, os.environ)
    app.run(paths, wanted, os.environ, say=say, verbose=verbose)


def _text(value: str | None) -> str | None:
    return value.strip() if value is not None and value.strip() else None


def _secret(name: str, value: str | None) -> str | None:
    given = secret(name, value)
    return None if given is None else given.reveal().strip()
