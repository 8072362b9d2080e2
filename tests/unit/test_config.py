"""The configuration: what suffices, what follows from it, and that every fault is told with its line and remedy."""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

import pytest

from inbox_bot.config import (
    Mode,
    Security,
    Settings,
    identity,
    laws,
    load,
    load_text,
    place_of,
    providers,
    remarks,
    show,
)
from inbox_bot.config.places import place_codes
from inbox_bot.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config.example.toml"
HOME = {"HOME": "/home/bot"}
MINIMAL = """\
company  = "Example Ltd"
country  = "GB-ENG"
mailbox  = "privacy@gmail.com"
owner    = "jo@example.co.uk"
password = "credential:mailbox"
mode     = "live"
"""


def loaded(more: str = "", *, environ: Mapping[str, str] = HOME, **changes: str) -> Settings:
    return load_text(changed(**changes) + more, "c.toml", environ=environ)


def changed(**changes: str) -> str:
    """The minimal file with some of its values replaced."""
    lines = dict(line.split("=") for line in MINIMAL.splitlines())
    values = {key.strip(): value.strip() for key, value in lines.items()}
    values |= {key: f'"{value}"' for key, value in changes.items()}
    return "".join(f"{key} = {value}\n" for key, value in values.items())


def problems(more: str = "", **changes: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_text(changed(**changes) + more, "c.toml", environ=HOME)
    assert caught.value.remedy
    return list(caught.value.problems)


def test_six_lines_suffice_where_the_provider_is_known() -> None:
    settings = loaded()
    assert (settings.imap.host, settings.imap.port, settings.imap.security) == ("imap.gmail.com", 993, Security.TLS)
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.security) == ("smtp.gmail.com", 465, Security.TLS)
    assert settings.imap.username == settings.smtp.username == "privacy@gmail.com"
    assert settings.imap.password == settings.smtp.password == "credential:mailbox"
    assert (settings.law.profile, settings.law.zone.key, settings.language) == ("uk_gdpr", "Europe/London", "en")
    assert settings.regulator.name == "Information Commissioner's Office"
    assert (settings.mode, settings.mode_is_default, settings.poll.every) == (Mode.LIVE, False, timedelta(minutes=2))


def test_without_a_mode_the_bot_observes_and_says_so() -> None:
    settings = load_text(MINIMAL.replace("mode ", "#"), "c.toml", environ=HOME)
    assert (settings.mode, settings.mode_is_default) == (Mode.OBSERVE, True)
    assert "nobody is answered" in remarks(settings)[0]
    assert not any("mode" in remark for remark in remarks(loaded()))


def test_every_fault_is_reported_at_once_in_the_order_of_the_file() -> None:
    text = """\
company = 3
country = "GB"
mailbox = "Jo <jo@example.org>"
mdoe = "live"
[imap]
mode = "live"
security = "tsl"
every = "2m"
[digest]
at = "8"
days = [7,
  "3"]
[law]
profile = "uk_gpdr"
timezone = "London"
[imapp]
"""
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, "bot.toml", environ=HOME)
    expected = [
        (1, "owner is missing", 'owner = "jo@example.org"'),
        (1, "password is missing", 'password = "credential:mailbox"'),
        (1, "company must be text", "double quotes"),
        (2, 'country "GB" alone', "choose one of GB-ENG, GB-WLS, GB-SCT, GB-NIR"),
        (3, "mailbox", "the bare address"),
        (4, "mdoe is not an option", 'did you mean "mode"?'),
        (6, "[imap] mode is not an option", "to the top of the file"),
        (7, "[imap] security must be one of tls, starttls, none", 'did you mean "tls"?'),
        (8, "[imap] every is not an option", "it belongs under [poll]"),
        (10, "[digest] at is no time of day", '"08:00"'),
        (12, "[digest] days, entry 2 must be a whole number", "without quotes"),
        (14, '[law] profile "uk_gpdr" is no law profile', 'did you mean "uk_gdpr"?'),
        (15, '[law] timezone "London" is no time zone', 'did you mean "Europe/London"?'),
        (16, "imapp is not an option", 'did you mean "imap"?'),
    ]
    found = list(caught.value.problems)
    assert sorted(int(problem.split(":")[1]) for problem in found) == [line for line, _, _ in expected]
    for line, what, remedy in expected:
        assert [problem for problem in found if re.match(rf"bot\.toml:{line}: .*\. Remedy: ", problem)
                and what in problem and remedy in problem], what  # fmt: skip


@pytest.mark.parametrize(
    ("more", "line", "fragment"),
    [
        ('[smtp]\nsecurity = "none"', 8, "clear text"),
        ("[smtp]\nport = 70000", 8, "choose a smaller value"),
        ("[imap]\nport = true", 8, "must be a whole number"),
        ('[imap]\nhost = "imaps://mail.example.org:993"', 8, "give only the server's name"),
        ('[imap]\nhost = "no spaces please"', 8, "is no server name"),
        ('[register]\npath = "/x\\u007f"', 8, "control character"),
        ('[imap]\nca_file = "missing.pem"', 8, "names no file"),
        ("[imap]\nfolders = []", 8, "must not be empty"),
        ('[imap]\nfolders = ["INBOX", "Post", "Post"]', 8, 'names "Post" twice'),
        ('[imap]\nfolders = ["INBOX", "Junk"]\njunk = "Junk"', 9, "among the folders too"),
        ('[imap]\nusername = ""', 8, "is empty"),
        ('imap = "imap.example.org"', 7, "write [imap] on a line of its own"),
        ('host = "imap.example.org"', 7, "it belongs under [imap] or [smtp]"),
        ('[templates]\nfolder = "/nowhere"', 8, "names no folder"),
        ("[register]\npath = 3", 8, "is no path"),
        ("[retention]\nmonths = 0", 8, "choose a larger value"),
        ('[poll]\nevery = "2 minutes"', 8, "is no duration"),
        ('[poll]\nevery = "0s"', 8, "choose a larger value"),
        ('[poll]\nevery = "2d"', 8, "choose a smaller value"),
        ("[digest]\nat = 08:00:00", 8, "is no time of day"),
        ('[digest]\nat = "24:00"', 8, "is no time of day"),
        ("[digest]\ndays = [-1]", 8, "entry 1 must be greater"),
        ("[digest]\ndays = 3", 8, "must be a list"),
        ("[replies]\ncopy_to_mailbox = 1", 8, "must be true or false"),
        ('[replies]\nforms = ["forms"]', 8, "is no mail address"),
        ('[contact]\naliases = ["a@example.org",\n"b@@example.org"]', 9, "entry 2"),
        ('[contact]\nname = "Jo\\nBcc: all@example.org"', 8, "line break"),
        ('[law]\ntimezone = "Europe"', 8, "no time zone"),
        ('[law]\ntimezone = "/etc/passwd"', 8, "no time zone"),
        ('[regulator]\nurl = "ico.org.uk"', 8, "is no web address"),
        ('company = "again"', 7, "is there already"),
        ("[poll]\n[imap]\n[poll]", 9, "is there already"),
        ("[poll]\nevery = two minutes", 8, "text stands in double quotes"),
        ('[imap]\nfolders = ["INBOX"', 8, "close the list"),
        (f"x = {'[' * 9000}", 1, "nested too deeply"),
    ],
)
def test_a_fault_is_told_with_its_line(more: str, line: int, fragment: str) -> None:
    (found,) = problems(more)
    assert found.startswith(f"c.toml:{line}: ")
    assert fragment in found
    assert ". Remedy: " in found


@pytest.mark.parametrize(
    "password", ["hunter2-hunter2", "credentail:hunter2", "file:", "env:hunter 2", "command:'hunter2", ""]
)
def test_a_password_in_the_file_is_refused_and_never_repeated(password: str) -> None:
    for found in (problems(password=password), problems(f'[smtp]\npassword = "{password}"')):
        assert len(found) == 1
        assert "password" in found[0]
        assert "hunter" not in found[0]
    assert "hunter" not in str(problems("[imap]\npassword = 'hunter2\n"))
    assert ('did you mean "credential:"?' in problems(password=password)[0]) == password.startswith("cred")


@pytest.mark.parametrize(
    "address",
    [
        "jo", "jo@example", "jo@@example.org", ".jo@example.org", "jo@-x.org", "jo@müller.de", "jo@example.org ",
        "jo@example.org, al@example.org", f"{'x' * 65}@example.org",
    ],
)  # fmt: skip
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    assert problems(owner=address)[0].startswith("c.toml:4: owner")


def test_an_unknown_mail_domain_needs_its_servers() -> None:
    imap, smtp = problems(mailbox="privacy@example.co.uk")
    assert imap.startswith("c.toml:3: [imap] host is missing. Remedy: ")
    assert smtp.startswith("c.toml:3: [smtp] host is missing. Remedy: ")


def test_a_known_server_brings_its_counterpart() -> None:
    assert loaded('[imap]\nhost = "imap.migadu.com"', mailbox="us@example.org").smtp.host == "smtp.migadu.com"


def test_servers_that_take_no_passwords_are_refused_whether_named_or_implied() -> None:
    assert all("OAuth2" in problem and ":3:" in problem for problem in problems(mailbox="us@outlook.com"))
    named = '[imap]\nhost = "outlook.office365.com"\n[smtp]\nhost = "localhost"'
    (found,) = problems(named, mailbox="us@example.org")
    assert found.startswith("c.toml:8: [imap] host")


def test_a_proxy_on_this_machine_stands_in_for_a_provider_that_takes_no_passwords() -> None:
    proxy = 'host = "127.0.0.1"\nport = 1993\nsecurity = "none"\n'
    settings = loaded(f"[imap]\n{proxy}[smtp]\n{proxy}", mailbox="us@outlook.com")
    assert (settings.imap.host, settings.smtp.port) == ("127.0.0.1", 1993)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_clear_text_is_for_loopback_only(host: str) -> None:
    assert loaded(f'[imap]\nhost = "{host}"\nsecurity = "none"').imap.port == 143
    for other in ("10.0.0.1", "localhost.example.org", "127.0.0.1.example.org", "mail.example.org", "::2"):
        assert "clear text" in problems(f'[imap]\nhost = "{other}"\nsecurity = "none"')[0]


def test_the_port_follows_the_security_and_the_smtp_login_the_imap_login() -> None:
    settings = loaded('[imap]\nsecurity = "starttls"\nusername = "u1"\n[smtp]\nsecurity = "starttls"')
    assert (settings.imap.port, settings.smtp.port, settings.smtp.username) == (143, 587, "u1")
    assert loaded('[smtp]\nusername = ""').smtp.username == ""
    bridged = loaded(mailbox="privacy@proton.me")
    assert (bridged.imap.port, bridged.smtp.port, bridged.smtp.security) == (1143, 1025, Security.STARTTLS)
    assert loaded('[imap]\nsecurity = "tls"', mailbox="privacy@proton.me").imap.port == 993


def test_a_server_of_ones_own_takes_nothing_from_the_provider() -> None:
    imap = loaded('[imap]\nhost = "mail.example.org"', mailbox="privacy@proton.me").imap
    assert (imap.port, imap.security) == (993, Security.TLS)
    assert loaded('[imap]\nhost = "mail.example.org"').imap.authserv_id == ""


def test_unusual_ports_and_the_conditions_of_a_provider_are_remarked() -> None:
    found = remarks(loaded("[smtp]\nport = 587"))
    assert any("port 587" in remark for remark in found)
    assert any("app password" in remark for remark in found)
    assert any("Bridge" in remark for remark in remarks(loaded(mailbox="us@proton.me")))


@pytest.mark.parametrize(
    ("country", "law", "language", "timezone"),
    [
        ("GB-SCT", "uk_gdpr", "en", "Europe/London"), ("IE", "eu_gdpr", "en", "Europe/Dublin"),
        ("DE-BY", "eu_gdpr", "de", "Europe/Berlin"), ("ES-CN", "eu_gdpr", "es", "Atlantic/Canary"),
        ("BE-WAL", "eu_gdpr", "fr", "Europe/Brussels"), ("US-CA", "us_ca_ccpa", "en", "America/Los_Angeles"),
        ("US-CO", "us_co_cpa", "en", "America/Denver"), ("CA-QC", "ca_pipeda", "fr", "America/Toronto"),
        ("CH-GE", "ch_fadp", "fr", "Europe/Zurich"), ("FR-75", "eu_gdpr", "fr", "Europe/Paris"),
    ],
)  # fmt: skip
def test_law_language_and_zone_follow_from_the_country(country: str, law: str, language: str, timezone: str) -> None:
    settings = loaded(country=country)
    assert (settings.law.profile, settings.language, settings.law.timezone) == (law, language, timezone)


@pytest.mark.parametrize(
    ("country", "fragment"),
    [("UK", '"GB-ENG"'), ("gb-sct", '"GB-SCT"'), ("EL", '"GR"'), ("GB-EN", "GB-ENG"), ("DE-XX", "DE-BY"),
     ("US", "US-CA"), ("US-TX", "[law] profile is missing"), ("Germany", "ISO 3166-2"), ("NZ", "ISO"), ("", "ISO")],
)  # fmt: skip
def test_an_unknown_place_is_told_with_the_nearest(country: str, fragment: str) -> None:
    (found,) = problems(country=country)
    assert found.startswith("c.toml:2: ")
    assert fragment in found


def test_a_place_without_a_law_of_its_own_may_name_one() -> None:
    law = loaded('[law]\nprofile = "us_ca_ccpa"', country="US-TX").law
    assert (law.profile, law.timezone) == ("us_ca_ccpa", "America/Chicago")


def test_another_regulator_is_not_mixed_with_the_laws_own() -> None:
    settings = loaded('[regulator]\nname = "Information Commission"')
    assert (settings.regulator.name, settings.regulator.url, settings.regulator.phone) == (
        "Information Commission",
        "",
        "",
    )


def test_the_table_of_places_knows_every_law_and_only_real_zones() -> None:
    places = [place_of(code) for code in place_codes()]
    assert {place.timezone for place in places} <= available_timezones()
    assert {place.law for place in places} - {None} == set(laws())
    assert {place.code[:2] for place in places if place.law is None} == {"US"}


def test_the_table_of_providers_is_consistent() -> None:
    domains = [domain for provider in providers().values() for domain in provider.domains]
    assert len(domains) == len(set(domains)) > 50
    for name, provider in providers().items():
        domain = provider.domains[0] if provider.domains else "example.org"
        hosts = f'[imap]\nhost = "{provider.imap.host}"\n' if not provider.domains else ""
        if provider.oauth_only:
            assert any("OAuth2" in problem for problem in problems(hosts, mailbox=f"us@{domain}")), name
        else:
            assert loaded(hosts, mailbox=f"us@{domain}").smtp.host == provider.smtp.host, name


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    (tmp_path / "letters").mkdir()
    file = tmp_path / "config.toml"
    file.write_text(
        "\ufeff" + changed(password="file:secret")
        + '[imap]\nca_file = "ca.pem"\n[templates]\nfolder = "letters"\n[register]\npath = "~/r.db"\n'
    )  # fmt: skip
    settings = load(file, environ={"HOME": "/home/bot"})
    assert settings.imap.ca_file == tmp_path / "ca.pem"
    assert settings.templates.folder == tmp_path / "letters"
    assert settings.password == settings.smtp.password == f"file:{tmp_path}/secret"
    assert settings.register_.path == Path("/home/bot/r.db")


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"STATE_DIRECTORY": "/var/lib/inbox-bot:/var/lib/other", "HOME": "/h"}, "/var/lib/inbox-bot/register.db"),
        ({"XDG_STATE_HOME": "/x/state", "HOME": "/h"}, "/x/state/inbox-bot/register.db"),
        ({"XDG_STATE_HOME": "not/absolute", "HOME": "/h"}, "/h/.local/state/inbox-bot/register.db"),
        ({"HOME": "/h"}, "/h/.local/state/inbox-bot/register.db"),
    ],
)
def test_the_register_is_where_services_and_users_keep_state(environ: dict[str, str], path: str) -> None:
    assert loaded(environ=environ).register_.path == Path(path)


@pytest.mark.parametrize(("raw", "line"), [(b"\xff", 1), (MINIMAL.encode() + b'[poll]\nevery = "\xe9"', 8)])
def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path, raw: bytes, line: int) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(raw)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert caught.value.problems[0].startswith(f"{file}:{line}: is not UTF-8")


def test_a_file_that_cannot_be_read_is_told_with_a_remedy(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.toml"):
        with pytest.raises(ConfigurationError, match="cannot be read") as caught:
            load(path)
        assert "--config" in caught.value.problems[0]


def test_days_are_a_set_in_descending_order() -> None:
    assert loaded("[digest]\ndays = [1, 7, 7, 0]").digest.days == (7, 1, 0)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("2m", 120), ("1h", 3600), ("1d", 86_400)])
def test_durations_have_units(text: str, seconds: int) -> None:
    assert loaded(f'[poll]\nevery = "{text}"').poll.every == timedelta(seconds=seconds)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        loaded().mode = Mode.OBSERVE


def test_the_identity_holds_every_address_of_ours_in_lower_case() -> None:
    who = identity(
        loaded(
            '[contact]\naliases = ["DPO@Example.co.uk"]\n[imap]\nusername = "Login@example.org"\n'
            'authserv_id = "MX.example.org"\n[replies]\nforms = ["Forms@Example.org"]\n',
            mailbox="Privacy@GMail.com",
        )
    )
    assert who.mailbox == "privacy@gmail.com"
    assert who.addresses == {"privacy@gmail.com", "dpo@example.co.uk", "login@example.org"}
    assert who.forms == {"forms@example.org"}
    assert who.authserv_ids == {"mx.example.org"}
    assert identity(loaded(mailbox="us@gmx.net")).authserv_ids == frozenset()


def test_what_is_shown_loads_to_the_same_settings() -> None:
    settings = loaded(
        '[contact]\npostal = """\n1 "High" Street\nAnytown é😀"""\n[digest]\ndays = []\nat = "23:59"\n'
        '[replies]\nmax_age = "90s"\nforms = ["a@b.example"]\n[imap]\nfolders = ["INBOX", "R\\\\Q \\"x\\""]'
    )
    assert load_text(show(settings), "/other/c.toml", environ={}) == settings
    assert 'max_age = "90s"' in show(settings)


def test_what_is_shown_names_where_secrets_are_kept_and_not_the_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    shown = show(loaded(password=f"file:{secret}"))
    assert f'password = "file:{secret}"' in shown
    assert "hunter2" not in shown


def test_the_example_loads_and_its_commented_lines_are_the_defaults_of_every_option() -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/inbox-bot"}
    settings = load(EXAMPLE, environ=environ)
    every = re.sub(r"(?m)^#(?=[a-z_]+ = )", "", EXAMPLE.read_text())
    assert load_text(every, str(EXAMPLE), environ=environ) == settings
    named, shown = tomllib.loads(every), tomllib.loads(show(settings))
    assert named.keys() == shown.keys()
    assert all(set(named[key]) == set(shown[key]) for key in shown if isinstance(shown[key], dict))
