"""``mbcost help``: the reference, a page a topic, as ``configs/README.md`` has it."""

from __future__ import annotations

import os
import re
import textwrap

import click

from mbcost.cli.options import FILE, Choice
from mbcost.cli.output import terminal, write
from mbcost.documents import configs_folder
from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import MbcostError, nearest

__all__ = ["command", "pages"]

WIDTH = 80


def pages() -> dict[str, str]:
    """The topics in order, each with its page in Markdown.

    >>> list(pages())
    ['grammar', 'budgets', 'conventions', 'memory', 'json', 'api', 'exit-codes']
    """
    path = os.path.join(configs_folder(), "README.md")
    _, *found = re.sub(r"<!--.*?-->\n", "", read_text(read_bytes(path), path)).split("\n## ")
    return {_topic(page.partition("\n")[0]): f"## {page.strip()}\n" for page in found}


def _topic(word: str) -> str:
    return word.strip().lower().replace(" ", "-").replace("_", "-")


def _topics(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [topic for topic in pages() if topic.startswith(incomplete)]


@click.command("help", short_help="The reference: grammar, budgets, JSON, exit codes, ...")
@click.argument("topic", required=False, shell_complete=_topics)
@click.option(
    "-f", "--format", type=Choice(["text", "markdown"]), default="text", show_default=True, help="Form of the page."
)
@click.option("-o", "--output", type=FILE, help="Write to a file instead.")
def command(topic: str | None, format: str, output: str | None) -> None:
    """The reference, a page a TOPIC; without one, what there is.

    \b
    mbcost help                          the topics
    mbcost help grammar | less           what a layer table may say
    mbcost help json -f markdown         the keys of every command's JSON
    """
    known = pages()
    page = _listing(known) if topic is None else known.get(_topic(topic), "")
    if not page and topic is not None:
        write(_of_command(topic, list(known)), output)
        return
    write(page if format == "markdown" else plain(page, min(terminal()[0] or WIDTH, WIDTH)), output)


def _listing(known: dict[str, str]) -> str:
    """Every topic with the sentence that its page begins with."""
    told = [f"- `{topic}`: {page.split(chr(10) * 2)[1]}" for topic, page in known.items()]
    return (
        "\n".join(
            [
                "`mbcost help TOPIC` prints a page:",
                "",
                *told,
                "",
                "`mbcost COMMAND --help` has the options of a command.",
            ]
        )
        + "\n"
    )


def _of_command(topic: str, known: list[str]) -> str:
    """The help of a command, for those who ask so; else an error that names what may be meant."""
    context = click.get_current_context().parent
    group = context.command if context is not None else None
    if context is not None and isinstance(group, click.Group):
        found = group.get_command(context, topic)
        if found is not None:
            return (
                found.get_help(
                    click.Context(found, info_name=topic, parent=context, max_content_width=context.max_content_width)
                )
                + "\n"
            )
    close = nearest(_topic(topic), known)
    raise MbcostError(
        f"there is no topic `{topic[:60]}`",
        help=f"did you mean {close}?" if close else f"the topics are {', '.join(known)}",
    )


def plain(page: str, width: int = WIDTH) -> str:
    """A page of Markdown as plain text: headings underlined, code indented, folded where a line is longer than ``width``.

    >>> print(plain("## Title" + chr(10) * 2 + "Some **bold** words, `code`.", 20), end="")
    Title
    =====
    <BLANKLINE>
    Some bold words,
    `code`.
    """
    lines: list[str] = []
    paragraph: list[str] = []
    fenced = False
    for line in [*page.rstrip("\n").split("\n"), ""]:
        flows = not fenced and line.strip() and not line.startswith(("#", "```", "    "))
        if paragraph and (not flows or line.startswith("- ")):
            lines += _folded(paragraph, width)
            paragraph = []
        if flows:
            paragraph.append(line.replace("**", ""))
        elif line.startswith("```"):
            fenced = not fenced
        elif line.startswith("#") and not fenced:
            title = line.lstrip("# ")
            lines += [title, ("=" if line.startswith("## ") else "-") * len(title)]
        else:
            lines.append("    " + line if fenced and line else line)
    return "\n".join(lines)


def _folded(paragraph: list[str], width: int) -> list[str]:
    """A paragraph as it is where it fits, else folded anew."""
    if max(map(len, paragraph)) <= width:
        return paragraph
    indent = "  " if paragraph[0].startswith("- ") else ""
    text = " ".join([line.strip() for line in paragraph])
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
