from datetime import date

import pytest

from inbox_bot.adapters.laws import law_for_place, law_names, load_law
from inbox_bot.domain.law import Effect, Law, Period, Route, Unit, parse_law
from inbox_bot.domain.request import Right
from inbox_bot.errors import ConfigurationError

SMALL = """
title = "Small law"
reviewed = false
places = ["XX"]
rights = ["access"]
rolls = false
respond = { days = 30 }
routes = ["court"]
sources = ["here"]
[regulators."*"]
name = "Nobody"
url = "https://example.org"
"""

PROFILES = pytest.mark.parametrize("law", [load_law(name) for name in law_names()], ids=lambda law: law.name)


def test_every_law_of_the_house_is_there() -> None:
    assert set(law_names()) == {
        "uk_gdpr", "eu_gdpr", "us_ca_ccpa", "us_va_vcdpa", "us_co_cpa", "br_lgpd", "ca_pipeda", "ch_fadp", "au_app12",
        "za_paia", "sg_pdpa", "in_dpdp", "jp_appi",
    }  # fmt: skip


@PROFILES
def test_a_profile_is_whole(law: Law) -> None:
    assert law.title
    assert law.sources
    assert law.routes
    assert Right.ACCESS in law.rights
    assert law.clarification_pauses <= law.rights
    assert (Right.COMPLAINT in law.rights) == (law.complaint is not None)
    assert (law.respond is None) == (law.name in {"in_dpdp", "jp_appi"})
    assert all(regulator.name and regulator.url.startswith("https://") for regulator in law.regulators)


@PROFILES
def test_an_extension_is_longer_than_the_period_it_extends(law: Law) -> None:
    if law.extended:
        assert law.respond
        assert law.extended.unit is law.respond.unit
        assert law.extended.count > law.respond.count
        assert not law.announces


def test_only_the_two_that_were_checked_call_themselves_reviewed() -> None:
    assert {name for name in law_names() if load_law(name).reviewed} == {"uk_gdpr", "eu_gdpr"}


def test_the_uk_and_the_eu_differ_where_the_law_does() -> None:
    uk, eu = load_law("uk_gdpr"), load_law("eu_gdpr")
    assert (uk.identity, eu.identity) == (Effect.RESTARTS, Effect.PAUSES)
    assert uk.clarification_pauses == {Right.ACCESS}
    assert not eu.clarification_pauses
    assert (uk.complaint, uk.complaint_since) == (Period(30, Unit.DAYS), date(2026, 6, 19))
    assert eu.complaint is None
    assert uk.rights - eu.rights == {Right.COMPLAINT}
    assert uk.routes == (Route.CONTROLLER, Route.REGULATOR, Route.COURT)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("GB-SCT", "uk_gdpr"),
        ("DE-BY", "eu_gdpr"),
        ("FR", "eu_gdpr"),
        ("NO", "eu_gdpr"),
        ("US-CA", "us_ca_ccpa"),
        ("US-VA", "us_va_vcdpa"),
        ("CA", "ca_pipeda"),
        ("CA-ON", "ca_pipeda"),
        ("CH-ZH", "ch_fadp"),
    ],
)
def test_a_place_has_its_law(place: str, name: str) -> None:
    assert law_for_place(place) == name


@pytest.mark.parametrize("place", ["US-TX", "US", "XX", "", "JE"])
def test_a_place_without_a_law_is_an_error_that_names_the_choices(place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        law_for_place(place)
    assert "uk_gdpr" in caught.value.remedy


def test_no_two_laws_claim_one_place() -> None:
    places = [place for name in law_names() for place in load_law(name).places]
    assert len(places) == len(set(places))


def test_the_regulator_is_the_regions_else_the_countrys_else_the_general_one() -> None:
    eu, uk = load_law("eu_gdpr"), load_law("uk_gdpr")
    assert eu.regulator("DE-BY").url == "https://www.lda.bayern.de"
    assert eu.regulator("IE").name == "Data Protection Commission"
    assert eu.regulator("FR-6AE").name == eu.regulator("FR").name
    assert eu.regulator("US-NY").place == "*"
    assert uk.regulator("GB-NIR").phone == "0303 123 1113"


def test_every_country_of_the_eu_law_has_its_own_regulator() -> None:
    eu = load_law("eu_gdpr")
    assert [place for place in eu.places if eu.regulator(place).place != place] == []


def test_an_unknown_law_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="uk_gpdr") as caught:
        load_law("uk_gpdr")
    assert "uk_gdpr" in caught.value.remedy


def test_a_new_law_is_a_file() -> None:
    law = parse_law("small", SMALL)
    assert (law.name, law.respond, law.extended) == ("small", Period(30, Unit.DAYS), None)
    assert not law.needs_calendar


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('title = "Small law"\n', "", "title is missing"),
        ("rolls = false", 'rolls = "no"', "rolls must be a bool"),
        ("rolls = false", "roles = false", "rolls is missing"),
        ("days = 30", "fortnights = 2", "fortnights"),
        ("days = 30", "days = 0", "at least 1"),
        ("days = 30", "days = true", "at least 1"),
        ("days = 30", "days = 30, months = 1", "one unit"),
        ('["access"]', '["excess"]', "excess"),
        ('["access"]', "[1]", "list of strings"),
        ('["court"]', '["pub"]', "pub"),
        ('"*"', '"GB"', r"\*"),
        ('name = "Nobody"', 'nome = "Nobody"', "name is missing"),
        ("reviewed = false", "reviewed = false\nidentitty = 'none'", "unknown key identitty"),
        ("reviewed = false", "reviewed false", "line 3"),
    ],
)
def test_a_wrong_profile_is_refused_by_file_and_key(old: str, new: str, fault: str) -> None:
    assert old in SMALL
    with pytest.raises(ConfigurationError, match=rf"law/small\.toml: .*{fault}"):
        parse_law("small", SMALL.replace(old, new))


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (Period(1, Unit.MONTHS), "one month"),
        (Period(3, Unit.MONTHS), "three months"),
        (Period(45, Unit.DAYS), "45 days"),
        (Period(10, Unit.WORKING_DAYS), "10 working days"),
        (Period(1, Unit.WORKING_DAYS), "one working day"),
    ],
)
def test_a_period_says_itself(period: Period, words: str) -> None:
    assert str(period) == words
