"""Just enough English for the `sample` corpus: articles, verb forms and clauses in every tense it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from harness.corpora.sample_semantics import Affect, degree, negate

_VOWEL = re.compile(r"(?!useless|useful|unique|uni[cfov]|euro|one\b)[aeiou]|honest|honou?r|hour|heir", re.I)
_SENTENCE_START = re.compile(r"(^|[.!?] )([a-z])")


def article(phrase: str) -> str:
    """Prefix the indefinite article.

    >>> [article(word) for word in ("odd tale", "useless drill", "honest mistake")]
    ['an odd tale', 'a useless drill', 'an honest mistake']
    """
    return f"{'an' if _VOWEL.match(phrase) else 'a'} {phrase}"


def capitalised(text: str) -> str:
    """Begin every sentence of the text with a capital.

    >>> capitalised("the soup? a bit bland.")
    'The soup? A bit bland.'
    """
    return _SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb's forms. `linking` verbs (be, feel, look) take their degree word before the complement."""

    base: str
    past: str
    participle: str
    linking: bool = False

    @property
    def third(self) -> str:
        """Third person singular of the present."""
        if re.search(r"(s|x|z|ch|sh|o)$", self.base):
            return f"{self.base}es"
        return f"{self.base[:-1]}ies" if re.search(r"[^aeiou]y$", self.base) else f"{self.base}s"


def verb(forms: str) -> Verb:
    """Read a verb: "be", a regular base, or base, past and participle.

    >>> verb("cry"), verb("give gave given").participle
    (Verb(base='cry', past='cried', participle='cried', linking=False), 'given')
    """
    base, *others = forms.split()
    if base == "be":
        return BE
    if others:
        past, participle = others
        return Verb(base, past, participle)
    stem = f"{base[:-1]}i" if re.search(r"[^aeiou]y$", base) else base
    past = f"{stem}d" if base.endswith("e") else f"{stem}ed"
    return Verb(base, past, past)


BE = Verb("be", "was", "been", linking=True)
FEEL = Verb("feel", "felt", "felt", linking=True)


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase with its own determiner: `the soup`, `my phone`, `our neighbours`."""

    the: str
    number: str
    """`s` singular, `p` plural, `m` mass."""

    @property
    def bare(self) -> str:
        """Without the determiner."""
        return self.the.split(" ", 1)[1]

    @property
    def plural(self) -> bool:
        """Whether its verb is plural."""
        return self.number == "p"

    @property
    def it(self) -> str:
        """Its pronoun, for things."""
        return "they" if self.plural else "it"

    def kind(self, adjective: str) -> str:
        """With an adjective and the indefinite article, where it takes one: `an odd tale`, `stale bread`."""
        phrase = f"{adjective} {self.bare}"
        return article(phrase) if self.number == "s" else phrase


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause with its affect; the properties put it into the tense that a sentence needs.

    >>> clause = Clause("the soup", "s", BE, "bland", Affect(-0.4, 0.0, 0.0, "sadness", "joy"))
    >>> clause.past, clause.past_not, clause.would_have, clause.asks
    ('the soup was bland', 'the soup was not bland', 'the soup would have been bland', 'was the soup bland')
    """

    subject: str
    number: str
    """`I`, or a noun's number."""
    verb: Verb
    rest: str
    affect: Affect
    noun: Noun | None = None
    """What it is about."""
    word: str = ""
    """Its adjective, where it has one."""
    extreme: bool = False
    """Whether the adjective takes "absolutely" rather than "very"."""
    degree: str = ""
    """Degree word, already counted in the affect."""
    negated: bool = False
    """Whether it is denied, already counted in the affect."""

    def graded(self, word: str, k: float) -> Clause:
        """The same with a degree word of strength `k`."""
        return replace(self, degree=word, affect=degree(self.affect, k))

    def denied(self) -> Clause:
        """The same, denied."""
        return replace(self, negated=True, affect=negate(self.affect))

    def _words(self, *words: str) -> str:
        return " ".join(word for word in words if word)

    def _plural(self) -> bool:
        return self.number == "p"

    def _to_be(self, past: bool) -> str:
        if past:
            return "were" if self._plural() else "was"
        return {"I": "am", "p": "are"}.get(self.number, "is")

    def _after(self, auxiliary: str, form: str) -> str:
        """Auxiliary, degree word and verb in the order that the verb asks for."""
        if self.verb.linking:
            return self._words(auxiliary, form, self.degree, self.rest)
        return self._words(auxiliary, self.degree, form, self.rest)

    @property
    def predicate(self) -> str:
        """Past tense without the subject."""
        if self.negated:
            return self._not(past=True)
        return self._after("", self._to_be(past=True) if self.verb is BE else self.verb.past)

    @property
    def past(self) -> str:
        """Simple past: `the soup was bland`."""
        return self._words(self.subject, self.predicate)

    @property
    def present(self) -> str:
        """Simple present: `the soup is bland`."""
        if self.negated:
            return self._words(self.subject, self._not(past=False))
        if self.verb is BE:
            return self._words(self.subject, self._after("", self._to_be(past=False)))
        form = self.verb.base if self.number in "Ip" else self.verb.third
        return self._words(self.subject, self._after("", form))

    def _not(self, past: bool, short: bool = False) -> str:
        if self.verb is BE:
            auxiliary, form = self._to_be(past), ""
        else:
            auxiliary = "did" if past else ("do" if self.number in "Ip" else "does")
            form = self.verb.base
        contracted = "'m not" if auxiliary == "am" else f"{auxiliary}n't"
        return self._after(contracted if short else f"{auxiliary} not", form)

    @property
    def past_not(self) -> str:
        """Denied past: `the soup was not bland`."""
        return self._words(self.subject, self._not(past=True))

    @property
    def past_nt(self) -> str:
        """Denied past, contracted: `the soup wasn't bland`."""
        return self._words(self.subject, self._not(past=True, short=True))

    @property
    def present_nt(self) -> str:
        """Denied present, contracted: `the soup isn't bland`, `I'm not proud`."""
        return self._words(self.subject, self._not(past=False, short=True)).replace("I 'm", "I'm")

    @property
    def had(self) -> str:
        """Past perfect: `the soup had been bland`."""
        return self._words(self.subject, self._after("had", self.verb.participle))

    @property
    def would_have(self) -> str:
        """Conditional perfect: `the soup would have been bland`."""
        return self._words(self.subject, self._after("would have", self.verb.participle))

    @property
    def will(self) -> str:
        """Future: `the soup will be bland`."""
        return self._words(self.subject, self._after("will", self.verb.base))

    @property
    def never(self) -> str:
        """Never, in the past: `the soup was never bland`, `I never trusted him`."""
        if self.verb is BE:
            return self._words(self.subject, self._to_be(past=True), "never", self.degree, self.rest)
        return self._words(self.subject, "never", self.predicate)

    @property
    def asks(self) -> str:
        """Inverted: `was the soup bland`, `did I trust him`."""
        if self.verb is BE:
            return self._words(self._to_be(past=True), self.subject, self.degree, self.rest)
        return self._words("did", self.subject, self._after("", self.verb.base))

    @property
    def asks_not(self) -> str:
        """Inverted and denied: `wasn't the soup bland`."""
        if self.verb is BE:
            return self._words(f"{self._to_be(past=True)}n't", self.subject, self.degree, self.rest)
        return self._words("didn't", self.subject, self._after("", self.verb.base))

    @property
    def how(self) -> str:
        """Embedded exclamation: `how bland the soup was`."""
        return self._words("how", self.word, self.subject, self._to_be(past=True))

    @property
    def adj(self) -> str:
        """The adjective with its degree word: `very bland`."""
        return self._words(self.degree, self.word)

    @property
    def a_thing(self) -> str:
        """What it is about as a kind: `a bland soup`."""
        assert self.noun is not None
        return self.noun.kind(self.adj)

    @property
    def was(self) -> str:
        """`was` or `were`."""
        return self._to_be(past=True)

    @property
    def is_(self) -> str:
        """`am`, `is` or `are`."""
        return self._to_be(past=False)

    @property
    def has(self) -> str:
        """`has` or `have`."""
        return "have" if self.number in "Ip" else "has"

    @property
    def it(self) -> str:
        """Pronoun of what it is about, for things."""
        assert self.noun is not None
        return self.noun.it
