"""Generated messages of tenants about repairs, with entities marked: called by ``export.py``.

Templates of our own with slots; nothing is taken from anybody's messages. Words stand in several
roles (May is a name and a month, a boiler room is a place and a boiler a thing), so that a list
of words does not solve it.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

SEED = 20
N_SENTENCES = 1600
_TYPO = 0.02


def _words(text: str, mark: str | None = None) -> list[str]:
    """Return the parts of a list; a line may end behind a mark."""
    return [part.strip() for part in text.split(mark) if part.strip()]


FIRST = _words(
    """Ada Amir Anna April Ben Bruno Carla Chen Chidi Clara Daisy Dana David Elif Emma Erik
Fatima Felix Frank Grace Hana Hassan Heidi Ivan Ivy Jade Jakub Jana Joao Jonas June Kofi Lara
Leila Lena Li Linda Luis Maja Malik Maria Mark May Mei Milan Mina Nadia Nikolai Noor Olga Omar
Paul Priya Rosa Rose Samir Sara Sofia Tariq Theo Tim Tomas Vera Victor Wei Yara Yusuf Zoe"""
)
LAST = _words(
    """Abadi Adler Ahmed Baker Banerjee Bauer Berg Brown Carpenter Castro Cook Costa Cruz Diaz
Dubois Fischer Fontaine Ford Friday Garcia Green Hall Haddad Hansen Hill Ito Ivanov Jansen Jensen
Kaya Khan Kim Klein Kowalski Larsen Lee Lopez March Marsh Meyer Mill Moreau Nakamura Nguyen Novak
Okafor Park Patel Pereira Pool Porter Reed Rossi Sanchez Santos Sato Schmidt Silva Singh Smith
Stone Suzuki Taylor Wagner Walker Wang Waters Weber Wells Wolf Wood Yilmaz Young"""
)
PARTS = _words(
    """tap|kitchen tap|shower head|toilet|cistern|radiator|radiator valve|thermostat|boiler|
window|window handle|balcony door|door lock|front door|light switch|ceiling lamp|socket|fuse box|
oven|hob|extractor fan|fridge|freezer|dishwasher|washing machine|drain|sink|bath tub|blind|lift|
intercom|door bell|smoke alarm|letter box|stair light|gutter|roof tile|heating pump|water meter|
garage door|fence|garden gate|drying rack|kitchen cabinet|worktop|floor board|skirting board""",
    "|",
)
ROOMS = _words(
    """kitchen|bathroom|bedroom|living room|hall|cellar|boiler room|attic|balcony|garage|
laundry room|stairwell|second floor|third floor|ground floor|entrance|flat 4|flat 12|flat 7b|
guest toilet|nursery|study|roof terrace|bike store|car park|courtyard""",
    "|",
)
DAYS = _words(
    """Monday|Tuesday|Wednesday|Thursday|Friday|next Monday|next Friday|this Saturday|tomorrow|
tomorrow morning|on 3 May|3 May|the 12th of March|12 June|last night|yesterday evening|last Sunday|
Thursday afternoon|the end of April|the first of June|two weeks ago|this morning""",
    "|",
)
FAULTS = _words(
    """is leaking|drips all night|does not close|is broken|makes a loud noise|has come off|
smells of gas|stays cold|is blocked|sparks when we use it|rattles in the wind|will not turn on|
is rusty|keeps tripping|is loose|overflows|has a crack|is stuck|hums|flickers""",
    "|",
)

TEMPLATES = _words(
    """The {PART} in the {ROOM} {fault} .
The {PART} {fault} since {DAY} .
Hello , our {PART} {fault} , can somebody come {DAY} ?
{PERSON} from the {ROOM} says that the {PART} {fault} .
Please call {PERSON} about the {PART} , it {fault} .
I am at home {DAY} , ask for {PERSON} .
{DAY} somebody was here for the {PART} but it still {fault} .
Could you send a plumber to the {ROOM} before {DAY} ?
There is water in the {ROOM} , I think the {PART} {fault} .
{PERSON} fixed the {PART} {DAY} and now the {PART} {fault} .
my name is {PERSON} and the {PART} of my neighbour {PERSON} {fault}
No key for the {ROOM} , please ring at {PERSON} .
It may be the {PART} , it may be the {PART} .
We may be away until {DAY} .
A mark on the wall of the {ROOM} , paint would be nice .
The wood around the {PART} is wet and the stone floor in the {ROOM} too .
We are new here , {PERSON} and {PERSON} , and the {PART} {fault} .
The rose bushes near the {ROOM} are dry , the green ones too .
Thanks to {PERSON} , the {PART} works again .
When will the {PART} be repaired ? You promised {DAY} .
Second message : the {PART} {fault} and nobody came {DAY} .
the {ROOM} is dark because the {PART} {fault}
Mr {LASTNAME} in the {ROOM} has no hot water since {DAY} .
Ms {LASTNAME} will let you in {DAY} , she has the key of the {ROOM} .
Somebody called {FIRSTNAME} came {DAY} about the {PART} .
It is cold in the {ROOM} , in June it was fine .
On the hill side the {PART} {fault} , on the park side all is well .
Is the {ROOM} open {DAY} ? I would like to store a {PART} there .
Both the {PART} and the {PART} {fault} , first seen {DAY} .
The cook next door says her {PART} {fault} as well .""",
    "\n",
)


def repairs() -> pd.DataFrame:
    """Return a row for each token: sentence, token, tag (IOB2)."""
    rng = np.random.default_rng(SEED)
    rows: list[tuple] = []
    seen: set[tuple[str, ...]] = set()
    while len(seen) < N_SENTENCES:
        template = TEMPLATES[int(rng.integers(len(TEMPLATES)))]
        tokens, tags = _filled(template, rng)
        if rng.random() < 0.15:  # people type on telephones
            tokens = [t.lower() for t in tokens]
        tokens = [_mistyped(t, rng) if rng.random() < _TYPO else t for t in tokens]
        if tuple(tokens) in seen:
            continue
        seen.add(tuple(tokens))
        number = len(seen)
        rows += [(number, token, tag) for token, tag in zip(tokens, tags, strict=True)]
    return pd.DataFrame(rows, columns=["sentence", "token", "tag"])


def _filled(template: str, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    tokens: list[str] = []
    tags: list[str] = []
    for piece in template.split():
        slot = re.fullmatch(r"\{(\w+)\}", piece)
        if slot is None:
            tokens.append(piece)
            tags.append("O")
            continue
        words, kind = _slot(slot[1], rng)
        tokens += words
        tags += ["O"] * len(words)
        if kind:
            n = len(words)
            tags[-n:] = [f"B-{kind}", *[f"I-{kind}"] * (n - 1)]
    return tokens, tags


def _slot(name: str, rng: np.random.Generator) -> tuple[list[str], str]:
    """Return the words of a slot and the type of entity they are."""

    def one(words: list[str]) -> str:
        return words[int(rng.integers(len(words)))]

    if name == "PERSON":
        both = [one(FIRST), one(LAST)]
        return both if rng.random() < 0.7 else both[:1], "PERSON"
    if name in ("LASTNAME", "FIRSTNAME"):
        return [one(LAST if name == "LASTNAME" else FIRST)], "PERSON"
    kind = {"PART": (PARTS, "PART"), "ROOM": (ROOMS, "PLACE"), "DAY": (DAYS, "TIME")}
    if name in kind:
        return one(kind[name][0]).split(), kind[name][1]
    return one(FAULTS).split(), ""


def _mistyped(token: str, rng: np.random.Generator) -> str:
    if len(token) < 4:
        return token
    i = int(rng.integers(1, len(token) - 1))
    return token[:i] + token[i + 1] + token[i] + token[i + 2 :]
