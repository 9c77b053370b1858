"""What stands where a secret should is told from a secret."""

import pytest

from clawdbot.domain.placeholders import is_placeholder

PLACEHOLDERS = [
    *("undefined", "null", "None", "NaN", "true", "TODO", "xxx", "XXXXXXXX", "example", "default", "...", "…"),
    *("changeme", "CHANGE-ME", "change_me123", "replace this", "fill in"),
    *("token", "password1", "secret", "your-token", "YOUR_BOT_TOKEN_HERE", "mysecretpassword", "the gateway token"),
    *("your-token-goes-here", "super-secret-key", "a secret", "gateway_password", "shared-secret"),
    *("${TOKEN}", "${{ todo }}", "$CLAWDBOT_GATEWAY_TOKEN", "%TOKEN%", "<token>", "<put it here>", "{{ token }}"),
]
SECRETS = [
    *("0f3c9b1e5a7d", "correct horse battery staple", "sekrit", "tokenizer-4f9a1c", "$ecret-and-long", "password12345"),
    *("secretary", "nullify", "-----", "p<a>b", "my-dog-ate-it", "123456:ABC-def_1"),
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_G15_what_examples_and_templates_leave_behind_is_no_secret(text: str) -> None:
    assert is_placeholder(text)
    assert is_placeholder(f"  {text}\n")


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_of_ones_own_is_one(text: str) -> None:
    assert not is_placeholder(text)
