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
	err := (&Server{url: mock.URL(), token: "wrong"}).admin("GET", "state", nil, nil)
	expectError(t, err, "the token that was given is not that of the server")
	err = (&Server{url: mock.URL()}).admin("GET", "state", nil, nil)
	expectError(t, err, "give the token to Connect")
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
