"""A command: counts the words of a file; uses the environment, JSON and regular expressions."""

import json
import os
import pathlib
import re
import sys

from wit_world import exports


class Run(exports.Run):
    def run(self) -> None:
        version = ".".join(map(str, sys.version_info[:2]))
        print("Python", version, "for", os.environ.get("WHO", "nobody"))
        text = pathlib.Path("/work/words.txt").read_text()
        counts = {}
        for word in re.findall(r"[a-z]+", text.lower()):
            counts[word] = counts.get(word, 0) + 1
        result = pathlib.Path("/work/counts.json")
        result.write_text(json.dumps(counts, sort_keys=True))
        print(result.read_text())
        try:
            pathlib.Path("/etc/passwd").read_text()
        except OSError as error:
            print("outside the grant:", type(error).__name__)
