import pytest
from django.core.exceptions import ValidationError

from apps.billing.payments.requisites import (
    clean_iban,
    clean_tax_id,
    format_iban,
    is_valid_iban,
    takes_euro,
)

# Examples of the ISO 13616 registry.
IBANS = ["UA213223130000026007233566001", "DE89370400440532013000", "GB29NWBK60161331926819"]


@pytest.mark.parametrize("iban", IBANS)
def test_example_of_the_registry_is_valid(iban):
    assert is_valid_iban(iban)
    assert clean_iban(format_iban(iban).lower()) == iban


@pytest.mark.parametrize("iban", IBANS)
def test_every_wrong_digit_and_swapped_neighbours_are_refused(iban):
    for i in range(2, len(iban)):
        other = "1" if iban[i] != "1" else "2"
        assert not is_valid_iban(iban[:i] + other + iban[i + 1 :])
    for i in range(4, len(iban) - 1):
        if iban[i] != iban[i + 1]:
            assert not is_valid_iban(iban[:i] + iban[i + 1] + iban[i] + iban[i + 2 :])


@pytest.mark.parametrize(
    "typed", ["", "UA", "4149 4991 2345 6789", "UA21322313000002600723356600", "ua21" + "0" * 40]
)
def test_what_is_no_iban_is_refused(typed):
    with pytest.raises(ValidationError):
        clean_iban(typed)


def test_euro_transfer_needs_an_account_in_the_scheme():
    assert takes_euro("DE89370400440532013000")
    assert not takes_euro("UA213223130000026007233566001")


@pytest.mark.parametrize("typed", ["12345678", "1234567890", "1234 567 890"])
def test_tax_number_has_8_or_10_digits(typed):
    assert clean_tax_id(typed) == typed.replace(" ", "")


@pytest.mark.parametrize("typed", ["", "123456789", "12345678901", "АБ123456"])
def test_other_tax_number_is_refused(typed):
    with pytest.raises(ValidationError):
        clean_tax_id(typed)
