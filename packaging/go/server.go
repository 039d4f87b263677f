package llamacloudmock

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// binaryVariable names the program; without it the program is looked for on the PATH.
const binaryVariable = "LLAMACLOUD_MOCK_BINARY"

// urlVariable has the URL of a server that is running.
const urlVariable = "LLAMACLOUD_MOCK_URL"

const clockVariable = "LLAMACLOUD_MOCK_CLOCK"

// defaults are settings for tests. Flags, variables and the settings file of the user win over them.
const defaults = `
port = 0
clock = "auto"
`

// startTimeout and stopTimeout limit how long a start and a stop may take.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 15 * time.Second
)

// Server is a running emulator, which tests may share: Run it in TestMain, and give each test its key with For.
type Server struct {
	url, token string
	process    *exec.Cmd
	// stdin stays open as long as this process lives: the server ends when it is closed.
	stdin  io.Closer
	log    *tail
	ended  chan struct{}
	err    error
	stop   sync.Once
	failed error
	// suffix makes keys unique on a server that other runs may use too.
	suffix string
	// clock is the mode of the clock of each key, if the server may have another one.
	clock string
	// isOfRun: the server is that of LLAMACLOUD_MOCK_URL, and runs on.
	isOfRun bool
	// tests counts the keys of tests that run, by the name of the test.
	tests map[string]int
	lock  sync.Mutex
}

// count changes how many keys a test has, and returns the new number.
func (server *Server) count(test string, by int) int {
	server.lock.Lock()
	defer server.lock.Unlock()
	if server.tests == nil {
		server.tests = map[string]int{}
	}
	server.tests[test] += by
	return server.tests[test]
}

// connect is a server that runs already.
func connect(address, token string) (*Server, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" || parsed.Host == "" {
		return nil, fmt.Errorf("llamacloudmock: %q is not a URL such as http://127.0.0.1:4010", address)
	}
	// The state of this server may change at any time, and with it the result of the test.
	track(os.TempDir())
	suffix := fmt.Sprintf("-%012x", time.Now().UnixNano()&(1<<48-1))
	return &Server{url: strings.TrimSuffix(address, "/"), token: token, suffix: suffix}, nil
}

// Run starts a server with these flags on a free port. Without flags it uses that of LLAMACLOUD_MOCK_URL, if it is set.
func Run(flags ...string) (*Server, error) {
	if address := os.Getenv(urlVariable); address != "" && len(flags) == 0 {
		server, err := connect(address, os.Getenv(tokenVariable))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", urlVariable, err)
		}
		server.isOfRun = true
		if server.clock = os.Getenv(clockVariable); server.clock == "" {
			server.clock = "auto"
		}
		return server, nil
	}
	command, err := newCommand(flags)
	if err != nil {
		return nil, err
	}
	server := &Server{process: command, log: &tail{}, ended: make(chan struct{}), token: os.Getenv(tokenVariable)}
	for i, flag := range flags {
		if value, ok := strings.CutPrefix(flag, "--admin-token="); ok {
			server.token = value
		} else if flag == "--admin-token" && i+1 < len(flags) {
			server.token = flags[i+1]
		}
	}
	command.Stderr = server.log
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	server.stdin = stdin
	if err := command.Start(); err != nil {
		return nil, startError(command.Path, err)
	}
	lines := make(chan string, 1)
	go func() {
		reader := bufio.NewReader(stdout)
		line, _ := reader.ReadString('\n')
		lines <- line
		// The rest, so that the server never waits for a reader.
		_, _ = io.Copy(io.Discard, reader)
		server.err = command.Wait()
		close(server.ended)
	}()
	select {
	case line := <-lines:
		if server.url = urlIn(line); server.url != "" {
			server.trackSettings()
			return server, nil
		}
		_ = command.Process.Kill()
		<-server.ended
		return nil, fmt.Errorf("llamacloud-mock did not start: %v\n%s", server.err, server.output())
	case <-time.After(startTimeout):
		_ = command.Process.Kill()
		return nil, fmt.Errorf("llamacloud-mock was not ready after %v\n%s", startTimeout, server.output())
	}
}

// Stop stops the server, and reports if it had failed, such as by a rule that never struck under --strict-faults.
func (server *Server) Stop() error {
	if server.isOfRun {
		return nil
	}
	if server.process == nil {
		return errors.New("llamacloudmock: a server that Connect found cannot be stopped from here")
	}
	server.stop.Do(func() {
		_ = server.process.Process.Signal(syscall.SIGTERM)
		select {
		case <-server.ended:
		case <-time.After(stopTimeout):
			_ = server.process.Process.Kill()
			<-server.ended
		}
		_ = server.stdin.Close()
		if server.err != nil {
			server.failed = fmt.Errorf("llamacloud-mock: %w\n%s", server.err, server.output())
		}
	})
	return server.failed
}

// newCommand is the program with these flags.
func newCommand(flags []string) (*exec.Cmd, error) {
	path := os.Getenv(binaryVariable)
	if path == "" {
		found, err := exec.LookPath("llamacloud-mock")
		if err != nil {
			return nil, fmt.Errorf("llamacloud-mock is not on the PATH; install it, or set %s to its path", binaryVariable)
		}
		path = found
	} else if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: %w; set it to the path of llamacloud-mock", binaryVariable, err)
	}
	track(path)
	command := exec.Command(path, flags...)
	for _, variable := range os.Environ() {
		switch name, _, _ := strings.Cut(variable, "="); name {
		// Each server has a port of its own; a file with its number would be that of another one.
		case "LLAMACLOUD_MOCK_HOST", "LLAMACLOUD_MOCK_PORT", "LLAMACLOUD_MOCK_PORT_FILE", binaryVariable, urlVariable:
		default:
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "LLAMACLOUD_MOCK_DEFAULTS="+defaults, "LLAMACLOUD_MOCK_EXIT_WITH_STDIN=true")
	return command, nil
}

func startError(path string, err error) error {
	if errors.Is(err, syscall.ENOEXEC) {
		return fmt.Errorf("%s is not a program for %s/%s; install the one for this platform, or set %s to its path",
			path, runtime.GOOS, runtime.GOARCH, binaryVariable)
	}
	return fmt.Errorf("%s cannot be started: %w; set %s to the path of llamacloud-mock", path, err, binaryVariable)
}

// urlIn is the URL in the line that a server prints when it is ready, or empty.
func urlIn(line string) string {
	if words := strings.Fields(line); len(words) > 1 && words[0] == "ready" {
		return strings.TrimPrefix(words[1], "url=")
	}
	return ""
}

func (server *Server) output() string {
	if server.log == nil {
		return ""
	}
	return server.log.String()
}

// tail keeps the end of what a server wrote on stderr.
type tail struct {
	lock sync.Mutex
	text bytes.Buffer
}

// tailBytes is the maximum size of what is kept.
const tailBytes = 64 << 10

func (kept *tail) Write(text []byte) (int, error) {
	kept.lock.Lock()
	defer kept.lock.Unlock()
	kept.text.Write(text)
	if excess := kept.text.Len() - tailBytes; excess > 0 {
		kept.text.Next(excess)
	}
	return len(text), nil
}

func (kept *tail) String() string {
	kept.lock.Lock()
	defer kept.lock.Unlock()
	return kept.text.String()
}
