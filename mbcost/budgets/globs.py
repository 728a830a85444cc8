"""The files a budget's glob matches, found within bounds: a glob of a stranger's must not walk the whole disk."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

from mbcost.errors import MbcostError

__all__ = ["Search"]

MAX_LOOKED = 100_000


class Search:
    """Finds files by globs, all of them together within one bound."""

    def __init__(self) -> None:
        self.looked = 0

    def matches(self, folder: str, pattern: str) -> list[str]:
        """The files below a folder, or anywhere with an absolute pattern, that a glob matches; sorted.

        ``*`` and ``?`` stay within a name, ``**`` crosses folders. As in a shell, neither sees names that begin with a dot,
        and ``**`` follows no links: a link to its own folder would be walked again and again.
        """
        drive, rest = os.path.splitdrive(pattern)
        *inner, end = rest.replace(os.sep, "/").split("/")
        names = [*[name for name in inner if name not in {"", "."}], end]
        names = [name for n, name in enumerate(names) if name != "**" or names[n - 1 : n] != ["**"]]
        if names[-1:] == ["**"]:
            names.append("*")
        top = drive + os.sep if rest.startswith((os.sep, "/")) else folder or os.curdir
        found: set[str] = set()
        seen = {(top, 0)}
        waiting = [(top, 0)]
        while waiting:
            here, number = waiting.pop()
            name, last = names[number], number == len(names) - 1
            deep, wild = name == "**", any(c in name for c in "*?[")
            steps = [(here, number + 1)] if deep else []
            for entry in _entries(here) if wild else ():
                self.looked += 1
                if self.looked > MAX_LOOKED:
                    raise MbcostError(
                        f"the glob `{pattern[:100]}` has more than {MAX_LOOKED:,} files and folders to look at",
                        help="begin it with the folder that the tables are in: models/**/*.yaml",
                    )
                if entry.name.startswith(".") and (deep or not name.startswith(".")):
                    continue
                if deep:
                    steps += [(entry.path, number)] if entry.is_dir(follow_symlinks=False) else []
                elif fnmatchcase(entry.name, name):
                    if not last:
                        steps += [(entry.path, number + 1)] if entry.is_dir() else []
                    elif entry.is_file():
                        found.add(entry.path)
            if not wild:
                path = os.path.join(here, name)
                if not last:
                    steps += [(path, number + 1)] if os.path.isdir(path) else []
                elif os.path.isfile(path):
                    found.add(path)
            waiting += [step for step in steps if step not in seen]
            seen.update(steps)
        return sorted({os.path.normpath(path) for path in found})


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What a folder holds; of one that may not be read, nothing."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (OSError, ValueError):
        return []
