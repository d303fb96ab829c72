"""Tables of contacts as programs write them, and as nobody should."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recommender.cards import csv_book
from recommender.cards.csv_book import csv_columns, looks_like_csv, read_csv
from recommender.cards.csv_layouts import FIELDS, guess_mapping, table_day
from recommender.cards.types import BadCard, Card, NameParts
from recommender.errors import InvalidInput

GOOGLE_OLD = (
    (
        "Name,Given Name,Family Name,Yomi Name,Nickname,Birthday,Hobby,Notes,Group Membership,"
        "E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,"
        "Address 1 - Type,Address 1 - Formatted,Address 1 - City,"
        "Address 2 - Type,Address 2 - Street,Address 2 - City,"
        "Organization 1 - Name,Organization 1 - Title,Website 1 - Value,"
        "Event 1 - Type,Event 1 - Value\n"
        'Ann Lee,Ann,Lee,,Annie, --02-29,chess; bees,"one\ntwo",Sailing, old ::: * My Contacts,'
        "* Home,ann@example.org ::: lee@example.org,Mobile,+1 555 1 ::: +1 555 2,"
        'Work,"1 Long Rd\nLeeds",Leeds,Home,2 Short Rd,York,'
        "Acme,Cook,https://ann.example,Anniversary,2010-06-01\n"
    )
    .replace("Sailing, old :::", '"Sailing, old ::: * Friends :::')
    .replace("* My Contacts,", '* My Contacts",')
)
GOOGLE_NEW = (
    "First Name,Middle Name,Last Name,Name Prefix,Nickname,File As,Organization Name,"
    "Organization Title,Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,"
    "Phone 1 - Label,Phone 1 - Value,Event 1 - Label,Event 1 - Value\n"
    "Ann,B,Lee,Dr.,,,Acme,Cook,1984-02-29,,https://photos.example/1,Chess ::: * myContacts,"
    "* ,ann@example.org,Mobile,+1 555 1,Moved,2010-06-01\n"
)
OUTLOOK_DE = (
    "Anrede;Vorname;Weitere Vornamen;Nachname;Suffix;Firma;Abteilung;Position;"
    "Straße geschäftlich;Ort geschäftlich;Straße privat;Ort privat;Postleitzahl privat;"
    "Land/Region privat;Fax geschäftlich;Telefon Assistent;Telefon (privat);Mobiltelefon;"
    "E-Mail-Adresse;E-Mail-Typ;E-Mail: Angezeigter Name;E-Mail 2: Adresse;Geburtstag;"
    "Jahrestag;Hobby;Kategorien;Notizen;Name Assistent;Webseite\n"
    "Frau;Jörga;;Öz;;Blume AG;Einkauf;Leiterin;Weg 1;Köln;Allee 2;Bonn;53111;Deutschland;"
    "0221 9;0221 8;0228 1;0170 2;j@example.de;SMTP;Jörga Öz (j@example.de);oe@example.de;"
    '3.4.1984;0.0.00;Schach, Bienen;Freunde;"eins\nzwei";Bernd;https://oez.example\n'
)
OUTLOOK_EN = (
    "Title,First Name,Last Name,Company,Job Title,Business Street,Business City,Home Street,"
    "Home City,Home Postal Code,Home Country/Region,Mobile Phone,Assistant's Phone,"
    "E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,Birthday,Anniversary,"
    "Categories,Notes,Personal Web Page\n"
    "Ms.,Ann,Lee,Acme,Cook,1 Long Rd,Leeds,2 Short Rd,York,YO1,UK,07700 1,07700 9,"
    "ann@example.org,SMTP,Ann (ann@example.org),lee@example.org,2/29/1984,0/0/00,"
    "Friends;Chess,Hi,https://ann.example\n"
)
THUNDERBIRD_DE = (
    "Vorname,Nachname,Anzeigename,Spitzname,Primäre E-Mail-Adresse,Sekundäre E-Mail-Adresse,"
    "Messenger-Name,Tel. dienstlich,Tel. privat,Fax-Nummer,Mobil-Tel.-Nr.,Privat: Adresse,"
    "Privat: Ort,Privat: PLZ,Privat: Land,Dienstlich: Ort,Arbeitstitel,Organisation,"
    "Webseite 1,Geburtsjahr,Geburtsmonat,Geburtstag,Notizen\n"
    "Jörga,Öz,Jörga Öz,Jö,j@example.de,oe@example.de,,0221 1,0228 1,0228 9,0170 2,Allee 2,Bonn,"
    "53111,Deutschland,Köln,Leiterin,Blume AG,https://oez.example,1984,2,29,Hallo\n"
)
LINKEDIN = (
    "Notes:\n"
    '"When exporting your connection data, you may notice that some of the email addresses are'
    ' missing. You can learn more here https://www.linkedin.example/help"\n'
    "\n"
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Ann,Lee,https://www.linkedin.example/in/ann,ann@example.org,Acme,Cook,01 Jan 2024\n"
    "Bo,Li,https://www.linkedin.example/in/bo,,Acme,Waiter,02 Jan 2024\n"
)


def one(text: str) -> Card:
    (card,) = read_csv(text)
    assert isinstance(card, Card)
    return card


def test_google_as_it_was() -> None:
    card = one(GOOGLE_OLD)
    assert card.name == "Ann Lee"
    assert card.parts == NameParts("Lee", "Ann")
    assert card.nicknames == ("Annie",)
    assert card.emails == ("ann@example.org", "lee@example.org")
    assert card.phones == ("+1 555 1", "+1 555 2")
    assert card.addresses == ("1 Long Rd, Leeds", "2 Short Rd, York")
    assert card.town == "York", "the town of the home comes first"
    assert (card.organisation, card.role) == ("Acme", "Cook")
    assert (card.birthday, card.anniversary) == ("--02-29", "2010-06-01")
    assert card.groups == ("Sailing, old", "Friends")
    assert card.notes == "one\ntwo"
    assert [interest.phrase for interest in card.interests] == ["chess", "bees"]
    assert card.sites == ("https://ann.example",)


def test_google_as_it_is() -> None:
    card = one(GOOGLE_NEW)
    assert card.name == "Dr. Ann B Lee"
    assert (card.organisation, card.role, card.birthday) == ("Acme", "Cook", "1984-02-29")
    assert (card.groups, card.emails, card.sites) == (("Chess",), ("ann@example.org",), ())
    assert card.anniversary == "", "it is the day of something else"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_outlook_in_german(delimiter: str) -> None:
    text = OUTLOOK_DE.replace("Schach, Bienen", '"Schach, Bienen"').replace(";", delimiter)
    card = one(text.replace("\n", "\r\n"))
    assert card.name == "Jörga Öz"
    assert card.parts == NameParts("Öz", "Jörga", prefix="Frau")
    assert card.emails == ("j@example.de", "oe@example.de")
    assert card.phones == ("0228 1", "0170 2", "0221 9"), "no assistant's; the fax comes last"
    assert card.addresses == ("Weg 1, Köln", "Allee 2, Bonn, 53111, Deutschland")
    assert (card.town, card.organisation, card.role) == ("Bonn", "Blume AG", "Leiterin")
    assert (card.birthday, card.anniversary) == ("1984-04-03", "")
    assert [interest.phrase for interest in card.interests] == ["Schach", "Bienen"]
    assert (card.groups, card.notes) == (("Freunde",), "eins\nzwei")
    assert card.sites == ("https://oez.example",)


def test_outlook_in_english() -> None:
    card = one(OUTLOOK_EN)
    assert card.name == "Ann Lee"
    assert card.parts.prefix == "Ms."
    assert card.emails == ("ann@example.org", "lee@example.org")
    assert card.phones == ("07700 1",)
    assert (card.town, card.role, card.birthday) == ("York", "Cook", "1984-02-29")
    assert (card.anniversary, card.groups) == ("", ("Friends", "Chess"))


def test_thunderbird_in_german() -> None:
    card = one(THUNDERBIRD_DE)
    assert card.name == "Jörga Öz"
    assert card.birthday == "1984-02-29"
    assert card.emails == ("j@example.de", "oe@example.de")
    assert card.phones == ("0221 1", "0228 1", "0170 2", "0228 9")
    assert card.addresses == ("Allee 2, Bonn, 53111, Deutschland", "Köln")
    assert (card.town, card.role, card.organisation) == ("Bonn", "Leiterin", "Blume AG")


def test_thunderbird_without_a_year() -> None:
    text = "First Name,Last Name,Birth Year,Birth Month,Birth Day,\nAnn,Lee,,12,24,\n"
    assert one(text).birthday == "--12-24"


def test_linkedin() -> None:
    ann, bo = read_csv(LINKEDIN)
    assert isinstance(ann, Card)
    assert isinstance(bo, Card)
    assert (ann.name, ann.role, ann.organisation, ann.sites) == ("Ann Lee", "Cook", "Acme", ())
    assert ann.emails == ("ann@example.org",)
    assert (ann.line, bo.line) == (5, 6)
    assert looks_like_csv(LINKEDIN)
    assert csv_columns(LINKEDIN)[0] == "First Name"


@pytest.mark.parametrize(
    ("text", "german", "day"),
    [
        ("1984-02-29", False, "1984-02-29"),
        ("1984-02-29T00:00:00Z", False, "1984-02-29"),
        ("1984/2/29", False, "1984-02-29"),
        ("19840229", False, "1984-02-29"),
        ("29.02.1984", False, "1984-02-29"),
        ("29.2.1984 00:00:00", False, "1984-02-29"),
        ("2/29/1984", False, "1984-02-29"),
        ("2/29/1984", True, "1984-02-29"),
        ("29/2/1984", False, "1984-02-29"),
        ("3/4/1984", False, "1984-03-04"),
        ("3/4/1984", True, "1984-04-03"),
        ("24.12.", False, "--12-24"),
        ("24.12", True, "--12-24"),
        ("--02-29", False, "--02-29"),
        ("--0229", False, "--02-29"),
        (" --02-29", False, "--02-29"),
        ("12/24", False, "--12-24"),
        ("29.2.84", True, "--02-29"),
        ("1604-02-29", False, "--02-29"),
        ("0/0/00", False, ""),
        ("0.0.00", True, ""),
        ("30.2.1984", False, ""),
        ("2/29/1983", False, ""),
        ("13/13/1984", False, ""),
        ("soon", False, ""),
        ("", False, ""),
        ("٣/٤/١٩٨٤", False, "1984-03-04"),
    ],
)
def test_days(text: str, german: bool, day: str) -> None:
    assert table_day(text, day_first=german) == day


def test_one_day_settles_the_order_of_all() -> None:
    cards = list(read_csv("Name,Birthday\nA,3/4/1984\nB,20/01/1991\n"))
    assert [card.birthday for card in cards if isinstance(card, Card)] == [
        "1984-04-03",
        "1991-01-20",
    ]


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("First Name,Last Name,Nickname", "Ann,,Annie", "Ann"),
        ("First Name,Last Name,Nickname", ",,Annie", "Annie"),
        ("Name,Company,E-mail", ",Acme,a@example.org", "Acme"),
        ("Name,E-mail,Phone", ",a@example.org,1", "a@example.org"),
        ("Name,E-mail,Phone", ",,0170 1", "0170 1"),
        ("Name;Vorname", "Muster;Max", "Max Muster"),
        ("Prénom;Nom de famille", "Zoé;Roux", "Zoé Roux"),
        ("FIRST_NAME,lastName", "Ann,Lee", "Ann Lee"),
        ("Name,Title,Salutation,Job title", "Ann Lee,Dr.,Ms,Cook", "Ann Lee"),
    ],
)
def test_names(header: str, row: str, name: str) -> None:
    assert one(f"{header}\n{row}\n").name == name


def test_a_row_is_a_card_or_is_bad() -> None:
    text = 'Name,Notes\n\nAnn,hi\n,only notes\n ,\nBo,"two\nlines"\nCy,\n'
    cards = list(read_csv(text))
    assert [(type(card), card.line) for card in cards] == [
        (Card, 3),
        (BadCard, 4),
        (Card, 6),
        (Card, 8),
    ]


def test_what_is_no_email_is_kept_as_a_note() -> None:
    card = one(
        "Name,E-mail,E-mail 2,Notes\n"
        'Ann,"Ann Lee <ann@example.org>, mailto:lee@example.org",ann at work,hi\n'
    )
    assert card.emails == ("ann@example.org", "lee@example.org")
    assert card.notes == "hi\n\nE-mail: ann at work"


def test_a_comma_too_much_loses_nothing() -> None:
    assert one("Name,Notes\nAnn,likes tea, and cake\n").notes == "likes tea\n\nand cake"


def test_texts_are_cleaned_and_cut() -> None:
    card = one(f'Name,Notes\nA\x00n\x07n\u202e {"x" * 500},"{"y" * 200_000}"\n')
    assert card.name.startswith("Ann xx")
    assert (len(card.name), len(card.notes)) == (200, 10_000)


def test_a_quotation_mark_that_is_not_closed_costs_one_row() -> None:
    text = 'Name,Notes\nAnn,hi\nBo,"oops\nCy,hi\nDi,hi\n'
    cards = list(read_csv(text))
    assert [card.name for card in cards if isinstance(card, Card)] == ["Ann", "Cy", "Di"]
    assert [card for card in cards if isinstance(card, BadCard)] == [
        BadCard(3, "a quotation mark that is not closed")
    ]


def test_after_many_such_marks_the_rest_is_taken_as_it_is() -> None:
    rows = "".join(f'N{n},"{"a" if n % 2 else "b"}\n' for n in range(14)) + 'Ed,"\n'
    cards = list(read_csv("Name,Notes\n" + rows.replace('"b', '"')))
    lines = [card.line for card in cards]
    assert lines == sorted(set(lines)), "no row comes twice"
    assert cards[-1].line >= 14, "the end of the file is reached"


def test_a_line_for_excel_is_passed_over() -> None:
    assert one("sep=;\nName;Notes\nAnn;a, b, c\n").notes == "a, b, c"


def test_unknown_columns_need_a_mapping() -> None:
    text = "Wer,Was\nAnn Lee,Schach\n"
    assert looks_like_csv(text)
    assert csv_columns(text) == ["Wer", "Was"]
    with pytest.raises(
        InvalidInput, match=r"--column COLUMN=FIELD, or --ask, what they are: Wer, Was"
    ):
        read_csv(text)
    (card,) = read_csv(text, {"Wer": "name", "Was": "interests"})
    assert isinstance(card, Card)
    assert (card.name, card.interests[0].phrase) == ("Ann Lee", "Schach")


@pytest.mark.parametrize("text", [GOOGLE_OLD, GOOGLE_NEW, OUTLOOK_DE, OUTLOOK_EN, THUNDERBIRD_DE])
def test_a_guess_that_is_confirmed_changes_nothing(text: str) -> None:
    guessed = guess_mapping(csv_columns(text))
    assert set(guessed.values()) <= set(FIELDS)
    assert list(read_csv(text, guessed)) == list(read_csv(text))


def test_a_mapping_rules() -> None:
    text = "Name,E-mail,Town\nAnn,a@example.org,York\n"
    (card,) = read_csv(text, {"Name": "organisation", "Town": "", "E-mail": "emails"})
    assert isinstance(card, Card)
    assert (card.name, card.organisation, card.town) == ("Ann", "Ann", "")


@pytest.mark.parametrize(
    "mapping", [{"Name": "shoe size"}, {"Nme": "name"}, {"Name": "name", "E-mail": "kind"}]
)
def test_a_mapping_that_makes_no_sense(mapping: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        read_csv("Name,E-mail\nAnn,\n", mapping)


@pytest.mark.parametrize(
    ("text", "is_table"),
    [
        ("Primary Email\na@example.org\n", True),
        ("a,b\n1,2\n3,4\n", True),
        ("", False),
        ('{"name": "Ann", "town": "York"}', False),
        ("[1, 2]", False),
        ("BEGIN:VCARD\nFN:Ann, Lee\n", False),
        ("Dear Ann,\nall is well, I hope, and sunny.\nYours, Bo, and Cy\n", False),
    ],
)
def test_what_looks_like_a_table(text: str, is_table: bool) -> None:
    assert looks_like_csv(text) is is_table


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_book, "MAX_ROWS", 3)
    assert len(list(read_csv("Name\n" + "Ann\n" * 3))) == 3
    with pytest.raises(InvalidInput, match="more than 3 rows"):
        list(read_csv("Name\n" + "Ann\n" * 4))


@given(st.text(st.characters() | st.sampled_from(',;\t\n\r"1/.@:-'), max_size=300))
@example('"')
@example("sep=;")
@example('Name\n"\n"\n"\n')
@example("Name,Birthday\nA,²/²/1984\n")
def test_no_text_breaks_it(text: str) -> None:
    looks_like_csv(text)
    csv_columns(text)
    for table in (text, f"Name,E-mail,Birthday,Birth Year,Birth Month,Address,City\n{text}"):
        try:
            cards = list(read_csv(table))
        except InvalidInput:
            continue
        assert all(isinstance(card, BadCard) or card.name for card in cards)


@pytest.mark.parametrize(
    "text",
    [
        "Name,E-mail\n" + '"' * 1_000_001,
        "Name,E-mail\n" + "Ann," + "a" * 2_000_000 + "\n",
        "Name,E-mail\n" + "Ann," + "a@" * 1_000_000 + "\n",
        "Name,E-mail\n" + "Ann," + "a@b.c," * 300_000 + "\n",
        "Name,E-mail\n" + 'Ann,"\n' * 50_001,
        "Name" + "," * 200_000 + "\nAnn" + "," * 200_000,
        "E-mail address work home street city " * 20_000 + ",Name\nA,B\n",
        "Name,Birthday\nAnn," + "1" * 2_000_000,
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    began = time.monotonic()
    with contextlib.suppress(InvalidInput):
        assert list(read_csv(text))
    # No measure of speed: what grows with the square takes many minutes here.
    assert time.monotonic() - began < 120
