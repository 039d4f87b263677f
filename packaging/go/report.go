package llamacloudmock

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// report is what a server recorded about a test.
type report struct {
	entries []Entry
	// rules has the text of the fault rules by their names.
	rules       map[string]string
	neverStruck []string
	err         error
}

// newReport asks the server for the requests and rules of this test alone.
func (mock *Mock) newReport() *report {
	var journal struct{ Entries []Entry }
	var faults struct {
		Faults []struct {
			Name, Rule string
			Tenant     *string
			Strikes    int
		}
	}
	tenant := "?tenant=" + url.QueryEscape(mock.key)
	err := mock.server.admin("GET", "journal"+tenant, mock.key, nil, &journal)
	if err == nil {
		err = mock.server.admin("GET", "faults"+tenant, mock.key, nil, &faults)
	}
	result := &report{entries: journal.Entries, rules: map[string]string{}, err: err}
	for _, fault := range faults.Faults {
		result.rules[fault.Name] = fault.Rule
		// A rule for all keys may be about other tests.
		if fault.Strikes == 0 && mock.rules[fault.Name] {
			result.neverStruck = append(result.neverStruck, fault.Rule)
		}
	}
	return result
}

// finish reports the requests of a failed test, and a test that sent none, and forgets the key. It runs after the clean-ups
// of the test itself.
func (mock *Mock) finish() {
	mock.tb.Helper()
	if mock.report == nil {
		mock.report = mock.newReport()
	}
	report := mock.report
	switch {
	case mock.tb.Failed():
		mock.tb.Log(report.text(mock))
	case report.err == nil && len(report.entries) == 0 && !mock.isUsed:
		mock.tb.Logf("llamacloud-mock at %s received no request with the key %s; did the client use another URL or key?",
			mock.server.url, mock.key)
	}
	if !mock.isStopped {
		// Frees the place of the key. A failure is no failure of the test.
		_ = mock.server.admin("DELETE", "tenants?tenant="+url.QueryEscape(mock.key), mock.key, nil, nil)
	}
}

// text has the last requests, one a line, and the rules that never struck.
func (report *report) text(mock *Mock) string {
	if report.err != nil {
		return report.err.Error()
	}
	lines := []string{fmt.Sprintf("llamacloud-mock at %s, key %s, %d requests", mock.server.url, mock.key, len(report.entries))}
	for _, entry := range report.entries[max(0, len(report.entries)-shownEntries):] {
		line := fmt.Sprintf("%s %s %s %d %s", entry.Operation, entry.Method, entry.Path, entry.Status, entry.Outcome)
		for _, fault := range entry.Faults {
			if fault.Outcome == "struck" {
				line += " fault=" + cmp.Or(report.rules[fault.Rule], fault.Rule)
			}
		}
		lines = append(lines, line)
	}
	for _, rule := range report.neverStruck {
		lines = append(lines, "never struck: "+rule)
	}
	return strings.Join(lines, "\n")
}
