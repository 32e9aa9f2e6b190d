"""Signatures and the AES envelope of WeChat's safe mode (消息加解密).

The format: 16 random bytes, the length of the message (4 bytes, big-endian), the message, the app id; padded as PKCS#7
with blocks of 32 bytes; AES-256-CBC whose IV is the first half of the key. Error numbers are those of WeChat's own
libraries, so that an operator finds them in its documentation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
PREFIX = 16
BAD_SIGNATURE, BAD_XML, BAD_KEY, BAD_APP_ID = -40001, -40002, -40004, -40005
BAD_AES, BAD_BUFFER, BAD_BASE64 = -40007, -40008, -40010


class CryptoFault(ValueError):
    """An envelope that is not for us; ``code`` is WeChat's number for the reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


def signature(*parts: str) -> str:
    """sha1 of the sorted parts, as WeChat signs: (token, timestamp, nonce) or with the encrypted text as fourth."""
    joined = "".join(sorted(parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha1(joined).hexdigest()  # noqa: S324 - WeChat's choice, not ours


def is_signed(given: str, *parts: str) -> bool:
    """Compares in constant time, so that a signature cannot be found byte by byte."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), signature(*parts).encode())


def aes_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of the 43 characters that the operator copies. Raises CryptoFault -40004."""
    try:
        key = base64.b64decode(encoding_aes_key + "=", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CryptoFault(BAD_KEY, "the EncodingAESKey is not base64") from error
    if len(encoding_aes_key) != 43 or len(key) != 32:
        raise CryptoFault(BAD_KEY, "the EncodingAESKey must have 43 characters")
    return key


@dataclass(frozen=True, slots=True)
class Envelope:
    """Opens and closes messages of one account with one key."""

    key: bytes
    app_id: str

    def close(self, message: str) -> str:
        """The message encrypted, in base64."""
        body = message.encode("utf-8")
        plain = secrets.token_bytes(PREFIX) + len(body).to_bytes(4, "big") + body + self.app_id.encode()
        padding = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, encrypted: str) -> bytes:
        """The message. Raises CryptoFault unless padding, length and app id are all as they must be."""
        try:
            sealed = base64.b64decode(encrypted.encode("ascii"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise CryptoFault(BAD_BASE64, "not base64") from error
        if not sealed or len(sealed) % BLOCK:
            raise CryptoFault(BAD_AES, "not whole blocks")
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(sealed) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise CryptoFault(BAD_BUFFER, "wrong padding")
        content = plain[PREFIX:-padding]
        length = int.from_bytes(content[:4], "big")
        if len(content) < 4 or length > len(content) - 4:
            raise CryptoFault(BAD_BUFFER, "wrong length")
        if not hmac.compare_digest(content[4 + length :], self.app_id.encode()):
            raise CryptoFault(BAD_APP_ID, "another app id")
        return content[4 : 4 + length]

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES256(self.key), modes.CBC(self.key[:PREFIX]))


def open_with(envelopes: tuple[Envelope, ...], encrypted: str) -> tuple[bytes, Envelope]:
    """The message and the envelope that opened it: while a key is being changed, WeChat still uses the previous one.

    Raises the CryptoFault of the current key when none fits.
    """
    first: CryptoFault | None = None
    for envelope in envelopes:
        try:
            return envelope.open(encrypted), envelope
        except CryptoFault as fault:
            first = first or fault
    raise first or CryptoFault(BAD_KEY, "no key is set")
