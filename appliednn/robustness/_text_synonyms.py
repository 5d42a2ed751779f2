"""A small table of English words that may stand for each other, written for this package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

# Each line: words that can take each other's place in most sentences, of one part of speech and
# one form. What turns a sentence around (not, never, few) is left out on purpose.
_GROUPS = """
big large
small little tiny
good fine
great excellent superb
bad poor
terrible awful dreadful horrible
nice pleasant
happy glad
sad unhappy
angry furious
beautiful lovely
ugly hideous
smart clever
stupid dumb foolish
funny amusing
boring dull tedious
interesting engaging
strange odd weird
easy simple
hard difficult
quick fast rapid
slow sluggish
new recent
old ancient
rich wealthy
cheap inexpensive
expensive costly
important significant
entire whole
correct right
wrong incorrect
sure certain
afraid scared
tired weary
calm quiet
loud noisy
brave bold
perfect flawless
huge enormous giant
real genuine
main chief
famous renowned
usual ordinary
start begin
starts begins
started began
end finish
ends finishes
ended finished
buy purchase
bought purchased
get obtain
help assist
helped assisted
show display
shows displays
showed displayed
tell inform
ask inquire
answer reply
answered replied
think believe
thinks believes
thought believed
like enjoy
likes enjoys
liked enjoyed
love adore
loves adores
loved adored
hate detest
hates detests
hated detested
want wish
need require
needs requires
needed required
keep retain
choose select
chose selected
fix repair
fixed repaired
build construct
built constructed
destroy ruin
destroyed ruined
gather collect
send dispatch
speak talk
look glance
watch view
watched viewed
try attempt
tried attempted
happen occur
happens occurs
happened occurred
seem appear
seems appears
seemed appeared
stop halt
stopped halted
movie film
movies films
picture image
pictures images
story tale
stories tales
actor performer
actors performers
house home
car automobile
cars automobiles
job occupation
boss manager
kid child
kids children
shop store
shops stores
phone telephone
mail post
error mistake
errors mistakes
problem issue
problems issues
idea notion
ideas notions
goal aim
goals aims
reason cause
gift present
gifts presents
trip journey
trips journeys
road street
city town
country nation
sickness illness
doctor physician
doctors physicians
really truly
very extremely
often frequently
quickly rapidly
maybe perhaps
also too
almost nearly
entirely completely totally
usually normally
suddenly abruptly
immediately instantly
mostly mainly
about around
start beginning
"""


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the words that may stand for each word.

    Examples
    --------
    >>> synonyms()["huge"]
    ('enormous', 'giant')
    """
    out: dict[str, list[str]] = {}
    for line in _GROUPS.split("\n"):
        group = line.split()
        for word in group:
            known = out.setdefault(word, [])
            known += [other for other in group if other != word and other not in known]
    return {word: tuple(others) for word, others in out.items()}
