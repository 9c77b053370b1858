"""The demonstration's assistant: repeats what it is told, and keeps a record of every message that reached it."""

import json
import sys
from pathlib import Path

prompt = json.load(sys.stdin)
with Path(sys.argv[1]).open("a", encoding="utf-8") as record:
    record.write(json.dumps(prompt) + "\n")
print(f"You said: {prompt['text']}")
