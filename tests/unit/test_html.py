"""HTML as its reader sees it, quotations told apart; and sources made to break or exhaust a parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.html import LIMIT, text_of


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hello <b>you</b>&nbsp;&amp;\n me<br>again</p><p>bye</p>", "Hello you\xa0& me\nagain\n\nbye"),
        ("<div>one</div><div>two<div>three</div></div>", "one\ntwo\nthree"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ("a<ul><li>one<li>two<ul><li>three</ul></ul>b", "a\n- one\n- two\n- three\nb"),
        ("<ul><li><p>one</p></li><li><p>two</p></li></ul>", "- one\n\n- two"),
        ("<ol><li>one</li></ol>", "- one"),
        ("<table><tr><td>a<tr><td>b</table>", "a\nb"),
        ("<pre>  a\n   b</pre>", "a\n   b"),
        ('see <img src="x" alt="a &quot;picture&quot; &lt;1&gt;"> here', 'see a "picture" <1> here'),
        ("no tags at all", "no tags at all"),
        ("<textarea>my request</textarea>", "[ my request ]"),
        ("<noscript>shown in mail</noscript>", "shown in mail"),
        ("a<br><br><br><br><br>b", "a\n\nb"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_text_keeps_its_lines(source: str, text: str) -> None:
    assert text_of(source) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var a = '<p>x</p>';</script>",
        "<style>p > a { display: none }</style>",
        "<head><title>A title</title></head>",
        "<!-- a comment <p>x</p> -->",
        "<!--[if mso]><p>for Outlook</p><![endif]-->",
        '<div style="display:none">preview</div>',
        '<span style="color:red; DISPLAY : None !important">preview</span>',
        '<div style="visibility:hidden"><p>preview</p></div>',
        '<p style="mso-hide:all">preview</p>',
        "<p hidden>preview</p>",
        '<p title="a > b" hidden="">preview</p>',
        "<div style=display:none><div>deep <b>down</b></div></div>",
    ],
)
def test_what_no_reader_sees_is_left_out(hidden: str) -> None:
    assert text_of(f"<p>seen</p>{hidden}") == "seen"


@pytest.mark.parametrize(
    "shown",
    [
        '<p style="overflow: hidden ; color: red">seen</p>',
        '<p aria-hidden="true">seen</p>',
        '<p class="hidden">seen</p>',
        "<p class=hidden>seen</p>",
        "<p class = hidden>seen</p>",
        '<p data-note="display">seen</p>',
        '<body style="display:none"><p>seen</p></body>',
        "<!--[if !mso]><!--><p>seen</p><!--<![endif]-->",
        "<!--><p>seen</p>",
        '<p data-a="it\'s">seen</p>',
        "<p a='\">seen</p>",
    ],
)
def test_what_a_reader_sees_is_never_left_out(shown: str) -> None:
    assert text_of(shown) == "seen"


def test_quotations_are_marked_and_what_stands_between_them_is_not() -> None:
    source = (
        '<div>My answer</div><div class="gmail_quote"><div class="gmail_attr">On Monday, Jo wrote:<br></div>'
        '<blockquote class="gmail_quote" style="border:none">'
        'old<blockquote type="cite">older</blockquote>old</blockquote>'
        "<div>between</div><blockquote>again<br>twice</blockquote></div>"
    )
    assert text_of(source).split("\n") == [
        "My answer",
        "On Monday, Jo wrote:",
        "> old",
        ">> older",
        "> old",
        "between",
        "> again",
        "> twice",
    ]


def test_text_indented_with_a_button_is_not_quoted() -> None:
    source = '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">mine</blockquote>after'
    assert text_of(source) == "mine\nafter"


def test_everything_below_the_header_outlook_writes_is_quoted() -> None:
    source = '<p>New</p></div><hr><div id="x_divRplyFwdMsg"><b>From:</b> Jo</div><blockquote>a</blockquote><p>old</p>'
    assert text_of(source).split("\n")[-5:] == ["________", "> From: Jo", ">> a", ">", "> old"]


def test_the_line_above_a_mail_quoted_by_outlook_is_drawn() -> None:
    source = '<p>New</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Jo</p></div>'
    assert text_of(source) == "New\n\n________\n\nFrom: Jo"


def test_the_marks_of_quotations_cannot_be_forged() -> None:
    assert text_of("\ufdd0a\ufdd3b") == "ab"


def test_a_quotation_that_never_ends_lasts_and_an_end_without_a_beginning_is_nothing() -> None:
    assert text_of("</blockquote>new<blockquote>old<p>older") == "new\n> old\n>\n> older"


def test_only_the_beginning_of_a_long_source_is_read() -> None:
    assert text_of("<p>seen</p>" + " " * LIMIT + "unseen") == "seen"


EXHAUSTING = {
    "nested": "<div>" * 100_000 + "deep",
    "nested lists": "<ul><li>x" * 28_000,
    "nested quotations": "<blockquote>x" * 20_000,
    "attributes": "<div " + " ".join(f"a{number}" for number in range(40_000)) + ">x",
    "attributes behind a quote": '<div " ' + " ".join(f"a{number}" for number in range(40_000)) + ">x",
    "root attributes": "".join(f"<html a{number}=1>" for number in range(16_000)) + "x",
    "comments": "<!--" * 60_000,
    "comments with dashes": "<!-- -" * 40_000,
    "open values": '<a ="' * 50_000,
    "open values of both kinds": "<a ='\"" * 40_000,
    "raw text": "<script>" * 30_000,
    "tables": "<table><tr><td>" * 17_000,
    "formatting": "<p><b><i><u>x" * 20_000,
    "rules": "<hr>" * 60_000,
    "angles": "<" * LIMIT,
}


@pytest.mark.parametrize("source", EXHAUSTING.values(), ids=EXHAUSTING.keys())
def test_no_source_makes_more_text_than_a_few_times_itself(source: str) -> None:
    assert len(text_of(source)) <= 4 * LIMIT


@given(st.text(max_size=200))
def test_any_text_is_read(source: str) -> None:
    text_of(source).encode()


TANGLE = st.sampled_from(
    [
        *("<div ", "<p>", "</p>", "<blockquote>", "</blockquote>", "<li>", "<script>", "</script>", "<img alt=x>"),
        *("<!--", "-->", "<", ">", '="', "'", '"', "=", " ", "\n", "hidden", "style=", "display:none", "a"),
        *("&", "&#xD800;", "\ud800", "\0"),
    ]
)


@given(st.lists(TANGLE, max_size=40))
def test_any_tangle_of_tags_is_read(pieces: list[str]) -> None:
    text_of("".join(pieces)).encode()


@given(
    st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=8),
    st.sampled_from(["p", "div", "li", "h2"]),
)
def test_no_word_is_lost(words: list[str], tag: str) -> None:
    assert text_of("".join(f"<{tag}>{word}</{tag}>" for word in words)).replace("-", " ").split() == words
