package llamacloudmock

import (
	"os"
	"path/filepath"
	"strings"
)

// `go test` repeats a result from its cache while the files and environment variables that the test looked at are the
// same. What the server reads is looked at here too, so that a change of it runs the tests again.

// folder is the current folder of the test program when it starts, and realFolder the same without symbolic links.
var folder, realFolder = folders()

func folders() (string, string) {
	folder, err := os.Getwd()
	if err != nil {
		return "", ""
	}
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", ""
	}
	return folder, real
}

// track makes a cached result depend on a file. `go test` ignores files outside the module. It compares the names without
// resolving `..`, so the name given to it leads out of the folder of the test.
func track(path string) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return
	}
	if relative, err := filepath.Rel(realFolder, absolute); err == nil {
		_, _ = os.Stat(folder + string(filepath.Separator) + relative)
	}
}

// trackSettings makes a cached result depend on the variables of all settings, and on the files that they name. With
// --admin off it cannot, and For fails then.
func (server *Server) trackSettings() {
	var config struct {
		Settings []struct{ Name, Value string }
	}
	if err := server.admin("GET", "config", "", nil, &config); err != nil {
		return
	}
	track("llamacloud-mock.toml")
	for _, setting := range config.Settings {
		os.Getenv("LLAMACLOUD_MOCK_" + strings.ToUpper(strings.ReplaceAll(setting.Name, "-", "_")))
		for _, value := range strings.Split(setting.Value, "\n") {
			track(value)
		}
	}
}
