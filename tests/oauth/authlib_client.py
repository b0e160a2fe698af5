"""Authlib, a client library of OAuth, against a running server: the metadata holds by its rules, tokens are granted in both
ways in which a client proves who it is, used, and taken back. Run by .ci/run. The first argument is the server's address;
the credentials are in the environment."""

import os
import sys

# The server under test speaks plain HTTP on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

server = sys.argv[1]
client_id, client_secret = os.environ["OAUTH_CLIENT_ID"], os.environ["OAUTH_CLIENT_SECRET"]

metadata = AuthorizationServerMetadata(
    requests.get(f"{server}/.well-known/oauth-authorization-server", timeout=10).json()
)
metadata.validate()


def status(token):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{server}/api/v1/auth/me", headers=headers, timeout=10).status_code


for way in ["client_secret_basic", "client_secret_post"]:
    assert way in metadata["token_endpoint_auth_methods_supported"], way
    session = OAuth2Session(
        client_id,
        client_secret,
        token_endpoint_auth_method=way,
        revocation_endpoint_auth_method=way,
    )
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert set(token) == {"access_token", "token_type", "expires_in", "expires_at"}, set(token)
    assert session.get(f"{server}/api/v1/auth/me").json()["id"] == client_id
    revoked = session.revoke_token(metadata["revocation_endpoint"], token["access_token"], "access_token")
    assert (revoked.status_code, status(token["access_token"])) == (200, 401)
    print(f"Authlib, {way}: a token was granted, used and taken back")

try:
    wrong = OAuth2Session(client_id, "wrong", token_endpoint_auth_method="client_secret_post")
    wrong.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    sys.exit("a wrong secret was taken")
except OAuthError as error:
    assert error.error == "invalid_client", error

person = {"email": os.environ["OAUTH_EMAIL"], "password": os.environ["OAUTH_PASSWORD"]}
first = requests.post(f"{server}/api/v1/auth/sessions", json=person, timeout=10).json()
program = OAuth2Session("program", token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")
second = program.refresh_token(metadata["token_endpoint"], first["refresh_token"])
assert second["refresh_token"] != first["refresh_token"] and status(second["access_token"]) == 200
program.revoke_token(metadata["revocation_endpoint"], second["refresh_token"], "refresh_token")
assert status(second["access_token"]) == 401
print("a person's session was taken up and ended")
