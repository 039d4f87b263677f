// Package llamacloudmock starts the emulator llamacloud-mock for Go tests. It uses only the standard library, opens no
// connection but to the emulator, and leaves no process behind, even if the test program is killed.
//
//	mock := llamacloudmock.Start(t)
//	mock.Setenv()
package llamacloudmock

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

// tokenVariable sets the token of the admin API: the server requires it, and the helper sends it.
const tokenVariable = "LLAMACLOUD_MOCK_ADMIN_TOKEN"

// requestTimeout is the time limit of a request to the admin API.
const requestTimeout = 30 * time.Second

// waitingTimeout is that of a request that waits for an expectation, at most 5 minutes.
const waitingTimeout = requestTimeout + 5*time.Minute

// maxName is the maximum number of characters of a name.
const maxName = 256

// shownEntries is the maximum number of requests in the report of a failed test.
const shownEntries = 20

// Mock is a server as one test sees it, under a key of its own. Its methods end the test when they fail.
type Mock struct {
	tb     testing.TB
	server *Server
	key    string
	// rules are the names of the rules that were added since the last reset.
	rules map[string]bool
	// isUsed: a request came before a reset.
	isUsed bool
	// report is nil before Stop, because the test may still send requests.
	report    *report
	isStopped bool
}

// Entry is an entry of the journal: a request and its response.
type Entry struct {
	Operation    string          `json:"operation"`
	Method       string          `json:"method"`
	Path         string          `json:"path"`
	Status       int             `json:"status"`
	RequestBody  json.RawMessage `json:"request_body"`
	ResponseBody json.RawMessage `json:"reply_body"`
	Outcome      string          `json:"outcome"`
	Faults       []EntryFault    `json:"faults"`
}

// EntryFault is a fault rule that matched a request, with its outcome for it: struck, shadowed or inapplicable.
type EntryFault struct {
	Rule    string `json:"rule"`
	Outcome string `json:"outcome"`
}

// Start starts a server for a test, with these flags. It stops when the test ends. Its clock is `auto` unless a flag, the
// environment or the settings file says otherwise. Without flags it uses the server of LLAMACLOUD_MOCK_URL, if that is set.
func Start(tb testing.TB, flags ...string) *Mock {
	tb.Helper()
	server, err := Run(flags...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return server.For(tb)
}

// Connect uses a server that runs already, such as one in a container, which cannot be stopped from here. The token is
// that of its admin API, or empty.
func Connect(tb testing.TB, address, token string) *Mock {
	tb.Helper()
	server, err := connect(address, token)
	if err != nil {
		tb.Fatal(err)
	}
	return server.For(tb)
}

// For gives a test a key of its own on a shared server. The key comes from the name of the test, so that equal seeds give
// equal ids. On a server that this program did not start, it has a suffix that no other run has.
func (server *Server) For(tb testing.TB) *Mock {
	tb.Helper()
	name := tb.Name()
	key := "test-" + url.PathEscape(name)
	if number := server.count(name, 1); number > 1 {
		key += fmt.Sprintf("-%d", number)
	}
	tb.Cleanup(func() { server.count(name, -1) })
	return server.ForKey(tb, key+server.suffix)
}

// ForKey gives a test a key that it chooses, and forgets everything under it.
func (server *Server) ForKey(tb testing.TB, key string) *Mock {
	tb.Helper()
	mock := &Mock{tb: tb, server: server, key: key}
	// The server knows the key from now on, so that its journal can be read before its first request.
	mock.clear()
	mock.setName(tb.Name())
	tb.Cleanup(mock.finish)
	return mock
}

// setName names the key in reports and in the log of the server. An older server has no names.
func (mock *Mock) setName(test string) {
	mock.tb.Helper()
	name := []rune(strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return ' '
		}
		return letter
	}, test))
	body := map[string]any{"key": mock.key, "name": string(name[:min(len(name), maxName)])}
	var refused *refusal
	err := mock.server.admin("POST", "tenants", mock.key, body, nil)
	if errors.As(err, &refused) && (refused.status == http.StatusNotFound || refused.status == http.StatusMethodNotAllowed) {
		return
	}
	if err != nil {
		mock.tb.Fatal(err)
	}
}

// WithKey is the same server with another key, under which everything is forgotten.
func (mock *Mock) WithKey(key string) *Mock {
	mock.tb.Helper()
	return mock.server.ForKey(mock.tb, key)
}

// URL is the base URL for clients.
func (mock *Mock) URL() string { return mock.server.url }

// Key is the API key of the test. What is under it belongs to the test alone.
func (mock *Mock) Key() string { return mock.key }

// Setenv sets LLAMA_CLOUD_BASE_URL and LLAMA_CLOUD_API_KEY until the test ends, so that no client of the code under test
// reaches the real service. A parallel test cannot use it, as T.Setenv.
func (mock *Mock) Setenv() {
	mock.tb.Helper()
	mock.tb.Setenv("LLAMA_CLOUD_BASE_URL", mock.URL())
	mock.tb.Setenv("LLAMA_CLOUD_API_KEY", mock.Key())
}

// Fault adds a fault rule, such as "indexes.create status=429 first=1", for the requests of this test.
func (mock *Mock) Fault(rule string) {
	mock.tb.Helper()
	var added struct{ Name string }
	mock.admin("POST", "faults", map[string]any{"tenant": mock.key, "rule": rule}, &added)
	mock.rules[added.Name] = true
}

// Advance moves the clock of this test.
func (mock *Mock) Advance(by time.Duration) {
	mock.tb.Helper()
	mock.admin("POST", "clock/advance", map[string]any{"tenant": mock.key, "by": fmt.Sprintf("%dms", by.Milliseconds())}, nil)
}

// Journal lists the requests of this test in their order. Filters are parameters of the admin API, such as
// "operation=indexes.create" or "status=429".
func (mock *Mock) Journal(filters ...string) []Entry {
	mock.tb.Helper()
	query := url.Values{"tenant": {mock.key}}
	for _, filter := range filters {
		name, value, _ := strings.Cut(filter, "=")
		query.Add(name, value)
	}
	var journal struct {
		Entries []Entry `json:"entries"`
		Dropped int     `json:"dropped"`
	}
	mock.admin("GET", "journal?"+query.Encode(), nil, &journal)
	if journal.Dropped > 0 {
		mock.tb.Fatalf("%d entries of the journal were evicted; start the server with a larger --journal-entries", journal.Dropped)
	}
	return journal.Entries
}

// Reset forgets everything under the key of this test: resources, journal, clock, faults.
func (mock *Mock) Reset() {
	mock.tb.Helper()
	mock.isUsed = mock.isUsed || len(mock.Journal("limit=1")) > 0
	mock.clear()
}

func (mock *Mock) clear() {
	mock.tb.Helper()
	mock.rules = map[string]bool{}
	mock.admin("POST", "reset", map[string]any{"tenant": mock.key}, nil)
	if mock.server.clock != "" {
		mock.admin("PUT", "clock", map[string]any{"tenant": mock.key, "mode": mock.server.clock}, nil)
	}
}

// Stop stops the server before the test ends.
func (mock *Mock) Stop() {
	mock.tb.Helper()
	mock.report = mock.newReport()
	mock.isStopped = !mock.server.isOfRun
	if err := mock.server.Stop(); err != nil {
		mock.tb.Error(err)
	}
}

// admin sends a request to the admin API and reads its response into result, unless that is nil.
func (mock *Mock) admin(method, path string, body, result any) {
	mock.tb.Helper()
	if err := mock.server.admin(method, path, mock.key, body, result); err != nil {
		mock.tb.Fatal(err)
	}
}

// client reaches the server past any proxy that HTTP_PROXY names.
var client = &http.Client{Transport: &http.Transport{Proxy: nil}}

// refusal is a response of the admin API with another status than 2xx.
type refusal struct {
	method, path string
	status       int
	answer       []byte
	advice       string
}

func (refusal *refusal) Error() string {
	return fmt.Sprintf("%s %s: status %d: %s%s", refusal.method, refusal.path, refusal.status, refusal.answer, refusal.advice)
}

// admin sends a request about a key. Without a token the key is sent in its place: with --admin own it reaches what belongs
// to it.
func (server *Server) admin(method, path, key string, body, result any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	timeout := requestTimeout
	if bytes.Contains(text, []byte(`"within":`)) {
		timeout = waitingTimeout
	}
	limited, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, method, server.url+"/__admin/"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if credential := cmp.Or(server.token, key); credential != "" {
		request.Header.Set("Authorization", "Bearer "+credential)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no response of llamacloud-mock: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		refused := &refusal{method: method, path: path, status: response.StatusCode, answer: answer}
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
			refused.advice = adviceOn(server.token)
		}
		return refused
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer, result)
}

func adviceOn(token string) string {
	if token == "" {
		return "; start the server with --admin-token, and give the token to Connect, or set " + tokenVariable
	}
	return "; the token that was given is not that of the server"
}
