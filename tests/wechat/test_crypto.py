"""Signatures and envelopes: WeChat's published sample, the independent peer, and everything that must be refused."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from bot.channels.wechat.crypto import CryptoFault, Envelope, aes_key, is_signed, open_with, signature
from bot.channels.wechat.messages import Message, message, parse, sealed_reply, text_reply
from tests.wechat.fakes import AES_KEY, APP_ID, OLD_AES_KEY, TOKEN, peer_reads

# Published by WeChat with its sample code.
SAMPLE_TOKEN, TIMESTAMP, NONCE = "spamtest", "1409735669", "1320562132"
MSG_SIGNATURE = "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
ENCRYPT = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh"
    "0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRj"
    "pA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6"
    "OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
OURS = Envelope(aes_key(AES_KEY), APP_ID)


def test_the_published_sample() -> None:
    assert signature(SAMPLE_TOKEN, TIMESTAMP, NONCE, ENCRYPT) == MSG_SIGNATURE
    assert is_signed(MSG_SIGNATURE, SAMPLE_TOKEN, TIMESTAMP, NONCE, ENCRYPT)
    came = message(parse(OURS.open(ENCRYPT)))
    assert (came.account, came.openid, came.kind, came.created, came.text, came.fields["MsgId"]) == (
        "gh_10f6c3c3ac5a",
        "oyORnuP8q7ou2gfYjqLzSIWZf0rs",
        "text",
        "1409735668",
        "abcdteT",
        "6054768590064713728",
    )


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=400))
def test_the_peer_opens_what_we_close_and_we_open_what_it_closes(text: str) -> None:
    peer = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
    sealed = sealed_reply(text, OURS, TOKEN)
    outer = ElementTree.fromstring(sealed)
    signed = [str(outer.findtext(name)) for name in ("MsgSignature", "TimeStamp", "Nonce")]
    assert peer.decrypt_message(sealed, *signed) == text
    encrypted = str(ElementTree.fromstring(peer.encrypt_message(text, "n", "1")).findtext("Encrypt"))
    assert OURS.open(encrypted).decode() == text


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, ours: bytes) -> bool:
        compared.append((given, ours))
        return given == ours

    monkeypatch.setattr("bot.channels.wechat.crypto.hmac.compare_digest", compare)
    assert is_signed(MSG_SIGNATURE, SAMPLE_TOKEN, TIMESTAMP, NONCE, ENCRYPT)
    assert not is_signed("0" * 40, SAMPLE_TOKEN, TIMESTAMP, NONCE, ENCRYPT)
    assert [ours for _, ours in compared] == [MSG_SIGNATURE.encode()] * 2


def test_the_peer_reads_our_reply() -> None:
    came = Message("gh_1", "o1", "text", "1", {})
    read = peer_reads(text_reply(came, "先打 110。\n<b>&]]>"))
    assert (read.type, read.source, read.target, read.content) == ("text", "gh_1", "o1", "先打 110。\n<b>&]]>")


def test_the_previous_key_still_opens_and_answers() -> None:
    old = Envelope(aes_key(OLD_AES_KEY), APP_ID)
    assert open_with((OURS, old), old.close("旧")) == ("旧".encode(), old)
    assert open_with((OURS, old), OURS.close("新")) == ("新".encode(), OURS)
    with pytest.raises(CryptoFault):
        open_with((OURS,), old.close("旧"))


def sealed(plain: bytes, pad: bool = True) -> str:
    """``plain`` encrypted with our key as it is."""
    padding = 32 - len(plain) % 32
    body = plain + bytes([padding]) * padding if pad else plain
    encryptor = Cipher(algorithms.AES256(OURS.key), modes.CBC(OURS.key[:16])).encryptor()
    return base64.b64encode(encryptor.update(body) + encryptor.finalize()).decode()


R = b"r" * 16
REFUSED = [
    ("", -40007),
    ("不是", -40010),
    ("abc", -40010),
    ("ab c=", -40010),
    (base64.b64encode(b"x" * 31).decode(), -40007),
    (base64.b64encode(b"x" * 48).decode(), -40007),  # AES blocks, but not the format's blocks of 32
    (sealed(R + b"\0\0\0\2hi" + APP_ID.encode() + b"x"), -40005),
    (sealed(R + b"\0\0\0\2hi"), -40005),
    (sealed(R + b"\0\0\0\xffhi" + APP_ID.encode()), -40008),
    (sealed(R + b"\xff\xff\xff\xffhi" + APP_ID.encode()), -40008),
    (sealed(R + b"\0\0"), -40008),
    (sealed(b""), -40008),
    (sealed(b"y" * 31 + b"\0", pad=False), -40008),
    (sealed(b"y" * 31 + b"\x21", pad=False), -40008),
    (sealed(b"y" * 30 + b"\x01\x02", pad=False), -40008),
]


@pytest.mark.parametrize(("encrypted", "code"), REFUSED)
def test_an_envelope_that_is_not_as_it_must_be_is_refused_with_its_number(encrypted: str, code: int) -> None:
    with pytest.raises(CryptoFault) as fault:
        OURS.open(encrypted)
    assert fault.value.code == code


@pytest.mark.parametrize("key", ["", "x", AES_KEY[:-1], AES_KEY + "A", AES_KEY[:-1] + "!", AES_KEY[:-1] + "字"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(CryptoFault) as fault:
        aes_key(key)
    assert fault.value.code == -40004


@given(st.binary(max_size=300))
def test_what_is_encrypted_with_our_key_but_not_as_wechat_does_is_refused(plain: bytes) -> None:
    with pytest.raises(CryptoFault) as fault:
        OURS.open(sealed(plain))
    assert fault.value.code in (-40005, -40008)


def test_a_reply_cannot_break_out_of_its_element() -> None:
    evil = "x]]></Content><Content><![CDATA[伪造"
    reply = text_reply(Message("gh_1", "o1", "text", "1", {}), evil)
    root = ElementTree.fromstring(reply)
    assert [element.text for element in root.findall("Content")] == [evil]


@given(st.text())
def test_every_text_becomes_a_well_formed_reply(text: str) -> None:
    root = ElementTree.fromstring(text_reply(Message("gh_1", "o1", "text", "1", {}), text))
    kept = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    assert (root.findtext("Content") or "") == kept.replace("\r\n", "\n").replace("\r", "\n")
    assert len(root.findall("Content")) == 1
