"""The soak's assistant: repeats what it is told, and writes down all that reached it and how the gateway does."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

_RECORD = Path(os.environ.get("SOAK_RECORD", os.devnull)).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115


async def answer(prompt: Any) -> str:
    tasks = len(asyncio.all_tasks())
    _RECORD.write(json.dumps([prompt.account.channel, prompt.sender, prompt.text, tasks]) + "\n")
    return f"You said: {prompt.text}"
