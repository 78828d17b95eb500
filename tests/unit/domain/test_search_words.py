"""Words of any script: what is asked for is found, however it is spelled; nothing breaks or is injected."""

import unicodedata
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.domain.search_words import (
    MAX_ASKED_WORDS,
    MAX_MARKS,
    MAX_WORD_CHARACTERS,
    Asked,
    asked_words,
    words_of,
)

SCRIPTS = (
    "aé'ßİıøĐœ-_ ,.\n#09"  # Latin
    "ЁёЙйїЖʼ ΣσςΆ "  # Cyrillic, Greek
    "الأإآٱىيیةهوبلكگ ـًُّ٣۴ "  # Arabic, Persian
    "שלוםםךְֱ׳״ कखज़ँंि्त्र ०९ "  # Hebrew, Devanagari
    "編目與分類カタログがｶﾞひらー・々 한국어도서관ㄱ "  # Chinese, Japanese, Korean
    "ห้องสมุดน้ำ ຫໍສະໝຸດ បណ្ណាល័យ စာကြည့်တိုက် "  # Thai, Lao, Khmer, Myanmar
    "\u200b\u200c\u200d\u200f\u00ad\ufe0f🙂👩\u0301\u0338'\"*()&|!:<>\\%\x00\ud800\U0010ffff½ﬁ²ª"
)
texts = st.text(st.sampled_from(SCRIPTS), max_size=60) | st.text(max_size=60)


def finds(asked: str, text: str) -> bool:
    """Tell whether a search for `asked` finds a text."""
    wanted, words = asked_words(asked), words_of(text)
    return bool(wanted) and all(one.is_found_in(words) for one in wanted)


@given(texts)
@settings(max_examples=400)
def test_every_text_is_found_by_its_own_words_and_by_their_beginnings(text: str) -> None:
    words = words_of(text)
    for asked in asked_words(text):
        assert asked.is_found_in(words), (text, asked)
    for typed in text.split():
        short = typed[: (len(typed) + 1) // 2]
        if unicodedata.normalize("NFC", typed).startswith(short) and short.isascii() and short.isalnum():
            assert all(asked.is_found_in(words) for asked in asked_words(short)), (text, short)


@given(texts)
@settings(max_examples=400)
def test_words_hold_letters_marks_and_digits_only_and_are_not_too_long(text: str) -> None:
    asked = [part for one in asked_words(text) for way in one.ways for part in way]
    for word in (*words_of(text), *asked):
        assert 0 < len(word) <= MAX_WORD_CHARACTERS
        assert {unicodedata.category(character)[0] for character in word} <= {"L", "M", "N"}, repr(word)
        assert unicodedata.category(word[0])[0] != "M"


@given(texts)
def test_case_composition_and_points_make_no_difference(text: str) -> None:
    for other in (unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)):
        assert words_of(other) == words_of(text)


@pytest.mark.parametrize(
    "character", ["a", "-", "a-", "目", "a\u0301", "\ufdfa", "ก", " ", "'", "aB", "\U0001f642"]
)
def test_work_is_bounded_whatever_is_asked(character: str) -> None:
    asked = asked_words(character * 100_000)
    assert len(asked) <= MAX_ASKED_WORDS
    assert all(len(way) <= MAX_ASKED_WORDS for one in asked for way in one.ways)
    assert len(words_of(character * 100_000)) <= 20_000
    assert all(len(word) <= MAX_WORD_CHARACTERS for word in words_of("目" + "\u0301\u20e3\u302a" * 1_000))
    assert MAX_MARKS < MAX_WORD_CHARACTERS // 2


FOUND = [
    # case, accents, ligatures, special letters
    ("catalogacion", "Catalogación"), ("CATALOGACIÓN", "catalogacion"), ("strasse", "Straße"),
    ("STRASSE", "Straße"), ("oeuvre", "Œuvre"), ("istanbul", "İstanbul"), ("kirik", "KIRIK kırık"),
    ("sofos", "sofos"), ("σοφος", "ΣΟΦΟΣ"), ("tieng viet", "Tiếng Việt"), ("doc sach", "đọc sách"),
    ("lodz", "Łódź"), ("zeitschriftenartikel", "Zeitschriftenartikel"), ("file", "ﬁle"), ("fi", "ﬁle"),
    # beginnings of words, several words in any order
    ("catalog", "Cataloguing of rare books"), ("books rar", "Cataloguing of rare books"),
    # hyphens, apostrophes, hashtags
    ("indexation", "l'indexation des fonds"), ("l'indexation", "l’indexation"), ("l’indexation",
    "Indexation"),
    ("d'archives", "service d'archives"), ("ebooks", "E-books"), ("e-books", "ebooks"), ("books",
    "e-books"),
    ("librarian's", "The librarian"), ("librarians", "the librarian's desk"), ("ng'ombe", "ng’ombe"),
    ("ngombe", "ng'ombe"), ("#OpenAccess", "open access"), ("openaccess", "#OpenAccess"),
    ("open access", "#OpenAccess"), ("javascript", "JavaScript"), ("JavaScript", "Javascript"),
    ("о\u0431'єкт", "обʼєкт"), ("collecció", "col·lecció"), ("978-3-16", "ISBN 978-3-16-148410-0"),
    # Arabic: article, joined prefixes, variants of letters, vowels, tatweel, digits
    ("مكتبات", "المكتبات"), ("المكتبات", "مكتبات"), ("مكتبات", "والمكتبات"), ("مكتبات", "للمكتبات"),
    ("المكتبات", "بالمكتبات"), ("مكتبه", "مكتبة"), ("فهرسة", "الفهرسه"), ("ارشاد في", "إرشاد فى المكتبات"),
    ("محمد", "مُحَمَّد"), ("مكتبة", "مكـــتبة"), ("إلكترونية", "الإلكترونية"), ("الإلكترونية", "إلكترونية"),
    ("koha", "نظام Koha وKoha"), ("marc", "RDA وMARC"), ("الفن", "فن"), ("2024", "٢٠٢٤"), ("٢٠٢٤",
    "2024"), ("۱۳۹۹", "1399"), ("كتاب", "کتاب"), ("می‌شود", "میشود"),
    # Hebrew
    ("ספריה", "סִפְרִיָּה"), ("ספרן", "ספרנים"),
    # Cyrillic
    ("елка", "Ёлка"), ("БИБЛИОТЕКА", "библиотека"), ("каталогиз", "Каталогизация"),
    # Devanagari
    ("पुस्तकालय", "पुस्तकालयों में"), ("जरूरत", "ज़रूरत"), ("हिन्दी", "हिन्दी"), ("२०२४", "2024"), ("गांव",
    "गाँव"),
    # Chinese, Japanese, Korean: any part
    ("分類", "編目與分類"), ("編目", "圖書編目"), ("目", "圖書編目"), ("類", "編目與分類"), ("図書館",
    "大学図書館の司書"),
    ("カタログ", "ｶﾀﾛｸﾞ"), ("ｶﾀﾛｸﾞ", "カタログ"), ("국어", "한국어 사서"), ("사서", "사서를 찾습니다"),
    ("関 2024", "2024年関"),
    ("rda 目録", "RDA目録"),
    # Thai, Lao, Khmer, Myanmar
    ("สมุด", "ห้องสมุดประชาชน"), ("ห้องสมุด", "ในห้องสมุด"), ("ສະໝຸດ", "ຫໍສະໝຸດ"), ("ល័យ", "បណ្ណាល័យ"),
]  # fmt: skip
NOT_FOUND = [
    ("access", "openness"), ("talog", "catalog"), ("類分", "編目與分類"), ("がく", "かく"), ("кий", "кии"),
    ("рай", "раи"), ("🙂", "🙂 smile"), ("%", "100%"), ("", "anything"), ("' OR 1=1 --", "or nothing"),
    ("catalog music", "catalog"), ("لغة", "المكتبات"), ("कि", "की"), ("서사", "사서"), ("123", "12"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "text"), FOUND)
def test_one_spelling_finds_another(asked: str, text: str) -> None:
    assert finds(asked, text), (asked_words(asked), words_of(text))


@pytest.mark.parametrize(("asked", "text"), NOT_FOUND)
def test_other_words_are_not_found(asked: str, text: str) -> None:
    assert not finds(asked, text), (asked_words(asked), words_of(text))


def test_single_letters_count_only_where_there_is_nothing_else() -> None:
    assert asked_words("mapas y atlas") == asked_words("mapas atlas")
    assert asked_words("a b c") == asked_words("a") == (Asked((("a",),)),)
    assert len(asked_words("7 a 目")) == 2


def test_the_same_word_is_asked_for_once() -> None:
    assert asked_words("Maps maps MAPS") == (Asked((("maps",),)),)
    assert list(islice(words_of("maps Maps"), 2)) == ["maps"]
