"""Signatures on the link: who gets one, and what becomes of everything else that is asked for."""

import contextlib
import hashlib
from pathlib import Path

import pytest

from fleet import Fleet, Tenant
from link_client import (CANCEL, ECDSA_P256, ED25519, OPEN, RSA_PKCS1, RSA_PSS, SERIALIZATION, SIGNING, TLS12_SERVER,
                         TLS13_CLIENT, TLS13_SERVER, Link, certificate_verify, counter, key_of,
                         server_key_exchange, verifies)
from step_client import StepClient, client_context
from test_bad_link import LINK_ERRORS, get

NAME, BANK, OLD = "www.baton.test", "bank.baton.test", "old.baton.test"
BOTH = ["serialization", "signing"]


def fleet_with(directory: Path, tenants: list[Tenant] | None = None, **identity: object) -> Fleet:
    tenants = tenants or [Tenant([NAME], ["ecdsa", "rsa", "ed25519"], {"offload": BOTH})]
    return Fleet(directory, tenants, unix_link=True, allowed_names=[NAME, OLD],
                 identity_settings={"offload": BOTH} | identity)


def link_to(fleet: Fleet, **settings: int) -> Link:
    return Link(fleet.directory / "link.sock", **settings)


def certificate_of(fleet: Fleet, key_type: str = "ecdsa", tenant: int = 0) -> Path:
    types = list(fleet.tenants[tenant].key_types)
    return fleet.tenants[tenant].leaves[types.index(key_type)].cert_file


PSS = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
GOOD = [("ecdsa", TLS13_SERVER, ECDSA_P256, ["-digest", "sha256"]),
        ("rsa", TLS13_SERVER, RSA_PSS, ["-digest", "sha256", *PSS]),
        ("ed25519", TLS13_SERVER, ED25519, []),
        ("ecdsa", TLS12_SERVER, ECDSA_P256, ["-digest", "sha256"]),
        ("rsa", TLS12_SERVER, RSA_PKCS1, ["-digest", "sha256"]),
        ("rsa", TLS12_SERVER, RSA_PSS, ["-digest", "sha256", *PSS]),
        ("ed25519", TLS12_SERVER, ED25519, [])]


def test_signatures_verify_and_are_in_the_audit_log(tmp_path):
    with fleet_with(tmp_path) as fleet, link_to(fleet) as link:
        assert link.offers & (SERIALIZATION | SIGNING) == SERIALIZATION | SIGNING
        for number, (key_type, kind, scheme, options) in enumerate(GOOD):
            data = certificate_verify() if kind == TLS13_SERVER else server_key_exchange()
            certificate = certificate_of(fleet, key_type)
            trace = bytes([number]) * 16
            signature = link.sign(key_of(certificate), data, kind, scheme, trace)
            assert verifies(certificate, signature, data, tmp_path, options), (key_type, scheme)
            event = fleet.keystore.wait_event("signature_signed", trace=trace.hex())
            assert event["key"] == key_of(certificate).hex()
            assert event["tenant"] == NAME
            assert event["kind"] == ("tls13-server" if kind == TLS13_SERVER else "tls12-server")
            assert event["transcript_hash"] == (bytes(range(32)).hex() if kind == TLS13_SERVER else "")
            assert event["input_sha256"] == ("" if kind == TLS13_SERVER else hashlib.sha256(data).hexdigest())
        link.socket.close()
        fleet.keystore.stop()
        assert counter(fleet.keystore, "signature_signed") == len(GOOD)


def test_what_is_refused_is_counted_and_logged(tmp_path):
    tenants = [Tenant([NAME], ["ecdsa", "rsa"], {"offload": BOTH}),
               Tenant([BANK], settings={"offload": BOTH}),  # not one of this application server's names
               Tenant([OLD])]                               # offers serialization only
    with fleet_with(tmp_path, tenants) as fleet, link_to(fleet) as link:
        own = key_of(certificate_of(fleet))
        rsa = key_of(certificate_of(fleet, "rsa"))
        good = certificate_verify()
        asked = [
            ("input_refused", own, hashlib.sha256(b"a bare digest").digest(), TLS13_SERVER, ECDSA_P256),
            ("input_refused", own, server_key_exchange(), TLS13_SERVER, ECDSA_P256),
            ("input_refused", own, good, TLS12_SERVER, ECDSA_P256),
            ("input_refused", own, server_key_exchange(23, bytes(33)), TLS12_SERVER, ECDSA_P256),
            ("input_refused", own, certificate_verify("client"), TLS13_SERVER, ECDSA_P256),
            ("kind_refused", own, certificate_verify("client"), TLS13_CLIENT, ECDSA_P256),
            ("kind_refused", own, good, 99, ECDSA_P256),
            ("scheme_refused", own, good, TLS13_SERVER, RSA_PSS),
            ("scheme_refused", rsa, good, TLS13_SERVER, RSA_PKCS1),
            ("scheme_refused", rsa, server_key_exchange(), TLS12_SERVER, 0x0201),
            ("key_refused", key_of(certificate_of(fleet, tenant=1)), good, TLS13_SERVER, ECDSA_P256),
            ("key_refused", key_of(certificate_of(fleet, tenant=2)), good, TLS13_SERVER, ECDSA_P256),
            ("key_refused", bytes(32), good, TLS13_SERVER, ECDSA_P256),
        ]
        for number, (reason, key, data, kind, scheme) in enumerate(asked):
            trace = bytes([number + 1]) * 16
            assert link.sign(key, data, kind, scheme, trace) == reason, number
            event = fleet.keystore.wait_event("signature_refused", trace=trace.hex())
            assert event["reason"] == reason and event["detail"], number
            get(fleet)  # the others are undisturbed
        assert isinstance(link.sign(own, good), bytes), "and so is this one"
        link.socket.close()
        fleet.keystore.stop()
        for reason in {row[0] for row in asked}:
            expected = sum(row[0] == reason for row in asked)
            assert counter(fleet.keystore, f"signature_refused_{reason}") == expected, reason


def test_a_flood_is_refused_and_disturbs_nobody(tmp_path):
    with fleet_with(tmp_path, signing_rate="100/h") as fleet, link_to(fleet) as link:
        key = key_of(certificate_of(fleet))
        count = 3000
        for _ in range(count):
            link.ask(key, certificate_verify())
        answers = [link.answer()[1] for _ in range(count)]
        assert sum(isinstance(answer, bytes) for answer in answers) == 100
        assert answers.count("rate_limited") == count - 100
        get(fleet)
        link.socket.close()
        fleet.keystore.stop()
        assert counter(fleet.keystore, "signature_refused_rate_limited") == count - 100
        assert 0 < len(fleet.keystore.events("signature_refused")) < count // 3, "the log is not flooded"


def test_a_flood_of_slow_signatures_is_bounded(tmp_path):
    with contextlib.ExitStack() as stack:
        fleet = fleet_with(tmp_path)
        fleet.keystore_settings["limits"] = {"worker_queue": 8}
        fleet.keystore = fleet.key_store("small", fleet.link_address())
        stack.enter_context(fleet)
        link = stack.enter_context(link_to(fleet))
        key = key_of(certificate_of(fleet, "rsa"))
        for _ in range(500):
            link.ask(key, certificate_verify(), TLS13_SERVER, RSA_PSS)
        get(fleet)
        answers = [link.answer()[1] for _ in range(500)]
        assert "overloaded" in answers
        assert any(isinstance(answer, bytes) for answer in answers)


def test_signatures_that_nobody_waits_for_any_more(tmp_path):
    with fleet_with(tmp_path) as fleet, link_to(fleet) as link:
        key = key_of(certificate_of(fleet, "rsa"))
        for _ in range(3000):
            asked = link.ask(key, certificate_verify(), TLS13_SERVER, RSA_PSS)
            link.send(CANCEL, asked, b"\x01")
        # What crossed a CANCEL may still come.
        last = link.ask(key_of(certificate_of(fleet)), certificate_verify())
        while (answered := link.answer())[0] != last:
            pass
        assert isinstance(answered[1], bytes)
        get(fleet)


def test_kinds_that_the_configuration_allows(tmp_path):
    with fleet_with(tmp_path, signing_kinds=["tls13-client", "tls13-server"]) as fleet, link_to(fleet) as link:
        key = key_of(certificate_of(fleet))
        assert isinstance(link.sign(key, certificate_verify()), bytes)
        assert link.sign(key, server_key_exchange(), TLS12_SERVER) == "kind_refused"
        # The key's own configuration does not have it.
        assert link.sign(key, certificate_verify("client"), TLS13_CLIENT) == "kind_refused"


# --- who offers what to whom ---

@pytest.mark.parametrize("offers", [["serialization"], ["signing"], BOTH])
def test_what_the_identity_may_have(tmp_path, offers):
    fleet = fleet_with(tmp_path, offload=offers)
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        with link_to(fleet) as link:
            assert bool(link.offers & SERIALIZATION) == ("serialization" in offers)
            assert bool(link.offers & SIGNING) == ("signing" in offers)
        with link_to(fleet) as link:
            key = key_of(certificate_of(fleet))
            link.ask(key, certificate_verify())
            if "signing" in offers:
                assert isinstance(link.answer()[1], bytes)
            else:
                assert link.link_error() == LINK_ERRORS["unexpected_frame"]
        if "serialization" not in offers:
            with link_to(fleet) as link:
                link.send(OPEN, 1, bytes(18) + b"\x05https" + bytes(16 + 5))
                assert link.link_error() == LINK_ERRORS["unexpected_frame"]


def test_a_tenant_that_only_signs_is_not_handed_over(tmp_path):
    tenants = [Tenant([NAME], settings={"offload": BOTH}), Tenant([OLD], settings={"offload": ["signing"]})]
    with fleet_with(tmp_path, tenants) as fleet, link_to(fleet) as link:
        assert isinstance(link.sign(key_of(certificate_of(fleet, tenant=1)), certificate_verify()), bytes)
        get(fleet)
        client = StepClient(fleet.port, OLD, client_context(fleet.ca_file))
        with contextlib.suppress(Exception), client:
            client.establish()
        event = fleet.keystore.wait_event("handshake_failed", server_name=OLD)
        assert event["reason"] == "name_refused"
        assert "tenant.offload" in event["detail"]


def test_a_key_store_that_only_signs_needs_no_serialization_version(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([NAME], settings={"offload": ["signing"]})], unix_link=True,
                  identity_settings={"offload": ["signing"]})
    config = fleet.keystore.config
    config.write_text(config.read_text().replace("serialization_version = 1\n", ""))
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        with link_to(fleet) as link:
            assert isinstance(link.sign(key_of(certificate_of(fleet)), certificate_verify()), bytes)


def test_an_older_application_server_is_served_as_before(tmp_path):
    with fleet_with(tmp_path) as fleet, link_to(fleet, capabilities=SERIALIZATION) as link:
        get(fleet)
        link.ask(key_of(certificate_of(fleet)), certificate_verify())
        assert link.link_error() == LINK_ERRORS["unexpected_frame"]
