"""OpenID Connect: logging in to the desk with accounts that the district has elsewhere. Who somebody is comes from the provider,
what they may do from the desk alone.

Authorization code flow with PKCE, state and nonce. Everything is asked of the configured issuer and of the endpoints that its
discovery document names: https only (on loopback also http), no redirects, bounded in time and size.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

# Signatures with the provider's public keys only: "none" and signatures with a shared secret are never right here.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
# What a provider says when a second thing besides the password was asked for (RFC 8176).
SECOND = frozenset({"mfa", "otp", "hwk", "swk", "sc", "sms"})
SECONDS, MOST_BYTES, LEEWAY = 5.0, 256 * 1024, 60
KEPT, NEW_KEYS_EVERY = 3600.0, 60.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcFault(RuntimeError):
    """The provider cannot be reached, or what it said cannot be believed. The text is for the log: no secrets in it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says is there. ``second``: it asked for more than a password."""

    issuer: str
    subject: str
    second: bool


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    basic: bool


class Provider:
    """One provider and us as its client. What it publishes is kept for an hour."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._endpoints: _Endpoints | None = None
        self._endpoints_at = self._keys_at = 0.0
        self._keys: KeySet | None = None

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to log in. OidcFault when the provider says nothing usable."""
        return str(
            prepare_grant_uri(
                (await self._discovered()).authorization,
                self._client_id,
                "code",
                self._redirect_uri,
                "openid",
                state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        """Who came back with ``code``. OidcFault when the code or the token is not right."""
        said = await self._exchanged(code, verifier)
        token = said.get("id_token")
        if not isinstance(token, str):
            raise OidcFault("no ID token in the reply")
        claims = await self._verified(token, nonce, said.get("access_token"))
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise OidcFault("a subject that is none")
        ways = claims.get("amr") or []
        return Identity(self.issuer, subject, any(way in SECOND for way in ways if isinstance(way, str)))

    async def _exchanged(self, code: str, verifier: str) -> dict[str, Any]:
        endpoints = await self._discovered()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri}
        form["code_verifier"] = verifier
        headers = {}
        if endpoints.basic:
            named = (quote(part, safe="") for part in (self._client_id, self._client_secret))
            headers["Authorization"] = aiohttp.encode_basic_auth(*named)
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return await _asked("POST", endpoints.token, headers, data=form)

    async def _verified(self, token: str, nonce: str, access_token: Any) -> CodeIDToken:
        try:
            decoded = jwt.decode(token, await self._key_set(), algorithms=list(ALGORITHMS))
        except (InvalidKeyIdError, JoseError, ValueError):
            # The provider may have changed its keys.
            try:
                decoded = jwt.decode(token, await self._key_set(anew=True), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError) as error:
                raise OidcFault(f"ID token not signed by the provider ({type(error).__name__})") from error
        wanted = {name: {"essential": True, "value": value} for name, value in self._expected().items()}
        params = {"nonce": nonce, "client_id": self._client_id}
        if isinstance(access_token, str):
            params["access_token"] = access_token
        claims = CodeIDToken(decoded.claims, decoded.header, wanted, params)
        try:
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise OidcFault(f"ID token not for us or not for now ({type(error).__name__})") from error
        return claims

    def _expected(self) -> dict[str, str]:
        return {"iss": self.issuer, "aud": self._client_id}

    async def _discovered(self) -> _Endpoints:
        if self._endpoints is not None and time.monotonic() - self._endpoints_at < KEPT:
            return self._endpoints
        found = await _asked("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise OidcFault("the discovery document names another issuer")
        ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        self._endpoints = _Endpoints(
            self._named(found, "authorization_endpoint"),
            self._named(found, "token_endpoint"),
            self._named(found, "jwks_uri"),
            "client_secret_basic" in ways,
        )
        self._endpoints_at, self._keys = time.monotonic(), None
        return self._endpoints

    def _named(self, found: dict[str, Any], name: str) -> str:
        url = found.get(name)
        if not isinstance(url, str) or not safe(url) or (on_loopback(url) and not on_loopback(self.issuer)):
            raise OidcFault(f"{name} in the discovery document is no address to use")
        return url

    async def _key_set(self, anew: bool = False) -> KeySet:
        since = time.monotonic() - self._keys_at
        if self._keys is None or since > KEPT or (anew and since > NEW_KEYS_EVERY):
            found = await _asked("GET", (await self._discovered()).keys)
            try:
                self._keys, self._keys_at = KeySet.import_key_set(found), time.monotonic()  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise OidcFault(f"keys that cannot be read ({type(error).__name__})") from error
        return self._keys


def safe(url: str) -> bool:
    """May we call this address? https with a host and nothing secret in it; http on loopback only."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and on_loopback(url))


def on_loopback(url: str) -> bool:
    """Does the address name this machine?"""
    return (urlsplit(url).hostname or "") in _LOOPBACK


async def _asked(method: str, url: str, headers: Mapping[str, str] | None = None, **given: Any) -> dict[str, Any]:
    """The JSON object that ``url`` answers with. OidcFault otherwise."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(
                timeout=timeout, headers={"Accept": "application/json", **(headers or {})}
            ) as session,
            session.request(method, url, allow_redirects=False, **given) as response,
        ):
            body = await response.content.read(MOST_BYTES + 1)
            while len(body) <= MOST_BYTES and not response.content.at_eof():
                body += await response.content.read(MOST_BYTES + 1)
            if response.status != 200 or len(body) > MOST_BYTES:
                raise OidcFault(f"{urlsplit(url).path}: status {response.status}, {len(body)} bytes")
            found = json.loads(body)
    except (aiohttp.ClientError, TimeoutError, ValueError, RecursionError) as error:
        raise OidcFault(f"{urlsplit(url).path}: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise OidcFault(f"{urlsplit(url).path}: no JSON object")
    return found
