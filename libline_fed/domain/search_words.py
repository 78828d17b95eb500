"""Words to search in and words to search for, in any script, the same on every database.

A text becomes words that are folded: no case, no accents, one spelling where people use several. What is
asked for must stand at the beginning of a word. Scripts without spaces between words are taken in pairs of
characters, each with its marks, so that every part of such a text is found.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

MAX_TEXT_CHARACTERS = 20_000  # of what is indexed; the rest is not found
MAX_FOLDED_CHARACTERS = 2 * MAX_TEXT_CHARACTERS  # one character can become eighteen
MAX_ASKED_CHARACTERS = 200
MAX_ASKED_WORDS = 16
MAX_WORD_CHARACTERS = 40  # longer ones are alike if they begin alike
MAX_MARKS = 7  # on one character of a pair

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that must be found, in one of several ways: each is some beginnings of words, all needed."""

    ways: tuple[Way, ...]

    def is_found_in(self, words: tuple[str, ...]) -> bool:
        """Tell whether a text with these words has it: what the databases do with their indexes."""
        return any(
            all(any(word.startswith(part) for word in words) for part in way) for way in self.ways
        )


def words_of(text: str) -> tuple[str, ...]:
    """Return every word by which a text can be found, each once, in the order of the text."""
    found: dict[str, None] = {}
    for chain in _chains(text[:MAX_TEXT_CHARACTERS]):
        if chain.is_paired:
            found.update(dict.fromkeys(_pairs(chain.units(), is_asked=False)))
            continue
        for part in (*chain.parts, "".join(chain.parts)):
            for word in (part, _without_article(part)):
                if word:
                    found[word[:MAX_WORD_CHARACTERS]] = None
    return tuple(found)


def asked_words(text: str) -> tuple[Asked, ...]:
    """Return what must all be found for a text that somebody typed, 16 at most; () if it has no word.

    Single letters, such as "y" and "и", count only if there is nothing else: half of all texts have a word
    that begins with one, and to find them all is work.
    """
    every = (asked for chain in _chains(text[:MAX_ASKED_CHARACTERS]) for asked in _asked(chain))
    found = list(islice(dict.fromkeys(every), MAX_ASKED_WORDS))
    return tuple(asked for asked in found if not _is_letter(asked)) or tuple(found[:1])


# --- folding ------------------------------------------------------------------------------------------

_DROPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # accents, Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"  # Arabic
    "\u070f\u0711\u0730-\u074a\u08d3-\u08e1\u08e3-\u08ff"
    "\u093c\u09bc\u0a3c\u0abc"  # the dot below in Devanagari, Bengali, Gurmukhi, Gujarati
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_SHORT_I = ("\u0438\u0306", "\u0439")  # й is a letter of its own, unlike ё
_LETTERS: dict[int, str | int] = {
    **str.maketrans("øłđħŧıðŋəɗɓƙƴɛɔ", "oldhtidnedbkyeo"),
    ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th",
    # Arabic: alef wasla; alef maqsura, and yeh, kaf and heh as Persian and Urdu have them; teh marbuta
    **str.maketrans(
        "\u0671\u0649\u06cc\u06d2\u06a9\u06c1\u06be\u06d5\u0629",
        "\u0627\u064a\u064a\u064a\u0643\u0647\u0647\u0647\u0647",
    ),
    **str.maketrans("\u05da\u05dd\u05df\u05e3\u05e5", "\u05db\u05de\u05e0\u05e4\u05e6"),  # Hebrew, at the end
    **str.maketrans("\u0901", "\u0902"),  # Devanagari: candrabindu as anusvara
}


class _Table(dict[int, str | int]):
    """Letters as they are written here, and digits of all scripts as 0 to 9."""

    def __missing__(self, code: int) -> str | int:
        character = chr(code)
        digit = unicodedata.digit(character, None) if character.isdecimal() else None
        self[code] = found = code if digit is None else str(digit)
        return found


_TABLE = _Table(_LETTERS)


def folded(text: str) -> str:
    """Return a text without case, accents, vowel points and other differences that no search should see."""
    text = unicodedata.normalize("NFKD", _UNSEEN.sub("", text).casefold()).casefold()
    text = unicodedata.normalize("NFKD", text)[:MAX_FOLDED_CHARACTERS].replace(*_SHORT_I)
    return unicodedata.normalize("NFC", _DROPPED.sub("", text).translate(_TABLE))


# --- words --------------------------------------------------------------------------------------------

_APOSTROPHES = frozenset("'\u2019\u2018\u201b\u02bc\u02bb\u02bd\u02b9\u055a\u05f3\u05f4\u2032`")
_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u05be\u00b7_")
# #OpenAccess is two words that are written as one, in Latin, Greek and Cyrillic letters.
_CAPITAL_WITHIN = re.compile(
    "(?<=[a-z\u00df-\u00ff\u03ac-\u03ce\u0430-\u045f])(?=[A-Z\u00c0-\u00de\u0391-\u03ab\u0400-\u042f])"
)
# وKoha is "and Koha": Arabic writes "and" together with what follows.
_OTHER_SCRIPT = re.compile("(?<=[\u0621-\u064a])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u0621-\u064a])")
# Thai, Lao, Myanmar, Khmer, Chinese and Japanese have no spaces between words; Korean builds words of others.
_PAIRED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u303b\u3041-\u30ff\u3105-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)
_WORD, _PAIR, _MARK, _APOSTROPHE, _HYPHEN, _GAP = "wpmah "
# Over the kinds of characters: a run of paired ones, or words that an apostrophe or a hyphen joins.
_CHAIN = re.compile("p[pm]*|w[wm]*(?:[ah]w[wm]*)*")
_JOINT = re.compile("[ah]")
_UNIT = re.compile("pm*")
_ARTICLES = ("ولل", "وبال", "وال", "فال", "بال", "كال", "لل", "ال")  # also after "and", "by", "as", "for"
_MIN_STEM_CHARACTERS = {"ال": 2}
_MIN_JOINED_STEM_CHARACTERS = 3
_MAX_ELIDED_CHARACTERS = 2  # l', d', qu', and the s of 's


@dataclass(frozen=True, slots=True)
class _Chain:
    """A run of text and the kind of each of its characters."""

    text: str
    kinds: str

    @property
    def is_paired(self) -> bool:
        return self.kinds[0] == _PAIR

    @property
    def parts(self) -> Way:
        """The words of which it is joined."""
        joints = [match.start() for match in _JOINT.finditer(self.kinds)]
        bounds = zip([0, *(joint + 1 for joint in joints)], [*joints, len(self.text)], strict=True)
        return tuple(self.text[start:end] for start, end in bounds)

    def units(self) -> list[str]:
        """List characters, each with its marks."""
        return [self.text[unit.start() : unit.end()][: MAX_MARKS + 1] for unit in _UNIT.finditer(self.kinds)]


def _chains(text: str) -> Iterator[_Chain]:
    text = _OTHER_SCRIPT.sub(" ", _CAPITAL_WITHIN.sub("\u2010", unicodedata.normalize("NFC", text)))
    text = folded(text)
    kinds = "".join(map(_kind, text))
    return (
        _Chain(text[chain.start() : chain.end()], chain[0]) for chain in _CHAIN.finditer(kinds)
    )


@lru_cache(maxsize=8192)
def _kind(character: str) -> str:
    if character in _APOSTROPHES:
        return _APOSTROPHE
    if character in _HYPHENS:
        return _HYPHEN
    category = unicodedata.category(character)[0]
    if category == "M":
        return _MARK
    if category in "LN":
        return _PAIR if _PAIRED.match(character) else _WORD
    return _GAP


def _pairs(units: list[str], *, is_asked: bool) -> list[str]:
    """Return each two that follow each other; where they are indexed, also the last one alone.

    So a single one that is asked for stands at the beginning of something, wherever it is.
    """
    pairs = [first + second for first, second in pairwise(units)]
    return pairs if is_asked and pairs else [*pairs, units[-1]]


def _without_article(word: str) -> str:
    """Return an Arabic word without its article, and without what stands before that; "" if it has none."""
    for article in _ARTICLES:
        rest = word.removeprefix(article)
        if len(rest) < len(word):
            least = _MIN_STEM_CHARACTERS.get(article, _MIN_JOINED_STEM_CHARACTERS)
            return rest if len(rest) >= least else ""
    return ""


def _is_letter(asked: Asked) -> bool:
    parts = [part for way in asked.ways for part in way]
    return all(len(part) == 1 and _kind(part) == _WORD and not part.isdecimal() for part in parts)


def _asked(chain: _Chain) -> list[Asked]:
    if chain.is_paired:
        return [Asked(((pair,),)) for pair in _pairs(chain.units(), is_asked=True)]
    parts = chain.parts
    if len(parts) == 1:
        words = [parts[0], _without_article(parts[0])]
        return [Asked(tuple((word[:MAX_WORD_CHARACTERS],) for word in words if word))]
    apart = tuple(part[:MAX_WORD_CHARACTERS] for part in parts)
    if _APOSTROPHE in chain.kinds:
        apart = tuple(part for part in apart if len(part) > _MAX_ELIDED_CHARACTERS) or apart
    return [Asked((apart[:MAX_ASKED_WORDS], ("".join(parts)[:MAX_WORD_CHARACTERS],)))]
