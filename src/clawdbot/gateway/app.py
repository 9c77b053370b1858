"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from clawdbot.assistant.base import Assistant
from clawdbot.channels.base import DirectMessage
from clawdbot.channels.logins import last_login
from clawdbot.channels.patience import GRACE_S
from clawdbot.config import Config, ConfigFile
from clawdbot.config.gateway_model import GatewaySettings
from clawdbot.domain.credentials import AuthMode
from clawdbot.domain.facts import Record
from clawdbot.domain.hosts import in_url
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.errors import ConfigError
from clawdbot.gateway import instance
from clawdbot.gateway.adapters import open_adapter, open_assistant
from clawdbot.gateway.addresses import own_names, settled
from clawdbot.gateway.assistant import ConfiguredAssistant
from clawdbot.gateway.beacon import advertise
from clawdbot.gateway.chat import Chat, open_chat
from clawdbot.gateway.checks import own_key
from clawdbot.gateway.dashboard.pages import pages as dashboard
from clawdbot.gateway.held import HeldMessages, open_held
from clawdbot.gateway.logs import LogFormat, log_to_stderr
from clawdbot.gateway.meters import CountedDoor
from clawdbot.gateway.notify import ServiceManager
from clawdbot.gateway.overview import lines, look
from clawdbot.gateway.past import Past
from clawdbot.gateway.privacy import close_to_others
from clawdbot.gateway.readiness import PATH as READYZ
from clawdbot.gateway.readiness import Readiness, use
from clawdbot.gateway.reports import AccountReport, ChannelReport, without_paths
from clawdbot.gateway.server import Gateway, World
from clawdbot.gateway.stopping import together, until_stopped
from clawdbot.gateway.supervisor import GIVEN_UP, LOOK_S, State, Status, Supervisor
from clawdbot.gateway.tls import Tls, open_tls
from clawdbot.gateway.verbs.base import Holds, Tell
from clawdbot.history.log import Log
from clawdbot.history.scribe import Scribe
from clawdbot.paths import Paths, home_of
from clawdbot.reception import Reception, Underway
from clawdbot.service import Door, Send, Service, wall_clock
from clawdbot.store.files import FileStore

log = logging.getLogger("clawdbot")

MOST_WASTE: Final = 10_000
"""Objects before somebody looks for waste among them: next to all of it goes by itself."""

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
        close_to_others(paths, home_of(environ))
        asyncio.run(_serve(paths, config, settings, say, place))


async def _serve(
    paths: Paths, config: ConfigFile, override: Override, say: Callable[[str], None], place: instance.Place
) -> None:
    store, manager = FileStore(paths.state_dir), ServiceManager(os.environ)
    history = Log(paths.state_dir, now=wall_clock)
    scribe = Scribe(history)
    assistant = ConfiguredAssistant(config.current, open_assistant)

    def channels() -> dict[str, ChannelReport]:
        return reports(street.supervisor.status)

    send, tell = _ways_out(lambda: street.supervisor)
    settings = settled(override(config.current().gateway))
    certificate = open_tls(settings.tls, paths.state_dir, names=own_names(settings), now=wall_clock())
    ready = Readiness(
        partial(use, store, paths.state_dir), config.current, channels=channels, listens=lambda: gateway.is_listening
    )
    gateway = Gateway(
        store,
        settings,
        pages={**dashboard(lambda: gateway.house.settings().dashboard), READYZ: ready.page},
        channels=channels,
        ssl=certificate.context if certificate else None,
        world=_world(paths, history, scribe, lambda slip: street.held.holds(slip)),
        tell=tell,
    )
    street = _open_street(paths, config, gateway, assistant, send, scribe.record)
    await gateway.start()
    gc.freeze()  # what is on record stays: with thousands of devices, to look for waste among them takes a while
    gc.set_threshold(MOST_WASTE)
    local_url, pin = replace(settings, port=gateway.port).local_url, certificate.fingerprint if certificate else ""
    place.listens(local_url, pin, settings.hosts)
    for line in [*lines(await look(paths, config.current(), Service(store))), *_where(settings, gateway, certificate)]:
        say(line)
    try:
        work = together(
            street.run(),
            street.chat.run(),
            _follow(config, override, gateway),
            _advertise(config, settings, gateway, certificate),
        )
        await until_stopped(work, manager, underway=street.underway, longest_s=street.longest_s, say=say)
        say("stopped")
    finally:
        place.listens_nowhere()
        await gateway.stop()
        await assistant.close()
        await store.close()
        await asyncio.to_thread(scribe.close)


def _world(paths: Paths, history: Log, scribe: Scribe, holds: Holds) -> World:
    """What the gateway remembers, and what it is known by."""
    past, key = Past(history, scribe.wait_until_idle), own_key(paths.state_dir, now=wall_clock())
    return World(record=scribe.record, past=past, key=key, holds=holds)


def _ways_out(supervisor: Callable[[], Supervisor]) -> tuple[Send, Tell]:
    """What is sent goes by the adapter that runs then."""

    async def send(account: ChannelAccount, conversation: str, text: str) -> None:
        await supervisor().adapter(account).send(conversation, text)

    async def tell(account: ChannelAccount, sender: SenderId, text: str) -> None:
        await supervisor().adapter(account).tell(sender, text)

    return send, tell


@dataclass(frozen=True, slots=True)
class _Street:
    """How people reach us: the channels, the door at their end, and owners who are told and decide there."""

    chat: Chat
    held: HeldMessages
    supervisor: Supervisor
    underway: Underway

    def longest_s(self) -> float:
        """How long :meth:`run` takes to end now, when it is cancelled."""
        return GRACE_S * 2 if self.held.is_busy else GRACE_S

    async def run(self) -> None:
        """Receive until cancelled. What was held and is answered just then ends before the channel that it needs."""
        channels = asyncio.create_task(self.supervisor.run())

        async def receive() -> None:
            await asyncio.shield(channels)

        try:
            await together(self.held.run(), receive())
        finally:
            channels.cancel()
            await asyncio.gather(channels, return_exceptions=True)


def _open_street(
    paths: Paths, config: ConfigFile, gateway: Gateway, assistant: Assistant, send: Send, record: Record
) -> _Street:
    async def hand_over(message: DirectMessage) -> None:
        """Who is to be told that he is in hears that before the answer to what he wrote."""
        await chat.welcome.tell(message.account, message.sender)
        await reception.on_direct_message(message)

    chat = open_chat(gateway.house, config.current, lambda: supervisor, state_dir=paths.state_dir)
    held = open_held(
        chat.attend(_door(gateway, config, send, record)),
        paths.state_dir,
        gateway.store,
        config=config.current,
        supervisor=lambda: supervisor,
        deliver=hand_over,
        kept=gateway.sender_held,
    )
    reception = Reception(held, assistant=assistant, send=send, decides=chat.decisions)
    supervisor = Supervisor(
        config=config.current,
        open_adapter=lambda current, account: chat.listen(open_adapter(current, account, paths.state_dir)),
        stamp=lambda account: last_login(paths.state_dir, account),
        deliver=reception,
    )
    return _Street(chat, held, supervisor, reception.underway)


def _door(gateway: Gateway, config: ConfigFile, send: Send, record: Record) -> CountedDoor:
    """What strangers meet."""
    door = Door(
        gateway.store,
        rules=lambda account: config.current().rules(account),
        cap=lambda account: _cap(config.current(), account),
        reply=lambda account: config.current().reply(account),
        send=send,
        announce=gateway.sender_waits,
        came=gateway.sender_came,
        record=record,
    )
    return CountedDoor(door, gateway.meters)


def _advertise(
    config: ConfigFile, settings: GatewaySettings, gateway: Gateway, certificate: Tls | None
) -> Coroutine[None, None, None]:
    """Be found on the local network, as far as the owner wants that."""
    where = replace(settings, port=gateway.port)
    return advertise(lambda: config.current().advertised, where, certificate.fingerprint if certificate else None)


def _where(settings: GatewaySettings, gateway: Gateway, certificate: Tls | None) -> Iterator[str]:
    """Where it listens, for people."""
    for host in settings.hosts:
        yield f"listening  {'wss' if certificate else 'ws'}://{in_url(host)}:{gateway.port}"
    if certificate:
        yield f"           certificate {certificate.fingerprint}"
    if settings.auth.mode is AuthMode.NONE and settings.silent_local:
        yield "open       every user of this machine can pair as an administrator, without asking; to change that:"
        yield "           set gateway.auth.token, or gateway.pairing.silentLocal: false"


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
