package llamacloudmock

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// call sends a request as a client of the API, and returns its status.
func call(t *testing.T, mock *Mock, method, path, body string) int {
	t.Helper()
	request, err := http.NewRequest(method, mock.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+mock.Key())
	request.Header.Set("Content-Type", "application/json")
	// The default client: it, too, passes by a proxy for 127.0.0.1.
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

const indexes = "/api/v1/indexes"

func expect[T comparable](t *testing.T, what string, actual, expected T) {
	t.Helper()
	if actual != expected {
		t.Errorf("%s: %v, expected %v", what, actual, expected)
	}
}

func TestFaultJournalCheckAndReset(t *testing.T) {
	mock := Start(t)
	mock.Fault("indexes.list status=503 first=1")
	expect(t, "the faulted request", call(t, mock, "GET", indexes, ""), 503)
	expect(t, "the next request", call(t, mock, "GET", indexes, ""), 200)
	expect(t, "a create", call(t, mock, "POST", indexes, `{"source_directory_id": "dir-a"}`), 201)
	entries := mock.Journal("operation=indexes.list")
	if len(entries) != 2 || entries[0].Status != 503 || entries[1].Status != 200 {
		t.Errorf("the journal: %+v", entries)
	}
	mock.Check("--all-rules-struck", "--max-attempts=2")
	mock.Advance(5 * time.Second)
	mock.Reset()
	expect(t, "entries after a reset", len(mock.Journal()), 0)
	mock.Stop()
}

func TestCheckNeedsNoProgram(t *testing.T) {
	server := Start(t).server
	t.Setenv(binaryVariable, "/nonexistent")
	test := &recorder{TB: t, name: "Checked"}
	mock := server.For(test)
	expect(t, "a create", call(t, mock, "POST", indexes, `{"source_directory_id": "dir-a"}`), 201)
	mock.Check("--max-attempts", "1", "--honour-retry-after")
	expect(t, "the log of a check that holds", test.log.String(), "")
	mock.Check("--max-attempts=1", "--no-litter")
	report := "llamacloud-mock check:\npassed: --max-attempts 1\nfailed: --no-litter\n  t-"
	if log := test.log.String(); !test.hasFailed || !strings.HasPrefix(log, report) {
		t.Errorf("the log of a check that failed: %s", log)
	}
	test = &recorder{TB: t, name: "Unused"}
	server.For(test).Check("--max-attempts=1")
	if log := test.log.String(); !test.hasFailed || !strings.Contains(log, "not judged: --max-attempts 1\n  nothing to judge") {
		t.Errorf("the log of a check without requests: %s", log)
	}
}

func TestVerifyJudgesAndShowsWhatDiffers(t *testing.T) {
	server := Start(t).server
	test := &recorder{TB: t, name: "Verified\n" + strings.Repeat("x", 300)}
	mock := server.ForKey(test, "llx-verified")
	expect(t, "a create", call(t, mock, "POST", indexes, `{"source_directory_id": "dir-a"}`), 201)
	expect(t, "the count", mock.Verify("indexes.create status=201 count=1"), 1)
	expect(t, "the count of resources", mock.VerifyWithin(5*time.Second, "state indexes count=1"), 1)
	mock.Check("--expect=indexes.create count=1", "--expect", "state indexes", "--no-unexpected")
	expect(t, "the log of expectations that hold", test.log.String(), "")
	mock.Verify("indexes.create when=body:/name=x")
	for _, part := range []string{
		"indexes.create when=body:/name=x: 1 request of indexes.create, 0 as expected; expected at least 1; nearest: ",
		"\n  request 1:\n    body:/name is absent, expected x",
	} {
		if log := test.log.String(); !test.hasFailed || !strings.Contains(log, part) {
			t.Errorf("the log of an expectation that is not met: %s", log)
		}
	}
	mock.Check("--expect=reads count=0", "--expect=writes count=2", "--no-litter")
	for _, part := range []string{"failed: --expect 'writes count=2'", " (Verified " + strings.Repeat("x", 247) + ") index: "} {
		if log := test.log.String(); !strings.Contains(log, part) {
			t.Errorf("the log of a check that failed: %s", log)
		}
	}
}

func TestTwoAtOnceAndTwoKeysOfOne(t *testing.T) {
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := Start(t)
			other := mock.server.For(t)
			expect(t, "a create", call(t, mock, "POST", indexes, `{"source_directory_id": "dir-a"}`), 201)
			expect(t, "requests of the other key", len(other.Journal()), 0)
			expect(t, "requests of this key", len(mock.Journal()), 1)
		})
	}
}

func TestAdminToken(t *testing.T) {
	t.Setenv(tokenVariable, "from-environment")
	Start(t).Advance(time.Second)
	mock := Start(t, "--admin-token", "from-flag")
	mock.Advance(time.Second)
	expect(t, "a request to a server that runs", call(t, Connect(t, mock.URL(), "from-flag"), "GET", indexes, ""), 200)
	err := (&Server{url: mock.URL(), token: "wrong"}).admin("GET", "state", "key", nil, nil)
	expectError(t, err, "the token that was given is not that of the server")
	err = (&Server{url: mock.URL()}).admin("GET", "state", "key", nil, nil)
	expectError(t, err, "give the token to Connect")
}

// recorder stands for a test that another test looks at.
type recorder struct {
	testing.TB
	name      string
	hasFailed bool
	log       strings.Builder
	cleanups  []func()
}

func (test *recorder) Name() string                    { return test.name }
func (test *recorder) Failed() bool                    { return test.hasFailed }
func (test *recorder) Log(args ...any)                 { fmt.Fprintln(&test.log, args...) }
func (test *recorder) Logf(format string, args ...any) { fmt.Fprintf(&test.log, format+"\n", args...) }
func (test *recorder) Errorf(format string, args ...any) {
	test.hasFailed = true
	test.Logf(format, args...)
}
func (test *recorder) Cleanup(do func()) { test.cleanups = append(test.cleanups, do) }

// end ends the test and returns its log.
func (test *recorder) end() string {
	for i := len(test.cleanups) - 1; i >= 0; i-- {
		test.cleanups[i]()
	}
	return test.log.String()
}

func TestEqualSeedsGiveEqualIDs(t *testing.T) {
	create := func(mock *Mock) string {
		expect(t, "a create", call(t, mock, "POST", indexes, `{"source_directory_id": "dir-a"}`), 201)
		return string(mock.Journal("operation=indexes.create")[0].ResponseBody)
	}
	id := func(body string) string { return body[strings.Index(body, `"id":`):][:40] }
	first, second := Start(t, "--start-time=2026-01-01T00:00:00Z"), Start(t)
	expect(t, "the key", first.Key(), "test-TestEqualSeedsGiveEqualIDs")
	expect(t, "the key on another server", second.Key(), first.Key())
	expect(t, "the id", id(create(first)), id(create(second)))
	expect(t, "another key of the test", first.server.For(t).Key(), first.Key()+"-2")
	expect(t, "a chosen key", first.WithKey("llx-chosen").Key(), "llx-chosen")

	// A test that runs again has the same key and starts anew.
	test := &recorder{TB: t, name: "Repeated"}
	expect(t, "the key", call(t, first.server.For(test), "GET", indexes, ""), 200)
	test.end()
	again := first.server.For(&recorder{TB: t, name: "Repeated"})
	expect(t, "the key of the next run", again.Key(), "test-Repeated")
	expect(t, "requests of the next run", len(again.Journal()), 0)
}

func TestAFailedTestShowsItsRequestsAndUnusedRules(t *testing.T) {
	server := Start(t).server
	for _, isStopped := range []bool{false, true} {
		if isStopped {
			server = Start(t).server
		}
		foreign := server.For(t)
		call(t, foreign, "GET", indexes+"/foreign", "")
		test := &recorder{TB: t, name: "Failed", hasFailed: true}
		mock := server.For(test)
		mock.Fault("indexes.list status=503 first=1")
		mock.Fault("indexes.delete status=503")
		foreign.Fault("indexes.get status=503")
		call(t, mock, "GET", indexes, "")
		if isStopped {
			mock.Stop()
		}
		log := test.end()
		for _, part := range []string{
			mock.URL() + ", key test-Failed, 1 requests",
			"indexes.list GET /api/v1/indexes 503 sent fault=indexes.list status=503 first=1",
			"never struck: indexes.delete status=503",
		} {
			if !strings.Contains(log, part) {
				t.Errorf("the log lacks %q:\n%s", part, log)
			}
		}
		expect(t, "lines of the log", strings.Count(log, "\n"), 3)
	}
}

func TestATestThatSentNothingIsReported(t *testing.T) {
	server := Start(t).server
	test := &recorder{TB: t, name: "Silent"}
	server.For(test)
	if log := test.end(); !strings.Contains(log, "received no request with the key test-Silent") {
		t.Errorf("the log: %s", log)
	}
	test = &recorder{TB: t, name: "Sent"}
	mock := server.For(test)
	call(t, mock, "GET", indexes, "")
	mock.Reset()
	expect(t, "the log of a test that sent a request", test.end(), "")
}

func TestSetenvLeadsClientsToTheServer(t *testing.T) {
	t.Setenv("LLAMA_CLOUD_BASE_URL", "https://real.invalid")
	mock := Start(t)
	mock.Setenv()
	expect(t, "the URL", os.Getenv("LLAMA_CLOUD_BASE_URL"), mock.URL())
	expect(t, "the key", os.Getenv("LLAMA_CLOUD_API_KEY"), mock.Key())
}

func TestAServerOfTheRun(t *testing.T) {
	running := Start(t, "--clock=real", "--admin-token=secret")
	t.Setenv(urlVariable, running.URL()+"/")
	t.Setenv(tokenVariable, "secret")
	first, second := Start(t), Start(t)
	expect(t, "the URL", first.URL(), running.URL())
	for _, mock := range []*Mock{first, second} {
		if !strings.HasPrefix(mock.Key(), running.Key()+"-") {
			t.Errorf("the key %s lacks a suffix", mock.Key())
		}
	}
	if first.Key() == second.Key() {
		t.Errorf("both keys are %s", first.Key())
	}
	first.Fault("indexes.list status=429 between=0s..1m")
	expect(t, "a request at first", call(t, first, "GET", indexes, ""), 429)
	first.Advance(2 * time.Minute)
	expect(t, "a request", call(t, first, "GET", indexes, ""), 200)
	first.Check("--max-attempts=2")
	first.Stop()
	expect(t, "a request after Stop", call(t, second, "GET", indexes, ""), 200)
	if own := Start(t, "--seed=7"); own.URL() == running.URL() {
		t.Error("flags have no effect")
	}
	t.Setenv(urlVariable, "127.0.0.1:4010")
	_, err := Run()
	expectError(t, err, urlVariable+": ")
}

func TestKeysAreForgottenAfterTheTestAndNeedNoToken(t *testing.T) {
	running := Start(t, "--admin=own", "--admin-token=secret")
	t.Setenv(urlVariable, running.URL())
	t.Setenv(tokenVariable, "")
	t.Run("inner", func(t *testing.T) {
		mock := Start(t)
		// The verdict of a clean-up comes before the key is forgotten.
		t.Cleanup(func() { mock.Verify("indexes.list count=1") })
		other := mock.WithKey("chosen")
		mock.Fault("indexes.list status=503")
		expect(t, "a request", call(t, mock, "GET", indexes, ""), 503)
		expect(t, "a request with another key", call(t, other, "GET", indexes, ""), 200)
	})
	var known struct{ Tenants []struct{ Name string } }
	running.admin("GET", "tenants", nil, &known)
	if len(known.Tenants) != 1 || known.Tenants[0].Name != t.Name() {
		t.Errorf("the tenants are %v", known.Tenants)
	}
}

func TestAServerWithoutAdminRuns(t *testing.T) {
	server, err := Run("--admin=off")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
}

func TestTheSettingsFileWinsOverTheDefaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "llamacloud-mock.toml")
	if err := os.WriteFile(file, []byte("clock = \"manual\"\nfault = \"indexes.list status=503\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mock := Start(t, "--config", file)
	expect(t, "a request", call(t, mock, "GET", indexes, ""), 503)
	var clock struct{ Mode string }
	mock.admin("GET", "clock", nil, &clock)
	expect(t, "the clock", clock.Mode, "manual")
}

func TestProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:9")
	t.Setenv("http_proxy", "http://192.0.2.1:9")
	mock := Start(t)
	expect(t, "a request", call(t, mock, "GET", indexes, ""), 200)
	mock.Check("--max-attempts=1")
}

func TestReadOnlyHomeAndForeignSettings(t *testing.T) {
	home := t.TempDir()
	if err := os.Chmod(home, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("LLAMACLOUD_MOCK_PORT", "1")
	t.Setenv("LLAMACLOUD_MOCK_HOST", "192.0.2.1")
	t.Setenv("LLAMACLOUD_MOCK_PORT_FILE", "/nonexistent/port")
	expect(t, "a request", call(t, Start(t), "GET", indexes, ""), 200)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	running := Start(t)
	port := running.URL()[strings.LastIndex(running.URL(), ":")+1:]
	_, err := Run("--port", port)
	expectError(t, err, "port "+port+" on 127.0.0.1 is in use")
	_, err = Run("--clok", "auto")
	expectError(t, err, "--clock")

	foreign := filepath.Join(t.TempDir(), "llamacloud-mock")
	if err := os.WriteFile(foreign, []byte("\x7fELF of another machine"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(binaryVariable, foreign)
	_, err = Run()
	expectError(t, err, "is not a program for")
	t.Setenv(binaryVariable, filepath.Join(t.TempDir(), "missing"))
	_, err = Run()
	expectError(t, err, binaryVariable+": ")
	t.Setenv(binaryVariable, "")
	t.Setenv("PATH", "/nonexistent")
	_, err = Run()
	expectError(t, err, "set "+binaryVariable+" to its path")
}

func expectError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v, expected to contain %q", err, part)
	}
}

// TestMain runs the tests, or, as the child of the last test, starts a server and waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("LLAMACLOUDMOCK_CHILD") == "" {
		os.Exit(m.Run())
	}
	server, err := Run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.process.Process.Pid)
	select {}
}

func TestNoServerOutlivesAKilledTestProgram(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "LLAMACLOUDMOCK_CHILD=yes")
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var server int
	if _, err := fmt.Fscan(output, &server); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for end := time.Now().Add(startTimeout); hasNotEnded(server); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(server, syscall.SIGKILL)
			t.Fatalf("process %d is still there", server)
		}
	}
}

// hasNotEnded tells whether a process runs. One that has ended may still be listed until its new parent waits for it.
func hasNotEnded(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
