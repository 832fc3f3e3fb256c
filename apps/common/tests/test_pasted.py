import time

import pytest

from apps.common.pasted import MAX_PASTED, clean_code, clean_token, is_invite_link

HEADER, CLAIMS = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJsZXNzb24iOjcsImV4cCI6-TgwMDAw_DAwMH0"
TOKEN = f"{HEADER}.{CLAIMS}.s1gn-_atureQ5rT8vWx0yZ2aB4cD6eF8gH0iJ2kL4m8"


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
        *("The code: ABCD EFGH", "код: abcd – efgh, до зустрічі", "Код ABCD EFGH please"),
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
        *(f"https://h.example/invite/{TOKEN}{end}" for end in (" Чекаю!", "\nДо зустрічі", "_")),
        *(f"Ось: https://h.example/invite/{TOKEN}{end}" for end in (". Чекаю", " — о 15:00")),
        *(f"{TOKEN} please", f"{TOKEN}\nplease", f"Here is\n{TOKEN}\nsee you"),
        *(f"{TOKEN},https://kreida.example/", f"**{TOKEN}**", f"{TOKEN}. Thanks"),
        f"Link: https://kreida.example/invite/{TOKEN[:50]}\r\n{TOKEN[50:]} please",
    ],
)
def test_token_is_found_in_pasted_text(pasted):
    assert clean_token(pasted) == TOKEN
    assert is_invite_link(pasted)


@pytest.mark.parametrize("pasted", [f"{TOKEN}x", f"{TOKEN}_", f"x{TOKEN}", TOKEN[:-1]])
def test_token_with_one_character_too_many_or_too_few_is_not_repaired(pasted):
    assert clean_token(pasted) == pasted


@pytest.mark.parametrize(
    "part", ["eyJ ", "eyJ.", "eyJ-a.", "a b", ". ", "- ", "eyJa.a.", f"{TOKEN[:-1]} ", "ABC "]
)
def test_long_pasted_text_takes_bounded_time(part):
    pasted = (part * 100_000)[:100_000]
    started = time.process_time()
    is_invite_link(pasted)
    clean_code(pasted)
    assert len(clean_token(pasted)) <= MAX_PASTED
    assert time.process_time() - started < 1


@pytest.mark.parametrize("pasted", ["", "ABCD-EFGH", "https://kreida.example/join/ABCDEFGH/"])
def test_join_code_is_not_an_invite_link(pasted):
    assert not is_invite_link(pasted)
