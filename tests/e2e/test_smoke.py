"""The main job in its smallest form, over both kinds of link."""

import pytest

import payload
from clients import make_clients
from clients.base import Target
from fleet import Fleet, Tenant


@pytest.mark.parametrize("unix_link", [False, True])
def test_curl_gets_a_page_through_the_key_store(tmp_path, unix_link):
    with Fleet(tmp_path, [Tenant(["www.baton.test"])], unix_link=unix_link) as fleet:
        curl = make_clients(tmp_path)["curl"]
        for address in ("127.0.0.1", "::1"):
            target = Target("www.baton.test", address, fleet.port, fleet.ca_file)
            got = curl.download(target, "/bytes/100000")
            assert got.sha256 == payload.expected_sha256(100000)
        fleet.proxy.wait_event("established", count=2, server_name="www.baton.test", version="TLSv1.3")
        fleet.keystore.wait_event("handshake_ended", count=2, reason="established")
        assert fleet.proxy.stop() == 0
        assert fleet.keystore.stop() == 0
