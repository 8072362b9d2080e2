"""Subjects of automatic answers, in the languages of Europe and some others.

PHRASES are unmistakable at the start of a subject. WORDS are ordinary words, which count only where they are the whole
subject or stand before a colon or a date. ANYWHERE follows a name ("Jo Doe is out of the office"). Letter case and
accents do not count, and a reply mark, a tag in brackets or a mark for external mail before them is passed over; a
forward mark is not, for it is a person who forwards.
"""

import re
import unicodedata
from collections.abc import Iterable

_PHRASES = """
# en
automatic reply | automatic response | automated reply | automated response | auto reply | auto-reply | autoreply
auto response | auto-response | autoresponse | auto: re: | auto re: | out of office | out of the office | out-of-office
i am out of the office | i'm out of the office | i am currently out of | i am on annual leave | i am on leave
away from my mail | away from the office | away from my desk | away until | vacation reply | vacation message
vacation response | vacation notice | holiday autoreply | on annual leave | on maternity leave | on parental leave
currently out of office | currently out of the office | encrypted mail notification
automatic acknowledgement | auto acknowledgement | automatic confirmation | auto confirmation | ooo: | [ooo]
# de
automatische antwort | automatische rückantwort | automatische rückmeldung | automatische abwesenheit
automatische empfangsbestätigung | automatische eingangsbestätigung | automatische bestätigung | autoantwort
auto-antwort | automat. antwort | autom. antwort | abwesenheitsnotiz | abwesenheitsmeldung | abwesenheitsnachricht
abwesenheitsassistent | abwesenheitsbenachrichtigung | abwesenheitsagent | abwesenheitsinfo | urlaubsnotiz
urlaubsbenachrichtigung | außer haus | nicht im büro | nicht im haus | ich bin nicht im büro | ich bin im urlaub
ich bin derzeit nicht im | ich bin zurzeit nicht im | ich bin außer haus
benachrichtigung über verschlüsselte nachricht
# fr
réponse automatique | réponse auto | message automatique | absence du bureau | absent du bureau | absente du bureau
absent(e) du bureau | message d'absence | notification d'absence | avis d'absence | je suis absent du bureau
je suis actuellement absent | accusé de réception automatique | hors du bureau | en dehors du bureau
# es ca gl eu
respuesta automática | contestación automática | mensaje automático | fuera de la oficina | fuera de oficina
ausente de la oficina | estoy fuera de la oficina | ausencia de la oficina | respuesta de ausencia
resposta automàtica | fora de l'oficina | missatge automàtic | fóra da oficina | erantzun automatikoa | bulegotik kanpo
# it mt
risposta automatica | risposta auto | messaggio automatico | fuori sede | fuori ufficio | fuori dall'ufficio
assente dall'ufficio | assenza dall'ufficio | sono fuori ufficio | tweġiba awtomatika | risposta awtomatika
barra mill-uffiċċju | barra mill-uffiċju
# pt
resposta automática | mensagem automática | fora do escritório | ausente do escritório | ausência do escritório
ausência temporária | estou fora do escritório | estou de férias
# nl
automatisch antwoord | automatische reactie | automatische beantwoording | automatische melding
automatische ontvangstbevestiging | afwezigheidsbericht | afwezigheidsassistent | afwezigheidsmelding
niet op kantoor | buiten kantoor | ik ben afwezig | ik ben niet op kantoor
# sv
automatiskt svar | automatsvar | autosvar | autoreplik | frånvaromeddelande | frånvaroassistent | inte på kontoret
ej på kontoret | jag är inte på kontoret
# da no is
automatisk svar | automatisk besvarelse | automatisk tilbagemelding | ikke på kontoret | ikke til stede
fraværsbesked | fraværsmeddelelse | fraværsassistent | fraværsmelding | jeg er ikke på kontoret
automatisk kvittering | sjálfvirkt svar | sjálfvirk svörun | ekki á skrifstofunni
# fi et
automaattinen vastaus | automaattivastaus | poissaoloilmoitus | poissaoloviesti | poissa toimistosta
en ole paikalla | automaatvastus | automaatne vastus | automaatteade | kontorist väljas | kontorist eemal
# pl
automatyczna odpowiedź | odpowiedź automatyczna | autoodpowiedź | poza biurem | jestem poza biurem
nieobecność w biurze | wiadomość automatyczna | automatyczne potwierdzenie
# cs sk
automatická odpověď | automatické odpovědi | mimo kancelář | odpověď v nepřítomnosti | jsem mimo kancelář
nejsem v kanceláři | automatická odpoveď | mimo kancelárie | odpoveď v neprítomnosti | som mimo kancelárie
# hu
automatikus válasz | automata válasz | házon kívül | irodán kívül | szabadságon vagyok | nem vagyok az irodában
távolléti üzenet
# ro
răspuns automat | mesaj automat | absent de la birou | în afara biroului | plecat din birou | nu sunt la birou
# hr sl bs sr sq mk
automatski odgovor | izvan ureda | nisam u uredu | van kancelarije | izvan kancelarije | samodejni odgovor
avtomatski odgovor | avtomatični odgovor | izven pisarne | nisem v pisarni | odsotnost z dela
përgjigje automatike | jashtë zyrës | аутоматски одговор | автоматски одговор | ван канцеларије
# lt lv
automatinis atsakymas | automatinis atsakas | ne biure | nesu biure | automātiska atbilde | automātiskā atbilde
ārpus biroja | prombūtnes paziņojums
# bg uk ru
автоматичен отговор | извън офиса | автоматична відповідь | поза офісом | автовідповідь | автоматический ответ
автоответ | вне офиса | нет на работе | я в отпуске | нет на месте
# el
αυτόματη απάντηση | εκτός γραφείου | απουσία από το γραφείο | αυτοματοποιημένη απάντηση
# ga cy
freagra uathoibríoch | uathfhreagra | as oifig | as an oifig | as láthair ón oifig | ateb awtomatig
allan o'r swyddfa | y tu allan i'r swyddfa
# tr
otomatik yanıt | otomatik cevap | ofis dışında | ofis dışındayım | ofiste değilim | otomatik mesaj
# ar he fa hi
رد تلقائي | الرد التلقائي | خارج المكتب | תשובה אוטומטית | מענה אוטומטי | מחוץ למשרד | پاسخ خودکار | स्वचालित उत्तर
# zh ja ko vi th id ms
自动答复 | 自动回复 | 自動回覆 | 自動回復 | 自動答覆 | 不在办公室 | 不在辦公室 | 自動応答
自動返信 | 自動返答 | 不在通知 | 不在のお知らせ
자동 회신 | 자동회신 | 자동 응답 | 자동응답 | 부재 중 | 부재중 | trả lời tự động | thư trả lời tự động | ตอบกลับอัตโนมัติ
balasan otomatis | balasan automatik | di luar kantor | jawapan automatik
"""

_WORDS = """
away | vacation | annual leave | on leave | on holiday | on vacation | parental leave | maternity leave | ooo | absence
abwesend | abwesenheit | urlaub | urlaubsabwesenheit | absent | absente | absent(e) | en congé | congés | vacaciones
ausente | ausencia | de vacaciones | assente | assenza | in ferie | ferie | férias | de férias | ausência | afwezig
afwezigheid | niet aanwezig | met vakantie | op vakantie | frånvarande | frånvaro | fraværende | fravær
ferie | på ferie | poissa | lomalla | puhkusel | eemal | nieobecny | nieobecna | nieobecność | urlop | nepřítomnost
nepřítomen | neprítomnosť | dovolená | dovolenka | távollét | szabadság | szabadságon | absență | concediu | în concediu
odsoten | odsotna | odsotnost | odsutnost | odsutan | godišnji odmor | atostogos | atostogose | prombūtne | prombūtnē
atvaļinājumā | отсъствие | в отпуск | отпуск | отсутствую | відпустка | απουσία | άδεια | ar saoire | izinli | izindeyim
fjarverandi | 不在 | 外出 | 休暇 | 休假
"""

_ANYWHERE = """
is out of the office | is out of office | is currently out of | is on annual leave | is on vacation | is on holiday
ist außer haus | ist nicht im büro | ist im urlaub | ist abwesend | est absent du bureau | est absente du bureau
est en congé | está fuera de la oficina | está ausente de la oficina | è fuori ufficio | è assente dall'ufficio
está fora do escritório | is niet op kantoor
is afwezig | är inte på kontoret | er ikke på kontoret | jest poza biurem | je mimo kancelář | nincs az irodában
(automatic reply) | (automated reply) | (auto reply) | (autoreply) | (auto-reply) | (out of office)
(automatische antwort) | (réponse automatique)
"""

_REPORTS = re.compile(
    r"(?:undelivered mail returned to sender|mail delivery failed: returning message to sender|returned mail: "
    r"|mail delivery status notification|delivery status notification \(|undeliverable: |unzustellbar: |non remis : "
    r"|non recapitabile: |no se puede entregar: |onbestelbaar: |mail system error - returned mail"
    r"|postmaster notify: |complaint about message from \[?\d|email feedback report for ip "
    r"|report domain: .{1,253} submitter: )"
)
_PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "’": "'", "`": "'", "´": "'", "：": ":"})
_LEAD = re.compile(
    r"(?:\s*(?:(?:re|aw|antw|antwort|sv|vs|odp|odg|ynt|ref|rif|r|res|resp|rv|ha|va|vb|απ|σχετ|отн|ответ|回复|回覆|答复|답장)"
    r"(?:\s?\[\d{1,3}\]|\s?\(\d{1,3}\))?\s*:|\[(?!ooo\])[^\[\]]{0,60}\]|\*{1,3}[^*]{0,40}\*{1,3}|extern(?:al|e)?\s*:))+\s*"
)
_LONG = 300
_END = r"(?!\w)"


def _folded(text: str) -> str:
    """Without case, accents and width: what two spellings of one subject share."""
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    bare = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return " ".join(bare.split())


def _phrases(table: str) -> Iterable[str]:
    lines = (line for line in table.splitlines() if not line.startswith("#"))
    found = {_folded(phrase) for line in lines for phrase in line.split("|")} - {""}
    return sorted((re.escape(phrase) for phrase in found), key=len, reverse=True)


def _ended(phrase: str) -> str:
    """A phrase that ends in a letter of an alphabet must end there; East Asian writing sets no blanks."""
    return phrase + (_END if phrase[-1].isalnum() and phrase[-1] < "\u0e00" else "")


_AUTOMATIC = re.compile(
    rf"(?:{'|'.join(map(_ended, _phrases(_PHRASES)))}|(?:{'|'.join(_phrases(_WORDS))})(?:\s*$|\s*[:(\[–—-]|[ ]*\d))"
)
_NAMED = re.compile("|".join(map(_ended, _phrases(_ANYWHERE))))


def is_report(subject: str) -> bool:
    """Whether a subject is to the letter that of a bounce, a complaint passed on by a provider, or a report.

    Bounces of Postfix, Exim, sendmail, Exchange, Gmail; DMARC and TLS reports: RFC 7489 section 7.2.1.1, RFC 8460
    section 5.3.
    """
    return bool(_REPORTS.match(_folded(subject[:_LONG])))


def is_automatic(subject: str) -> bool:
    """Whether a subject is that of an automatic answer. Reads the first 300 characters."""
    folded = _folded(subject[:_LONG])
    lead = _LEAD.match(folded)
    bare = folded[lead.end() :] if lead else folded
    return bool(_AUTOMATIC.match(bare) or _NAMED.search(folded))
