import pytest

from apps.common.pasted import clean_code, clean_token, is_invite_link

TOKEN = "eyJh-b_c.eyJsZXNz-b24.s1gn-_ature"


@pytest.mark.parametrize(
    "pasted",
    [
        *(
            "ABCD-EFGH",
            "abcd efgh",
            " ABCD–EFGH.",
            "«ABCD—EFGH»",
            "ABCD\u00a0EFGH",
            "AB\u200bCDEFGH",
        ),
        *("АВСD-ЕFGН", "авсd-еfgн", "ＡＢＣＤＥＦＧＨ", "<ABCDEFGH>", "ABCD\u2011EFGH"),
        "https://kreida.example/join/ABCDEFGH/",
        "https://kreida.example//join//ABCDEFGH?utm_source=x&fbclid=y",
        "kreida.example/join/abcd-efgh/#top",
        "Join: https://kreida.example/join/ABCDEFGH.",
        "https://kreida.example/join/ABCDEFGH Ласкаво просимо",
        *("Код: ABCDEFGH", "код класу abcdefgh!", "ABCDEFGH — код класу", "Join by АВСDЕFGН"),
        "https://kreida.example/join/?code=ABCDEFGH&utm_source=x",
        "https://kreida.example/jo\r\nin/ABCD\nEFGH/",
    ],
)
def test_code_is_found_in_pasted_text(pasted):
    assert clean_code(pasted) == "ABCDEFGH"


def test_letter_that_looks_like_a_digit_becomes_the_digit():
    assert clean_code("З4З4-АААА") == "3434AAAA"


@pytest.mark.parametrize(
    "pasted",
    [
        *(f" {TOKEN}.", f"“{TOKEN}”", f"({TOKEN}),", f"<{TOKEN}>", TOKEN.replace("-", "–")),
        *(f"{TOKEN[:9]}\r\n {TOKEN[9:]}", f"{TOKEN}?utm_source=x", f"{TOKEN}\u200b"),
        *(f"\u00a0{TOKEN}\u00a0", f"'{TOKEN}'", f"— {TOKEN}", f"{TOKEN} -", f"-{TOKEN}–"),
        f"https://kreida.example/invite/{TOKEN}",
        f"https://kreida.example//invite//{TOKEN}/?fbclid=x",
        f"<https://kreida.example/classrooms/invitation/{TOKEN}/>.",
        f"See https://kreida.example/invite/{TOKEN}.",
    ],
)
def test_token_is_found_in_pasted_text(pasted):
    assert clean_token(pasted) == TOKEN
    assert is_invite_link(pasted)


@pytest.mark.parametrize("pasted", ["", "ABCD-EFGH", "https://kreida.example/join/ABCDEFGH/"])
def test_join_code_is_not_an_invite_link(pasted):
    assert not is_invite_link(pasted)
