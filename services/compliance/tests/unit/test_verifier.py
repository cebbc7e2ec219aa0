"""The offline verifier: valid proofs, and all kinds of invalid ones."""

import argparse
import base64
import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance import verifier
from compliance.domain import merkle
from compliance.domain.checkpoint import Checkpoint
from compliance.domain.merkle import Frontier, Node
from compliance.verifier import NotProven, verify_bundle, verify_consistency
from services.compliance.tests.entries import entries
from services.compliance.tests.fakes.log_signer import Signer

SIZE, EARLIER = 37, 20
signer = Signer()
facts = entries(SIZE)
nodes: dict[Node, bytes] = {}
frontier = Frontier()
notes: dict[int, str] = {}
for n, fact in enumerate(facts):
    nodes[Node(0, n)] = merkle.leaf_hash(fact.leaf())
    nodes.update(frontier.append(nodes[Node(0, n)]))
    notes[n + 1] = Checkpoint(signer.key.name, n + 1, frontier.root).sign(signer.key, signer.sign)


def encoded(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(hash_).decode() for hash_ in hashes]


def bundle(index: int = 11) -> dict[str, Any]:
    return {
        "entry": base64.b64encode(facts[index].leaf()).decode(),
        "index": index,
        "proof": encoded([merkle.hash_of(span, nodes) for span in merkle.inclusion_spans(index, SIZE)]),
        "checkpoint": notes[SIZE],
        "key": signer.key.text,
    }


def history() -> dict[str, Any]:
    proof = [merkle.hash_of(span, nodes) for span in merkle.consistency_spans(EARLIER, SIZE)]
    return {
        "first": {"size": EARLIER, "note": notes[EARLIER]},
        "second": {"size": SIZE, "note": notes[SIZE]},
        "proof": encoded(proof),
        "key": signer.key.text,
    }


@pytest.mark.parametrize("index", range(SIZE))
def test_every_entry_is_proven(index: int) -> None:
    verified = verify_bundle(bundle(index), key=signer.key.text)

    assert (verified.index, verified.tree_size, verified.root_hash) == (index, SIZE, frontier.root)
    assert verified.entry == facts[index]


def test_a_history_is_proven() -> None:
    first, second = verify_consistency(history(), key=signer.key.text)

    assert (first.size, second.size) == (EARLIER, SIZE)


@pytest.mark.parametrize(
    "change",
    [
        {"entry": base64.b64encode(facts[12].leaf()).decode()},
        {"entry": base64.b64encode(b"{}").decode()},
        {"entry": "not base64"},
        {"entry": None},
        {"index": 12},
        {"index": -1},
        {"index": 11.0},
        {"index": "11"},
        {"index": True},
        {"index": 10**40},
        {"proof": []},
        {"proof": "AAAA"},
        {"proof": [7]},
        {"proof": ["AAAA"] * 6},
        {"proof": encoded([bytes(32)]) * 1000},
        {"checkpoint": notes[EARLIER]},
        {"checkpoint": ""},
        {"checkpoint": "\ud800\n\n\u2014 a b\n"},
        {"checkpoint": 7},
    ],
)
def test_an_invalid_proof_is_reported(change: dict[str, Any]) -> None:
    with pytest.raises(NotProven):
        verify_bundle({**bundle(), **change}, key=signer.key.text)


@pytest.mark.parametrize("missing", ["entry", "index", "proof", "checkpoint"])
def test_a_missing_part_is_reported(missing: str) -> None:
    part = bundle()
    del part[missing]

    with pytest.raises(NotProven):
        verify_bundle(part, key=signer.key.text)


def test_another_key_proves_nothing() -> None:
    for key in (Signer().key.text, "", "elcorp.na/audit"):
        with pytest.raises(NotProven):
            verify_bundle(bundle(), key=key)


@given(st.data())
def test_a_flipped_bit_of_the_leaf_is_reported(data: st.DataObject) -> None:
    changed = bundle()
    leaf = bytearray(base64.b64decode(changed["entry"]))
    bit = data.draw(st.integers(0, len(leaf) * 8 - 1))
    leaf[bit // 8] ^= 1 << bit % 8
    changed["entry"] = base64.b64encode(leaf).decode()

    with pytest.raises(NotProven):
        verify_bundle(changed, key=signer.key.text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(anything, st.sampled_from(["entry", "index", "proof", "checkpoint"]))
def test_any_content_of_a_bundle_raises_only_not_proven(value: object, part: str) -> None:
    changed = {**bundle(), part: value}
    if changed != bundle():
        with pytest.raises(NotProven):
            verify_bundle(changed, key=signer.key.text)


@given(anything, st.sampled_from(["first", "second", "proof"]))
def test_any_content_of_a_consistency_proof_raises_only_not_proven(value: object, part: str) -> None:
    with pytest.raises(NotProven):
        verify_consistency({**history(), part: value}, key=signer.key.text)


def test_a_rewritten_log_is_reported() -> None:
    rewritten = Frontier()
    for fact in entries(SIZE):
        rewritten.append(merkle.leaf_hash(fact.leaf()))
    changed = copy.deepcopy(history())
    changed["second"]["note"] = Checkpoint(signer.key.name, SIZE, rewritten.root).sign(signer.key, signer.sign)

    with pytest.raises(NotProven, match="does not begin with"):
        verify_consistency(changed, key=signer.key.text)


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    verifier.add_arguments(parser)
    return verifier.run(parser.parse_args(arguments))


def test_the_command_prints_what_it_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps({"status": "success", "data": bundle()}))

    assert run("--bundle", str(file), "--key", signer.key.text) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"proven: entry 11 of {SIZE}, root {frontier.root.hex()}")
    assert "payments.transfer.settle on transfer" in out
    assert not err
    assert run("--bundle", str(file)) == 0
    assert "the key came with the proof" in capsys.readouterr().err


def test_the_given_key_is_used_instead_of_the_one_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, other = tmp_path / "proof.json", Signer().key.text
    for what, answer in (("--bundle", bundle()), ("--consistency", history())):
        for of_file, kept, code in (
            (other, signer.key.text, 0),
            (signer.key.text, other, verifier.NOT_PROVEN),
            (other, "", verifier.NOT_PROVEN),
            (signer.key.text, "", 0),
        ):
            file.write_text(json.dumps({**answer, "key": of_file}))
            assert run(what, str(file), "--key", kept) == code
            assert ("NOT PROVEN" in capsys.readouterr().err) == bool(code)


def test_the_command_prints_a_proven_consistency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps(history()))

    assert run("--consistency", str(file), "--key", signer.key.text) == 0
    assert f"{SIZE} entries begins with the {EARLIER}" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "[]", '{"data": 7}', "{", "[" * 100_000, "{}"])
def test_the_command_accepts_no_other_file_as_a_proof(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "proof.json"
    file.write_text(content)

    assert run("--bundle", str(file), "--key", signer.key.text) == verifier.NOT_PROVEN
    assert run("--consistency", str(file)) == verifier.NOT_PROVEN
    assert run("--bundle", str(tmp_path / "none"), "--key", signer.key.text) == verifier.NOT_PROVEN
    assert capsys.readouterr().err.count("NOT PROVEN: ") == 3


def test_the_verifier_needs_no_other_part_of_the_platform() -> None:
    code = "import sys, compliance.verifier; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())  # noqa: S603  # our own code

    assert not loaded & {"chassis", "kernel", "elcorp", "sqlalchemy", "pydantic", "fastapi", "grpc", "google"}
