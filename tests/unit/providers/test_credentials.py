import os

import pytest

from solvent.errors import ConfigurationError
from solvent.providers.catalog import Catalog
from solvent.providers.credentials import Credentials

ROWS = {row.name: row for row in Catalog.bundled().providers}


def test_the_first_variable_that_is_set_gives_the_key():
    environ = {"GOOGLE_API_KEY": "second", "GEMINI_API_KEY": " ", "GOOGLE_AI_API_KEY": "third"}
    assert Credentials(environ).find(ROWS["google"]) == "second"


def test_a_missing_key_names_the_variable_to_set():
    with pytest.raises(ConfigurationError, match="set OPENAI_API_KEY"):
        Credentials({}).find(ROWS["openai"])


def test_a_server_of_ones_own_needs_no_key_but_takes_one():
    assert Credentials({}).find(ROWS["ollama"]) is None
    assert Credentials({"OLLAMA_API_KEY": "k"}).find(ROWS["ollama"]) == "k"


def test_the_simulated_provider_is_never_handed_a_key():
    assert Credentials({"OPENAI_API_KEY": "k"}).find(ROWS["simulated"]) is None


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schlüssel", "k" * 4097])
def test_what_cannot_be_a_key_is_refused_without_being_shown(value):
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY") as caught:
        Credentials({"OPENAI_API_KEY": value}).find(ROWS["openai"])
    assert value not in str(caught.value)


def test_a_file_wins_over_the_environment_and_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "keys"
    path.write_text('# keys\nexport OPENAI_API_KEY="old"\n\nOTHER = x\n')
    credentials = Credentials({"OPENAI_API_KEY": "environment", "ANTHROPIC_API_KEY": "a"}, path)
    assert credentials.find(ROWS["openai"]) == "old"
    assert credentials.find(ROWS["anthropic"]) == "a"
    renewed = tmp_path / "renewed"
    renewed.write_text("OPENAI_API_KEY=new")
    os.replace(renewed, path)  # noqa: PTH105 - the atomic change that a rotation makes
    assert credentials.find(ROWS["openai"]) == "new"


@pytest.mark.parametrize("text", ["OPENAI_API_KEY", "=x", "A B=c"])
def test_a_line_that_is_no_assignment_is_refused_by_its_number(tmp_path, text):
    path = tmp_path / "keys"
    path.write_text(f"# first\n{text}\n")
    with pytest.raises(ConfigurationError, match="line 2"):
        Credentials({}, path).find(ROWS["openai"])


def test_a_file_that_cannot_be_read_is_the_operators_to_mend(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Credentials({}, tmp_path / "absent").find(ROWS["openai"])
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        Credentials({}, tmp_path / "binary").find(ROWS["openai"])


def test_no_key_is_ever_shown(tmp_path):
    path = tmp_path / "keys"
    path.write_text("OPENAI_API_KEY=sk-filed")
    credentials = Credentials({"ANTHROPIC_API_KEY": "sk-environment"}, path)
    credentials.find(ROWS["openai"])
    assert "sk-" not in repr(credentials)
