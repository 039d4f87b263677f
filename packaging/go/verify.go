package llamacloudmock

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// unmet is the verdict on an expectation that is not met, or cannot be judged.
type unmet struct {
	Detail string
	Misses []struct {
		Seq     *int
		ID      string
		Differs []struct {
			Where, Expected string
			Actual          *string
		}
	}
}

// Verify fails the test unless so many requests or resources of this test are as an expectation says, such as
// "indexes.create status=201 count=1". It returns their number.
func (mock *Mock) Verify(expectation string) int {
	mock.tb.Helper()
	return mock.verify(map[string]any{"expect": expectation})
}

// VerifyWithin is Verify, and waits for the expectation, in real time.
func (mock *Mock) VerifyWithin(within time.Duration, expectation string) int {
	mock.tb.Helper()
	return mock.verify(map[string]any{"expect": expectation, "within": fmt.Sprintf("%dms", within.Milliseconds())})
}

func (mock *Mock) verify(fields map[string]any) int {
	mock.tb.Helper()
	fields["tenant"] = mock.key
	var met struct{ Count int }
	err := mock.server.admin("POST", "verify", mock.key, fields, &met)
	var refused *refusal
	if !errors.As(err, &refused) || refused.status != http.StatusConflict && refused.status != http.StatusPreconditionFailed {
		if err != nil {
			mock.tb.Fatal(err)
		}
		return met.Count
	}
	var unmet unmet
	if err := json.Unmarshal(refused.answer, &unmet); err != nil {
		mock.tb.Fatal(err)
	}
	mock.tb.Errorf("%s: %s", fields["expect"], unmet.text())
	return met.Count
}

// text has what was seen, and the nearest misses, with a line for each field that differs.
func (unmet unmet) text() string {
	lines := []string{unmet.Detail}
	for _, miss := range unmet.Misses {
		subject := miss.ID
		if miss.Seq != nil {
			subject = fmt.Sprintf("request %d", *miss.Seq)
		}
		lines = append(lines, "  "+subject+":")
		for _, field := range miss.Differs {
			actual := "absent"
			if field.Actual != nil {
				actual = *field.Actual
			}
			lines = append(lines, fmt.Sprintf("    %s is %s, expected %s", field.Where, actual, field.Expected))
		}
	}
	return strings.Join(lines, "\n")
}
