"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping

from clawdbot.config import Config, ConfigFile
from clawdbot.config.gateway_model import GatewaySettings
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ConfigError
from clawdbot.gateway import instance
from clawdbot.gateway.adapters import open_adapter, open_assistant
from clawdbot.gateway.addresses import own_names, settled
from clawdbot.gateway.assistant import ConfiguredAssistant
from clawdbot.gateway.overview import lines, look
from clawdbot.gateway.reports import ChannelReport
from clawdbot.gateway.server import Gateway
from clawdbot.gateway.supervisor import LOOK_S, Status, Supervisor
from clawdbot.gateway.tls import open_tls
from clawdbot.paths import Paths
from clawdbot.service import Door, Reception, Service, wall_clock
from clawdbot.store.files import FileStore

log = logging.getLogger("clawdbot")

Override = Callable[[GatewaySettings], GatewaySettings]

QUIET = ("httpx", "httpcore", "telegram", "aiohttp", "asyncio")
"""Libraries whose chatter is not the owner's business."""


def run(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    say: Callable[[str], None],
    settings: Override = lambda configured: configured,
    verbose: bool = False,
) -> None:
    """Run the gateway in this process until SIGINT or SIGTERM.

    Args:
        settings: makes the settings to run with from the configured ones: what the command line says.

    Raises:
        Refused: another gateway runs on the same state, or the port cannot be had.
        ConfigError: the configuration is broken, would leave the gateway open, or names an assistant that cannot be
            loaded.
        StoreError: the state cannot be used.
    """
    log_to_stderr(verbose=verbose)
    config = ConfigFile(paths.config_path, environ)
    config.current()
    with instance.hold(paths.state_dir):
        asyncio.run(_serve(paths, config, settings, say))


async def _serve(paths: Paths, config: ConfigFile, override: Override, say: Callable[[str], None]) -> None:
    store = FileStore(paths.state_dir)
    assistant = ConfiguredAssistant(config.current, open_assistant)

    async def send(account: ChannelAccount, conversation: str, text: str) -> None:
        await supervisor.adapter(account).send(conversation, text)

    settings = settled(override(config.current().gateway))
    certificate = open_tls(settings.tls, paths.state_dir, names=own_names(settings), now=wall_clock())
    gateway = Gateway(
        store,
        settings,
        channels=lambda: reports(supervisor.status),
        ssl=certificate.context if certificate else None,
    )
    door = Door(
        store,
        rules=lambda account: config.current().rules(account),
        cap=lambda account: _cap(config.current(), account),
        send=send,
        announce=gateway.sender_waits,
    )
    supervisor = Supervisor(
        config=config.current,
        open_adapter=lambda current, account: open_adapter(current, account, paths.state_dir),
        deliver=Reception(door, assistant=assistant, send=send).on_direct_message,
    )
    await gateway.start()
    for line in lines(await look(paths, config.current(), Service(store))):
        say(line)
    for host in settings.hosts:
        say(f"listening  {'wss' if certificate else 'ws'}://{f'[{host}]' if ':' in host else host}:{gateway.port}")
    if certificate:
        say(f"           certificate {certificate.fingerprint}")
    work = asyncio.create_task(_together(supervisor.run(), _follow(config, override, gateway)))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        say("stopped")
    finally:
        await gateway.stop()
        await assistant.close()
        await store.close()


async def _together(*work: Coroutine[None, None, None]) -> None:
    """Run until cancelled; then each piece of work has its time to end cleanly."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)


async def _follow(config: ConfigFile, override: Override, gateway: Gateway) -> None:
    """Hand changed settings to the gateway, until cancelled. Where it listens stays as it is until a restart."""
    known = settled(override(config.current().gateway))
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            settings = settled(override(config.current().gateway))
            if settings != known:
                known = settings
                gateway.reconfigure(settings)
                log.info("the gateway's settings are taken over")
        except ConfigError as error:
            log.debug("the gateway's settings stay as they are: %s", error)


def reports(channels: Mapping[ChannelAccount, Status]) -> dict[str, ChannelReport]:
    """How the channels do, for health and status; errors are told with the next command, never with a secret."""
    found: dict[str, dict[str, Mapping[str, object]]] = {}
    for where, status in sorted(channels.items()):
        found.setdefault(where.channel, {})[where.account] = {
            "state": status.state,
            "bot": status.bot.name if status.bot else None,
            "lastError": status.error or None,
            "hint": status.hint or None,
        }
    return {channel: ChannelReport(channel.capitalize(), accounts) for channel, accounts in found.items()}


def _cap(config: Config, account: ChannelAccount) -> int:
    settings = config.accounts.get(account)
    return settings.cap if settings else config.pairing_cap


def log_to_stderr(*, verbose: bool) -> None:
    """Our own log lines on standard error; libraries only when something is wrong."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
    )
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
