"""HTML mail as the text a reader sees: the only door to resiliparse.

resiliparse extracts in linear time as long as nobody walks its tree from Python (milliseconds a node once it is deep),
no tag has thousands of attributes (compared pairwise), and no list stands in a list (250 KB of them, indented one by
the other, become 780 MB). So the source is cleaned in one pass over its tags, and only then given to the library.
"""

import re
from html import escape, unescape

from resiliparse.extract.html2text import extract_plain_text

LIMIT = 256 * 1024
"""Characters of HTML that are read; what stands behind them is not."""

_DEEPEST = 8  # `>` before one line
_BREAK = "<div></div>"
_RULE = "<div>________</div>"
# Noncharacters (Unicode 23.7) occur in no mail, so they are ours to mark places with: a quotation begins, an indented
# block begins, either ends, all that follows is quoted.
_QUOTATION, _INDENTED, _END, _REST = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
_MARK = re.compile("[\ufdd0-\ufdd3]")
_UNWANTED = re.compile(r"[\x00\ud800-\udfff\ufdd0-\ufdef]")

# As the HTML standard's tokenizer reads: quotes count only behind `=`, and what never ends reaches to the end of the
# text. Every repetition is possessive, so that nothing is tried twice.
_MARKUP = re.compile(
    r"""
      <!--(?:-?>|[^-]*+(?:-(?!->)[^-]*+)*+(?:-->|\Z))
    | <(?P<raw>script|style|title|iframe|noframes|noembed)\b[^<]*+(?:<(?!/(?P=raw)\b)[^<]*+)*+(?:</(?P=raw)[^>]*+>?|\Z)
    | <(?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?P<attributes>(?:[^=>]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+)(?:>|\Z)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_VALUE = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+)""")
_ALT = re.compile(r"""\balt\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"\b(?:display\s*+:\s*+none|visibility\s*+:\s*+hidden|mso-hide\s*+:\s*+all)", re.IGNORECASE)
_HIDDEN_NAME = re.compile(r"(?<![\w-])hidden(?![\w-])", re.IGNORECASE)
_BORDERLESS = re.compile(r"\bborder\s*+:\s*+(?:none|medium|0)", re.IGNORECASE)
_BORDER_ABOVE = re.compile(r"\bborder-top(?:-style)?+\s*+:\s*+solid", re.IGNORECASE)
_CITING = re.compile(r"cite|quote", re.IGNORECASE)
_OUTLOOK = re.compile(r"divRplyFwdMsg|mail-editor-reference-message|ms-outlook-mobile-reference", re.IGNORECASE)
_LIST = frozenset({"ul", "ol", "menu", "dir", "li"})
_LONE_DASH = re.compile(r"(?m)^- ?+\n{1,2}+(?=[^\s>-])")
_GAP = re.compile(r"\n(?:[ \t]*+\n){2,}+")


def text_of(html: str) -> str:
    """Return the visible text of `html`: a line for each block, a dash before list items, `> ` before quotations.

    Reads the first `LIMIT` characters and never raises. Scripts, styles and hidden elements are left out; a horizontal
    rule, and the border Outlook draws above the mail it quotes, become a row of underscores.
    """
    source = _MARKUP.sub(_cleaned, _UNWANTED.sub("", html[:LIMIT]))
    text = extract_plain_text(
        source, preserve_formatting=True, form_fields=True, noscript=True, skip_elements=["[hidden]"]
    )
    return _GAP.sub("\n\n", _quoted(_LONE_DASH.sub("- ", text))).strip()


def _cleaned(found: re.Match[str]) -> str:
    """Return the tag without its attributes, and beside it the mark of what they meant."""
    if found["name"] is None:
        return ""
    name, attributes = found["name"].lower(), found["attributes"]
    if name in _LIST:
        return _BREAK if found["end"] or name != "li" else f"{_BREAK}- "
    if found["end"]:
        return f"</{name}><div>{_END}</div>" if name == "blockquote" else f"</{name}>"
    if name == "img":
        alt = _ALT.search(attributes)
        return escape(unescape(alt[1] or alt[2] or alt[3] or "")) if alt else ""
    hidden = " hidden" if attributes and _is_hidden(name, attributes) else ""
    return f"{_mark(name, attributes)}<{name}{hidden}>"


def _mark(name: str, attributes: str) -> str:
    """Return what must stand before the tag, so that a quotation is still seen in the bare text."""
    if name == "blockquote":
        # The indent button writes a blockquote too: without a border, citing nobody.
        indented = _BORDERLESS.search(attributes) and not _CITING.search(attributes)
        return f"<div>{_INDENTED if indented else _QUOTATION}</div>"
    if name == "hr" or (name == "div" and _BORDER_ABOVE.search(attributes)):
        return _RULE
    return f"<div>{_REST}</div>" if name == "div" and _OUTLOOK.search(attributes) else ""


def _is_hidden(name: str, attributes: str) -> bool:
    """Tell whether the element is not shown; the whole page is never taken for hidden."""
    if name in {"html", "body"}:
        return False
    return bool(_HIDDEN_STYLE.search(attributes) or _HIDDEN_NAME.search(_VALUE.sub("=", attributes)))


def _quoted(text: str) -> str:
    """Return `text` without its marks, the lines between them behind one `>` for each quotation around them."""
    lines: list[str] = []
    around: list[str] = []
    depth = 0
    for line in text.split("\n"):
        deepest = depth
        for mark in _MARK.findall(line):
            if mark != _END:
                around.append(mark)
                depth += mark != _INDENTED
            elif around and around[-1] != _REST:
                depth -= around.pop() != _INDENTED
            deepest = max(depth, deepest)
        bare = _MARK.sub("", line).rstrip()
        if bare or not _MARK.search(line):
            lines.append(f"{'>' * min(deepest, _DEEPEST)} {bare}".rstrip() if deepest else bare)
    return "\n".join(lines)
