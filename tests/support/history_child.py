"""A process that appends to a history, fact by fact, and says of each whether it was taken down.

Run as ``python -m tests.support.history_child STATE_DIR FIRST COUNT``. Segments are tiny, so that few facts rotate and
prune them. Its own words go through ``writev``, so that tests can tell them from what the history writes.
"""

import os
import sys
from pathlib import Path

from clawdbot.domain.facts import Fact, Kind, sender_decided
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.errors import StoreError
from clawdbot.history.log import Log, Size

SMALL = Size(segment=700, segments=2)
NOW = 1_795_367_603_000


def fact(number: int) -> Fact:
    return sender_decided(
        Kind.APPROVED, ChannelAccount(Channel.TELEGRAM), SenderId(str(number)), by="terminal", at=NOW + number
    )


def main(state_dir: Path, first: int, count: int) -> None:
    log = Log(state_dir, now=lambda: NOW, size=SMALL)
    for number in range(first, first + count):
        try:
            log.append([fact(number)])
            said = b"saved\n"
        except StoreError:
            said = b"failed\n"
        os.writev(1, [said])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
