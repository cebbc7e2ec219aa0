"""Signed notes and checkpoints: C2SP's test vectors, and texts that must be refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.checkpoint import Checkpoint, MalformedNote, VerifierKey
from compliance.verifier import ed25519
from services.compliance.tests.fakes.log_signer import Signer

ROOT = bytes(range(32))
# The example of golang.org/x/mod/sumdb/note, on which C2SP signed-note is based.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SIGNATURE = "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

signer = Signer()
checkpoint = Checkpoint("elcorp.na/audit", 42, ROOT)
note = checkpoint.sign(signer.key, signer.sign)


def test_a_known_key_and_note_verify() -> None:
    key = VerifierKey.parse(GO_KEY)

    assert key.text == GO_KEY
    assert key.has_signed(GO_SIGNATURE, GO_TEXT, ed25519)
    assert not key.has_signed(GO_SIGNATURE, GO_TEXT.replace("problem", "solution"), ed25519)


def test_a_note_reads_as_c2sp_says() -> None:
    origin, size, root, empty, signature, end = note.split("\n")

    assert (origin, size, root, empty, end) == ("elcorp.na/audit", "42", base64.b64encode(ROOT).decode(), "", "")
    dash, name, encoded = signature.split(" ")
    assert (dash, name) == ("\u2014", "elcorp.na/audit")
    assert base64.b64decode(encoded)[:4] == signer.key.key_id
    assert len(base64.b64decode(encoded)) == 4 + 64


def test_a_signed_checkpoint_is_read_back() -> None:
    key = VerifierKey.parse(signer.key.text)

    assert Checkpoint.open(note, key, ed25519) == checkpoint


def test_other_signatures_and_extensions_are_accepted() -> None:
    witness = Signer("witness.example")
    text = f"{checkpoint.text}extension\n"
    lines = [
        f"\u2014 {one.key.name} {base64.b64encode(one.key.key_id + one.sign(text.encode())).decode()}\n"
        for one in (witness, signer)
    ]

    assert Checkpoint.open(f"{text}\n{''.join(lines)}", signer.key, ed25519) == checkpoint


def test_a_note_has_at_most_a_hundred_signatures() -> None:
    own = note.split("\n\n")[1]
    other = f"\u2014 witness.example {base64.b64encode(bytes(68)).decode()}\n"

    assert Checkpoint.open(f"{checkpoint.text}\n{other * 99}{own}", signer.key, ed25519) == checkpoint
    with pytest.raises(MalformedNote):
        Checkpoint.open(f"{checkpoint.text}\n{other * 100}{own}", signer.key, ed25519)


@pytest.mark.parametrize(
    "text",
    [
        "elcorp.na/audit\n+42\n{root}\n",
        "elcorp.na/audit\n042\n{root}\n",
        "elcorp.na/audit\n-1\n{root}\n",
        "elcorp.na/audit\n4_2\n{root}\n",
        "elcorp.na/audit\n\u0664\n{root}\n",
        "elcorp.na/audit\n42\nAAAA\n",
        "elcorp.na/audit\n42\n",
        "elcorp.na/other\n42\n{root}\n",
        "elcorp.na/audit\x8542\n{root}\n",
        "",
    ],
)
def test_a_valid_signature_on_another_text_is_refused(text: str) -> None:
    signed = text.format(root=base64.b64encode(ROOT).decode())
    signature = base64.b64encode(signer.key.key_id + signer.sign(signed.encode())).decode()

    with pytest.raises(MalformedNote):
        Checkpoint.open(f"{signed}\n\u2014 elcorp.na/audit {signature}\n", signer.key, ed25519)


def test_a_signature_by_another_key_is_refused() -> None:
    forger = Signer()

    with pytest.raises(MalformedNote, match="no valid signature"):
        Checkpoint.open(checkpoint.sign(forger.key, forger.sign), signer.key, ed25519)
    with pytest.raises(MalformedNote, match="no valid signature"):
        Checkpoint.open(checkpoint.sign(signer.key, forger.sign), signer.key, ed25519)


@given(st.integers(0, len(note) - 1), st.characters(codec="utf-8"))
def test_any_changed_character_is_refused(at: int, character: str) -> None:
    changed = note[:at] + character + note[at + 1 :]

    try:
        assert Checkpoint.open(changed, signer.key, ed25519) == checkpoint
    except MalformedNote:
        assert changed != note


@given(st.text())
def test_any_text_is_read_or_refused_as_malformed(text: str) -> None:
    with pytest.raises(MalformedNote):
        Checkpoint.open(text, signer.key, ed25519)
    with pytest.raises(MalformedNote):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("PeterNeumann", "PeterNeuman"),
        GO_KEY.replace("+AR", "+Ah"),
        "",
        "a+b",
    ],
)
def test_an_invalid_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        VerifierKey.parse(text)
