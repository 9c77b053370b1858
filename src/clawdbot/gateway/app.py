"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping

from clawdbot.config import Config, ConfigFile
from clawdbot.domain.names import ChannelAccount
from clawdbot.gateway import instance
from clawdbot.gateway.adapters import open_adapter, open_assistant
from clawdbot.gateway.assistant import ConfiguredAssistant
from clawdbot.gateway.overview import lines, look
from clawdbot.gateway.supervisor import Supervisor
from clawdbot.paths import Paths
from clawdbot.service import Door, Reception, Service
from clawdbot.store.files import FileStore

QUIET = ("httpx", "httpcore", "telegram", "aiohttp", "asyncio")
"""Libraries whose chatter is not the owner's business."""


def run(paths: Paths, environ: Mapping[str, str], *, say: Callable[[str], None], verbose: bool = False) -> None:
    """Run the gateway in this process until SIGINT or SIGTERM.

    Raises:
        Refused: another gateway runs on the same state.
        ConfigError: the configuration is broken, or names an assistant that cannot be loaded.
        StoreError: the state cannot be used.
    """
    log_to_stderr(verbose=verbose)
    config = ConfigFile(paths.config_path, environ)
    config.current()
    with instance.hold(paths.state_dir):
        asyncio.run(_serve(paths, config, say))


async def _serve(paths: Paths, config: ConfigFile, say: Callable[[str], None]) -> None:
    store = FileStore(paths.state_dir)
    assistant = ConfiguredAssistant(config.current, open_assistant)

    async def send(account: ChannelAccount, conversation: str, text: str) -> None:
        await supervisor.adapter(account).send(conversation, text)

    door = Door(
        store,
        rules=lambda account: config.current().rules(account),
        cap=lambda account: _cap(config.current(), account),
        send=send,
    )
    supervisor = Supervisor(
        config=config.current,
        open_adapter=lambda current, account: open_adapter(current, account, paths.state_dir),
        deliver=Reception(door, assistant=assistant, send=send).on_direct_message,
    )
    for line in lines(await look(paths, config.current(), Service(store))):
        say(line)
    channels = asyncio.create_task(supervisor.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, channels.cancel)
    try:
        await channels
    except asyncio.CancelledError:
        say("stopped")
    finally:
        await assistant.close()


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
