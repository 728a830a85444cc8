r"""What a text from outside is written as: one function a language.

Names of files, tables, layers and conventions, messages, globs and revisions come from repositories that nobody vouches
for. Whatever prints one of them sends it through the function of the language it prints.

>>> hostile = 'a"b\n::error::c\x1b[2J'
>>> line(hostile), xml("]]>\0"), workflow(hostile)
('a"b\\n::error::c\\x1b[2J', ']]>\\x00', 'a"b%0A\\x3a:error::c\\x1b[2J')
"""

from __future__ import annotations

import re

__all__ = [
    "csv",
    "figure",
    "html",
    "json",
    "latex",
    "line",
    "markdown",
    "python",
    "workflow",
    "workflow_property",
    "xml",
    "yaml",
    "yaml_quoted",
]


# What begins a command anywhere in a line: ##[error] on GitHub and Azure, ##vso[task.setvariable ...].
_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")


def line(text: str) -> str:
    r"""Plain text, for a terminal or a log: always one line, in which every character shows.

    Control characters, terminal escapes, marks that turn the direction of writing round and lone surrogates are written
    out; so is what begins a command in the log of a CI system (`::error::` at the start of a line, `##[error]` in it).

    >>> line("conv_1"), line("conv" + chr(27) + "[2J"), line("é\u202ea\udcff")
    ('conv_1', 'conv\\x1b[2J', 'é\\u202ea\\udcff')
    >>> line(" ::error file=x::y"), line("a::b"), line("x ##[error]y")
    (' \\x3a:error file=x::y', 'a::b', 'x #\\x23[error]y')
    """
    if not text.isprintable():
        text = "".join([c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text])
    if "##" in text:
        text = _COMMAND.sub(r"#\\x23", text)
    if "::" in text and text.lstrip(" ").startswith("::"):
        text = text.replace(":", "\\x3a", 1)
    return text


def _lines(text: str) -> str:
    return "\n".join(map(line, text.split("\n")))


# What Markdown would read as markup, inside a line and (added there) at its beginning.
_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*<>[]|~&"})


def markdown(text: str) -> str:
    r"""A text that Markdown prints as it is. An underscore inside a word is no markup and stays readable.

    On GitHub a name after an @ would be told about the comment; an invisible character that takes no room stands between.

    >>> markdown("conv_dw_1"), markdown("_a|b_"), markdown("*/pointwise"), markdown("a@b")
    ('conv_dw_1', '\\_a\\|b\\_', '\\*/pointwise', 'a@&#8203;b')
    """
    text = line(text).translate(_MARKDOWN)
    if "_" in text:
        framed = f" {text} "
        text = "".join(
            [
                "\\_" if c == "_" and not (framed[i].isalnum() and framed[i + 2].isalnum()) else c
                for i, c in enumerate(text)
            ]
        )
    return text.replace("@", MENTION) if "@" in text else text


MENTION = "@&#8203;"
"""An @ in a comment on GitHub, in Markdown or in HTML, that tells nobody about it."""


def html(text: str) -> str:
    """A text in an element or an attribute of HTML.

    >>> html("</script>"), html("a'b")
    ('&lt;/script&gt;', 'a&#39;b')
    """
    text = line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;")


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\symbol{34}",
        "`": "{`}",
        **{c: "\\" + c for c in "_%&#${}"},
        # A row that began with one of these would be read as an argument of the line break before it.
        "[": "{[}",
        "*": "{*}",
        # pdflatex knows these only as mathematics.
        "α": r"$\alpha$",
        "ρ": r"$\rho$",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "−": "$-$",
        "²": "$^2$",
        "³": "$^3$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "≈": r"$\approx$",
        "→": r"$\rightarrow$",
    }
)


def latex(text: str) -> str:
    r"""A text that LaTeX prints as it is, `--option` included. After a % a :func:`line` is enough.

    >>> print(latex("conv_1"), latex("19.5 %"), latex("--standard"), latex("1/N + 1/D_K^2"), latex("'''"))
    conv\_1 19.5 \% -{}-standard 1/N + 1/D\_K\textasciicircum{}2 '{}'{}'
    """
    text = line(text).translate(_LATEX)
    for pair in ("--", "''"):  # twice: of three alike, the second pair overlaps with the first
        apart = "{}".join(pair)
        text = text.replace(pair, apart).replace(pair, apart)
    return text


def csv(text: str) -> str:
    """A cell of comma-separated values, before it is quoted: no spreadsheet takes it for a formula.

    >>> csv("=cmd()"), csv("@SUM(1)"), csv("-x"), csv("-"), csv("-21,888.5"), csv("+2.13 %"), csv("-1/3")
    ("'=cmd()", "'@SUM(1)", "'-x", '-', '-21,888.5', '+2.13 %', '-1/3')
    """
    text = line(text)
    if text[:1] not in _FORMULA or len(text) == 1 or not set(text[1:]) - _NUMBER:
        return text
    return "'" + text


_FORMULA = frozenset("=+-@")
_NUMBER = frozenset("0123456789.,/ %")


def yaml(text: str) -> str:
    r"""A scalar in YAML's flow style, in double quotes unless it is a simple word or number.

    >>> print(yaml("conv_1"), yaml("3/4"), yaml("a: b"), yaml('"\\'), yaml("é \u202e"), yaml("-1"))
    conv_1 3/4 "a: b" "\"\\" "é \u202e" "-1"
    """
    simple = text.replace("_", "").replace("/", "").replace(".", "").replace("$", "").replace("-", "").isalnum()
    if (simple and text.isascii() and not text.startswith("-")) or text == "~":
        return text
    return yaml_quoted(text)


def yaml_quoted(text: str) -> str:
    r"""A scalar of YAML in double quotes.

    >>> print(yaml_quoted("yes"), yaml_quoted("\x1b##[error]"))
    "yes" "\x1b#\x23[error]"
    """
    return '"' + _COMMAND.sub(r"#\\x23", "".join(map(_in_yaml, text))) + '"'


def _in_yaml(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    if c.isprintable():
        return c
    code = ord(c)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def xml(text: str) -> str:
    """A text or an attribute of XML, before its markup is escaped: no character in it that XML does not know.

    >>> xml("two" + chr(10) + "lines" + chr(27)).split(chr(10))
    ['two', 'lines\\\\x1b']
    """
    return _lines(text)


def workflow(text: str) -> str:
    """The message of a GitHub workflow command; it may have several lines.

    >>> workflow("8 % over")
    '8 %25 over'
    """
    return _lines(text).replace("%", "%25").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """A property of a GitHub workflow command.

    >>> workflow_property("mbcost: a, b")
    'mbcost%3A a%2C b'
    """
    return workflow(line(text)).replace(":", "%3A").replace(",", "%2C")


def python(text: str) -> str:
    r'''What stands between the quotes of a Python string, `"` or `"""`.

    >>> print(python('q"""+str(1)+"""'), python("C:\\new"), python("a" + chr(10)))
    q\"\"\"+str(1)+\"\"\" C:\\new a\\n
    '''
    return line(text).replace("\\", "\\\\").replace('"', '\\"')


def json(text: str) -> str:
    r"""A JSON document, already encoded in ASCII, in a CI system's log: nothing in it begins a command there.

    >>> print(json('{"name": "##[error]x"}'))
    {"name": "#\u0023[error]x"}
    """
    return _COMMAND.sub(r"#\\u0023", text) if "##" in text else text


def figure(text: str) -> str:
    r"""A text in a figure: characters its font has no picture of are written out.

    >>> figure("α 0.75 $x$ \u732b")
    'α 0.75 $x$ \\u732b'
    """
    text = line(text)
    if text.isascii():
        return text
    # Latin, Greek and Cyrillic letters, punctuation and mathematics
    return "".join(
        [c if ord(c) < 0x530 or 0x2010 <= ord(c) < 0x2300 else c.encode("unicode_escape").decode("ascii") for c in text]
    )
