"""``assistant.command``: a program of the owner's, started once for each message (``docs/assistant.md#a-program``)."""

import os
import re
import shlex
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from clawdbot.assistant import process
from clawdbot.assistant.base import Prompt
from clawdbot.assistant.limits import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Slots
from clawdbot.assistant.text import MAX_REPLY_BYTES, as_reply, clean, too_long
from clawdbot.domain.instants import iso
from clawdbot.domain.names import Instant
from clawdbot.domain.secret import Secret
from clawdbot.errors import AssistantFailed, ConfigError

_OUR_SECRETS = re.compile(r"(TELEGRAM|DISCORD)_BOT_TOKEN|SLACK_\w+_TOKEN|CLAWDBOT_\w+_(TOKEN|PASSWORD)")
"""Variables that a program which works on strangers' words does not inherit."""


class _Message(msgspec.Struct, rename="camel"):
    """What the program reads: one JSON object. The fields are a promise to owners; see ``docs/assistant.md``."""

    channel: str
    account: str
    sender: str
    name: str
    conversation: str
    text: str
    sent_at: str | None


class CommandAssistant:
    """Starts a program for each message: the message as JSON on its standard input, the reply on its standard output.

    Args:
        argv: the program and its arguments; no shell reads them.
        timeout: seconds for one run.
        concurrency: how many programs may run at once.
        cwd: where they run; where the gateway runs, if not said.
        environ: what they inherit, less our own secrets; the gateway's environment, if not said.
        secrets: what no variable that they inherit may hold, whatever its name.

    Raises:
        ConfigError: ``argv`` cannot be a command.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        concurrency: int = DEFAULT_CONCURRENCY,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
        secrets: Iterable[Secret] = (),
    ) -> None:
        if not argv or not argv[0] or any("\0" in word for word in argv):
            raise ConfigError(
                "assistant.command names no program", hint='write it as a list of words: ["/path/to/program", "arg"]'
            )
        self._argv = tuple(argv)
        self._cwd = cwd
        self._environ = _without_our_secrets(os.environ if environ is None else environ, secrets)
        self._slots = Slots(concurrency=concurrency, timeout=timeout)

    async def answer(self, prompt: Prompt) -> str:
        return await self._slots.run(lambda: self._run(prompt))

    async def close(self) -> None:
        await self._slots.close()

    async def _run(self, prompt: Prompt) -> str:
        try:
            finished = await process.run(
                self._argv, _line(prompt), limit=MAX_REPLY_BYTES, env=self._environ, cwd=self._cwd
            )
        except process.TooMuchOutput:
            raise too_long() from None
        except OSError as error:
            raise self._not_started(error) from None
        if finished.returncode:
            raise AssistantFailed(
                f"assistant.command: {self._program} {_ending(finished.returncode)}",
                hint=f"""run it by hand to see why: echo '{{"text": "hello"}}' | {self._program} …""",
            )
        return as_reply(finished.stdout.decode("utf-8", "replace"))

    @property
    def _program(self) -> str:
        """For people. The arguments stay out: they may hold a secret."""
        return shlex.quote(self._argv[0])

    def _not_started(self, error: OSError) -> AssistantFailed:
        if self._cwd is not None and not self._cwd.is_dir():
            return AssistantFailed(f"assistant.command: there is no directory {self._cwd} to run it in")
        if isinstance(error, FileNotFoundError):
            why = "is not there, or what its #! line names is not"
            hint = "give its full path, or put it on the PATH that the gateway is started with"
        elif isinstance(error, PermissionError):
            why, hint = "may not be executed", f"chmod +x {self._program}"
        else:
            why = f"cannot be started: {error.strerror or type(error).__name__}"
            hint = "a script needs a first line such as #!/bin/sh, or its interpreter as the first word of the command"
        return AssistantFailed(f"assistant.command: {self._program} {why}", hint=hint)


def _without_our_secrets(environ: Mapping[str, str], secrets: Iterable[Secret]) -> dict[str, str]:
    ours = [secret.reveal() for secret in secrets]
    return {
        name: value
        for name, value in environ.items()
        if not _OUR_SECRETS.fullmatch(name) and not any(secret in value for secret in ours)
    }


def _line(prompt: Prompt) -> bytes:
    message = _Message(
        channel=prompt.account.channel,
        account=prompt.account.account,
        sender=clean(prompt.sender),
        name=clean(prompt.name),
        conversation=clean(prompt.conversation),
        text=clean(prompt.text),
        sent_at=_spelled(prompt.sent_at),
    )
    return msgspec.json.encode(message) + b"\n"


def _spelled(instant: Instant) -> str | None:
    try:
        return iso(instant)
    except (ValueError, OverflowError):
        return None


def _ending(returncode: int) -> str:
    if returncode > 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"
