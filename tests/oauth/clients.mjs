// The OAuth client libraries that machines and people's programs use, against a running server: they configure themselves
// from its metadata, get tokens in both ways in which a client proves who it is, use them, and take them back. Run by
// .ci/run. The first argument is the server's address; the credentials are in the environment.

import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

const server = new URL(process.argv[2]);
const { OAUTH_CLIENT_ID: id, OAUTH_CLIENT_SECRET: secret, OAUTH_EMAIL: email, OAUTH_PASSWORD: password } = process.env;
// The server under test speaks plain HTTP on loopback.
const insecure = { [oauth.allowInsecureRequests]: true };

function assert(condition, message) {
  if (!condition) throw new Error(message);
}

async function me(token) {
  const answer = await fetch(new URL("/api/v1/auth/me", server), { headers: { Authorization: `Bearer ${token}` } });
  return [answer.status, await answer.json()];
}

async function signIn() {
  const answer = await fetch(new URL("/api/v1/auth/sessions", server), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  assert(answer.status === 201, `signing in: ${answer.status}`);
  return answer.json();
}

async function isGoodAndTakenBack(what, tokens, revoke) {
  assert(tokens.token_type === "bearer" && tokens.expires_in === 900, `${what}: ${JSON.stringify(Object.keys(tokens))}`);
  assert(!("refresh_token" in tokens), `${what}: a machine has no refresh token`);
  const [status, account] = await me(tokens.access_token);
  assert(status === 200 && account.id === id, `${what}: ${status}`);
  await revoke(tokens.access_token);
  assert((await me(tokens.access_token))[0] === 401, `${what}: the token was not taken back`);
  console.log(`${what}: a token was granted, used and taken back`);
}

const discovered = await oauth.discoveryRequest(server, { algorithm: "oauth2", ...insecure });
const metadata = await oauth.processDiscoveryResponse(server, discovered);
const client = { client_id: id };
const ways = { client_secret_basic: oauth.ClientSecretBasic(secret), client_secret_post: oauth.ClientSecretPost(secret) };
for (const [way, proof] of Object.entries(ways)) {
  for (const endpoint of ["token", "revocation"]) {
    assert(metadata[`${endpoint}_endpoint_auth_methods_supported`].includes(way), `the metadata lacks ${way}`);
  }
  const parameters = new URLSearchParams();
  const granted = await oauth.clientCredentialsGrantRequest(metadata, client, proof, parameters, insecure);
  const tokens = await oauth.processClientCredentialsResponse(metadata, client, granted);
  await isGoodAndTakenBack(`oauth4webapi, ${way}`, tokens, async (token) => {
    const revoked = await oauth.revocationRequest(metadata, client, proof, token, insecure);
    await oauth.processRevocationResponse(revoked);
  });
}

try {
  const wrong = oauth.ClientSecretPost("wrong");
  const refused = await oauth.clientCredentialsGrantRequest(metadata, client, wrong, new URLSearchParams(), insecure);
  await oauth.processClientCredentialsResponse(metadata, client, refused);
  throw new Error("a wrong secret was taken");
} catch (error) {
  const isChallenge = error instanceof oauth.WWWAuthenticateChallengeError;
  assert(isChallenge || error.error === "invalid_client", `a wrong secret: ${error}`);
}

const options = { algorithm: "oauth2", execute: [openid.allowInsecureRequests] };
const proofs = { "client_secret_post, the default": undefined, client_secret_basic: openid.ClientSecretBasic(secret) };
for (const [way, proof] of Object.entries(proofs)) {
  const config = await openid.discovery(server, id, secret, proof, options);
  const tokens = await openid.clientCredentialsGrant(config);
  await isGoodAndTakenBack(`openid-client, ${way}`, tokens, (token) => openid.tokenRevocation(config, token));
}

// A person's program has no secret, and the name by which it calls itself does not matter.
const session = await signIn();
const none = oauth.None();
const refreshed = await oauth.refreshTokenGrantRequest(metadata, client, none, session.refresh_token, insecure);
const second = await oauth.processRefreshTokenResponse(metadata, client, refreshed);
assert(second.refresh_token && second.refresh_token !== session.refresh_token, "there is a next refresh token");
const config = await openid.discovery(server, "program", undefined, openid.None(), options);
const third = await openid.refreshTokenGrant(config, second.refresh_token);
assert((await me(third.access_token))[1].name === email, "the session goes on");
await openid.tokenRevocation(config, third.refresh_token);
assert((await me(third.access_token))[0] === 401, "the session has ended");
console.log("a person's session was taken up twice and ended");
