"""A receipt that was changed says what does not fit."""

from __future__ import annotations

import copy
import json
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import AutograderError, NotFound
from autograder.steps.portal import receipts

KEY = Ed25519PrivateKey.generate()
FACTS = {
    "submission": "01JZZZZZZZZZZZZZZZZZZZZZZZ",
    "assignment": "n411",
    "student": "sabc",
    "received": "2026-12-01T10:00:00+00:00",
    "sha256": "ab" * 32,
    "tasks": {"n411": {"perceptron": "saved", "mlp": "missing"}},
}
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_a_receipt_is_genuine_as_it_was_signed_and_after_a_file():
    receipt = receipts.signed(FACTS, KEY)
    again = json.loads(json.dumps(receipt, ensure_ascii=False, indent=4))
    assert receipts.verify(again, KEY.public_key()).problems == ()
    assert receipts.signed(FACTS, KEY) == receipt


@given(st.sampled_from(sorted(FACTS)), plain)
def test_a_changed_fact_is_named(name, value):
    receipt = receipts.signed(FACTS, KEY)
    if receipt[name] == value:
        return
    found = receipts.verify({**receipt, name: value}, KEY.public_key())
    assert len(found.problems) == 1
    assert f"`{name}` was changed" in found.problems[0]


def test_a_fact_changed_with_its_digest_breaks_the_signature():
    receipt = receipts.signed(FACTS, KEY)
    other = receipts.signed(
        {**FACTS, "received": "2026-11-30T00:00:00+00:00"}, Ed25519PrivateKey.generate()
    )
    forged = copy.deepcopy(receipt)
    forged["received"], forged["digests"]["received"] = (
        other["received"],
        other["digests"]["received"],
    )
    (problem,) = receipts.verify(forged, KEY.public_key()).problems
    assert "signature" in problem


def test_what_was_added_or_taken_out_is_named():
    receipt = receipts.signed(FACTS, KEY)
    added = receipts.verify({**receipt, "grade": "A+"}, KEY.public_key())
    assert added.problems == ("`grade` was added: nothing was signed under this name",)
    del receipt["sha256"]
    assert receipts.verify(receipt, KEY.public_key()).problems == ("`sha256` was taken out",)


@given(plain)
def test_anything_else_is_no_receipt_and_no_crash(value):
    assert not receipts.verify(value, KEY.public_key()).genuine
    assert not receipts.verify({"digests": value, "signature": value}, KEY.public_key()).genuine


def test_the_key_is_made_once_and_only_its_public_half_may_be_read(tmp_path):
    state = tmp_path / ".autograder"
    first = receipts.signing_key(state, tmp_path)
    second = receipts.signing_key(state, tmp_path)
    receipt = receipts.signed(FACTS, first)
    assert receipt == receipts.signed(FACTS, second)
    assert receipts.verify(receipt, receipts.public_key(tmp_path / "receipts.pub")).genuine
    assert stat.S_IMODE((state / "receipts.key").stat().st_mode) == 0o600
    assert b"PRIVATE" not in (tmp_path / "receipts.pub").read_bytes()


def test_what_cannot_be_read_is_said_with_the_way_out(tmp_path):
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(AutograderError, match="not JSON"):
        receipts.read(tmp_path / "r.json")
    with pytest.raises(NotFound, match="serve"):
        receipts.public_key(tmp_path / "receipts.pub")
