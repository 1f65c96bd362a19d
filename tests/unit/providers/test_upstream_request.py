import pytest

from solvent.domain.call import Dialect, Operation
from solvent.errors import CallInvalid, ModelNotAllowed
from solvent.ports.upstream import Deadlines
from solvent.providers.catalog import Catalog, parse_rows
from solvent.providers.request import build

CATALOG = Catalog.bundled()
DEADLINES = Deadlines(1, 2, 3, 4)


def made(model, dialect, operation=Operation.GENERATE, *, catalog=CATALOG, **options):
    chosen = {"stream": False, "body": b"{}", "credential": "sk-key", "deadlines": DEADLINES} | options
    return build(catalog.resolve(model), dialect, operation, **chosen)


GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models/"


@pytest.mark.parametrize(
    ("model", "dialect", "operation", "options", "url"),
    [
        ("gpt-4o", Dialect.OPENAI_CHAT, Operation.GENERATE, {}, "https://api.openai.com/v1/chat/completions"),
        ("gpt-4o", Dialect.OPENAI_RESPONSES, Operation.GENERATE, {}, "https://api.openai.com/v1/responses"),
        ("gpt-4o", Dialect.OPENAI_EMBEDDINGS, Operation.EMBED, {}, "https://api.openai.com/v1/embeddings"),
        (
            "claude-x",
            Dialect.ANTHROPIC_MESSAGES,
            Operation.GENERATE,
            {},
            "https://api.anthropic.com/v1/messages",
        ),
        (
            "claude-x",
            Dialect.ANTHROPIC_MESSAGES,
            Operation.COUNT,
            {},
            "https://api.anthropic.com/v1/messages/count_tokens",
        ),
        (
            "deepseek-chat",
            Dialect.ANTHROPIC_MESSAGES,
            Operation.GENERATE,
            {},
            "https://api.deepseek.com/anthropic/v1/messages",
        ),
        (
            "groq/a/b",
            Dialect.OPENAI_CHAT,
            Operation.GENERATE,
            {},
            "https://api.groq.com/openai/v1/chat/completions",
        ),
        ("gemini-x", Dialect.GOOGLE_GENERATE, Operation.GENERATE, {}, GOOGLE + "gemini-x:generateContent"),
        (
            "gemini-x",
            Dialect.GOOGLE_GENERATE,
            Operation.GENERATE,
            {"stream": True},
            GOOGLE + "gemini-x:streamGenerateContent?alt=sse",
        ),
        ("gemini-x", Dialect.GOOGLE_GENERATE, Operation.COUNT, {}, GOOGLE + "gemini-x:countTokens"),
        ("gemini-x", Dialect.GOOGLE_EMBED, Operation.EMBED, {}, GOOGLE + "gemini-x:embedContent"),
        (
            "gemini-x",
            Dialect.GOOGLE_EMBED,
            Operation.EMBED,
            {"batch": True},
            GOOGLE + "gemini-x:batchEmbedContents",
        ),
        (
            "google/models/gemini-x",
            Dialect.GOOGLE_GENERATE,
            Operation.COUNT,
            {},
            GOOGLE + "gemini-x:countTokens",
        ),
    ],
)
def test_each_operation_has_its_address(model, dialect, operation, options, url):
    assert made(model, dialect, operation, **options).url == url


@pytest.mark.parametrize("name", ["a/b", "../../v1/admin", "..", ".hidden", "models/../x"])
def test_a_model_name_cannot_climb_out_of_its_address(name):
    with pytest.raises(ModelNotAllowed):
        made(f"google/{name}", Dialect.GOOGLE_GENERATE)


def test_a_model_name_cannot_add_a_query_or_another_verb():
    url = made("google/x?key=1#y:deleteModel%2f", Dialect.GOOGLE_GENERATE).url
    assert url == GOOGLE + "x%3Fkey%3D1%23y%3AdeleteModel%252f:generateContent"


def test_a_dialect_without_the_operation_is_refused():
    with pytest.raises(CallInvalid):
        made("gpt-4o", Dialect.OPENAI_CHAT, Operation.EMBED)


@pytest.mark.parametrize(
    ("model", "dialect", "header"),
    [
        ("gpt-4o", Dialect.OPENAI_CHAT, ("authorization", "Bearer sk-key")),
        ("claude-x", Dialect.ANTHROPIC_MESSAGES, ("x-api-key", "sk-key")),
        ("gemini-x", Dialect.GOOGLE_GENERATE, ("x-goog-api-key", "sk-key")),
    ],
)
def test_the_credential_goes_where_the_provider_reads_it_and_is_never_shown(model, dialect, header):
    call = made(model, dialect)
    assert header in call.headers
    assert "sk-key" not in repr(call)
    assert "sk-key" not in call.url


def test_without_a_credential_no_header_is_sent_for_it():
    names = {name for name, _ in made("ollama/llama3", Dialect.OPENAI_CHAT, credential=None).headers}
    assert not names & {"authorization", "x-api-key", "api-key", "x-goog-api-key"}


def test_a_reply_is_asked_for_uncompressed():
    assert ("accept-encoding", "identity") in made("gpt-4o", Dialect.OPENAI_CHAT).headers


def test_only_listed_client_headers_pass_and_only_in_their_own_dialect():
    client = (
        ("Anthropic-Beta", "a"),
        ("anthropic-beta", "b"),
        ("anthropic-version", "2024-01-01"),
        ("OpenAI-Beta", "c"),
        ("authorization", "Bearer client"),
        ("x-api-key", "client"),
        ("cookie", "d"),
        ("x-forwarded-for", "e"),
    )
    sent = dict(made("claude-x", Dialect.ANTHROPIC_MESSAGES, headers=client).headers)
    assert sent["anthropic-beta"] == "a,b"
    assert sent["anthropic-version"] == "2024-01-01"
    assert sent["x-api-key"] == "sk-key"
    assert not sent.keys() & {"openai-beta", "authorization", "cookie", "x-forwarded-for"}
    assert dict(made("gpt-4o", Dialect.OPENAI_CHAT, headers=client).headers)["openai-beta"] == "c"


def test_anthropic_is_always_told_a_version():
    assert ("anthropic-version", "2023-06-01") in made("claude-x", Dialect.ANTHROPIC_MESSAGES).headers


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\x00", "é", "x" * 2001])
def test_a_malformed_client_header_is_refused(value):
    with pytest.raises(CallInvalid, match="anthropic-beta"):
        made("claude-x", Dialect.ANTHROPIC_MESSAGES, headers=(("anthropic-beta", value),))


def test_a_rows_own_headers_are_sent():
    rows = parse_rows({"openrouter": {"headers": {"HTTP-Referer": "https://acme.example"}}})
    call = made("openrouter/x", Dialect.OPENAI_CHAT, catalog=CATALOG.with_operator(rows))
    assert ("http-referer", "https://acme.example") in call.headers
