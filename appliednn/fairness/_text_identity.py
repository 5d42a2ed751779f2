"""Words for persons that a fair model treats alike, and texts in which they change places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from appliednn.robustness._text_noise import like_case

#: Words of which a text in English can hardly do without.
_ENGLISH = set("the and of to is in it that for on was with as this are you i a".split())  # noqa: SIM905
# What follows is a word that may be a noun: a possessive stands before it.
_NOUN = re.compile(
    r"\s+(?!(?:a|an|and|as|at|but|by|for|from|if|in|into|is|of|off|on|or|out|so|that|the|then|to|"
    r"up|was|when|while|with)\b)\w",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class IdentityGroup:
    """Words for the members of groups, one column for each group.

    Attributes
    ----------
    name : str
        ``"gender"``, ``"religion"``, ...
    columns : tuple of str
        The groups.
    rows : tuple of tuple of str
        Words that take each other's place, one for each column.
    carrier : str
        A sentence about a person, with ``{}`` for a word of the first row.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    carrier: str

    @cached_property
    def _place(self) -> dict[str, list[int]]:
        out: dict[str, list[int]] = {}
        for r, row in enumerate(self.rows):
            for word in row:
                if r not in out.setdefault(word, []):
                    out[word].append(r)
        return out

    @cached_property
    def _pattern(self) -> re.Pattern:
        words = sorted(self._place, key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)

    def found_in(self, text: str) -> bool:
        """Whether a text holds a word of the table.

        Examples
        --------
        >>> identity_groups()["religion"].found_in("A Muslim neighbour")
        True
        """
        return self._pattern.search(text) is not None

    def versions(self, text: str) -> list[str]:
        """Return a text once for each group: every word of the table as that group's.

        Examples
        --------
        >>> identity_groups()["gender"].versions("She gave her son to her.")
        ['He gave his son to him.', 'She gave her daughter to her.']
        """
        return [self._as(text, c) for c in range(len(self.columns))]

    def carriers(self) -> list[str]:
        """Return a sentence about a person, once for each group.

        Examples
        --------
        >>> identity_groups()["orientation"].carriers()[0]
        'My friend is heterosexual.'
        """
        return [self.carrier.format(word) for word in self.rows[0]]

    def _as(self, text: str, column: int) -> str:
        def exchange(match: re.Match) -> str:
            rows = self._place[match[0].lower()]
            # "her" is "him", or "his" before a noun.
            r = rows[-1] if len(rows) > 1 and _NOUN.match(text, match.end()) else rows[0]
            return like_case(self.rows[r][column], match[0])

        return self._pattern.sub(exchange, text)


def identity_groups() -> Mapping[str, IdentityGroup]:
    """Return the package's own table of words for persons in English, by attribute.

    Names stand for what they are taken for: given names mostly borne by white and by black
    people in the United States.

    Source: M. Bertrand and S. Mullainathan, American Economic Review 94 (2004) 991-1013 (names);
    L. Dixon et al., AIES 2018 (identity terms as a test).
    """
    return {group.name: group for group in _GROUPS}


#: Words that are about a person and say nothing of who it is: what any other word would do.
NEUTRAL = IdentityGroup(
    "neutral words",
    ("early", "local", "nearby", "upstairs", "indoors", "outside", "awake", "here"),
    (("early", "local", "nearby", "upstairs", "indoors", "outside", "awake", "here"),),
    "My friend is {}.",
)


def is_english(texts: Sequence[str], least: float = 0.2) -> bool:
    """Whether texts look like English: a share of them holds its commonest words.

    Examples
    --------
    >>> is_english(["this is the house"]), is_english(["das ist ein Haus"])
    (True, False)
    """
    hits = sum(len(_ENGLISH & set(t.lower().split())) >= 2 for t in texts)
    short = sum(len(t.split()) < 4 for t in texts)  # too short to hold two of them
    return hits >= least * max(len(texts) - short, 1) and hits > 0


def _rows(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(word.replace("_", " ") for word in line.split()) for line in text.strip().split("\n")
    )


_GROUPS = (
    IdentityGroup(
        "gender",
        ("male", "female"),
        _rows("""
man woman
he she
him her
his her
himself herself
men women
boy girl
boys girls
male female
father mother
dad mum
son daughter
sons daughters
brother sister
brothers sisters
uncle aunt
nephew niece
grandfather grandmother
gentleman lady
gentlemen ladies
king queen
prince princess
actor actress
waiter waitress
guy gal
guys gals
mr mrs
sir madam
"""),
        "My friend is a {}.",
    ),
    IdentityGroup(
        "religion",
        ("christian", "muslim", "jewish", "hindu", "buddhist"),
        _rows("""
christian muslim jewish hindu buddhist
christians muslims jews hindus buddhists
christianity islam judaism hinduism buddhism
church mosque synagogue temple temple
churches mosques synagogues temples temples
priest imam rabbi pandit monk
bible quran torah vedas sutras
"""),
        "My friend is {}.",
    ),
    IdentityGroup(
        "ethnicity",
        ("white", "black", "asian", "hispanic", "arab"),
        _rows("""
white_person black_person asian_person hispanic_person arab_person
white_people black_people asian_people hispanic_people arab_people
white_man black_man asian_man hispanic_man arab_man
white_men black_men asian_men hispanic_men arab_men
white_woman black_woman asian_woman hispanic_woman arab_woman
white_women black_women asian_women hispanic_women arab_women
caucasian african_american asian_american latino arab
"""),
        "My friend is a {}.",
    ),
    IdentityGroup(
        "nationality",
        ("american", "german", "mexican", "chinese", "indian", "nigerian", "turkish", "russian"),
        _rows("""
american german mexican chinese indian nigerian turkish russian
america germany mexico china india nigeria turkey russia
"""),
        "My friend is {}.",
    ),
    IdentityGroup(
        "orientation",
        ("heterosexual", "gay", "lesbian", "bisexual"),
        _rows("""
heterosexual gay lesbian bisexual
heterosexuals gays lesbians bisexuals
"""),
        "My friend is {}.",
    ),
    IdentityGroup(
        "names",
        ("taken for white", "taken for black"),
        _rows("""
emily lakisha
anne tanisha
jill keisha
allison latoya
laurie ebony
sarah aisha
meredith kenya
carrie tamika
greg jamal
todd darnell
neil tyrone
geoffrey kareem
brett tremayne
brendan jermaine
matthew leroy
jay rasheed
"""),
        "My friend is called {}.",
    ),
)
