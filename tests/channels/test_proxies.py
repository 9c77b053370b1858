"""Which way a platform is reached, by the environment's variables."""

import pytest

from clawdbot.channels.proxies import is_near, proxy_for

PROXY = "http://user:sesame@proxy.example:3128"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("url", ["https://slack.com/api", "wss://wss-primary.slack.com/link"])
def test_a_platform_is_reached_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, PROXY)
    assert proxy_for(url) == PROXY


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80/api",
        "http://localhost/api",
        "http://127.9.9.9/api",
        "ws://[::1]:80/link",
        "https://own.example/api",
    ],
)
def test_loopback_and_what_no_proxy_names_are_reached_directly(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, PROXY)
    monkeypatch.setenv("NO_PROXY", "own.example")
    assert proxy_for(url) is None


def test_the_proxy_of_http_is_not_that_of_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    assert proxy_for("https://slack.com/api") is None


def test_one_proxy_may_be_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is for the scheme comes first."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert proxy_for("https://slack.com/api") == PROXY
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example:1")
    assert proxy_for("wss://slack.com/link") == "http://other.example:1"


@pytest.mark.parametrize("host", ["slack.com", "localhost.example", "127.0.0.1.example", "10.0.0.1", ""])
def test_what_only_looks_like_this_machine_is_not_near(host: str) -> None:
    assert not is_near(host)
