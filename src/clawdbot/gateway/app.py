"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from clawdbot.channels.logins import last_login
from clawdbot.config import Config, ConfigFile
from clawdbot.config.gateway_model import GatewaySettings
from clawdbot.domain.facts import Record
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.errors import ConfigError
from clawdbot.gateway import instance
from clawdbot.gateway.adapters import open_adapter, open_assistant
from clawdbot.gateway.addresses import own_names, settled
from clawdbot.gateway.assistant import ConfiguredAssistant
from clawdbot.gateway.chat import open_chat
from clawdbot.gateway.dashboard.pages import pages as dashboard
from clawdbot.gateway.logs import LogFormat, log_to_stderr
from clawdbot.gateway.meters import CountedDoor
from clawdbot.gateway.notify import READY, STOPPING, ServiceManager
from clawdbot.gateway.overview import lines, look
from clawdbot.gateway.readiness import PATH as READYZ
from clawdbot.gateway.readiness import Readiness, use
from clawdbot.gateway.reports import AccountReport, ChannelReport, without_paths
from clawdbot.gateway.server import Gateway, World
from clawdbot.gateway.supervisor import GIVEN_UP, LOOK_S, State, Status, Supervisor
from clawdbot.gateway.tls import Tls, open_tls
from clawdbot.gateway.verbs.base import Tell
from clawdbot.history.log import Log
from clawdbot.history.scribe import Scribe
from clawdbot.paths import Paths
from clawdbot.reception import Reception
from clawdbot.service import Door, Send, Service, wall_clock
from clawdbot.store.files import FileStore

log = logging.getLogger("clawdbot")

Override = Callable[[GatewaySettings], GatewaySettings]


def run(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    say: Callable[[str], None],
    settings: Override = lambda configured: configured,
    verbose: bool = False,
    log_format: LogFormat = LogFormat.HUMAN,
) -> None:
    """Run the gateway in this process until SIGINT or SIGTERM.

    Args:
        settings: makes the settings to run with from the configured ones: what the command line says.
        log_format: in JSON everything that is said is a line of the log.

    Raises:
        Refused: another gateway runs on the same state, or the port cannot be had.
        ConfigError: the configuration is broken, would leave the gateway open, or names an assistant that cannot be
            loaded.
        StoreError: the state cannot be used.
    """
    log_to_stderr(verbose=verbose, style=log_format)
    if log_format is LogFormat.JSON:
        say = partial(log.info, "%s")
    config = ConfigFile(paths.config_path, environ)
    config.current()
    with instance.hold(paths.state_dir) as place:
        asyncio.run(_serve(paths, config, settings, say, place))


async def _serve(
    paths: Paths, config: ConfigFile, override: Override, say: Callable[[str], None], place: instance.Place
) -> None:
    store, manager = FileStore(paths.state_dir), ServiceManager(os.environ)
    scribe = Scribe(Log(paths.state_dir, now=wall_clock))
    assistant = ConfiguredAssistant(config.current, open_assistant)

    def channels() -> dict[str, ChannelReport]:
        return reports(supervisor.status)

    send, tell = _ways_out(lambda: supervisor)
    settings = settled(override(config.current().gateway))
    certificate = open_tls(settings.tls, paths.state_dir, names=own_names(settings), now=wall_clock())
    ready = Readiness(
        partial(use, store, paths.state_dir), config.current, channels=channels, listens=lambda: gateway.is_listening
    )
    gateway = Gateway(
        store,
        settings,
        pages={**dashboard(), READYZ: ready.page},
        channels=channels,
        ssl=certificate.context if certificate else None,
        world=World(record=scribe.record),
        tell=tell,
    )
    chat = open_chat(gateway.house, config.current, lambda: supervisor)
    door = chat.attend(_door(gateway, config, send, scribe.record))
    supervisor = Supervisor(
        config=config.current,
        open_adapter=lambda current, account: chat.listen(open_adapter(current, account, paths.state_dir)),
        stamp=lambda account: last_login(paths.state_dir, account),
        deliver=Reception(door, assistant=assistant, send=send, decide=chat.decisions.reply).on_direct_message,
    )
    await gateway.start()
    gc.freeze()  # what is on record stays: with thousands of devices, to look for waste among them takes a while
    place.listens(replace(settings, port=gateway.port).local_url, certificate.fingerprint if certificate else "")
    for line in [*lines(await look(paths, config.current(), Service(store))), *_where(settings, gateway, certificate)]:
        say(line)
    try:
        await _until_stopped(manager, supervisor.run(), chat.notices.run(), _follow(config, override, gateway))
        say("stopped")
    finally:
        place.listens_nowhere()
        await gateway.stop()
        await assistant.close()
        await store.close()
        await asyncio.to_thread(scribe.close)


def _ways_out(supervisor: Callable[[], Supervisor]) -> tuple[Send, Tell]:
    """What is sent goes by the adapter that runs then."""

    async def send(account: ChannelAccount, conversation: str, text: str) -> None:
        await supervisor().adapter(account).send(conversation, text)

    async def tell(account: ChannelAccount, sender: SenderId, text: str) -> None:
        await supervisor().adapter(account).tell(sender, text)

    return send, tell


def _door(gateway: Gateway, config: ConfigFile, send: Send, record: Record) -> CountedDoor:
    """What strangers meet."""
    door = Door(
        gateway.store,
        rules=lambda account: config.current().rules(account),
        cap=lambda account: _cap(config.current(), account),
        reply=lambda account: config.current().reply(account),
        send=send,
        announce=gateway.sender_waits,
        record=record,
    )
    return CountedDoor(door, gateway.meters)


def _where(settings: GatewaySettings, gateway: Gateway, certificate: Tls | None) -> Iterator[str]:
    """Where it listens, for people."""
    for host in settings.hosts:
        yield f"listening  {'wss' if certificate else 'ws'}://{f'[{host}]' if ':' in host else host}:{gateway.port}"
    if certificate:
        yield f"           certificate {certificate.fingerprint}"


async def _until_stopped(manager: ServiceManager, *work: Coroutine[None, None, None]) -> None:
    """Work until SIGINT or SIGTERM; whoever started this as a service is told."""
    together = asyncio.create_task(_together(*work))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, together.cancel)
    manager.tell(READY)
    try:
        with suppress(asyncio.CancelledError):
            await together
    finally:
        manager.tell(STOPPING)


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
    """How the channels do, for health and status; errors are told with the next command, never a secret or a path."""
    found: dict[str, dict[str, AccountReport]] = {}
    for where, status in sorted(channels.items()):
        found.setdefault(where.channel, {})[where.account] = AccountReport(
            state=status.state,
            running=status.state not in GIVEN_UP,
            connected=status.state is State.READY,
            bot=status.bot.name if status.bot else None,
            last_error=without_paths(status.error) or None,
            hint=without_paths(status.hint) or None,
        )
    return {channel: ChannelReport(channel.capitalize(), accounts) for channel, accounts in found.items()}


def _cap(config: Config, account: ChannelAccount) -> int:
    settings = config.accounts.get(account)
    return settings.cap if settings else config.pairing_cap
