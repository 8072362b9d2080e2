"""What a person wrote today, apart from what they quote and what their program adds.

A scanner over lines: each line gets one label and keeps it, so nothing is ever lost. Where it doubts, a line is new:
a leaked quotation costs the owner a look, a lost request costs a deadline.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Body:
    """A text in three: every line that is not blank stands in exactly one of them, in its order."""

    new: str
    quoted: str
    signature: str


class _Label(StrEnum):
    NEW = "new"
    QUOTED = "quoted"
    SIGNATURE = "signature"


def _listed(phrases: str) -> list[str]:
    """Return the phrases of a table: apart by commas or line ends."""
    return [" ".join(phrase.split()) for phrase in re.split(r"[,\n]", phrases) if phrase.strip()]


def _any(phrases: str) -> str:
    """Return a pattern for any of the phrases, the longest first; a blank in one stands for any white space."""
    found = sorted(_listed(phrases), key=len, reverse=True)
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in found)


# Who wrote: "On 3 May 2026 at 10:00, Jo <jo@example.net> wrote:"
_WROTE = _any("""
    wrote, writes, a écrit, ecrit, escribió, ha escrito, ha escrit, va escriure, ha scritto, schreef, geschreven
    schrieb, escreveu, skrev, skreiv, kirjoitti, napisał(a), napisał, napisała, pisze, napsal(a), napsal
    napsala, napísal(a), napísal, napísala, a scris, ezt írta, írta, έγραψε, yazdı, je napisao, je napisala
    je napisao/la, je napisal, написал(а), написал, написала, пишет, писал, написав, написала, пише, написа
    rašė, rakstīja, kirjutas, skrifaði, đã viết, menulis
    写道, 寫道, のメール, が書きました, 님이 작성, 작성, כתב/ה, כתב, כתבה, كتب
""")
_VERB_LAST = re.compile(
    rf"(?:^|[\s>\"'*\d]|[^\x00-\u02ff])(?:{_WROTE})\s*\*?(?:[:\uff1a]|\s-{{2,}})[\s*]*$", re.IGNORECASE
)
_VERB_INSIDE = re.compile(
    r"\s(?:schrieb|schreef|skrev|skreiv)\s+(?-i:[\"<A-ZÄÖÜÅÆØ])(?:\S*\s+){0,5}\S*:[\s*]*$", re.IGNORECASE
)
_RETOLD = re.compile(  # "you wrote:" introduces what the writer retells, not what a program quotes
    r"\b(?:I|you|we|they|he|she|ich|wir|Sie|er|je|tu|vous|nous|yo|usted|io|lei|ik|u|jij|wij|jag|du|jeg)"
    r"\s+(?:\w+\s+)?\S+\s*[:\uff1a]?\s*$|\b(?:schrieb|schreef|skrev)\s+(?:ich|Sie|wir|er|du|ik|u|wij|jag|ni|vi|jeg|men)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(  # how an attribution begins, for one wrapped over several lines
    r"[\s*-]*(?:(?:on|at|am|le|el|il|op|em|den|dne|dňa|w dniu|dnia|kl|på|la|în|pe|στις|tarihinde|dana|в|à|vào|pada)\b"
    r"[\s.,:]*)?(?:\w{2,12}[.,]*\s+){0,2}\d",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b\d{1,2}\s?[:.h]\s?\d{2}\b|上午|下午|午前|午後|오전|오후", re.IGNORECASE)
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}\b|\d\s?[年년]")
_ADDRESS = re.compile(r"[^\s@<>]@[^\s@<>]")

# What programs write above the mail that follows.
_DIVIDER = re.compile(
    r"[\W_]*(?:"
    + _any("""
    original message, original mail, original e-mail, original email, forwarded message, begin forwarded message
    start of forwarded message, ursprüngliche nachricht, ursprüngliche mail, originalnachricht
    original-nachricht, weitergeleitete nachricht, anfang der weitergeleiteten nachricht, message d'origine
    message original, message transféré, message réexpédié, début du message transféré
    début du message réexpédié, mensaje original, mensaje reenviado, inicio del mensaje reenviado
    messaggio originale, messaggio inoltrato, inizio messaggio inoltrato, oorspronkelijk bericht
    origineel bericht, doorgestuurd bericht, begin doorgestuurd bericht, mensagem original, mensagem encaminhada
    mensagem reencaminhada, início da mensagem encaminhada, início da mensagem reencaminhada
    ursprungligt meddelande, originalmeddelande, vidarebefordrat meddelande, vidarebefordrat brev
    oprindelig meddelelse, oprindelig besked, videresendt meddelelse, videresendt besked
    start på videresendt besked, opprinnelig melding, videresendt melding, alkuperäinen viesti, välitetty viesti
    edelleenlähetetty viesti, původní zpráva, přeposlaná zpráva, pôvodná správa, preposlaná správa
    wiadomość oryginalna, oryginalna wiadomość, wiadomość przekazana, początek przekazywanej wiadomości
    mesaj original, mesajul original, mesaj redirecționat, eredeti üzenet, továbbított üzenet, αρχικό μήνυμα
    προωθημένο μήνυμα, orijinal mesaj, özgün ileti, iletilen mesaj, izvorna poruka, proslijeđena poruka
    izvirno sporočilo, posredovano sporočilo, исходное сообщение, пересылаемое сообщение, пересланное сообщение
    начало переадресованного сообщения, оригінальне повідомлення, переслане повідомлення, оригинално съобщение
    препратено съобщение
    原始邮件, 原始郵件, 转发的邮件, 轉寄的郵件, 元のメッセージ, 転送メッセージ, 원본 메시지, 전달된 메시지""")
    + r")[\W_]*",
    re.IGNORECASE,
)
_RULE = re.compile(r"[\s*]*(?:[-_=]\s?){5,}[\s*]*")
_FIELD = re.compile(r"[\s*_]{0,6}([^\W\d_][\w.' -]{0,24}?)[\s*_]*[:\uff1a]")
_ROLES = {
    name: role
    for role, names in {
        "from": """
            from, von, de, da, van, från, fra, od, nadawca, odesílatel, odosielateľ, lähettäjä, expéditeur
            remitente, mittente, afzender, avsändare, afsender, avsender, expeditor, feladó, από, kimden
            gönderen, šalje, pošiljatelj, от, від, отправитель
            发件人, 寄件者, 寄件人, 差出人, 보낸 사람, 보낸사람, מאת, من""",
        "date": """
            sent, date, gesendet, datum, envoyé, enviado, enviado el, enviada, enviada em, fecha, inviato, data
            verzonden, skickat, dato, sendt, lähetetty, päiväys, wysłano, odesláno, odoslané, dátum, trimis
            elküldve, küldve, στάλθηκε, ημερομηνία, gönderildi, tarih, poslano, отправлено, дата, надіслано
            изпратено
            发送时间, 日期, 寄件日期, 送信日時, 日付, 보낸 날짜, 날짜, נשלח, תאריך, التاريخ, تاريخ الإرسال""",
        "aim": """
            to, an, à, a, para, aan, naar, till, til, do, dla, komu, vastaanottaja, către, címzett, προς, kime
            za, prima, кому, до
            收件人, 收件者, 宛先, 받는 사람, 받는사람, אל, إلى, subject, betreff, objet, asunto, oggetto
            onderwerp, assunto, ämne, emne, aihe, temat, předmět, predmet, subiect, tárgy, θέμα, konu, naslov
            тема, относно, 主题, 主旨, 件名, 제목, נושא, الموضوع""",
        "other": """cc, bcc, kopie, copie, copia, kopia, kopi, cópia, reply-to, antwort an, répondre à, risposta
            organisation, organization, importance, priority, wichtigkeit, attachments, anlagen, 抄送""",
    }.items()
    for name in _listed(names)
}

# What programs and companies write below.
_DELIMITER = re.compile(r"(?:--|—|–)\s*")
_POSTSCRIPT = re.compile(r"\s*P\.?\s?P?\.?S\.?\s*[:.,\s-]", re.IGNORECASE)
_SENT = re.compile(
    r"[\W_]*(?:"
    + _any("""
    sent from, sent via, sent with, sent using, get outlook, get [outlook, von meinem, gesendet von
    gesendet mit, gesendet über, diese nachricht wurde von meinem, diese nachricht wurde mit, envoyé de
    envoyé depuis, envoyé à partir, envoyé avec, enviado desde, enviado do, enviado de, enviado a partir
    enviado con, enviado com, inviato da, inviato dal, inviato con, verzonden vanaf, verzonden met
    verzonden via, verstuurd vanaf, skickat från, sendt fra, lähetetty, wysłano z, wysłane z, odesláno z
    odoslané z, trimis de pe, trimis din, στάλθηκε από, отправлено с, отправлено из, надіслано з, изпратено от
    发自我的, 發自我的, 從我的, poslano s, poslano z, saadetud minu, đã gửi từ, dikirim dari, נשלח מ, تم الإرسال من""")
    + r")|.{0,40}(?:gönderildi|から送信|에서 보냄|küldve)\W*$",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"iphon|ipad|ipod|\bios\b|android|samsung|galaxy|huawei|xiaomi|redmi|oppo|oneplus|xperia|nokia|htc|motorola"
    r"|pixel|blackberry|windows|mac\b|outlook|mail|gmx|yahoo|proton|phone|handy|mobil|mobitel|tablet|cell|telef"
    r"|téléph|puhelim|移动|手机",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?;,:]\s+\w")
_EXCUSE = re.compile(r"typo|excuse|brevity|fehler|kürze|fautes|errores|errori|fouten", re.IGNORECASE)
# A legal footer speaks of one of these ...
_ADDRESSEE = _listed("""
    intended recipient, named recipient, intended addressee, named addressee, intended solely, intended only
    intended exclusively, solely for the, only for the use, email in error, e-mail in error, message in error
    communication in error, transmission in error, notify the sender, advise the sender, inform the sender
    unauthorised, unauthorized, nicht der adressat, nicht der richtige, nicht der beabsichtigte
    irrtümlich erhalten, versehentlich erhalten, den absender, der absender, pas le destinataire, usage exclusif
    par erreur, l'expéditeur, uso exclusivo, el destinatario, por error, por engano, uso esclusivo
    il destinatario, per errore, o destinatário, beoogde ontvanger, niet de geadresseerde, uitsluitend bestemd
    avsedda mottagaren, tilsigtede modtager, tiltenkte mottaker, adresatem, wyłącznie dla adresata
    zamýšleným příjemcem, zamýšlený příjemce
""")
# ... and of one of these.
_SECRECY = _listed("""
    confidential, confidentiel, confidencia, confidenza, privileged, proprietary, disclos, disseminat, prohibited
    attachment, virus, vertraulich, anhäng, anlagen, unzulässig, nicht gestattet, pièces jointes, pièce jointe
    interdit, adjunt, riservat, allegat, vertrouwelijk, bijlage, anexo, konfidentiell, fortrolig, bilag, bifog
    poufn, załącz, důvěrn, příloh
""")
_FIRST_PERSON = re.compile(
    r"\b(?:(?-i:I)|my|me|mine|ich|mein\w*|mich|mir|je|mon|mes|moi|yo|mis?|io|mio|mia|ik|mijn|eu|meus?|minhas?|jag|mitt"
    r"|mina|jeg|mig|meg|moje)\b",
    re.IGNORECASE,
)

_LONGEST = 400  # characters that are looked at, of one line or of several taken together
_HIGHEST = 14  # lines of a header block
_LINES, _CHARACTERS = 12, 800  # of the longest signature below its delimiter


def split(text: str) -> Body:
    """Split `text` into what is new, what is quoted or forwarded, and what is signature or legal footer.

    Pure, total, linear in the length of `text`; line ends may be of any kind. Text between quoted lines is new; a mail
    that is only forwarded has no new text; a mail that is only signature is new text.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    labels = _quotations(lines)
    _sign(lines, labels)
    if all(label is _Label.SIGNATURE or not line.strip() for line, label in zip(lines, labels, strict=True)):
        labels = [_Label.NEW] * len(lines)
    return Body(*(_gathered(lines, labels, label) for label in _Label))


def _gathered(lines: Sequence[str], labels: Sequence[_Label], wanted: _Label) -> str:
    """Join the lines with that label, a blank line where others stood between them."""
    kept: list[str] = []
    for place, line in enumerate(lines):
        if labels[place] is not wanted:
            continue
        if kept and labels[place - 1] is not wanted:
            if not line.strip() and not kept[-1].strip():
                continue
            if line.strip() and kept[-1].strip():
                kept.append("")
        kept.append(line)
    return "\n".join(kept).strip("\n")


def _quotations(lines: Sequence[str]) -> list[_Label]:
    """Label the lines new or quoted; a blank line goes with the one above it."""
    labels = [_Label.QUOTED if _is_cited(line) else _Label.NEW for line in lines]
    following = _following(lines)
    place = 0
    while place < len(lines):
        found = _separator(lines, labels, following, place)
        if found is None:
            place += 1
            continue
        start, place, claims = found
        after = following[place]
        if claims and (after == len(lines) or labels[after] is _Label.NEW):
            place = len(lines)
        labels[start:place] = [_Label.QUOTED] * (place - start)
    for place in range(1, len(lines)):
        if not lines[place].strip():
            labels[place] = labels[place - 1]
    return labels


def _is_cited(line: str) -> bool:
    """Tell whether the line bears a quotation mark: `>`, or `|` unless it closes the line too, as in a table."""
    head = line.lstrip()[:6]
    if head.startswith(">"):
        return not head.startswith(">From ")  # the escape of mbox files, RFC 4155
    return head.startswith("|") and not line.rstrip().endswith("|", line.index("|") + 1)


def _following(lines: Sequence[str]) -> list[int]:
    """Return for each place, and the one behind the last, the first line from there on that is not blank."""
    following = [len(lines)] * (len(lines) + 1)
    for place in range(len(lines) - 1, -1, -1):
        following[place] = place if lines[place].strip() else following[place + 1]
    return following


def _separator(
    lines: Sequence[str], labels: Sequence[_Label], following: Sequence[int], place: int
) -> tuple[int, int, bool] | None:
    """Find what introduces a quotation and shows at `place`: its first line, the line behind it, whether it claims all.

    Nothing claims the rest where marked lines follow: these are the quotation then, and answers may stand between.
    """
    line = lines[place][:_LONGEST].strip()
    if labels[place] is _Label.QUOTED or not line.strip("-=_* "):
        return None
    start = place
    if _DIVIDER.fullmatch(line):
        return start, _header_block(lines, following[place + 1]) or place + 1, True
    begins = _role(line) and not (place and _role(lines[place - 1]))
    if begins and (end := _header_block(lines, place)):
        while start and (not lines[start - 1].strip() or _RULE.fullmatch(lines[start - 1][:_LONGEST])):
            start -= 1
        return start, end, True
    after = following[place + 1]
    answered = after < len(lines) and labels[after] is _Label.QUOTED
    if not answered and line[-1] not in ":\uff1a-*":
        return None
    start, strength = _attribution(lines, labels, place)
    if strength == 0 or (strength == 1 and not answered):
        return None
    return start, place + 1, start > following[0]


def _header_block(lines: Sequence[str], place: int) -> int:
    """Return the line behind the copied header (From, Sent, To, Subject) that begins at `place`, or 0."""
    roles: set[str] = set()
    end = strange = 0
    for number in range(place, min(place + _HIGHEST, len(lines))):
        if role := _role(lines[number]):
            roles.add(role)
            end, strange = number + 1, 0
        else:
            strange += 1  # a blank line, or one that continues a long list of recipients
        if strange > 1 or not roles:
            break
    return end if roles >= {"from", "date", "aim"} else 0


def _role(line: str) -> str:
    """Return which header field the line could be a copy of: `from`, `date`, `aim`, `other`, or nothing."""
    field = _FIELD.match(line[:_LONGEST])
    return _ROLES.get(" ".join(field[1].casefold().split()), "") if field else ""


def _attribution(lines: Sequence[str], labels: Sequence[_Label], last: int) -> tuple[int, int]:
    """Return the first line, and the strength 0 to 2, of the attribution that ends at `last`: three lines at most."""
    best = (0, False, last)
    for start in range(last, max(last - 3, -1), -1):
        if not lines[start].strip() or labels[start] is _Label.QUOTED:
            break
        joined = " ".join(line.strip() for line in lines[start : last + 1])
        if len(joined) > _LONGEST:
            break
        strength = _strength(joined)
        opens = bool(
            strength and _OPENING.match(joined) and (_DATE.search(lines[start]) or _CLOCK.search(lines[start]))
        )
        if (strength, opens) > best[:2]:
            best = (strength, opens, start)
    return best[2], best[0]


def _strength(line: str) -> int:
    """Tell how surely the line names who wrote what follows: 2 alone, 1 if marked lines follow, 0 not at all."""
    address, clock, date = (bool(pattern.search(line)) for pattern in (_ADDRESS, _CLOCK, _DATE))
    if not (address or clock or date):
        return 0
    verb = bool(_VERB_LAST.search(line) or _VERB_INSIDE.search(line))
    colon = line.rstrip("* ").endswith((":", "\uff1a"))
    if verb and not _RETOLD.search(line) and (address or (clock and date)):
        return 2
    if colon and address and clock and date:
        return 2
    return int(verb or colon or (address and date))


def _sign(lines: Sequence[str], labels: list[_Label]) -> None:
    """Label as signature what programs and companies write below, in each stretch of new text."""
    opening = next((number for number, line in enumerate(lines) if line.strip()), 0)
    place = 0
    while place < len(lines):
        if labels[place] is not _Label.NEW:
            place += 1
            continue
        start = place
        while place < len(lines) and labels[place] is _Label.NEW:
            place += 1
        for number in range(start, place):
            if _is_sent_from(lines[number]):
                labels[number] = _Label.SIGNATURE
        for first, end in _paragraphs(lines, labels, start, place):
            footer = _legal_footer(lines[first:end]) if first > opening else 0
            labels[end - footer : end] = [_Label.SIGNATURE] * footer
        _sign_off(lines, labels, start, place)


def _is_sent_from(line: str) -> bool:
    """Tell a line such as "Sent from my iPhone" in its many languages; never one that says more than that."""
    line = line.strip()
    if len(line) > 90 or not (_SENT.match(line) and _DEVICE.search(line)):
        return False
    return not _SENTENCE.search(line) or bool(_EXCUSE.search(line))


def _paragraphs(lines: Sequence[str], labels: Sequence[_Label], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the first line of each new paragraph in the stretch, and the line behind it."""
    first = start
    for place in range(start, end + 1):
        if place == end or not lines[place].strip() or labels[place] is not _Label.NEW:
            if first < place:
                yield first, place
            first = place + 1


def _legal_footer(paragraph: Sequence[str]) -> int:
    """Return how many of its last lines are a legal footer: from its first formula on, if nobody says "I" in it."""
    lines = [" ".join(line.lower().split()) for line in paragraph]
    joined = " ".join(lines)
    cues = [[joined.find(cue) for cue in table if cue in joined] for table in (_ADDRESSEE, _SECRECY)]
    if not all(cues):
        return 0
    offset = min(map(min, cues))
    ends = accumulate(len(line) + 1 for line in lines)
    first = next(number for number, end in enumerate(ends) if end > offset)
    return 0 if _FIRST_PERSON.search(" ".join(paragraph[first:])) else len(lines) - first


def _sign_off(lines: Sequence[str], labels: list[_Label], start: int, end: int) -> None:
    """Label what stands below the signature delimiter (RFC 3676 section 4.3), while it is short and nobody says "I".

    A postscript is new again.
    """
    delimiter = end
    counted = characters = 0
    for place in range(end - 1, start - 1, -1):
        line = lines[place]
        if labels[place] is _Label.SIGNATURE or not line.strip():
            continue
        if _DELIMITER.fullmatch(line[:_LONGEST]):
            delimiter = place
        elif _POSTSCRIPT.match(line) and delimiter == end:
            delimiter = end = place
            counted = characters = 0
        else:
            counted += 1
            characters += len(line)
            if counted > _LINES or characters > _CHARACTERS or _FIRST_PERSON.search(line):
                break
    labels[delimiter:end] = [_Label.SIGNATURE] * (end - delimiter)
