#!/usr/bin/env python3
"""Proves the order of the folders from the #include lines of all files that git knows.

A file includes from its own top folder and from those before it: kernels < nn < weights < eval < tools < tests. Rooms,
the folders inside one folder, do not include each other in a circle. A room may use the headers of the folders that
contain it, and these may use the room.
"""
import collections
import pathlib
import re
import subprocess
import sys

ORDER = ["kernels", "nn", "weights", "eval", "tools", "tests"]
root = pathlib.Path(__file__).resolve().parent.parent
sources = subprocess.run(["git", "-C", root, "ls-files", "*.h", "*.cuh", "*.cpp", "*.cu"], check=True, text=True,
                         stdout=subprocess.PIPE).stdout.split("\n")[:-1]
problems = []
uses = collections.defaultdict(dict)  # room -> neighbouring room that it includes from -> one such include
for source in filter(lambda name: (root / name).exists(), sources):
    for number, line in enumerate((root / source).read_text().split("\n"), 1):
        if not (match := re.match(r'\s*#\s*include\s+"(.*)"', line)):
            continue
        target, where = match[1], f"{source}:{number} includes {match[1]}"
        if not (root / target).exists():
            problems.append(f"{where}: write the path of a file in this repository, from its root")
            continue
        here, there = pathlib.PurePath(source).parent.parts, pathlib.PurePath(target).parent.parts
        if ORDER.index(there[0]) > ORDER.index(here[0]):
            problems.append(f"{where}: {here[0]} comes before {there[0]}")
        parting = next((i for i, (a, b) in enumerate(zip(here, there)) if a != b), 0)
        if parting:  # else one folder contains the other, or their top folders differ
            uses["/".join(here[:parting + 1])].setdefault("/".join(there[:parting + 1]), where)


def find_circles(room, path):
    """Reports each circle once: at the first of its rooms in the alphabet. `path` has (room, include) pairs."""
    for used, where in uses.get(room, {}).items():
        if used == path[0][0]:
            problems.append("a circle of rooms: " + "; ".join(where for _, where in [*path[1:], (used, where)]))
        elif used > path[0][0] and used not in (room for room, _ in path):
            find_circles(used, [*path, (used, where)])


for room in sorted(uses):
    find_circles(room, [(room, "")])
print("\n".join(problems) or f"{len(sources)} files keep the order of the folders.")
sys.exit(1 if problems else 0)
