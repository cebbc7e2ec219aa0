"""User agents are shown by names that users know."""

import pytest

from identity.infrastructure.user_agents import program_of


@pytest.mark.parametrize(
    ("user_agent", "program"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 on Windows"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
            "Chrome Mobile 138 on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            "Safari 18 on Mac OS X",
        ),
        ("curl/8.5.0", "curl 8"),
        ("elcorp-journey/1.0", "elcorp-journey 1.0"),
        ("elcorp", "elcorp"),
        ("", None),
        ("(unknown)", None),
    ],
)
def test_a_user_agent_is_named(user_agent: str, program: str | None) -> None:
    assert program_of(user_agent) == program
