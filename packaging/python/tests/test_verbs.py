"""The verbs: each does what its name says, to one key only."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from llama_cloud import APIConnectionError, LlamaCloud, RateLimitError
from llamacloud_mock import CheckFailed, Emulator, EmulatorError, connect, start


def client(emulator: Emulator, retries: int = 0) -> LlamaCloud:
    return LlamaCloud(base_url=emulator.url, api_key=emulator.key, max_retries=retries)


def create(emulator: Emulator, retries: int = 0) -> str:
    return client(emulator, retries).indexes.create(source_directory_id="dir-abc123").id


@pytest.fixture(scope="module")
def server():
    with start() as emulator:
        yield emulator


@pytest.fixture
def emulator(server, request):
    return server.with_key(f"llx-{request.node.name}")


def test_a_rule_strikes_the_requests_of_its_key_only(server, emulator):
    name = emulator.fault("indexes.create status=429 first=1")
    create(server)
    with pytest.raises(RateLimitError):
        create(emulator)
    create(emulator)
    [rule] = emulator.faults()
    assert (rule["name"], rule["matches"], rule["strikes"], rule["tenant"]) == (name, 2, 1, emulator.tenant)


def test_a_removed_rule_strikes_no_more(emulator):
    emulator.remove_fault(emulator.fault("indexes.create status=500"))
    create(emulator)
    assert emulator.faults() == []


def test_an_invalid_rule_is_refused_with_the_nearest_word(emulator):
    with pytest.raises(EmulatorError, match=r"422.*did you mean indexes\.create"):
        emulator.fault("indexes.creat status=500")


def test_a_manual_clock_stands_until_it_is_advanced(emulator):
    emulator.set_clock("manual", "2026-01-01T00:00:00Z")
    index = create(emulator)
    get = client(emulator).indexes.get
    assert get(index).metadata["status"] == "pending"
    assert emulator.advance("1m") == {"mode": "manual", "now": "2026-01-01T00:01:00Z", "next": []}
    assert get(index).metadata["status"] == "ready"
    assert emulator.advance(timedelta(milliseconds=1500))["now"] == "2026-01-01T00:01:01.500000Z"
    assert emulator.clock()["mode"] == "manual"


def test_the_clock_is_auto_by_default(emulator):
    index = create(emulator)
    assert emulator.clock()["mode"] == "auto"
    client(emulator).indexes.list()
    assert client(emulator).indexes.get(index).metadata["status"] == "ready"


def test_the_journal_has_the_requests_of_its_key(server, emulator):
    assert emulator.journal() == []
    create(server)
    create(emulator)
    client(emulator).indexes.list()
    assert [entry["operation"] for entry in emulator.journal()] == ["indexes.create", "indexes.list"]
    [entry] = emulator.journal("writes", status=201, when="body:/source_directory_id=dir-abc123")
    assert entry["request_body"] == {"source_directory_id": "dir-abc123"}
    assert emulator.journal("reads", when=["query:page_token"]) == []


def test_a_mistyped_operation_is_no_empty_journal(emulator):
    with pytest.raises(EmulatorError, match=r"did you mean indexes\.create"):
        emulator.journal("indexes.creat")


def test_an_incomplete_journal_is_an_error():
    with start("--journal-entries", "1") as emulator:
        create(emulator)
        create(emulator)
        with pytest.raises(EmulatorError, match="evicted 1 entries.*--journal-entries"):
            emulator.journal()
        assert len(emulator.journal(incomplete=True)) == 1


def test_check_judges_the_requests_of_its_key(server, emulator):
    emulator.fault("indexes.create@after reset nth=1")
    create(emulator, retries=2)
    assert "passed: --max-attempts 2" in emulator.check(max_attempts=2, all_rules_struck=True)
    with pytest.raises(CheckFailed, match="failed: --no-duplicate-writes"):
        emulator.check(no_duplicate_writes=True)
    create(server)
    assert server.check(no_duplicate_writes=True, no_needless_retries=True, honour_retry_after=True)


def test_check_needs_no_program(server, emulator, monkeypatch):
    monkeypatch.setenv("LLAMACLOUD_MOCK_BINARY", "/nonexistent")
    create(emulator)
    shared = connect(server.url, key=emulator.key)
    assert shared.check(max_attempts=1) == "passed: --max-attempts 1\n1 requests were sent once, 0 were retried"
    with pytest.raises(CheckFailed, match=f"^failed: --no-litter\n  {emulator.tenant} index: created and not deleted: "):
        shared.check(no_litter=True)
    with pytest.raises(CheckFailed, match="^not judged: --max-attempts 1\n  nothing to judge: no request is recorded"):
        connect(server.url).check(max_attempts=1)


def test_verify_counts_requests_and_resources_of_its_key(server, emulator):
    create(server)
    create(emulator)
    assert emulator.verify("indexes.create status=201 count=1") == 1
    assert emulator.verify("state indexes count=1", within=timedelta(seconds=5)) == 1
    with pytest.raises(CheckFailed) as failed:
        emulator.verify("indexes.create when=body:/source_directory_id=dir-b when=body:/name=a")
    assert str(failed.value) == (
        "indexes.create when=body:/source_directory_id=dir-b when=body:/name=a: 1 request of indexes.create, 0 as expected; "
        "expected at least 1; nearest: request 1: body:/source_directory_id is dir-abc123, expected dir-b, "
        "body:/name is absent, expected a\n"
        "  request 1:\n"
        "    body:/source_directory_id is dir-abc123, expected dir-b\n"
        "    body:/name is absent, expected a"
    )
    with pytest.raises(EmulatorError, match=r"422.*did you mean indexes\.create"):
        emulator.verify("indexes.creat")


def test_verify_waits_for_a_request(emulator):
    with ThreadPoolExecutor() as pool:
        verdict = pool.submit(emulator.verify, "indexes.create", within="1m")
        create(emulator)
        assert verdict.result() == 1


def test_check_takes_expectations_of_requests_and_their_order(emulator):
    create(emulator)
    client(emulator).indexes.list()
    order = "indexes.create, indexes.list"
    report = emulator.check(expect=["writes count=1", "state indexes"], expect_order=order, no_unexpected=True, within="1s")
    assert report.count("passed: ") == 4
    with pytest.raises(CheckFailed, match="failed: --expect 'reads count=0'"):
        emulator.check(expect="reads count=0")


def test_a_name_is_shown_in_reports_and_is_that_of_other_keys_too(emulator):
    emulator.set_name("a\ntest" + 300 * "x")
    other = emulator.with_key(f"{emulator.key}-other")
    create(other)
    with pytest.raises(CheckFailed, match=rf"{other.tenant} \(a test{250 * 'x'}\) index: created and not deleted: "):
        other.check(no_litter=True)


def test_check_without_an_expectation_is_refused(emulator):
    with pytest.raises(EmulatorError, match="no expectation"):
        emulator.check()


def test_check_finds_litter(emulator):
    index = create(emulator)
    with pytest.raises(CheckFailed, match="no-litter"):
        emulator.check(no_litter=True)
    client(emulator).indexes.delete(index)
    for directory in client(emulator).beta.directories.list():
        client(emulator).beta.directories.delete(directory.id)
    emulator.check(no_litter=True)


def test_reset_forgets_one_key_or_parts_of_it(server, emulator):
    create(server)
    create(emulator)
    emulator.fault("indexes.list status=500")
    emulator.reset("journal", "faults")
    assert (emulator.journal(), emulator.faults()) == ([], [])
    assert len(client(emulator).indexes.list().items) == 1
    emulator.reset()
    assert client(emulator).indexes.list().items == []
    assert client(server).indexes.list().items


def test_the_program_has_ended_after_stop():
    emulator = start()
    create(emulator)
    emulator.stop()
    emulator.stop()
    with pytest.raises(APIConnectionError):
        create(emulator)
    with pytest.raises(EmulatorError, match="ended with exit code 0"):
        emulator.journal()


def test_the_exit_code_of_the_program_is_not_lost():
    with pytest.raises(EmulatorError, match=r"exit code 2[\s\S]*never struck"):
        with start("--strict-faults", "--fault", "indexes.get status=500"):
            pass


def test_the_error_of_a_block_is_shown_rather_than_the_exit_code():
    with pytest.raises(ZeroDivisionError):
        with start("--strict-faults", "--fault", "indexes.get status=500"):
            raise ZeroDivisionError


def test_flags_of_the_user_win_over_the_defaults_of_start():
    with start("--clock", "manual", "--log-level", "info", env={"LLAMACLOUD_MOCK_SEED": "7"}) as emulator:
        assert emulator.clock()["mode"] == "manual"
        create(emulator)
    assert "indexes.create" in emulator.log()


def test_the_settings_file_of_the_user_wins_over_the_defaults_of_start(tmp_path):
    file = tmp_path / "llamacloud-mock.toml"
    file.write_text('clock = "manual"\nlog-level = "info"\nlog-format = "json"\n')
    with start("--config", str(file)) as emulator:
        assert emulator.clock()["mode"] == "manual"
        create(emulator)
    assert '"operation":"indexes.create"' in emulator.log()


def test_equal_keys_and_seeds_get_equal_ids():
    def first_id():
        with start("--clock", "manual", "--start-time", "2026-01-01T00:00:00Z") as emulator:
            return create(emulator)

    assert first_id() == first_id()


def test_the_admin_token_is_given_to_the_program_and_to_its_requests():
    with start(admin_token="secret") as emulator:
        with closing(http.client.HTTPConnection(urlsplit(emulator.url).netloc)) as connection:
            connection.request("GET", "/__admin/state")
            assert connection.getresponse().status == 401
        create(emulator)
        emulator.check(max_attempts=1)
        assert connect(emulator.url, admin_token="secret").journal() == []
        with pytest.raises(EmulatorError, match="401.*admin_token="):
            connect(emulator.url, admin_token="wrong")


def test_connect_shares_the_emulator(server, monkeypatch):
    monkeypatch.setenv("LLAMACLOUD_MOCK_URL", server.url + "/")
    one, other = connect(), connect()
    create(one)
    assert (len(one.journal()), other.journal()) == (1, [])
    again = connect(key=one.key)
    assert len(again.journal()) == 1
    one.stop()
    create(server)


def test_connect_refuses_what_is_no_emulator(monkeypatch):
    with pytest.raises(EmulatorError, match="LLAMACLOUD_MOCK_URL"):
        connect()
    with pytest.raises(EmulatorError, match="http://127.0.0.1:4010"):
        connect("localhost:4010")
    with start("--port", "0") as emulator:
        with pytest.raises(EmulatorError, match="is not an emulator"):
            connect(emulator.url + "/__admin")
    with pytest.raises(EmulatorError, match="is it running"):
        connect(emulator.url)
