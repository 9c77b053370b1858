"""What was written by whom, and what may and must have come of it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Who = tuple[str, str]
"""Channel and sender."""


@dataclass
class Ledger:
    """Everything that was written to the six bots.

    Attributes:
        owed: what approved people wrote, in order; each must reach the assistant, once.
        forbidden: what people wrote while they were not approved; none of it may.
    """

    owed: dict[Who, list[str]] = field(default_factory=lambda: defaultdict(list))
    forbidden: dict[Who, list[str]] = field(default_factory=lambda: defaultdict(list))
    noise: int = 0
    mischief: Counter[str] = field(default_factory=Counter)

    @property
    def written(self) -> int:
        return sum(len(texts) for texts in (*self.owed.values(), *self.forbidden.values()))

    def broken(self, heard: "Heard") -> Iterator[str]:
        """Which promises were broken; texts are the soak's own, and may be shown."""
        forbidden = {(who, text) for who, texts in self.forbidden.items() for text in texts}
        for who, texts in heard.texts.items():
            for text in texts:
                if (who, text) in forbidden:
                    yield f"{who}: {text!r} reached the assistant, and its sender was not approved"
            strange = set(texts) - set(self.owed[who]) - set(self.forbidden[who])
            if strange:
                yield f"{who}: {len(strange)} texts reached the assistant that were no direct messages: {strange}"
        for who, texts in self.owed.items():
            came = heard.texts[who]
            missing = [text for text in texts if text not in set(came)]
            if missing:
                yield f"{who}: {len(missing)} of {len(texts)} texts were lost, the first is {missing[0]!r}"
            twice = [text for text, count in Counter(came).items() if count > 1]
            if twice:
                yield f"{who}: {len(twice)} texts came twice, the first is {twice[0]!r}"
            if not missing and not twice and [text for text in came if text in set(texts)] != texts:
                yield f"{who}: texts came out of order"


@dataclass
class Heard:
    """The assistant's record."""

    texts: dict[Who, list[str]] = field(default_factory=lambda: defaultdict(list))
    tasks: list[int] = field(default_factory=list)

    @classmethod
    def read(cls, record: Path) -> "Heard":
        found = cls()
        for line in record.read_text("utf-8").splitlines() if record.exists() else []:
            channel, sender, text, tasks = json.loads(line)
            found.texts[channel, sender].append(text)
            found.tasks.append(tasks)
        return found
