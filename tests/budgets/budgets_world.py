"""A small table, and git repositories made by a test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["TABLE", "Repository"]

TABLE = """\
format: 1
name: net
input: {channels: 3, resolution: 32}
rounding: divisor:8
layers:
  - {op: conv, name: stem, kernel_size: 3, out_channels: 16, stride: 2}
  - {op: separable, out_channels: 32}
  - {op: separable, out_channels: 64, stride: 2}
  - {op: separable, out_channels: 64}
  - {op: global_pool}
  - {op: linear, name: classifier, out_channels: 10, width: fixed}
"""


class Repository:
    """A git repository with commits of its own, whose ids depend on their content alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *args: str) -> str:
        env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {
                f"GIT_{who}_NAME": "a",
                f"GIT_{who}_EMAIL": "a@example.com",
                f"GIT_{who}_DATE": "2020-02-02T02:02:02Z",
            }
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.folder)}
        command = ["git", "-c", "protocol.file.allow=always", *args]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")
