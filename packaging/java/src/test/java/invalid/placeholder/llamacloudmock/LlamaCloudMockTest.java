package invalid.placeholder.llamacloudmock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Emulators that a test starts itself, and errors that say what to do. The environment of the test run is that of pom.xml: the
 * address of another server, a proxy that does not exist, and a home that cannot be written.
 */
@Isolated("a test changes the system property that names the program")
class LlamaCloudMockTest {
    private static final String BINARY = "llamacloudmock.binary";

    @Test
    void aStoppedServerHasEndedAndTwoAtOnceHaveTheirOwnAddresses() {
        try (LlamaCloudMock first = LlamaCloudMock.start("--seed=7"); LlamaCloudMock second = LlamaCloudMock.start()) {
            assertNotEquals(first.url(), second.url());
            assertEquals(200, Calls.list(first));
            first.stop();
            IllegalStateException gone = assertThrows(IllegalStateException.class, first::reset);
            assertContains(gone, "no response of llamacloud-mock at " + first.url());
            assertEquals(200, Calls.list(second));
        }
    }

    @Test
    void aServerThatFailedIsAnErrorWhenItStops() {
        LlamaCloudMock mock = LlamaCloudMock.start("--strict-faults", "--fault=indexes.list status=503");
        IllegalStateException failed = assertThrows(IllegalStateException.class, mock::stop);
        assertContains(failed, "exit code 2");
        assertContains(failed, "indexes.list status=503");
    }

    @Test
    void theAdminTokenIsSent() {
        try (LlamaCloudMock mock = LlamaCloudMock.start("--admin-token", "from-flag")) {
            mock.advance(Duration.ofSeconds(1));
            assertEquals(200, Calls.list(mock));
            mock.check("--max-attempts=1");
            assertEquals(200, Calls.list(LlamaCloudMock.connect(mock.url() + "/", "from-flag")));
            assertContains(assertThrows(IllegalStateException.class, () -> LlamaCloudMock.connect(mock.url(), null)),
                    "give the token to connect");
            assertContains(assertThrows(IllegalStateException.class, () -> LlamaCloudMock.connect(mock.url(), "wrong")),
                    "the token that was given is not that of the emulator");
        }
    }

    @Test
    void aPortThatIsTakenAndAMisspelledFlagAreErrors() {
        try (LlamaCloudMock running = LlamaCloudMock.start()) {
            int port = URI.create(running.url()).getPort();
            assertContains(startError("--host=127.0.0.1", "--port=" + port), "port " + port + " on 127.0.0.1 is in use");
        }
        assertContains(startError("--clok=auto"), "--clock");
    }

    @Test
    void aMissingOrForeignProgramIsAnErrorThatSaysWhatToSet(@TempDir Path folder) throws IOException {
        Path foreign = Files.writeString(folder.resolve("llamacloud-mock"), "\u007fELF of another machine");
        assertTrue(foreign.toFile().setExecutable(true));
        String before = System.getProperty(BINARY);
        try {
            System.setProperty(BINARY, foreign.toString());
            assertContains(startError(), foreign + " is not a program for Linux");
            System.setProperty(BINARY, folder.resolve("missing").toString());
            assertContains(startError(), "missing cannot be started");
            System.setProperty(BINARY, "llamacloud-mock-that-is-not-installed");
            IllegalStateException missing = startError();
            assertContains(missing, "is not on the PATH");
            assertContains(missing, "set LLAMACLOUD_MOCK_BINARY");
        } finally {
            if (before == null) {
                System.clearProperty(BINARY);
            } else {
                System.setProperty(BINARY, before);
            }
        }
    }

    @Test
    void noServerOutlivesAKilledTestRun() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process child = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Child.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        long server = Long.parseLong(child.inputReader().readLine());
        assertTrue(runs(server));
        child.destroyForcibly().waitFor();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (runs(server)) {
            assertTrue(System.nanoTime() < end, "process " + server + " is still there");
            Thread.onSpinWait();
        }
    }

    /** A test run that is killed. */
    static final class Child {
        public static void main(String[] arguments) throws InterruptedException {
            System.out.println(MockProcess.start(java.util.List.of()).pid());
            Thread.currentThread().join();
        }
    }

    /** Whether a process runs. One that has ended may still be listed until its new parent waits for it. */
    private static boolean runs(long pid) {
        try {
            return !Files.readString(Path.of("/proc", String.valueOf(pid), "stat")).contains(") Z ");
        } catch (IOException noSuchFile) {
            return Files.notExists(Path.of("/proc/self")) && ProcessHandle.of(pid).isPresent();
        }
    }

    private static IllegalStateException startError(String... flags) {
        return assertThrows(IllegalStateException.class, () -> LlamaCloudMock.start(flags).close());
    }

    private static void assertContains(Throwable error, String part) {
        assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
    }
}
