"""QR codes of transfers are read back as a bank's app reads them."""

import base64
import io
from dataclasses import replace
from decimal import Decimal

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from apps.billing.payments import qr
from apps.billing.payments.qr import MAX_PAYLOAD, NBU_LINK, Transfer, nbu_link, qr_code, qr_svg

UAH = Transfer(
    name="ФОП Вчитель Тарас",
    iban="UA213223130000026007233566001",
    tax_id="1234567890",
    currency="UAH",
    amount=Decimal("1200.00"),
    purpose="Оплата за уроки, Олена Коваль, KR-12",
)
EUR = Transfer(
    name="Taras Vchytel",
    iban="DE89370400440532013000",
    tax_id="",
    currency="EUR",
    amount=Decimal("45.50"),
    purpose="Lessons, KR-12",
)
# Links that Ukrainian banks made for the donation pages of a church and of a charity, found in
# the public sources of dchurch.lviv.ua (PrivatBank) and of a charity's site (monobank).
PRIVATBANK_LINK = (
    "https://bank.gov.ua/qr/QkNECjAwMgoyClVDVAoK0M4g1sXQysLAIMTGxdDFy84gxsjS0t8K"
    "VUEzMzMwNTI5OTAwMDAwMjYwMDUwMzEwNDgxNzAKVUFICjEzODA2NDIwCgoKCg=="
)
MONOBANK_LINK = (
    "https://bank.gov.ua/qr/QkNECjAwMgoxClVDVAoK0JHQpCDQkdC-INCf0LXQutC10LvRjNC90LAg0JrRg9GF"
    "0L3RjwpVQTM0MzA1Mjk5MDAwMDAyNjAwOTA0NTkxMjk3NQpVQUgwCjQ0NjYyMDMwCgoK0JHQu9Cw0LPQvtC00ZbQ"
    "udC90LAg0LTQvtC_0L7QvNC-0LPQsAoK"
)


def decode_link(link: str) -> list[str]:
    encoded = link.removeprefix(NBU_LINK)
    data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    lines = data.decode("latin-1").split("\n")
    return data.decode({"1": "utf-8", "2": "cp1251"}[lines[2]]).split("\n")


def read_picture(transfer: Transfer) -> str:
    """Draw the code with the white circle of its sign, at 3 pixels a module, and decode it."""
    out = io.BytesIO()
    code = qr_code(transfer)
    code.save(out, kind="png", scale=3, border=4)
    picture = Image.open(out).convert("RGB")
    if transfer.currency == "UAH":
        middle, radius = picture.width / 2, picture.width * qr._SIGN_SHARE / 2
        box = [middle - radius, middle - radius, middle + radius, middle + radius]
        ImageDraw.Draw(picture).ellipse(box, fill="white")
    [found] = zxingcpp.read_barcodes(picture)
    return found.text


@pytest.mark.parametrize("link", [PRIVATBANK_LINK, MONOBANK_LINK])
def test_links_of_banks_have_the_elements_of_ours(link):
    published, ours = decode_link(link), decode_link(nbu_link(UAH))
    empty = [4, 9, 10]
    assert published[:2] == ours[:2] == ["BCD", "002"]
    assert published[3] == ours[3] == "UCT"
    assert all(lines[i] == "" for lines in (published, ours) for i in empty)
    assert published[6].startswith("UA")
    assert ours[6] == UAH.iban
    assert published[7].startswith("UAH")
    assert ours[7] == "UAH1200.00"
    assert len(published[8]) == 8
    assert ours[8] == UAH.tax_id


def test_privatbank_link_is_made_again_from_its_elements():
    lines = decode_link(PRIVATBANK_LINK)
    transfer = Transfer(lines[5], lines[6], lines[8], "UAH", Decimal("0.01"), lines[11])
    assert decode_link(nbu_link(transfer)) == [*lines[:7], "UAH0.01", *lines[8:]]


def test_hryvnia_link_is_in_windows_1251():
    assert decode_link(nbu_link(UAH)) == [
        *("BCD", "002", "2", "UCT", "", UAH.name, UAH.iban, "UAH1200.00", UAH.tax_id),
        *("", "", UAH.purpose, ""),
    ]


def test_other_letters_are_sent_in_utf_8_and_cut_to_the_limit():
    transfer = Transfer("Ñ" * 70, UAH.iban, "12345678", "UAH", Decimal(1), "ї" * 140)
    lines = decode_link(nbu_link(transfer))
    assert lines[2] == "1"
    assert lines[5] == transfer.name
    assert transfer.purpose.startswith(lines[11])
    assert len("\n".join(lines).encode()) <= MAX_PAYLOAD


LONG_LETTER = "\U00020000"  # four bytes in UTF-8


@pytest.mark.parametrize("purpose", ["KR-7", LONG_LETTER * 130 + ", KR-7", "ʼ" * 130 + ", KR-7"])
@pytest.mark.parametrize("name", ["Ева", LONG_LETTER * 70, "Учитель" * 10])
@pytest.mark.parametrize("like", [UAH, EUR])
def test_longest_texts_are_cut_before_the_number_of_the_request(like, name, purpose):
    transfer = replace(like, name=name, purpose=purpose)
    if like is UAH:
        lines = decode_link(nbu_link(transfer))
        found_name, found_purpose = lines[5], lines[11]
        assert len("\n".join(lines).encode("cp1251" if lines[2] == "2" else "utf-8")) <= MAX_PAYLOAD
    else:
        lines = read_picture(transfer).split("\n")
        found_name, found_purpose = lines[5], lines[10]
    assert found_name
    assert name.startswith(found_name)
    assert found_purpose.endswith("KR-7")
    assert qr_svg(transfer)


def test_more_euro_than_the_standard_allows_have_no_picture():
    assert qr.has_qr(replace(EUR, amount=Decimal("999999999.99")))
    assert not qr.has_qr(replace(EUR, amount=Decimal("1000000000")))


def test_line_break_in_a_name_adds_no_element():
    transfer = Transfer("ФОП\nВчитель", UAH.iban, "12345678", "UAH", Decimal(1), "Урок\r\n1")
    lines = decode_link(nbu_link(transfer))
    assert len(lines) == 13
    assert (lines[5], lines[11]) == ("ФОП Вчитель", "Урок 1")


@pytest.mark.parametrize("purpose", ["a", "Оплата за уроки " * 9])
def test_hryvnia_picture_is_decoded_under_its_sign(purpose):
    transfer = Transfer(UAH.name, UAH.iban, UAH.tax_id, "UAH", UAH.amount, purpose.strip()[:140])
    assert qr_code(transfer).version >= 10
    assert read_picture(transfer) == nbu_link(transfer)


def test_euro_picture_is_decoded_to_epc_data():
    assert read_picture(EUR).split("\n") == [
        *("BCD", "002", "1", "SCT", "", EUR.name, EUR.iban, "EUR45.5", "", "", EUR.purpose),
    ]


def test_only_the_hryvnia_picture_has_a_sign():
    assert b"<circle" in qr_svg(UAH)
    assert b"<circle" not in qr_svg(EUR)


def test_other_currency_has_no_picture():
    dollars = Transfer(EUR.name, EUR.iban, "", "USD", EUR.amount, EUR.purpose)
    assert not qr.has_qr(dollars)
    with pytest.raises(ValueError, match="USD"):
        qr_code(dollars)
