package invalid.placeholder.llamacloudmock;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A server that runs as a child process. */
final class MockProcess {
    static final String TOKEN = "LLAMACLOUD_MOCK_ADMIN_TOKEN";
    private static final String CLOCK = "LLAMACLOUD_MOCK_CLOCK";
    private static final String URL = "LLAMACLOUD_MOCK_URL";
    private static final String BINARY = "LLAMACLOUD_MOCK_BINARY";
    /** Settings for tests. Flags, variables and the settings file of the user win over them. */
    private static final String DEFAULTS = """
            port = 0
            clock = "auto"
            """;
    private static final int LIMIT_SECONDS = 30;
    private static final int KEPT_LINES = 200;
    private static final int SHELL_SYNTAX = 2;
    private static final int SHELL_CANNOT_EXECUTE = 126;
    private static final int SHELL_NOT_FOUND = 127;
    private static final String ADVICE = "; install llamacloud-mock, or set " + BINARY
            + " (or the system property llamacloudmock.binary) to its path";

    private final Process process;
    private final String url;
    private final String token;
    private final Lines log;
    /** Ends when the whole log is read. */
    private final CompletableFuture<Void> logged;

    private MockProcess(Process process, String url, String token, Lines log, CompletableFuture<Void> logged) {
        this.process = process;
        this.url = url;
        this.token = token;
        this.log = log;
        this.logged = logged;
    }

    String url() {
        return url;
    }

    String token() {
        return token;
    }

    long pid() {
        return process.pid();
    }

    /** The URL of the emulator that all tests are to use, or null. */
    static String runningUrl() {
        String url = System.getProperty("llamacloudmock.url", System.getenv(URL));
        return url == null || url.isEmpty() ? null : url;
    }

    /** The clock that the environment asks for. */
    static String clockOr(String mode) {
        String named = System.getenv(CLOCK);
        return named == null || named.isEmpty() ? mode : named;
    }

    /** Starts a server on a free port. It ends when this process ends, because its standard input is then closed. */
    static MockProcess start(List<String> flags) {
        ProcessBuilder builder = command(flags);
        Map<String, String> environment = builder.environment();
        environment.put("LLAMACLOUD_MOCK_DEFAULTS", DEFAULTS);
        environment.put("LLAMACLOUD_MOCK_EXIT_WITH_STDIN", "true");
        Process process = launch(builder);
        Lines log = new Lines();
        CompletableFuture<Void> logged =
                CompletableFuture.runAsync(() -> log.read(process.errorReader()), MockProcess::inDaemon);
        BufferedReader output = process.inputReader();
        CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> firstLine(output), MockProcess::inDaemon);
        String line;
        try {
            line = first.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            process.destroyForcibly();
            throw new IllegalStateException("llamacloud-mock was not ready after " + LIMIT_SECONDS + " seconds\n" + log, late);
        } catch (InterruptedException | ExecutionException error) {
            process.destroyForcibly();
            throw new IllegalStateException("llamacloud-mock did not start: " + error, error);
        }
        if (line == null || !line.startsWith("ready url=")) {
            int code = exitCode(process);
            logged.join();
            // Java gives what the system cannot execute to a shell, which ends with one of these codes.
            String problem = List.of(SHELL_SYNTAX, SHELL_CANNOT_EXECUTE, SHELL_NOT_FOUND).contains(code)
                    ? foreign(builder.command().get(0)) + ADVICE : "llamacloud-mock did not start: exit code " + code;
            throw new IllegalStateException(problem + "\n" + log);
        }
        return new MockProcess(process, line.split("[ =]")[2], tokenIn(flags), log, logged);
    }

    /** Asks it to stop, and waits; an error if it does not end with 0. */
    void stop() {
        if (!process.isAlive() && process.exitValue() == 0) {
            return;
        }
        // Not by Process.destroy, which closes the log before its last lines are read.
        process.toHandle().destroy();
        int code = exitCode(process);
        if (code != 0) {
            logged.join();
            throw new IllegalStateException("llamacloud-mock: exit code " + code + "\n" + log);
        }
    }

    private static ProcessBuilder command(List<String> flags) {
        String named = System.getenv(BINARY);
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("llamacloudmock.binary", named == null || named.isEmpty() ? "llamacloud-mock" : named));
        command.addAll(flags);
        ProcessBuilder builder = new ProcessBuilder(command);
        // Each server has an address of its own; a file with the port would be that of another one.
        builder.environment().keySet().removeAll(
                List.of(BINARY, URL, "LLAMACLOUD_MOCK_HOST", "LLAMACLOUD_MOCK_PORT", "LLAMACLOUD_MOCK_PORT_FILE"));
        return builder;
    }

    private static Process launch(ProcessBuilder builder) {
        try {
            return builder.start();
        } catch (IOException error) {
            String program = builder.command().get(0);
            boolean isOnPath = !program.contains(File.separator);
            String problem = error.getMessage().contains("error=8,")
                    ? foreign(program)
                    : isOnPath && error.getMessage().contains("error=2,")
                    ? program + " is not on the PATH"
                    : program + " cannot be started: " + error.getMessage();
            throw new IllegalStateException(problem + ADVICE, error);
        }
    }

    private static String foreign(String program) {
        return program + " is not a program for " + System.getProperty("os.name") + " " + System.getProperty("os.arch");
    }

    private static String tokenIn(List<String> flags) {
        for (int i = 0; i < flags.size(); i++) {
            if (flags.get(i).startsWith("--admin-token=")) {
                return flags.get(i).substring("--admin-token=".length());
            }
            if (flags.get(i).equals("--admin-token") && i + 1 < flags.size()) {
                return flags.get(i + 1);
            }
        }
        return System.getenv(TOKEN);
    }

    private static String firstLine(BufferedReader output) {
        try {
            String line = output.readLine();
            // The rest, so that the server never waits for a reader.
            CompletableFuture.runAsync(() -> new Lines().read(output), MockProcess::inDaemon);
            return line;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static int exitCode(Process process) {
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return process.waitFor();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    /** Runs a task in a thread that does not keep the JVM alive. */
    private static void inDaemon(Runnable task) {
        Thread thread = new Thread(task, "llamacloud-mock");
        thread.setDaemon(true);
        thread.start();
    }

    /** The last lines of an output. */
    private static final class Lines {
        private final Deque<String> kept = new ArrayDeque<>();

        void read(BufferedReader reader) {
            try {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    add(line);
                }
            } catch (IOException error) {
                add(error.toString());
            }
        }

        private synchronized void add(String line) {
            kept.addLast(line);
            if (kept.size() > KEPT_LINES) {
                kept.removeFirst();
            }
        }

        @Override
        public synchronized String toString() {
            return String.join("\n", kept);
        }
    }
}
