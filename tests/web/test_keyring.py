"""Keys as they are written down, and what is kept of them."""

import pytest
from pydantic import SecretStr

from service.errors import SettingsError
from service.web.keyring import Keys

LINES = "# staff\nann s3cret\n\nbare-key\n"


@pytest.mark.parametrize("lines", ["", "# nothing", "a b c", "ann x\nann y", "ann x\nbob x", "x\nkey1 y"])
def test_keys_that_cannot_be_told_apart_are_refused(lines):
    with pytest.raises(SettingsError, match="api_keys"):
        Keys.parse(SecretStr(lines))


@pytest.mark.parametrize("name", ["\x1b[31m", "n\u00e4me", "a" * 65, "a,b"])
def test_a_name_that_is_no_label_is_refused(name):
    with pytest.raises(SettingsError, match="odd name"):
        Keys.parse(SecretStr(f"ann key\n{name} s3cret"))


def test_a_refusal_does_not_tell_the_key():
    with pytest.raises(SettingsError) as refusal:
        Keys.parse(SecretStr("odd,name s3cret"))
    assert "s3cret" not in str(refusal.value)


def test_names_stand_in_the_order_of_the_lines():
    assert Keys.parse(SecretStr(LINES)).names == ("ann", "key2")


def test_the_keys_themselves_are_forgotten():
    keys = Keys.parse(SecretStr(LINES))
    assert "s3cret" not in repr(vars(keys))
    assert (keys.name("s3cret"), keys.name("wrong")) == ("ann", None)


def test_every_key_is_compared_however_early_one_agrees(monkeypatch):
    compared = []

    def compare(known, presented):
        compared.append(known)
        return known == presented

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert Keys.parse(SecretStr("a 1\nb 2\nc 3")).name("1") == "a"
    assert len(compared) == 3
