"""Reading what people answer in words, in the four languages: yes, no, stop, or none of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain.doors import (
    LANGUAGES,
    Answer,
    language_of,
    read_reply,
    read_vote,
    without_mentions,
)

YES = [
    *(
        "yes",
        "Yes!",
        "YES, please",
        "yes I would love to",
        "Sure",
        "ok",
        "Okay, thanks",
        "I accept",
        "agreed",
    ),
    *("sí", "Sí!", "¡Sí, acepto!", "si", "SI.", "si acepto", "sí quiero", "acepto", "De acuerdo", "vale"),
    *("oui", "Oui !", "OUI, volontiers", "d'accord", "D’accord", "J’accepte", "bien sûr", "bien sur"),
    *("نعم", "نَعَم", "نعم!", "نعم، شكرًا", "أوافق", "اوافق", "موافق", "موافقة", "أكيد", "نعـــم"),
    *("👍", "👍🏽 great", "✅", "❤️"),
]
NO = [
    *("no", "No.", "NO", "no thanks", "No, thank you", "nope", "decline", "I can’t", "no\nsorry"),
    *("no gracias", "No, gracias", "rechazo", "no puedo ahora", "No acepto", "¡No!", "claro que no"),
    *("non", "Non merci", "NON !", "je refuse", "Je ne peux pas en ce moment"),
    *("لا", "لا، شكرا", "لا شكرًا", "كلا", "أرفض", "ارفض", "لا أستطيع"),
    *("👎", "❌ sorry"),
]
STOP = [
    *(
        "stop",
        "STOP",
        "Stop.",
        "stop please",
        "STOP, this is not for me",
        "stop writing to me",
        "unsubscribe",
    ),
    *("fin", "Fin.", "baja", "BAJA, gracias", "terminar", "cancelar"),
    *("arrêt", "Arret", "arrêter svp", "fini"),
    *("توقف", "إيقاف", "ايقاف", "إنهاء من فضلك", "🛑"),
]
NOTHING = [
    *("", "   ", "@ana", "Hello, when shall we meet?", "No problem, I would love to", "now is fine"),
    *("yesterday I read it", "Stop by tomorrow", "stop worrying :)", "ending is hard", "nobody knows"),
    *("Si puedes, mejor en enero", "No sé todavía", "Vale la pena", "Fin de semana no trabajo", "sino"),
    *("Fin novembre, peut-être", "Nous verrons", "Ouique", "Noël"),
    *("لا أعرف", "لا مشكلة", "مرحبا", "لاحقا"),
]


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert read_reply(text) is Answer.YES


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    assert read_reply(text) is Answer.NO


@pytest.mark.parametrize("text", STOP)
def test_stop(text: str) -> None:
    assert read_reply(text) is Answer.STOP


@pytest.mark.parametrize("text", NOTHING)
def test_neither(text: str) -> None:
    assert read_reply(text) is None


@pytest.mark.parametrize(
    "mention", ["@ana ", "@ana@lib.example ", "@ana @ben@m.example: ", "@ana@127.0.0.1:80, "]
)
@pytest.mark.parametrize(("text", "answer"), [("Sí", Answer.YES), ("لا", Answer.NO), ("stop", Answer.STOP)])
def test_names_in_front_do_not_matter(mention: str, text: str, answer: Answer) -> None:
    assert without_mentions(mention + text) == text
    assert read_reply(mention + text) is answer


@given(st.sampled_from([*YES, *NO, *STOP, *NOTHING]), st.sampled_from(["", "«", "“", "  \n", "* "]))
def test_capitals_and_opening_marks_do_not_matter(text: str, opening: str) -> None:
    assert read_reply(opening + text) is read_reply(text)
    assert read_reply(text.upper()) is read_reply(text)


@given(st.text(max_size=2_000))
def test_anything_can_be_read(text: str) -> None:
    assert read_reply(text) in {None, *Answer}


@pytest.mark.parametrize("size", [10_000, 100_000])
def test_long_texts_are_read_from_their_beginning_only(size: int) -> None:
    assert read_reply("yes " + "@a " * size) is Answer.YES
    assert read_reply("@a " * size + "yes") is None


def test_a_vote_is_never_a_stop() -> None:
    assert read_vote("Yes, I agree") is Answer.YES
    assert read_vote("No, gracias") is Answer.NO
    assert read_vote("STOP") is Answer.NO
    assert read_vote("Maybe") is None


def test_the_language_is_the_first_one_that_the_interface_has() -> None:
    assert [language_of(tag) for tag in ("es-MX", "fr", "ar-EG", "de", None, "")] == [
        *("es", "fr", "ar", "en", "en", "en"),
    ]
    assert language_of("de", "fr") == "fr"
    assert LANGUAGES == ("en", "es", "fr", "ar")
