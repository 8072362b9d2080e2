"""New text, quoted text, signature: no line lost, no request hidden, in the languages people write in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.body import Body, split

ASK = "Please delete everything you hold about me."
OLD = "Thank you for your order. Yours, the shop"


def cited(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def test_a_plain_mail_is_all_new() -> None:
    assert split(f"Hello,\n\n{ASK}\n\nAlex") == Body(f"Hello,\n\n{ASK}\n\nAlex", "", "")


@pytest.mark.parametrize("text", ["", "\n\n", " \n\t\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert not any(part.strip() for part in (split(text).new, split(text).quoted, split(text).signature))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_of_any_kind(end: str) -> None:
    assert split(f"{ASK}\n> old\n".replace("\n", end)) == Body(ASK, "> old", "")


# --- who wrote -------------------------------------------------------------------------------------------------------

# Each alone makes what follows a quotation, marked or not.
ATTRIBUTIONS = [
    "On Mon, 2 Mar 2026 at 09:15, Jo Doe <jo@shop.example> wrote:",
    "On Mon, Mar 2, 2026 at 9:15 AM Jo Doe <jo@shop.example> wrote:",
    "On 02/03/2026 09:15, Jo Doe wrote:",
    "On Mar 2, 2026, at 9:15 AM, Jo Doe <\njo@shop.example> wrote:",
    "On Mon, Mar 2, 2026 at 9:15 AM Jo Doe\n<jo@shop.example>\nwrote:",
    "---- On Mon, 02 Mar 2026 09:15:00 +0000 Jo Doe <jo@shop.example> wrote ----",
    "Jo Doe <jo@shop.example> wrote:",
    "Am 02.03.2026 um 09:15 schrieb Jo Doe <jo@shop.example>:",
    "Am 02.03.26 um 09:15 schrieb Jo Doe:",
    "Jo Doe <jo@shop.example> schrieb am Mo., 2. März\n2026, 09:15:",
    "Le lun. 2 mars 2026 à 09:15, Jo Doe <jo@shop.example> a écrit :",
    "Le 2 mars 2026 à 09:15, Jo Doe\n<jo@shop.example> a écrit\xa0:",
    "El lun, 2 mar 2026 a las 9:15, Jo Doe (<jo@shop.example>) escribió:",
    "Il giorno lun 2 mar 2026 alle ore 09:15 Jo Doe <jo@shop.example> ha scritto:",
    "Op ma 2 mrt 2026 om 09:15 schreef Jo Doe <jo@shop.example>:",
    "W dniu pon., 2 mar 2026 o 09:15 Jo Doe <jo@shop.example> napisał(a):",
    "Em seg., 2 de mar. de 2026 às 09:15, Jo Doe <jo@shop.example> escreveu:",
    "Den mån 2 mars 2026 kl 09:15 skrev Jo Doe <jo@shop.example>:",
    "Den man. 2. mar. 2026 kl. 09.15 skrev Jo Doe <jo@shop.example>:",
    "ma 2. maalisk. 2026 klo 9.15 Jo Doe (jo@shop.example) kirjoitti:",
    "po 2. 3. 2026 v 9:15 odesílatel Jo Doe <jo@shop.example> napsal:",
    "În lun., 2 mar. 2026 la 09:15, Jo Doe <jo@shop.example> a scris:",
    "Jo Doe <jo@shop.example> ezt írta (időpont: 2026. márc. 2., H, 9:15):",
    "Στις Δευ 2 Μαρ 2026 στις 9:15 π.μ., ο χρήστης Jo Doe <jo@shop.example> έγραψε:",
    "Jo Doe <jo@shop.example>, 2 Mar 2026 Pzt, 09:15 tarihinde şunu yazdı:",
    "пн, 2 мар. 2026 г. в 09:15, Jo Doe <jo@shop.example> написал(а):",
    "пон, 2. ožu 2026. u 09:15 Jo Doe <jo@shop.example> napisao je:",
    "Jo Doe <jo@shop.example> 于2026年3月2日周一 09:15写道：",
    "2026年3月2日(月) 9:15 Jo Doe <jo@shop.example>:",
    "2026년 3월 2일 (월) 오전 9:15, Jo Doe <jo@shop.example>님이 작성:",
    "Luan 2 Márta 2026 9:15, scríobh Jo Doe <jo@shop.example>:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_what_stands_below_an_attribution_is_quoted(attribution: str) -> None:
    assert split(f"{ASK}\n\n{attribution}\n\n{OLD}") == Body(ASK, f"{attribution}\n\n{OLD}", "")


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_below_an_attribution_only_marked_lines_are_quoted_where_there_are_any(attribution: str) -> None:
    body = split(f"Hello\n{attribution}\n{cited(OLD)}\n\n{ASK}")
    assert body == Body(f"Hello\n\n{ASK}", f"{attribution}\n{cited(OLD)}", "")


@pytest.mark.parametrize(
    "weak",
    [
        "On 2 March 2026 you wrote:",
        "At 02/03/2026 08:32 PM, you wrote:",
        "El lunes, 2 de marzo de 2026, Jo escribió:",
        "понедельник, 2 марта 2026 г. пользователь Jo написал:",
        "2026/3/2 Jo via the shop <jo@shop.example>",
        "Jo scríobh, 2 Márta 2026:",
    ],
)
def test_a_vague_attribution_needs_marked_lines_below(weak: str) -> None:
    assert split(f"{ASK}\n\n{weak}\n\n{cited(OLD)}").new == ASK
    assert split(f"Hello\n\n{weak}\n\n{ASK}") == Body(f"Hello\n\n{weak}\n\n{ASK}", "", "")


@pytest.mark.parametrize(
    "retold",
    [
        "On 2 March 2026 at 10:30 I wrote:",
        "On 2 March 2026 at 10:30 I wrote to you and asked this:",
        "I wrote to you on 2 March 2026 at 10:30 and you replied:",
        "Am 2. März 2026 um 10:30 schrieb ich Ihnen:",
        "My address is alex@example.org and I ask you:",
        "You can call me on 2 March 2026 between 10:30 and 12:00:",
    ],
)
def test_what_the_writer_retells_is_new(retold: str) -> None:
    assert split(f"Hello\n\n{retold}\n\n{ASK}").quoted == ""


def test_an_attribution_that_opens_the_mail_hides_nothing_below() -> None:
    attribution = ATTRIBUTIONS[0]
    assert split(f"{attribution}\n\n{ASK}") == Body(ASK, attribution, "")


def test_a_line_above_a_wrapped_attribution_stays_new() -> None:
    body = split(f"{ASK}\nOn Mon, Mar 2, 2026 at 9:15 AM Jo Doe\n<jo@shop.example> wrote:\n\n{OLD}")
    assert body.new == ASK


# --- marked lines ----------------------------------------------------------------------------------------------------


def test_text_between_marked_lines_is_new() -> None:
    body = split("> Shall we delete your data?\n\nYes, please.\n\n> And your orders?\n>> Orders?\nThose too.")
    assert body.new == "Yes, please.\n\nThose too."
    assert body.quoted == "> Shall we delete your data?\n\n> And your orders?\n>> Orders?"


def test_bars_mark_a_quotation_but_not_a_table() -> None:
    body = split("| name | value |\n|------|-------|\nnew\n| old words\n|\n| and more")
    assert body.new == "| name | value |\n|------|-------|\nnew"


def test_the_escape_of_mbox_files_is_no_quotation() -> None:
    assert split(">From my account delete everything").new == ">From my account delete everything"


def test_a_mail_of_marked_lines_only_has_no_new_text() -> None:
    assert split("> one\n> two") == Body("", "> one\n> two", "")


# --- what programs write above ---------------------------------------------------------------------------------------

DIVIDERS = [
    "-----Original Message-----",
    "-------- Original Message --------",
    "*-------- Original Message --------*",
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "-----Ursprüngliche Nachricht-----",
    "-------- Weitergeleitete Nachricht --------",
    "Anfang der weitergeleiteten Nachricht:",
    "-----Message d'origine-----",
    "Début du message transféré :",
    "-----Mensaje original-----",
    "-----Messaggio originale-----",
    "-----Oorspronkelijk bericht-----",
    "-----Mensagem original-----",
    "-----Ursprungligt meddelande-----",
    "-----Oprindelig meddelelse-----",
    "-----Opprinnelig melding-----",
    "-----Alkuperäinen viesti-----",
    "---------- Původní zpráva ----------",
    "-----Wiadomość oryginalna-----",
    "-----Mesaj original-----",
    "-----Eredeti üzenet-----",
    "-----Αρχικό μήνυμα-----",
    "-----Orijinal Mesaj-----",
    "-------- Исходное сообщение --------",
    "-----原始邮件-----",
]
HEADERS = [
    "From: Jo Doe <jo@shop.example>\nSent: 02 March 2026 09:15\nTo: Alex\nSubject: Your order",
    "*From:* Jo Doe\n*Sent:* 2026-03-02\n*To:* Alex\n*Subject:* Your order",
    "From: Jo Doe\nReply-To: shop\nDate: Monday, 2 March 2026\nTo: Alex <alex@example.org>,\n many others\nSubject: x",
    "From: Jo Doe\n\nSent: 02 March 2026\n\nTo: Alex\n\nSubject: Your order",
    "Von: Jo Doe\nGesendet: Montag, 2. März 2026 09:15\nAn: Alex\nBetreff: Ihre Bestellung",
    "De : Jo Doe\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Alex\nObjet : Votre commande",
    "De: Jo Doe\nEnviado el: lunes, 2 de marzo de 2026\nPara: Alex\nAsunto: Pedido",
    "Da: Jo Doe\nInviato: lunedì 2 marzo 2026\nA: Alex\nOggetto: Ordine",
    "Van: Jo Doe\nVerzonden: maandag 2 maart 2026\nAan: Alex\nOnderwerp: Bestelling",
    "Från: Jo Doe\nSkickat: den 2 mars 2026\nTill: Alex\nÄmne: Order",
    "Fra: Jo Doe\nSendt: 2. mars 2026\nTil: Alex\nEmne: Ordre",
    "Lähettäjä: Jo Doe\nLähetetty: 2. maaliskuuta 2026\nVastaanottaja: Alex\nAihe: Tilaus",
    "Od: Jo Doe\nWysłano: 2 marca 2026\nDo: Alex\nTemat: Zamówienie",
    "Od: Jo Doe\nOdesláno: 2. března 2026\nKomu: Alex\nPředmět: Objednávka",
    "Feladó: Jo Doe\nElküldve: 2026. március 2.\nCímzett: Alex\nTárgy: Rendelés",
    "Kimden: Jo Doe\nGönderildi: 2 Mart 2026\nKime: Alex\nKonu: Sipariş",
    "От: Jo Doe\nОтправлено: 2 марта 2026 г.\nКому: Alex\nТема: Заказ",
    "发件人: Jo Doe\n发送时间: 2026年3月2日\n收件人: Alex\n主题: 订单",
    "差出人: Jo Doe\n送信日時: 2026年3月2日\n宛先: Alex\n件名: 注文",
]


@pytest.mark.parametrize("divider", [*DIVIDERS, *HEADERS, f"{'_' * 32}\n{HEADERS[0]}", f"{DIVIDERS[0]}\n{HEADERS[0]}"])
def test_what_stands_below_a_divider_is_quoted(divider: str) -> None:
    assert split(f"{ASK}\n\n{divider}\n\n{OLD}") == Body(ASK, f"{divider}\n\n{OLD}", "")


@pytest.mark.parametrize("divider", [DIVIDERS[0], HEADERS[0], f"{DIVIDERS[0]}\n{HEADERS[0]}"])
def test_an_answer_below_marked_lines_is_new_under_a_divider_too(divider: str) -> None:
    assert split(f"{divider}\n\n{cited(OLD)}\n\n{ASK}").new == ASK


def test_a_mail_that_is_only_forwarded_has_no_new_text() -> None:
    assert split(f"{DIVIDERS[3]}\n{HEADERS[0]}\n\n{ASK}").new == ""


@pytest.mark.parametrize(
    "form",
    [
        "From: Alex\nSubject: My data\nMessage:",
        "Name: Alex\nEmail: alex@example.org\nDate: 2 March 2026",
        "---------\nTo: the shop\nSubject: erasure",
        "--- my request ---",
        "This is no -----Original Message----- at all",
    ],
)
def test_a_form_is_no_copied_header(form: str) -> None:
    assert split(f"{form}\n{ASK}") == Body(f"{form}\n{ASK}", "", "")


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["-- ", "--", "—"])
def test_what_stands_below_the_delimiter_is_signature(delimiter: str) -> None:
    signature = f"{delimiter}\nAlex Morgan\n+44 20 7946 0000"
    assert split(f"{ASK}\n{signature}") == Body(ASK, "", signature)


def test_a_signature_ends_where_the_quotation_begins() -> None:
    body = split(f"{ASK}\n-- \nAlex\n\n{ATTRIBUTIONS[0]}\n{cited(OLD)}\n-- \nAlex again")
    assert body.new == ASK
    assert body.signature == "-- \nAlex\n\n-- \nAlex again"


@pytest.mark.parametrize(
    "below",
    [
        "I want my data deleted.",
        "\n".join(["Another paragraph of a letter."] * 20),
        "A long line of a letter. " * 40,
    ],
)
def test_a_letter_below_a_dash_is_no_signature(below: str) -> None:
    assert split(f"Hello\n--\n{below}").new == f"Hello\n--\n{below}"


def test_a_postscript_below_the_signature_is_new() -> None:
    body = split(f"Hello\n-- \nAlex Morgan\n\nP.S. {ASK}\nThank you")
    assert body.new == f"Hello\n\nP.S. {ASK}\nThank you"
    assert body.signature.strip() == "-- \nAlex Morgan"


def test_a_signature_below_a_postscript_is_signature() -> None:
    assert split(f"Hello\n\nPS: {ASK}\n-- \nAlex").signature == "-- \nAlex"


@pytest.mark.parametrize("text", ["-- \nAlex Morgan", "Sent from my iPhone", "--\nDelete the account"])
def test_a_mail_that_is_only_signature_is_new(text: str) -> None:
    assert split(text) == Body(text, "", "")


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from Outlook for iOS <https://example.org/x>",
        "Sent from my Galaxy, please excuse any typos",
        "Get Outlook for Android",
        "(Sent from mobile device)",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Diese Nachricht wurde von meinem Android-Gerät gesendet.",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "Wysłano z iPhone'a",
        "Odesláno z iPhonu",
        "Trimis de pe iPhone-ul meu",
        "Στάλθηκε από το iPhone μου",
        "iPhone'umdan gönderildi",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "发自我的iPhone",
        "從我的 iPhone 傳送",
        "iPhoneから送信",
        "나의 iPhone에서 보냄",
    ],
)
def test_what_a_telephone_adds_is_signature(line: str) -> None:
    assert split(f"{ASK}\n\n{line}\n\nThank you") == Body(f"{ASK}\n\nThank you", "", line)


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone, please delete my data",
        "Sent via email: delete my account",
        "Sent from home, where I found your letter",
        "I sent you a mail from my iPhone",
        "The data was sent from my mobile telephone to your shop, and to others, in the year 2025 and before that",
    ],
)
def test_a_line_that_says_more_is_new(line: str) -> None:
    assert split(f"Hello\n\n{line}").new == f"Hello\n\n{line}"


FOOTERS = [
    (
        "This email and any attachments are confidential and intended solely for the addressee.\n"
        "If you are not the intended recipient, delete this message."
    ),
    "CONFIDENTIALITY NOTICE: if you have received this message in error, please notify the\nsender and destroy it.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie.",
    "Ce message et ses pièces jointes sont confidentiels. Si vous l'avez reçu par erreur, merci de le détruire.",
    "Este mensaje es confidencial. Si no es usted el destinatario, elimine el mensaje.",
    "Questo messaggio è riservato. Se non siete il destinatario, vogliate cancellarlo.",
    "Dit bericht is vertrouwelijk. Bent u niet de geadresseerde, verwijder het dan.",
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_legal_footer_is_signature(footer: str) -> None:
    body = split(f"{ASK}\n\nAlex\n\n{footer}\n\nRegistered in England")
    assert "delete" not in body.new.replace(ASK, "")
    assert footer.rpartition("\n")[2] in body.signature
    assert body.new.startswith(f"{ASK}\n\nAlex")


def test_a_request_right_above_a_legal_footer_is_new() -> None:
    body = split(f"Hello,\n\n{ASK}\n{FOOTERS[0]}")
    assert body == Body(f"Hello,\n\n{ASK}", "", FOOTERS[0])


@pytest.mark.parametrize(
    "paragraph",
    [
        "I received this message in error; it held confidential data of others. Delete what you hold about me.",
        "Ich habe das versehentlich erhalten, es war vertraulich. Bitte informieren Sie den Absender.",
    ],
)
def test_a_person_who_speaks_of_confidential_mail_writes_no_footer(paragraph: str) -> None:
    assert split(f"Hello,\n\n{paragraph}").new == f"Hello,\n\n{paragraph}"


def test_a_mail_that_begins_like_a_footer_is_new() -> None:
    assert split(FOOTERS[0]).new == FOOTERS[0]


# --- nothing is lost -------------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        *(
            "",
            " ",
            ASK,
            "> old",
            ">> older",
            "| bar",
            "-- ",
            "--",
            "P.S. one more thing",
            "Sent from my iPhone",
            "_____",
        ),
        *(line for text in (*ATTRIBUTIONS[:6], *DIVIDERS[:4], HEADERS[0], *FOOTERS[:2]) for line in text.split("\n")),
        *("wrote:", "10:00", "2026:", "a@b.example", "From: x", "I", "\x0b", "\u2028", "\x1c"),
    ]
)


@given(st.lists(LINES | st.text(max_size=30), max_size=40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_line_stands_in_exactly_one_part(lines: list[str], end: str) -> None:
    text = end.join(lines)
    body = split(text)
    given_lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    kept = [line for part in (body.new, body.quoted, body.signature) for line in part.split("\n") if line.strip()]
    assert sorted(kept) == sorted(given_lines)


@given(st.lists(LINES, min_size=1, max_size=20))
def test_each_part_keeps_the_order_of_its_lines(lines: list[str]) -> None:
    numbered = [f"{line} {number}" if line == ASK else line for number, line in enumerate(lines)]
    body = split("\n".join(numbered))
    for part in (body.new, body.quoted, body.signature):
        numbers = [int(line.rpartition(" ")[2]) for line in part.split("\n") if line.startswith(ASK)]
        assert numbers == sorted(numbers)
