import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from weighbridge.app.access import Person, Role, is_local, person, role_of
from weighbridge.app.serving import AppError, check_address

ROLES = {"approver": ["chen@example.com"], "editor": "*@merch.example.com", "viewer": ["*@example.com"]}


@pytest.mark.parametrize(
    ("address", "headers", "local"),
    [
        ("127.0.0.1", {"Host": "localhost:8501"}, True),
        ("127.0.0.1", {"Host": "127.0.0.1:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        ("127.0.0.1", {"Host": "rules.example.com"}, False),
        ("127.0.0.1", {"Host": "localhost", "X-Forwarded-For": "10.0.0.9"}, False),
        ("0.0.0.0", {"Host": "localhost"}, False),
        (None, {"Host": "localhost"}, False),
    ],
)
def test_local_is_only_what_comes_from_this_machine(
    address: str | None, headers: dict[str, str], local: bool
) -> None:
    assert is_local(address, headers) is local


def test_on_a_network_nobody_is_let_in_without_sign_in() -> None:
    assert person(False, {}, False, ROLES) == "network"


def test_a_person_without_a_role_is_refused() -> None:
    claims = {"is_logged_in": True, "email": "eve@elsewhere.example"}
    assert person(False, claims, True, ROLES) == "no_role"
    assert person(False, {"is_logged_in": False}, True, ROLES) == "sign_in"


def test_an_unverified_address_has_no_role() -> None:
    claims = {"is_logged_in": True, "email": "chen@example.com", "email_verified": False}
    assert person(True, claims, True, ROLES) == "no_role"


def test_the_highest_role_holds() -> None:
    assert role_of("Chen@Example.com", ROLES) is Role.approver
    assert role_of("li@merch.example.com", ROLES) is Role.editor
    assert role_of("bo@example.com", ROLES) is Role.viewer
    assert role_of("bo@sub.other.com", ROLES) is None


def test_editors_may_edit_but_not_save() -> None:
    claims = {"is_logged_in": True, "email": "li@merch.example.com", "name": "Li"}
    found = person(False, claims, True, ROLES)
    assert isinstance(found, Person)
    assert found.may_edit
    assert not found.may_save


def test_the_server_refuses_a_network_address_without_oidc(tmp_path) -> None:  # type: ignore[no-untyped-def]
    secrets = tmp_path / "secrets.toml"
    with pytest.raises(AppError):
        check_address("0.0.0.0", (secrets,))
    secrets.write_text("[auth]\nclient_id = 'x'\n")
    check_address("0.0.0.0", (secrets,))
