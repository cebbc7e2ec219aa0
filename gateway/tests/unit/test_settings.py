"""The defaults of the settings, as docs/operations.md lists them."""

from gateway.settings import GatewaySettings


def test_by_default_nothing_is_open_or_unbounded() -> None:
    own = GatewaySettings.__annotations__.keys()
    assert {name: field.default for name, field in GatewaySettings.model_fields.items() if name in own} == {
        "gateway_host": "127.0.0.1",
        "gateway_port": 8000,
        "ops_host": "127.0.0.1",
        "ops_port": 8200,
        "identity_url": "http://127.0.0.1:8101",
        "payments_url": "http://127.0.0.1:8102",
        "governance_url": "http://127.0.0.1:8103",
        "compliance_url": "http://127.0.0.1:8104",
        "cors_origins": (),
        "rate_limit_per_minute": 100,
        "person_rate_limit_per_minute": 600,
        "body_bytes_max": 1_048_576,
        "body_seconds": 10,
        "body_bytes_per_second": 16_384,
        "body_seconds_max": 60,
        "body_whole_bytes_max": 65_536,
        "open_bodies_max": 32,
        "in_flight_max": 1000,
        "open_streams_max": 100,
        "person_open_streams_max": 10,
        "open_downloads_max": 40,
        "person_open_downloads_max": 10,
        "upstream_connections_max": 200,
        "upstream_uploads_max": 50,
    }


def test_a_users_limit_is_never_lower_than_an_addresss() -> None:
    limits = [
        (GatewaySettings(rate_limit_per_minute=address, person_rate_limit_per_minute=person).person_limit)
        for address, person in ((100, 600), (100_000, 600), (100, 50))
    ]
    assert limits == [600, 100_000, 100]
