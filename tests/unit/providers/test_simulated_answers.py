from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.call import Dialect, Operation
from solvent.providers.simulated.answer import _WORDS, invent
from solvent.providers.simulated.ask import Ask, AskInvalid, Place, place, read
from solvent.providers.simulated.behavior import Behavior, DirectiveInvalid, directive
from solvent.providers.simulated.invoice import Counts, Invoice, ModelPrice

CHAT = Place(Dialect.OPENAI_CHAT, Operation.GENERATE)
LIMITS = st.none() | st.integers(1, 200)


def asked(text="hello", **fields):
    return Ask(**({"place": CHAT, "model": "m", "stream": False, "input_tokens": 10, "text": text} | fields))


def test_a_directive_says_how_to_answer():
    said = directive('Tell me. [[sim output=50 status=429 hang=true usage=none text="a \\"b\\" c"]] Thanks.')
    assert said == Behavior(output=50, status=429, hang=True, usage="none", text='a "b" c')


def test_a_text_without_a_directive_says_nothing():
    assert directive("call [sim output=1] or [[simulate]]") is None


def test_an_empty_directive_is_a_plain_answer():
    assert directive("[[sim]]") == Behavior()


@pytest.mark.parametrize(
    "said",
    [
        "outptu=5",
        "output=-1",
        "output=many",
        "output=99999999999",
        "hang=perhaps",
        "usage=some",
        "loose",
        'text="open',
        "=1",
    ],
)
def test_a_directive_that_cannot_be_read_is_refused(said):
    with pytest.raises(DirectiveInvalid):
        directive(f"[[sim {said}]]")


def test_the_same_prompt_gets_the_same_words():
    assert invent(asked(), Behavior(), 1, 0).text == invent(asked(), Behavior(), 2, 9).text
    assert invent(asked("hello"), Behavior(), 1, 0).text != invent(asked("hello!"), Behavior(), 1, 0).text


@given(limit=LIMITS, output=LIMITS, reasoning=st.integers(0, 100), choices=st.integers(1, 3))
def test_an_answer_obeys_the_callers_limit_and_says_when_it_was_cut_short(limit, output, reasoning, choices):
    behavior = Behavior(output=output, reasoning=reasoning)
    answer = invent(asked(output_limit=limit, choices=choices), behavior, 1, 0)
    each = (answer.counts.output + answer.counts.reasoning) // choices
    assert answer.counts.output == len(answer.tokens) * choices
    if limit is not None:
        assert each <= limit
    if output is not None:
        assert (answer.finish == "length") == (each < output + reasoning)


def test_an_overrun_disregards_the_limit():
    answer = invent(asked(output_limit=5), Behavior(output=50, overrun=True), 1, 0)
    assert (answer.counts.output, answer.finish) == (50, "stop")


@given(total=st.integers(0, 50), cached=st.integers(0, 60), written=st.integers(0, 60))
def test_the_classes_of_input_are_disjoint_and_add_up(total, cached, written):
    behavior = Behavior(input=total, cached=cached, cache_write=written)
    counts = invent(asked(), behavior, 1, 0).counts
    assert counts.input + counts.cached_input + counts.cache_write == total
    assert min(counts.input, counts.cached_input, counts.cache_write) >= 0


@given(output=st.integers(0, 30), size=st.integers(1, 9), tool=st.sampled_from(["", "find"]))
def test_the_pieces_of_an_answer_make_it_up(output, size, tool):
    answer = invent(asked(), Behavior(output=output, tool=tool), 1, 0)
    assert "".join(answer.pieces(size)) == answer.text
    assert len(answer.tokens) == output
    if tool:
        assert list(answer.arguments) == (["value"] if output else [])


@pytest.mark.filterwarnings("ignore:open_binary is deprecated:DeprecationWarning")  # bpe-openai's own loading
def test_each_invented_word_is_one_token_of_openais_vocabularies():
    import bpe_openai

    text = invent(asked(), Behavior(output=300), 1, 0).text
    for name in ("cl100k_base", "o200k_base"):
        vocabulary = bpe_openai.get_encoding(name)
        assert [word for word in _WORDS if len(vocabulary.encode(word)) != 1] == []
        assert len(vocabulary.encode(text)) == 300


def test_a_price_is_rounded_up_once_over_the_whole_sum():
    price = ModelPrice(input_nanos=1, output_nanos=1)
    assert price.cost_nanos(Counts(input=1, output=1)) == 1
    assert price.cost_nanos(Counts(input=999_999, output=1)) == 1
    assert price.cost_nanos(Counts(input=1_000_000, output=1)) == 2
    assert price.cost_nanos(Counts()) == 0


def test_a_class_without_its_own_price_costs_what_its_kind_costs():
    price = ModelPrice.per_token(input_nanos=3, output_nanos=7)
    assert price.cost_nanos(Counts(1, 1, 1, 1, 1)) == 3 * 3 + 2 * 7


def test_each_class_with_a_price_costs_that():
    price = ModelPrice(1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000)
    assert price.cost_nanos(Counts(input=1, output=2, cached_input=3, cache_write=4, reasoning=5)) == 54321


def test_an_empty_invoice_totals_nothing():
    assert Invoice(()).document() == {"calls": 0, "total_nanos": 0, "lines": []}


def test_text_is_counted_in_bytes_and_media_are_not():
    content = [
        {"type": "text", "text": "ééé"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    ask = read(CHAT, {"model": "m", "messages": [{"role": "user", "content": content}]})
    assert ask.input_tokens == 2


@pytest.mark.parametrize(
    ("path", "dialect", "operation"),
    [
        ("/v1/chat/completions", Dialect.OPENAI_CHAT, Operation.GENERATE),
        ("/v1/messages/count_tokens", Dialect.ANTHROPIC_MESSAGES, Operation.COUNT),
        ("/v1beta/models/gemini-x:streamGenerateContent", Dialect.GOOGLE_GENERATE, Operation.GENERATE),
        ("/v1/models/gemini-x:batchEmbedContents", Dialect.GOOGLE_EMBED, Operation.EMBED),
    ],
)
def test_an_address_tells_dialect_and_operation(path, dialect, operation):
    found = place(path)
    assert (found.dialect, found.operation) == (dialect, operation)


@pytest.mark.parametrize(
    "path", ["/", "/v1/chat", "/v1beta/models/x:deleteModel", "/v1beta/models/:generateContent"]
)
def test_no_other_address_is_served(path):
    assert place(path) is None


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"model": "m"},
        {"model": 5, "messages": [{}]},
        {"model": "m", "messages": []},
        {"model": "m", "messages": "hello"},
        {"model": "m", "messages": [{}], "max_tokens": 0},
        {"model": "m", "messages": [{}], "max_tokens": "9"},
        {"model": "m", "messages": [{}], "n": True},
        {"model": "m", "messages": [{}], "n": 129},
    ],
)
def test_a_call_that_is_not_of_its_dialect_is_refused(document):
    with pytest.raises(AskInvalid):
        read(CHAT, document)


NAMES = [
    "model",
    "messages",
    "input",
    "contents",
    "content",
    "parts",
    "text",
    "role",
    "generationConfig",
    "requests",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(document=JSON, path=st.sampled_from(["chat/completions", "responses", "embeddings", "messages"]))
def test_no_openai_or_anthropic_call_is_too_strange_to_be_read_or_refused(document, path):
    with suppress(AskInvalid):
        assert read(place(f"/v1/{path}"), document).input_tokens >= 0


@given(
    document=JSON,
    verb=st.sampled_from(["generateContent", "countTokens", "embedContent", "batchEmbedContents"]),
)
def test_no_google_call_is_too_strange_to_be_read_or_refused(document, verb):
    with suppress(AskInvalid):
        assert read(place(f"/v1beta/models/g:{verb}"), document).input_tokens >= 0
