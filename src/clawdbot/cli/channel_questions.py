"""What an owner is asked when a channel is added: one table, for options, prompts and the configuration alike."""

from dataclasses import dataclass

from clawdbot.domain.names import Channel


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a channel needs to know.

    Attributes:
        key: where the answer stands in the account's section of the configuration.
        option: the parameter of the command that answers it.
        asks: the words of the prompt.
        help: where the answer is found.
        secret: it is not shown, and may come from a variable.
        otherwise: the answer of an owner who gives none; ``None`` if there must be one.
    """

    key: str
    option: str
    asks: str
    help: str
    secret: bool = False
    variable: str = ""
    file_key: str = ""
    otherwise: str | None = None


QUESTIONS: dict[Channel, tuple[Question, ...]] = {
    Channel.TELEGRAM: (
        Question(
            "botToken",
            "token",
            "Bot token",
            "talk to @BotFather on Telegram to get a bot token",
            secret=True,
            variable="TELEGRAM_BOT_TOKEN",
            file_key="tokenFile",
        ),
    ),
    Channel.DISCORD: (
        Question(
            "token",
            "token",
            "Bot token",
            "make an application at https://discord.com/developers/applications; its token is under Bot",
            secret=True,
            variable="DISCORD_BOT_TOKEN",
        ),
    ),
    Channel.SLACK: (
        Question(
            "botToken",
            "token",
            "Bot token (xoxb-…)",
            "make an app at https://api.slack.com/apps; the token is under OAuth & Permissions",
            secret=True,
            variable="SLACK_BOT_TOKEN",
        ),
        Question(
            "appToken",
            "app_token",
            "App token (xapp-…)",
            "make one with the scope connections:write under Basic Information, App-Level Tokens",
            secret=True,
            variable="SLACK_APP_TOKEN",
        ),
    ),
    Channel.SIGNAL: (
        Question(
            "account",
            "number",
            "The bot's own number (empty: the only one that signal-cli has)",
            "the number that signal-cli is registered or linked with, as in +15550001111",
            otherwise="",
        ),
        Question("httpUrl", "http_url", "URL of a daemon that runs already (empty: start one)", "", otherwise=""),
        Question("cliPath", "cli_path", "The program signal-cli (empty: as it is on the PATH)", "", otherwise=""),
    ),
    Channel.IMESSAGE: (
        Question(
            "cliPath",
            "cli_path",
            "The program imsg, or one that runs it on a Mac over ssh (empty: as it is on the PATH)",
            "",
            otherwise="",
        ),
        Question("dbPath", "db_path", "Another Messages database (empty: the Mac's own)", "", otherwise=""),
    ),
    Channel.WHATSAPP: (),
}
