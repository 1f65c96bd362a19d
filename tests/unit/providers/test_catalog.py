import tomllib

import pytest

from solvent.domain.call import Dialect, Operation
from solvent.errors import CallInvalid, ConfigurationError, ModelNotAllowed
from solvent.providers.catalog import Catalog, parse_rows

CATALOG = Catalog.bundled()


@pytest.mark.parametrize(
    ("asked", "provider", "model"),
    [
        ("openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("groq/openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("openrouter/anthropic/claude-sonnet-4", "openrouter", "anthropic/claude-sonnet-4"),
        ("gpt-4o", "openai", "gpt-4o"),
        ("o3-mini", "openai", "o3-mini"),
        ("ft:gpt-4o:acme::abc", "openai", "ft:gpt-4o:acme::abc"),
        ("text-embedding-3-small", "openai", "text-embedding-3-small"),
        ("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("gemini-embedding-001", "google", "gemini-embedding-001"),
        ("deepseek-chat", "deepseek", "deepseek-chat"),
        ("mistral-large-latest", "mistral", "mistral-large-latest"),
        ("grok-4", "xai", "grok-4"),
    ],
)
def test_a_model_finds_the_provider_that_serves_it(asked, provider, model):
    found = CATALOG.resolve(asked)
    assert (found.provider.name, found.model) == (provider, model)
    assert found.name == f"{provider}/{model}"


@pytest.mark.parametrize(
    "asked", ["", " ", "gpt 4", "gpt-4\n", "gpt-4\x00", "x" * 201, "ｇpt-4", "../gpt", "nobody/gpt-4o"]
)
def test_a_name_that_nobody_serves_is_refused(asked):
    with pytest.raises(ModelNotAllowed):
        CATALOG.resolve(asked)


def test_a_misspelt_provider_is_answered_with_the_name_that_was_meant():
    with pytest.raises(ModelNotAllowed, match="did you mean openai/gpt-4o"):
        CATALOG.resolve("opnai/gpt-4o")


def test_a_misspelt_model_is_answered_with_the_pattern_that_was_meant():
    with pytest.raises(ModelNotAllowed, match=r"gpt-\*"):
        CATALOG.resolve("gpt4o")


def test_a_prefix_without_a_model_names_no_model():
    with pytest.raises(ModelNotAllowed):
        CATALOG.resolve("openai/")


def test_a_row_without_an_endpoint_says_which_setting_is_missing():
    with pytest.raises(ModelNotAllowed, match="base_url of provider azure"):
        CATALOG.resolve("azure/my-deployment")


def test_no_bare_model_name_is_claimed_by_two_bundled_rows():
    claimed = [pattern for row in CATALOG.providers for pattern in row.models]
    stems = [pattern.rstrip("*") for pattern in claimed]
    for number, stem in enumerate(stems):
        later = [
            other for other in stems[number + 1 :] if other.startswith(stem) and claimed[number].endswith("*")
        ]
        assert not later, f"{claimed[number]} also claims {later}"


def test_every_bundled_price_source_is_one_that_the_price_book_knows():
    from genai_prices.data import providers

    known = {provider.id for provider in providers}
    for row in CATALOG.providers:
        assert not row.price_source or row.price_source in known, row.name


def test_a_call_stays_in_its_dialect_where_the_provider_speaks_it():
    for dialect in (Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES):
        assert CATALOG.resolve("gpt-4o").target(dialect, Operation.GENERATE) is dialect


@pytest.mark.parametrize(
    ("model", "dialect", "operation", "sent"),
    [
        ("claude-x", Dialect.OPENAI_CHAT, Operation.GENERATE, Dialect.ANTHROPIC_MESSAGES),
        ("gemini-x", Dialect.OPENAI_RESPONSES, Operation.GENERATE, Dialect.GOOGLE_GENERATE),
        ("gpt-4o", Dialect.ANTHROPIC_MESSAGES, Operation.GENERATE, Dialect.OPENAI_CHAT),
        ("gemini-x", Dialect.OPENAI_EMBEDDINGS, Operation.EMBED, Dialect.GOOGLE_EMBED),
        ("gpt-4o", Dialect.GOOGLE_EMBED, Operation.EMBED, Dialect.OPENAI_EMBEDDINGS),
        ("gemini-x", Dialect.ANTHROPIC_MESSAGES, Operation.COUNT, Dialect.GOOGLE_GENERATE),
    ],
)
def test_a_call_in_a_foreign_dialect_is_sent_in_the_preferred_one(model, dialect, operation, sent):
    assert CATALOG.resolve(model).target(dialect, operation) is sent


@pytest.mark.parametrize(
    ("model", "operation"),
    [("claude-x", Operation.EMBED), ("gpt-4o", Operation.COUNT), ("openrouter/x", Operation.COUNT)],
)
def test_an_operation_that_the_provider_lacks_is_refused(model, operation):
    with pytest.raises(CallInvalid, match="does not offer"):
        CATALOG.resolve(model).target(Dialect.OPENAI_CHAT, operation)


def test_an_operators_row_needs_only_what_differs():
    rows = parse_rows(tomllib.loads('[azure-eu]\nlike = "azure"\nbase_url = "https://eu.example/openai/v1/"'))
    found = CATALOG.with_operator(rows).resolve("azure-eu/prod")
    assert found.base_url == "https://eu.example/openai/v1"
    assert found.provider.auth == "api-key"
    assert found.provider.price_source == "azure"


def test_an_override_changes_what_it_names_and_nothing_else():
    rows = parse_rows({"openai": {"base_url": "http://127.0.0.1:9/v1"}})
    before, after = CATALOG.resolve("gpt-4o"), CATALOG.with_operator(rows).resolve("gpt-4o")
    assert after.base_url == "http://127.0.0.1:9/v1"
    assert after.provider.credential_env == before.provider.credential_env
    assert CATALOG.resolve("gpt-4o") == before


def test_an_operators_pattern_wins_over_a_bundled_one():
    rows = parse_rows({"mine": {"like": "vllm", "models": ["gpt-*"]}})
    assert CATALOG.with_operator(rows).resolve("gpt-4o").provider.name == "mine"


def test_a_copied_row_does_not_claim_the_models_of_its_pattern():
    rows = parse_rows({"second": {"like": "openai", "base_url": "https://second.example/v1"}})
    assert CATALOG.with_operator(rows).resolve("gpt-4o").provider.name == "openai"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"base_url": "ftp://x.example"}, "http"),
        ({"base_url": "file:///etc/passwd"}, "http"),
        ({"base_url": "x.example/v1"}, "http"),
        ({"base_url": "https://user:secret@x.example/v1"}, "credential"),
        ({"base_url": "https://x.example/v1?key=1"}, "query"),
        ({"base_url": "https://x.example/v1#a"}, "query"),
        ({"base_url": "https://x.example:99999/v1"}, "base_url"),
        ({"base_url": 7}, "base_url"),
        ({"dialects": []}, "dialects"),
        ({"dialects": ["morse"]}, "dialects"),
        ({"colour": "red"}, "colour"),
        ({"auth": "basic"}, "auth"),
        ({"headers": {"authorization": "Bearer x"}}, "authorization"),
        ({"headers": {"Host": "evil.example"}}, "Host"),
        ({"headers": {"x-a": "b\r\nx-evil: 1"}}, "headers"),
        ({"paths": {"openai_chat": "/../admin?x"}}, "paths"),
        ({"credential_env": ["NOT A NAME"]}, "credential_env"),
    ],
)
def test_a_row_that_cannot_work_is_refused_with_its_name_and_field(fields, said):
    with pytest.raises(ConfigurationError, match=r"providers\.mine") as caught:
        parse_rows({"mine": {"like": "openai"} | fields})
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "rows",
    [
        {"mine": {"like": "nobody"}},
        {"mine": {"base_url": "https://x.example"}},
        {"Mine/x": {"like": "openai"}},
        {"": {"like": "openai"}},
    ],
)
def test_a_row_that_says_too_little_or_has_no_name_is_refused(rows):
    with pytest.raises(ConfigurationError):
        CATALOG.with_operator(parse_rows(rows))


def test_a_row_that_is_not_a_table_is_refused():
    with pytest.raises(ConfigurationError):
        parse_rows({"mine": "https://x.example"})
