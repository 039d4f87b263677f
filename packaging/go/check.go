package llamacloudmock

import (
	"strconv"
	"strings"
)

// verdict is the report of a check.
type verdict struct {
	Result string
	Checks []struct {
		Name, Result string
		Details      []string
	}
}

// Check fails the test if an expectation about its requests does not hold, such as "--honour-retry-after" or
// "--max-attempts=3": those of `llamacloud-mock check`.
func (mock *Mock) Check(expectations ...string) {
	mock.tb.Helper()
	fields := fieldsOf(expectations)
	fields["tenant"] = mock.key
	var verdict verdict
	mock.admin("POST", "check", fields, &verdict)
	if verdict.Result != "passed" {
		mock.tb.Errorf("llamacloud-mock check:\n%s", verdict.text())
	}
}

// fieldsOf are the fields of a check for flags, such as "--max-attempts=3" or "--max-attempts" and "3".
func fieldsOf(flags []string) map[string]any {
	fields := map[string]any{}
	var name string
	for _, word := range flags {
		if name == "expect" && !strings.HasPrefix(word, "--") {
			fields[name] = append(expected(fields), word)
			continue
		}
		value, isFlag := strings.CutPrefix(word, "--")
		if isFlag {
			name, value, _ = strings.Cut(value, "=")
			name = strings.ReplaceAll(name, "-", "_")
		}
		if name == "expect" {
			fields[name] = expected(fields)
			if value != "" {
				fields[name] = append(expected(fields), value)
			}
		} else if number, err := strconv.Atoi(value); err == nil {
			fields[name] = number
		} else if value == "" {
			fields[name] = true
		} else {
			fields[name] = value
		}
	}
	return fields
}

// expected are the expectations among the fields; a check takes several.
func expected(fields map[string]any) []string {
	given, _ := fields["expect"].([]string)
	return given
}

// text has a line for each expectation, with its details below.
func (verdict verdict) text() string {
	var lines []string
	for _, check := range verdict.Checks {
		lines = append(lines, strings.ReplaceAll(check.Result, "_", " ")+": "+check.Name)
		for _, detail := range check.Details {
			lines = append(lines, "  "+strings.ReplaceAll(detail, "\n", "\n  "))
		}
	}
	return strings.Join(lines, "\n")
}
